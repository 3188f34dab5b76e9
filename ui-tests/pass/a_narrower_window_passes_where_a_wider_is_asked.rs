#[path = "../common.rs"]
mod common;
use axum::http::request::Parts;
use common::*;
use portcullis::{
    By, FiveMinutes, Fresh, FreshWindow, HoldsProof, LoginError, NoState, OneMinute, Routes,
    Session,
};

enum JustNow {}

impl FreshWindow for JustNow {
    const SECONDS: u64 = 30;
    const BY_SECOND_FACTOR: bool = true;
}

struct Trader(Fresh<User, JustNow>);

impl HoldsProof for Trader {
    type Proof = Fresh<User, JustNow>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(by: Self::Proof, _: &mut Parts, _: &NoState) -> Result<Self, LoginError> {
        Ok(Trader(by))
    }
}

type Minute = Fresh<User, OneMinute>;

fn of_a_minute(by: &Minute) -> String {
    by.name.clone()
}

fn within<W: FreshWindow>(by: &Fresh<User, W>) -> &Fresh<User> {
    by
}

async fn leave(session: Session<Minute>) -> Result<(), LoginError> {
    of_a_minute(&session);
    within(&session);
    session.logout_user().await.map(drop)
}

fn money(area: Routes<App, Minute>) -> Routes<App, Minute> {
    area.get("/", async |by: Minute| of_a_minute(&by))
        .get("/now", async |by: Fresh<User, JustNow>| {
            of_a_minute(&by.widen())
        })
        .get("/by", async |by: By<Trader>| by.0.name.clone())
        .post("/leave", leave)
        .area::<Fresh<User, JustNow>>("/area", |area| area.get("/", async |_: By<Trader>| {}))
}

fn main() {
    let _: Routes<App> = Routes::new()
        .get("/", async |_: Minute| {})
        .area::<Minute>("/money", money)
        .area::<Fresh<User, FiveMinutes>>("/five", |area| area.put("/", async |_: Minute| {}))
        .area::<Fresh<User>>("/fresh", |area| {
            area.get("/", async |_: Minute| {})
                .patch("/by", async |_: By<Trader>| {})
        });
}
