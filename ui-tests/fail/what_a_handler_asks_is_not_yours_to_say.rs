#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Authenticated, public,
    routing::{
        Public,
        handler::{Access, Asks, Handler, Takes, sealed::Seal},
    },
};
use std::future::{Ready, ready};

struct NoFuture;
type AsksNothing = fn(Authenticated<User>) -> NoFuture;

impl Handler<(Authenticated<User>,), (), App> for AsksNothing {
    type Call = Public<fn() -> Ready<&'static str>, ((),)>;

    fn into_call<First, W>(self, _: Seal) -> Self::Call
    where
        Self: Asks<First::Guard, App, W> + Takes<(Authenticated<User>,), First, (), App>,
        First: Access + 'static,
        W: 'static,
    {
        public(|| ready("in without a proof"))
    }
}

fn main() {}
