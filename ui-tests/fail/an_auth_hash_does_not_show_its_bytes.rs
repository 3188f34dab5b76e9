use portcullis::AuthHash;

fn bytes(hash: &AuthHash) -> &[u8] {
    hash.as_ref()
}

fn main() {}
