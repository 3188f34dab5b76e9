use portcullis::SecretKey;

fn main() {
    let _ = SecretKey::from(*b"too short");
}
