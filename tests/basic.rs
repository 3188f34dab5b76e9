//! The basic example over a real connection, as a browser would use it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/basic.rs"]
#[allow(dead_code, unreachable_pub, missing_docs)]
mod basic;

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A client that speaks HTTP/1.1 and keeps cookies.
struct Client {
    address: String,
    jar: BTreeMap<String, String>,
}

struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Client {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, basic::app().unwrap()).await });
        Self {
            address,
            jar: BTreeMap::new(),
        }
    }

    async fn send(&mut self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let cookies: Vec<_> = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\nCookie: {}\r\n",
            self.address,
            body.len(),
            cookies.join("; ")
        );
        for header in headers {
            request += &format!("{header}\r\n");
        }
        request += &format!("\r\n{body}");
        let mut stream = TcpStream::connect(&self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        for line in head
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "))
        {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Reply {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    async fn log_in(&mut self, password: &str) -> Reply {
        let form = format!("email=leafstorm&password={password}");
        let headers = [
            "Content-Type: application/x-www-form-urlencoded",
            "Accept: text/html",
        ];
        self.send("POST", "/login?next=%2Fprotected", &headers, &form)
            .await
    }
}

#[tokio::test]
async fn leafstorm_logs_in_is_let_in_and_logs_out() {
    let mut client = Client::start().await;
    let reply = client
        .send("GET", "/protected", &["Accept: text/html"], "")
        .await;
    assert_eq!(reply.status, 303);
    assert!(reply.head.contains("location: /login?next=%2Fprotected"));
    let reply = client
        .send("GET", "/protected", &["Accept: application/json"], "")
        .await;
    assert_eq!(reply.status, 401);
    assert!(reply.head.contains("www-authenticate: "));
    assert_eq!(client.send("GET", "/login", &[], "").await.status, 200);

    let reply = client.log_in("wrong").await;
    assert_eq!(reply.status, 303);
    assert!(!client.jar.contains_key("__Host-login"));
    assert!(reply.head.contains("location: /login?next=%2Fprotected"));

    let reply = client.log_in("secret").await;
    assert_eq!(reply.status, 303);
    assert!(reply.head.contains("location: /protected"));
    assert_eq!(reply.head.matches("set-cookie: __Host-login=").count(), 1);
    assert!(client.jar.contains_key("__Host-login"));
    assert!(
        client
            .send("GET", "/protected", &[], "")
            .await
            .body
            .starts_with("Logged in as: leafstorm")
    );

    let foreign = ["Sec-Fetch-Site: cross-site"];
    assert_eq!(
        client.send("POST", "/logout", &foreign, "").await.status,
        403
    );
    assert_eq!(
        client.send("POST", "/login", &foreign, "").await.status,
        403
    );

    assert!(
        !client.jar.contains_key("__Host-login-remember"),
        "an unchecked box"
    );
    assert_eq!(client.send("POST", "/logout", &[], "").await.status, 303);
    let reply = client.log_in("secret&remember=true").await;
    assert_eq!(reply.status, 303);
    client.jar.remove("__Host-login"); // the window is closed
    let reply = client.send("GET", "/protected", &[], "").await;
    assert!(reply.body.starts_with("Logged in as: leafstorm"));

    let copy = client.jar.clone();
    assert_eq!(client.send("POST", "/logout", &[], "").await.status, 303);
    assert!(!client.jar.contains_key("__Host-login"));
    client.jar = copy;
    assert_eq!(
        client.send("GET", "/protected", &[], "").await.status,
        401,
        "a replayed cookie"
    );
}
