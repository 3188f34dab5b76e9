use portcullis::SecretKey;

fn print(key: SecretKey) -> String {
    key.to_string()
}

fn main() {}
