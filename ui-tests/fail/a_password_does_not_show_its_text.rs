use portcullis::Password;

fn text(password: &Password) -> &str {
    password.as_ref()
}

fn main() {}
