use portcullis::{OneTimeToken, Purpose};

enum Reset {}

impl Purpose for Reset {
    const NAME: &'static str = "reset";
}

fn log(token: &OneTimeToken<Reset>) {
    println!("{token}");
}

fn main() {}
