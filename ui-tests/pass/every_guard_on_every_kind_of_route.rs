#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Allowed, Anonymous, AnySession, Authenticated, CurrentUser, Fresh, OneMinute, Pending, Routes,
    Session, public,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;

macro_rules! reads {
    ($($guard:ty,)*) => {$(
        let _ = Routes::<App>::new()
            .get("/", async |_: $guard| {})
            .any("/any", async |_: $guard| {})
            .cross_origin("/from-elsewhere", async |_: $guard| {})
            .fallback(async |_: $guard| {});
    )*};
}

macro_rules! changes {
    ($($guard:ty,)*) => {$(
        let _ = Routes::<App>::new()
            .post("/", async |_: $guard| {})
            .put("/", async |_: $guard| {})
            .patch("/", async |_: $guard| {})
            .delete("/", async |_: $guard| {});
    )*};
}

macro_rules! logs_in {
    ($($guard:ty,)*) => {$(
        let _ = Routes::<App>::new().get_callback("/", async |_: $guard| {});
    )*};
}

fn main() {
    reads! {
        Anonymous, Pending<User>, Authenticated<User>, Fresh<User>, Minute, Club,
        CurrentUser<User>, Option<Authenticated<User>>,
    }
    changes! {
        Anonymous, Pending<User>, Authenticated<User>, Fresh<User>, Minute, Club,
        CurrentUser<User>, Option<Authenticated<User>>,
        Session<Anonymous>, Session<Pending<User>>, Session<Authenticated<User>>,
        Session<Fresh<User>>, Session<Minute>, Session<Club>, AnySession<User>,
    }
    logs_in! { Session<Anonymous>, Session<Pending<User>>, AnySession<User>, }
    let _ = Routes::<App>::new()
        .get("/", public("open"))
        .any("/any", public("open"))
        .cross_origin("/from-elsewhere", public("open"))
        .post("/", public("open"))
        .fallback(public("open"));
}
