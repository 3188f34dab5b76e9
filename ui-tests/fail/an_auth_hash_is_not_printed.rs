#[path = "../common.rs"]
mod common;
use portcullis::AuthHash;

fn log(hash: &AuthHash) {
    println!("{hash}");
}

fn main() {}
