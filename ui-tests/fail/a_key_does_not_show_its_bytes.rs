use portcullis::SecretKey;

fn print(key: SecretKey) -> String {
    key.to_string()
}

fn bytes(key: &SecretKey) -> &[u8] {
    key.as_ref()
}

fn copy(key: &SecretKey) -> SecretKey {
    key.clone()
}

fn main() {}
