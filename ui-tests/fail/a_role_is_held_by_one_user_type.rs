#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, HasRole, Role, Routes};

enum Editor {}

impl Role<Staff> for Editor {
    fn is_held_by(_: &Staff) -> bool {
        true
    }
}

async fn edit(_: Allowed<User, HasRole<Editor>>) {}

fn routes() -> Routes<App> {
    Routes::new().post("/edit", edit)
}

fn main() {}
