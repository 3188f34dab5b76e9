#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, OneMinute, Routes};

fn main() {
    let _ = Routes::<App>::new().area::<Fresh<User, OneMinute>>("/money", |area| {
        area.area::<Fresh<User, FiveMinutes>>("/out", |inner| inner)
    });
}
