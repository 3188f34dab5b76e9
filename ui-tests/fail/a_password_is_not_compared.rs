use portcullis::Password;

fn is_right(password: &Password, typed: &Password) -> bool {
    password == typed
}

fn main() {}
