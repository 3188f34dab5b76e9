#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{Allowed, And, Authenticated, NoState, Policy};
use std::convert::Infallible;

/// Which is no policy, so that the combination has no rule of its own yet.
enum Nothing {}

impl Policy<User> for And<IsMember, Nothing> {
    type State = NoState;
    type Error = Infallible;

    async fn allows(
        _: &Authenticated<User>,
        _: &axum::http::request::Parts,
        _: &NoState,
    ) -> Result<bool, Infallible> {
        Ok(true)
    }
}

fn forged(by: Allowed<User, And<IsMember, Nothing>>) -> Allowed<User, IsMember> {
    by.into_both().0
}

fn main() {}
