#[path = "../common.rs"]
mod common;
use axum::{Router, routing::get};
use common::*;
use portcullis::{
    Allowed, And, Anonymous, Authenticated, FiveMinutes, Fresh, Not, OneMinute, Pending, Routes,
    Session,
};

type Minute = Fresh<User, OneMinute>;
type Club = Allowed<User, IsMember>;
type Both = Allowed<User, And<IsMember, Not<IsMember>>>;

macro_rules! areas {
    ($($area:ty: $($guard:ty),*;)*) => {$(
        let _ = Routes::<App>::new().area::<$area>("/area", |area| {
            area
                $(.post("/", async |_: $guard| {}).put("/", async |_: Session<$guard>| {}))*
                $(.area::<$guard>("/inner", |inner| inner.get("/", async |_: $guard| {})))*
                .service("/files", Router::new().route("/a", get("a")))
                .fallback(async |_: $area| {})
        });
    )*};
}

type Users = Routes<App, Authenticated<User>>;
type OfFive = Routes<App, Fresh<User, FiveMinutes>>;

fn parts(area: Users, fresh: Routes<App, Fresh<User>>, users: Users) -> Users {
    area.nest("/fresh", fresh).merge(users)
}

fn narrower(area: OfFive, part: Routes<App, Minute>) -> OfFive {
    area.merge(part)
}

fn main() {
    let _ = (parts, narrower);
    areas! {
        Anonymous<User>: Anonymous<User>;
        Pending<User>: Pending<User>;
        Authenticated<User>: Authenticated<User>, Fresh<User>, Minute, Club, Both;
        Fresh<User>: Fresh<User>, Minute;
        Minute: Minute;
        Club: Club, Both;
        Both: Both;
    }
}
