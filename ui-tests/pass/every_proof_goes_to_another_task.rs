#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, AnySession, Authenticated, Fresh, Granted, LoginError, OneMinute, Pending,
    Session, Verified,
};

// What comes of it there is for the run time to say: `recheck` and `revoked`
// for a proof, and a transition fails whose cookie no answer can carry.
fn goes<T: Send + 'static>() {}

async fn socket(by: Authenticated<User>) -> Result<(), LoginError> {
    let revoked = by.revoked();
    std::thread::spawn(move || drop(by.name.clone()));
    revoked.await;
    Ok(())
}

fn main() {
    goes::<Anonymous<User>>();
    goes::<Pending<User>>();
    goes::<Authenticated<User>>();
    goes::<Fresh<User>>();
    goes::<Fresh<User, OneMinute>>();
    goes::<Allowed<User, IsMember>>();
    goes::<Granted<User, MayCancel, Order>>();
    goes::<Session<Anonymous>>();
    goes::<Session<Pending<User>>>();
    goes::<Session<Authenticated<User>>>();
    goes::<Session<Fresh<User>>>();
    goes::<Session<Fresh<User, OneMinute>>>();
    goes::<Session<Allowed<User, IsMember>>>();
    goes::<AnySession<User>>();
    goes::<Verified<User>>();
    let _ = socket;
}
