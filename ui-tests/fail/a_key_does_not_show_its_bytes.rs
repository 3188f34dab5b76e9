use portcullis::SecretKey;

fn bytes(key: &SecretKey) -> &[u8] {
    key.as_ref()
}

fn main() {}
