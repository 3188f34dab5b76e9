//! The example of connections that stay open: in one tab the user logs out, and
//! those of the other close.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../examples/live.rs"]
mod live;

use axum::{
    Router,
    body::Body,
    http::{Method, Request, Response, StatusCode, header},
};
use futures_util::{SinkExt, StreamExt};
use http_body_util::BodyExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use tower::ServiceExt;

async fn send(
    app: &Router,
    method: Method,
    path: &str,
    cookie: &str,
    form: &str,
) -> Response<Body> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::COOKIE, cookie)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.to_owned()))
        .unwrap();
    app.clone().oneshot(request).await.unwrap()
}

async fn logged_in(app: &Router, name: &str) -> String {
    let answer = send(app, Method::POST, "/login", "", &format!("name={name}")).await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    let cookie = answer.headers()[header::SET_COOKIE].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The app, served; a socket needs a connection of its own.
async fn served() -> (Router, u16) {
    let app = live::app().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = app.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (app, port)
}

async fn socket(
    port: u16,
    cookie: &str,
    origin: Option<&str>,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let mut request = format!("ws://127.0.0.1:{port}/socket").into_client_request()?;
    let headers = request.headers_mut();
    headers.insert(header::COOKIE, cookie.parse().unwrap());
    if let Some(origin) = origin {
        headers.insert(header::ORIGIN, origin.parse().unwrap());
    }
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    client_async(request, stream)
        .await
        .map(|(socket, _)| socket)
}

async fn heard(socket: &mut WebSocketStream<TcpStream>) -> String {
    match socket.next().await.unwrap().unwrap() {
        Message::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

fn status(refused: Result<WebSocketStream<TcpStream>, Error>) -> StatusCode {
    match refused.unwrap_err() {
        Error::Http(answer) => answer.status(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn logging_out_in_one_tab_closes_the_connections_of_the_other() {
    let (app, port) = served().await;
    let cookie = logged_in(&app, "leafstorm").await;
    let bystander = logged_in(&app, "house").await;
    let mut mine = socket(port, &cookie, None).await.unwrap();
    let mut theirs = socket(port, &bystander, None).await.unwrap();
    mine.send(Message::text("hello")).await.unwrap();
    for socket in [&mut mine, &mut theirs] {
        assert_eq!(heard(socket).await, "leafstorm: hello");
    }
    let events = send(&app, Method::GET, "/events", &cookie, "").await;
    assert_eq!(events.status(), StatusCode::OK);
    assert_eq!(events.headers()[header::CONTENT_TYPE], "text/event-stream");

    let answer = send(&app, Method::POST, "/logout", &cookie, "").await;
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert_eq!(heard(&mut mine).await, "Please reload this page.");
    assert!(matches!(
        mine.next().await,
        Some(Ok(Message::Close(_))) | None
    ));
    events.into_body().collect().await.unwrap(); // ends

    theirs.send(Message::text("still here")).await.unwrap();
    assert_eq!(heard(&mut theirs).await, "house: still here");
}

#[tokio::test]
async fn nobody_gets_a_socket_who_is_not_logged_in_or_is_on_another_site() {
    let (app, port) = served().await;
    let refused = socket(port, "", None).await;
    assert_eq!(status(refused), StatusCode::UNAUTHORIZED);
    let cookie = logged_in(&app, "leafstorm").await;
    let refused = socket(port, &cookie, Some("https://evil.example")).await;
    assert_eq!(status(refused), StatusCode::FORBIDDEN);
    let own = format!("http://127.0.0.1:{port}");
    assert!(socket(port, &cookie, Some(&own)).await.is_ok());
}
