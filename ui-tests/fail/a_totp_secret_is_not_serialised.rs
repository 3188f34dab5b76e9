#[path = "../common.rs"]
mod common;
use portcullis::TotpSecret;

fn save(secret: &TotpSecret) -> String {
    serde_json::to_string(secret).unwrap()
}

fn main() {}
