use portcullis::Password;

fn log(password: &Password) {
    println!("{password}");
}

fn main() {}
