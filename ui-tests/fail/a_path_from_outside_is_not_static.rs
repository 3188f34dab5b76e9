#[path = "../common.rs"]
mod common;
use portcullis::LocalPath;

fn go(next: String) -> LocalPath {
    LocalPath::from_static(&next)
}

fn main() {}
