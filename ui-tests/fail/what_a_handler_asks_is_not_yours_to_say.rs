#[path = "../common.rs"]
mod common;
use common::*;
use portcullis::{
    Authenticated, public,
    routing::{
        Public,
        handler::{Access, Ask, Extract, Handler, sealed::Seal},
    },
};
use std::future::{Ready, ready};

struct NoFuture;
type AsksNothing = fn(Authenticated<User>) -> NoFuture;

impl Handler<(Authenticated<User>,), (), App> for AsksNothing {
    type Call = Public<fn() -> Ready<&'static str>, ((),)>;

    fn into_call<First, W>(self, _: Seal) -> Self::Call
    where
        First: Access<Guard: Ask<App, W>> + 'static,
        W: 'static,
        (Authenticated<User>,): Extract<First, (), App>,
    {
        public(|| ready("in without a proof"))
    }
}

fn main() {}
