use portcullis::SecretKey;

fn copy(key: &SecretKey) -> SecretKey {
    key.clone()
}

fn main() {}
