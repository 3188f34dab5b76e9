use portcullis::LocalPath;

fn forge(next: String) -> LocalPath {
    LocalPath(next.into())
}

fn main() {}
