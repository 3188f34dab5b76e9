#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{LoginManager, UserLoader};

struct Loader {
    greeting: String,
}

impl UserLoader<User> for Loader {
    type Error = std::io::Error;

    async fn load_user(&self, id: String) -> Result<Option<User>, std::io::Error> {
        Ok(Some(User {
            name: format!("{} {id}", self.greeting),
        }))
    }
}

fn main() {
    let builder = || LoginManager::builder().secret_key(key());
    let _: LoginManager<User> = builder().user_loader(load_user).build().unwrap();
    let _: LoginManager<User> = builder().user_loader(|id| load_user(id)).build().unwrap();
    let _: LoginManager<User> = builder()
        .user_loader(async |id: String| load_user(id).await)
        .build()
        .unwrap();
    let _: LoginManager<User> = builder()
        .user_loader(Loader {
            greeting: "Dear".to_owned(),
        })
        .build()
        .unwrap();
}
