//! Connections that stay open, and close when the login ends: a chat by
//! WebSocket, and its listeners by server-sent events.
//!
//! Run it with `cargo run --example live`, log in at <http://127.0.0.1:3000> with
//! any name in two tabs, and log out in one: the other one is told, and closed.

use std::{convert::Infallible, pin::pin, time::Duration};

use axum::{
    Form,
    extract::{
        FromRef, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    response::{
        Html, Redirect, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::{Stream, StreamExt, stream};
use portcullis::{
    Anonymous, AuthHash, AuthUser, Authenticated, BoxError, Login, LoginError, LoginManager,
    OneFactor, Routes, SecretKey, Session, public,
};
use serde::Deserialize;
use tokio::{sync::broadcast, time::timeout};

/// Whoever gives a name is that user: this lesson is about what comes after.
struct Guest(String);

impl AuthUser for Guest {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none() // nobody has a password
    }
}

async fn load_guest(name: String) -> Result<Option<Guest>, Infallible> {
    Ok(Some(Guest(name)))
}

/// How long a message may be on its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was said, for all who listen.
type Chat = broadcast::Sender<String>;

#[derive(Clone, FromRef)]
struct App {
    login: Login<Guest>,
    chat: Chat,
}

/// The guard is checked before the upgrade; browsers of other origins are refused too.
async fn socket(
    guest: Authenticated<Guest>,
    upgrade: WebSocketUpgrade,
    chat: State<Chat>,
) -> Response {
    upgrade.on_upgrade(|socket| talk(socket, guest, chat.0))
}

async fn talk(mut socket: WebSocket, mut guest: Authenticated<Guest>, chat: Chat) {
    let mut said = chat.subscribe();
    let mut revoked = pin!(guest.revoked()); // it owns what it needs
    loop {
        tokio::select! {
            () = &mut revoked => break,
            text = said.recv() => {
                let Ok(text) = text else { continue }; // too slow: some are lost
                // Who does not read is left: or nobody would look whether the login is over.
                let sent = timeout(PATIENCE, socket.send(Message::text(text)));
                let Ok(Ok(())) = sent.await else { return };
            }
            message = socket.recv() => {
                let Some(Ok(message)) = message else { return };
                let Message::Text(text) = message else { continue };
                // A proof grows old: before it counts, ask again. Whatever the
                // answer is, but "yes", the proof is gone.
                guest = match guest.recheck().await {
                    Ok(guest) => guest,
                    Err(_) => break,
                };
                chat.send(format!("{}: {text}", guest.0)).ok();
            }
        }
    }
    // Logged out, or under another session after a confirmed password.
    let farewell = async {
        let reload = Message::text("Please reload this page.");
        socket.send(reload).await.ok();
        socket.send(Message::Close(None)).await.ok();
    };
    timeout(PATIENCE, farewell).await.ok();
}

async fn events(
    guest: Authenticated<Guest>,
    State(chat): State<Chat>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let said = stream::unfold(chat.subscribe(), async |mut said| {
        let text = said.recv().await;
        let event = Event::default().data(text.unwrap_or_else(|_| "…".to_owned()));
        Some((Ok(event), said))
    });
    Sse::new(said.take_until(guest.revoked())).keep_alive(KeepAlive::default())
}

async fn page(guest: Authenticated<Guest>) -> Html<String> {
    let name = guest.0.replace(['<', '&'], "");
    Html(format!("<h1>Hello, {name}</h1>{PAGE}"))
}

const PAGE: &str = r#"
<form id="say"><input name="text" autofocus> <button>Say</button></form>
<form method="post" action="/logout"><button>Log out</button></form>
<ul id="said"></ul>
<script>
    const tell = text => document.getElementById("said").appendChild(document.createElement("li")).textContent = text;
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/socket");
    socket.onmessage = message => tell(message.data);
    socket.onclose = () => tell("The socket is closed.");
    const events = new EventSource("/events");
    events.onerror = () => { events.close(); tell("The stream is closed."); };
    document.getElementById("say").onsubmit = form => {
        form.preventDefault();
        socket.send(form.target.text.value);
        form.target.reset();
    };
</script>"#;

async fn login_page() -> Html<&'static str> {
    Html(r#"<form method="post">Name: <input name="name"> <button>Log in</button></form>"#)
}

#[derive(Deserialize)]
struct LoginForm {
    name: String,
}

async fn log_in(
    session: Session<Anonymous>,
    login: Login<Guest>,
    Form(form): Form<LoginForm>,
) -> Result<Redirect, LoginError> {
    let verified = login.vouch_for(Guest(form.name));
    let session = session.login_user(verified).await?;
    Ok(session.next_or("/"))
}

async fn log_out(session: Session<Authenticated<Guest>>) -> Result<Redirect, LoginError> {
    session.logout_user().await?;
    Ok(Redirect::to("/login"))
}

/// The app, for the server below and for tests.
pub fn app() -> Result<axum::Router, BoxError> {
    let manager = LoginManager::builder()
        .user_loader(load_guest)
        .secret_key(SecretKey::generate()?) // a real app: SecretKey::from_env("SECRET_KEY")?
        .login_path("/login")
        .build()?;
    let chat = Chat::new(100);
    Ok(manager.into_router(|login| {
        Routes::new()
            .get("/", page)
            .get("/socket", socket)
            .get("/events", events)
            .get("/login", public(login_page))
            .post("/login", log_in)
            .post("/logout", log_out)
            .with_state(App { login, chat })
    }))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app()?).await?;
    Ok(())
}
