use portcullis::TotpSecret;

fn log(secret: &TotpSecret) {
    println!("{secret}");
}

fn main() {}
