#[path = "../../common.rs"]
mod common;
use common::*;
use portcullis::{FiveMinutes, Fresh, OneMinute, Routes};

type Wide = Routes<App, Fresh<User, FiveMinutes>>;
type Narrow = Routes<App, Fresh<User, OneMinute>>;

fn both(area: Narrow, part: Wide) -> Narrow {
    area.nest("/part", part)
}

fn main() {
    let _: fn(Narrow, Wide) -> Narrow = both;
}
