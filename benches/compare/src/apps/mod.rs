//! The same tiny app, with each library.
//!
//! | route | |
//! |---|---|
//! | `GET /public` | `hello`, for everyone |
//! | `GET /protected` | the name of who is logged in, or 401 |
//! | `POST /login/{id}` | logs this user in |
//! | `POST /logout` | logs out |
//! | `POST /count` | one more in the data of the session |
//! | `POST /remember/{id}` | logs this user in and remembers the browser |

mod bare;
mod bare_hashes;
mod bare_lookup;
pub mod counted;
pub mod portcullis;

#[cfg(feature = "peers")]
pub mod axum_login;
#[cfg(feature = "peers")]
mod axum_session_auth;
#[cfg(feature = "peers")]
mod signed_jar;

use std::{collections::HashMap, fmt, sync::Arc};

use axum::Router;
use tokio::runtime::Runtime;

/// An app and what it is called in the tables.
#[derive(Clone)]
pub struct App {
    pub name: &'static str,
    pub router: Router,
    /// Bare axum logs nobody in.
    pub logs_in: bool,
    pub keeps_data: bool,
    /// Has it a cookie that logs in again when the session is over?
    pub remembers: bool,
}

/// A row of the database, which costs little to load: what is measured is not the database.
#[derive(Clone, Debug)]
pub struct User(pub Arc<Row>);

#[derive(Debug)]
pub struct Row {
    pub id: i64,
    pub name: String,
    pub password_hash: String,
}

/// The database.
#[derive(Clone)]
pub struct Users(Arc<HashMap<i64, User>>);

impl Users {
    pub fn new(count: usize) -> Self {
        let users = (1..=count as i64).map(|id| {
            let row = Row {
                id,
                name: format!("user {id}"),
                password_hash: format!("$argon2id$v=19$m=19456,t=2,p=1${id}"),
            };
            (id, User(Arc::new(row)))
        });
        Self(Arc::new(users.collect()))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn get(&self, id: i64) -> Option<User> {
        counted::look_up();
        self.0.get(&id).cloned()
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Users")
    }
}

/// The same with stores that count their steps.
pub const COUNTED: &[Make] = &[
    portcullis::counted,
    #[cfg(feature = "peers")]
    axum_login::counted,
    #[cfg(feature = "peers")]
    axum_session_auth::counted,
];

/// Makes an app on these users.
pub type Make = fn(&Users, &Runtime) -> App;

pub const ALL: &[Make] = &[
    bare::app,
    bare_lookup::app,
    bare_hashes::app,
    portcullis::app,
    #[cfg(feature = "peers")]
    axum_login::app,
    #[cfg(feature = "peers")]
    axum_session_auth::app,
    #[cfg(feature = "peers")]
    signed_jar::app,
];
