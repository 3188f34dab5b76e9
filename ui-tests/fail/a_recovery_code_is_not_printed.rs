#[path = "../common.rs"]
mod common;
use portcullis::RecoveryCode;

fn log(code: &RecoveryCode) {
    println!("{code}");
}

fn main() {}
