use portcullis::SecretKey;

fn write(key: &SecretKey) -> axum::Json<&SecretKey> {
    serialise(axum::Json(key))
}

fn serialise<T: serde::Serialize>(json: axum::Json<T>) -> axum::Json<T> {
    json
}

fn main() {}
