#[path = "../common.rs"]
mod common;
use axum::{http::request::Parts, routing::get};
use common::*;
use portcullis::{
    Allowed, And, Anonymous, AnySession, Authenticated, By, CurrentUser, Fresh, HoldsProof,
    LoginError, NoState, Not, Or, Realms, Routes, Session, public,
};

struct Member(Authenticated<User>);

impl HoldsProof for Member {
    type Proof = Authenticated<User>;
    type State = NoState;
    type Rejection = LoginError;

    async fn from_proof(
        user: Authenticated<User>,
        _: &mut Parts,
        _: &NoState,
    ) -> Result<Self, LoginError> {
        Ok(Member(user))
    }
}

async fn nobody(_: Anonymous<User>) {}
async fn somebody(_: Authenticated<User>) {}
async fn just_now(_: Fresh<User>) {}
async fn anyone(_: Option<Authenticated<User>>) {}
async fn member(member: By<Member>) -> String {
    member.0.name.clone()
}
async fn both((_, _): (Authenticated<Staff>, CurrentUser<User>)) {}
async fn log_in(_: Session<Anonymous<User>>) {}
async fn log_out(_: Session<Authenticated<User>>) {}
async fn act((_, _): (Session<Fresh<User>>, Authenticated<Staff>)) {}
async fn any(session: AnySession<User>) {
    match session {
        AnySession::Anonymous(_) => {}
        AnySession::Authenticated(_) => {}
        AnySession::Fresh(_) => {}
    }
}

async fn club(by: Allowed<User, Permitted>) {
    let (_, _): (Club, _) = by.into_both();
}
async fn leave(_: Session<Club>) {}

type Club = Allowed<User, IsMember>;
type Permitted = And<IsMember, Or<Not<IsMember>, IsMember>>;

fn members(area: Routes<TwoRealms, Club>) -> Routes<TwoRealms, Club> {
    area.get("/", async |_: Club| {})
        .get("/both", club)
        .post("/leave", leave)
        .service("/files", axum::Router::new().route("/a", get("a")))
}

type Staffed = Authenticated<Staff>;

fn staffed(area: Routes<TwoRealms, Staffed>) -> Routes<TwoRealms, Staffed> {
    area.get("/both", both)
        .area::<Fresh<Staff>>("/keys", |keys| {
            keys.get("/", async |_: Fresh<Staff>| "keys")
        })
        .service("/files", axum::Router::new().route("/a", get("a")))
}

fn main() {
    let _: axum::Router = (users(), staff()).into_router(|(users, staff)| {
        Routes::new()
            .get("/nobody", nobody)
            .get("/somebody", somebody)
            .get("/just-now", just_now)
            .any("/anyone", anyone)
            .get("/member", member)
            .post("/login", log_in)
            .delete("/login", log_out)
            .put("/act", act)
            .patch("/any", any)
            .get_callback("/callback", any)
            .cross_origin("/form-post", anyone)
            .area::<Staffed>("/staff", staffed)
            .area::<Club>("/club", members)
            .area::<Authenticated<User>>("/user", |area| area.get("/club", club))
            .nest("/part", Routes::new().get("/", public("part")))
            .merge(Routes::new().get("/merged", public("merged")))
            .public_router("/router", axum::Router::new().route("/a", get("a")))
            .public_service("/service", axum::Router::new().route("/a", get("a")))
            .unguarded(
                "/hooks",
                "signed by the sender",
                axum::Router::new().route("/a", get("a")),
            )
            .fallback(public("not found"))
            .with_state(TwoRealms { users, staff })
    });
}
