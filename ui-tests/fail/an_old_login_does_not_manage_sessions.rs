#[path = "../common.rs"]
mod common;
use common::*;

async fn log_out_other_devices(
    user: Authenticated<User>,
    login: Login<User>,
) -> Result<String, LoginError> {
    let ended = login.sessions(&user).end_others().await?;
    Ok(format!("{ended} ended"))
}

fn main() {
    let _ = Routes::<App>::new().post("/devices/others", log_out_other_devices);
}
