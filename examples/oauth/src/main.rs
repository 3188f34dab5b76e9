//! The example, with a provider from the environment.

use portcullis::BoxError;
use portcullis_example_oauth::{Provider, app};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let var = |name| std::env::var(name).map_err(|_| format!("set {name}"));
    let provider = Provider {
        auth_url: var("AUTH_URL")?,
        token_url: var("TOKEN_URL")?,
        profile_url: var("PROFILE_URL")?,
        client_id: var("CLIENT_ID")?,
        client_secret: var("CLIENT_SECRET")?,
        redirect_url: "http://127.0.0.1:3000/oauth/callback".to_owned(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(provider)?).await?;
    Ok(())
}
