use portcullis::LoginManager;

fn main() {
    let _ = LoginManager::builder().login_path(std::env::args().next().unwrap());
}
