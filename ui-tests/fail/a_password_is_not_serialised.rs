use portcullis::Password;

fn save(password: &Password) -> String {
    serde_json::to_string(password).unwrap()
}

fn main() {}
