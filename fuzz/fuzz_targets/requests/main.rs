//! Whole requests of three browsers, with whatever cookies and headers the input
//! says, to an app with a route of every kind, beside a model of who is logged
//! in: nobody reads a protected page without a login, or as somebody else, and
//! no answer tells a secret or fails.

#![no_main]

mod app;
mod model;
mod reading;

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::Body,
    http::{HeaderValue, Method, Request, Uri, header},
};
use libfuzzer_sys::fuzz_target;
use model::{May, Model, Shown};
use portcullis_fuzz::{
    block_on,
    input::Input,
    support::{Browser, COOKIE, REMEMBER, Reply, World, send},
};
use reading::{is_from_here, secret, set_cookies, shown, vary};
use url::Url;

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    block_on(async {
        let mut trial = Trial::new();
        for _ in 0..MOST_STEPS {
            if input.is_empty() {
                break;
            }
            trial.step(&mut input).await;
        }
    });
});

const MOST_STEPS: usize = 24;
const WAITS: [u64; 8] = [1, 59, 61, 899, 901, 86_400, 6 * 86_400, 30 * 86_400];
const METHODS: [&str; 8] = [
    "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW",
];
const AGENTS: [&str; 2] = ["Firefox/1.0", "Chrome/2.0"];
const HEADERS: [(&str, &[&str]); 10] = [
    (
        "accept",
        &["text/html", "application/json", "*/*;q=0.1, text/html", ""],
    ),
    (
        "sec-fetch-site",
        &["same-origin", "cross-site", "same-site", "none", "new"],
    ),
    (
        "origin",
        &[
            "https://app.example",
            "https://evil.example",
            "null",
            "//app.example",
        ],
    ),
    ("host", &["app.example", "evil.example"]),
    ("hx-request", &["true"]),
    (
        "hx-current-url",
        &[
            "https://app.example/x/me?a=b",
            "https://app.example//evil.example",
        ],
    ),
    (
        "authorization",
        &["Bearer 4", "Bearer 5", "Basic 4", "Bearer x"],
    ),
    (
        "x-forwarded-for",
        &["192.0.2.1", "192.0.2.1, 198.51.100.7", "x"],
    ),
    ("upgrade", &["websocket"]),
    ("purpose", &["prefetch"]),
];

struct Trial {
    world: World,
    model: Model,
    browsers: [Browser; 3],
    /// What no answer may tell but in `Set-Cookie`.
    secrets: Vec<String>,
    /// Who wrote each note; strangers are nobody.
    notes: Vec<Option<u64>>,
}

impl Trial {
    fn new() -> Self {
        let world = World::with(app::settings, app::routes);
        let browsers = [(); 3].map(|()| world.browser());
        let (model, secrets, notes) = (Model::default(), Vec::new(), Vec::new());
        Self {
            world,
            model,
            browsers,
            secrets,
            notes,
        }
    }

    async fn step(&mut self, input: &mut Input<'_>) {
        let browser = usize::from(input.byte()) % 3;
        match input.byte() % 12 {
            0 => {
                let seconds = input.pick(&WAITS);
                self.world.clock.pass(Duration::from_secs(seconds));
                self.model.now += seconds;
            }
            1 => self.browsers[browser].close(),
            // A thief has its cookies.
            2 => {
                let thief = usize::from(input.byte()) % 3;
                self.browsers[thief] =
                    self.browsers[thief].with_cookies_of(&self.browsers[browser]);
            }
            3 => {
                let user = u64::from(input.byte() % 3) + 1;
                let change = |user: &mut portcullis_fuzz::support::User| user.password.push('-');
                match input.byte() % 2 {
                    0 => self.world.database.change(user, change),
                    _ => drop(self.world.sessions.end_all(&user).await.unwrap()),
                }
                self.model.ends_all(user);
            }
            4 => self.browsers[browser].user_agent = input.pick(&AGENTS),
            _ => {
                if let Some(request) = self.request(browser, input) {
                    self.send(browser, request).await;
                }
            }
        }
    }

    /// What a browser or a program sends; `None` if no server would read it.
    fn request(&self, browser: usize, input: &mut Input<'_>) -> Option<Request<Body>> {
        let method: Method = input.pick(&METHODS).parse().unwrap();
        let path = match input.byte() {
            255 => String::from_utf8_lossy(input.bytes()).into_owned(),
            one => app::PATHS[usize::from(one) % app::PATHS.len()].to_owned(),
        };
        let path = match path.as_str() {
            "/x/note" => format!("/x/note?value={}", self.notes.len()),
            _ => path,
        };
        let uri: Uri = path.parse().ok()?;
        uri.path_and_query()?;
        let mut request = self.browsers[browser].request(method, "/", &[]);
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        for _ in 0..input.byte() % 5 {
            let (name, values) = input.pick(&HEADERS);
            let value = match input.byte() {
                255 => HeaderValue::from_bytes(input.bytes()).ok()?,
                one => HeaderValue::from_static(values[usize::from(one) % values.len()]),
            };
            headers.append(name, value);
        }
        match input.byte() % 16 {
            0 => headers.append(header::COOKIE, HeaderValue::from_bytes(input.bytes()).ok()?),
            // A cookie of the same name, equal, another browser's, or changed.
            1 => {
                let other = &self.browsers[usize::from(input.byte()) % 3];
                let name = input.pick(&[COOKIE, REMEMBER]);
                let mut value = other.jar.get(name)?.clone().into_bytes();
                input.edit(&mut value, 2);
                let line = [name.as_bytes(), b"=", &value].concat();
                if input.byte() % 2 == 1 {
                    headers.remove(header::COOKIE);
                }
                headers.append(header::COOKIE, HeaderValue::from_bytes(&line).ok()?)
            }
            _ => false,
        };
        Some(request)
    }

    async fn send(&mut self, browser: usize, request: Request<Body>) {
        let agent = u8::from(self.browsers[browser].user_agent == AGENTS[1]);
        let shown = shown(request.headers(), agent);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let is_from_here = is_from_here(&method, request.headers());
        // A prefetch of a callback is put off.
        let may_be_late = request.headers().contains_key("purpose");
        let reply = send(&self.world.app, request).await;
        let may = self.model.may(&shown);
        let context = format!("{method} {uri} of {shown:?}, who {may:?}: {}", reply.body);

        let is_late = reply.status == 503 && uri.path().starts_with("/x/callback/");
        let is_failed = reply.status.as_u16() >= 500 && !(is_late && may_be_late);
        assert!(!is_failed, "{}: {context}", reply.status);
        let is_reached = reply.headers.contains_key(app::REACHED);
        if is_reached && uri.path() != "/x/hook" {
            assert!(is_from_here, "{context}");
        }
        self.tells_no_secret(&reply);
        let set = set_cookies(&reply);
        self.says_who(&method, uri.path(), &may, &reply, &context);
        self.learn(&method, &shown, &may, &reply, &set, &context);
        self.browsers[browser].keep(&reply);
    }

    /// Whom the body names, or that there is nobody.
    fn says_who(&mut self, method: &Method, path: &str, may: &May, reply: &Reply, context: &str) {
        if !reply.headers.contains_key(app::REACHED) {
            // Who is logged in for sure is let in, by a plain request to read.
            let is_read = *method == Method::GET && reply.status != 403;
            let is_refused = is_read && ["/x/me", "/x/members/home"].contains(&path);
            assert!(!is_refused || may.be_nobody, "{context}");
            return;
        }
        let is_public = ["/x/public", "/x/assets"]
            .iter()
            .any(|it| path.starts_with(it));
        let is_empty = *method == Method::HEAD;
        if is_public || is_empty {
            let is_protected = path.starts_with("/x/me");
            assert!(!is_protected || !may.be.is_empty(), "{context}");
            return;
        }
        let words: Vec<_> = reply.body.split(' ').collect();
        let user = match (words[0], words.get(1)) {
            ("nobody", _) => {
                assert!(may.be_nobody, "{context}");
                None
            }
            ("somebody", _) => {
                assert!(!may.be.is_empty(), "{context}");
                return;
            }
            ("fresh", Some(user)) => {
                assert_eq!(may.be_fresh, user.parse().ok(), "{context}");
                may.be_fresh
            }
            ("user", Some(user)) => user.parse().ok(),
            _ => return, // it has changed a login
        };
        if let Some(user) = user {
            assert!(may.be.contains(&user), "{context}");
            let is_stored = reply.header(header::CACHE_CONTROL) != Some("no-store");
            assert!(!is_stored, "{context}");
            assert!(vary(reply).contains("Cookie"), "{context}");
        }
        match path {
            "/x/note" => self.notes.push(user),
            "/x/data" => {
                let list = reply.body.split(['[', ']']).nth(1).unwrap_or_default();
                for note in list
                    .split(", ")
                    .filter_map(|note| note.parse::<usize>().ok())
                {
                    assert_eq!(self.notes[note], user, "{context}");
                }
            }
            _ => {}
        }
    }

    /// What has changed by this answer.
    fn learn(
        &mut self,
        method: &Method,
        shown: &Shown,
        may: &May,
        reply: &Reply,
        set: &BTreeMap<String, String>,
        context: &str,
    ) {
        let is_given = |name: &str| set.get(name).filter(|value| !value.is_empty());
        let (login, token) = (is_given(COOKIE), is_given(REMEMBER).map(String::as_str));
        self.secrets
            .extend(set.values().filter_map(|value| secret(value)));
        let Some(did) = reply.header(app::DID) else {
            if let Some(login) = login {
                self.model.asked(shown);
                self.model.restored(shown, login, token.expect(context));
            } else if vary(reply).contains("Cookie") {
                assert_eq!(token, None, "{context}");
                self.model.asked(shown);
            }
            return;
        };
        let (did, user) = did.split_once(' ').unwrap();
        let user: u64 = user.parse().unwrap();
        let is_callback = *method == Method::GET && matches!(did, "in" | "stale");
        assert!(is_callback || !method.is_safe(), "{context}");
        match did {
            "in" | "stale" => assert!(may.be_nobody, "{context}"),
            "switched" => assert!(!may.be.is_empty(), "{context}"),
            "changed" => assert_eq!(may.be_fresh, Some(user), "{context}"),
            _ => assert!(may.be.contains(&user), "{context}"),
        }
        self.model.ends(shown, !matches!(did, "in" | "stale"));
        match did {
            "out" => {
                assert_eq!(set.get(COOKIE).map(String::as_str), Some(""), "{context}");
                assert_eq!(token, None, "{context}");
            }
            _ => {
                if did == "changed" {
                    self.model.ends_all(user);
                }
                let login = login.expect(context);
                // A changed password leaves the age of the login as it was.
                let is_fresh = did != "stale";
                self.model.begins((user, is_fresh), shown, login, token);
            }
        }
    }

    fn tells_no_secret(&self, reply: &Reply) {
        let headers = reply
            .headers
            .iter()
            .filter(|(name, _)| *name != header::SET_COOKIE);
        let mut all = reply.body.clone();
        for (_, value) in headers {
            all.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
        for secret in &self.secrets {
            assert!(!all.contains(secret), "a secret is told: {all}");
        }
        if let Some(location) = reply.header(header::LOCATION) {
            let base = Url::parse("https://app.example/x/me").unwrap();
            assert_eq!(base.join(location).unwrap().origin(), base.origin());
        }
    }
}
