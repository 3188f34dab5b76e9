//! Requests as a browser sends them, and what comes back.

use std::{
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
};
use http_body_util::BodyExt;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use tower_service::Service;

use crate::{
    apps::{App, Users},
    operation::Operation,
};

/// An app that runs, with some logins.
pub struct Running {
    pub app: App,
    pub runtime: Runtime,
    /// The `Cookie` header of each session.
    cookies: Vec<HeaderValue>,
    /// How many users there are to log in.
    users: usize,
    next: usize,
}

/// An answer, as far as it counts.
pub struct Answer {
    pub status: StatusCode,
    /// At most four, in a place that is no allocation.
    pub set_cookies: [Option<HeaderValue>; 4],
}

impl Running {
    /// Starts an app and logs so many users in.
    pub fn start(
        make: impl FnOnce(&Users, &Runtime) -> App,
        users: &Users,
        sessions: usize,
    ) -> Self {
        let runtime = runtime();
        let within = runtime.enter();
        let mut app = make(users, &runtime);
        app.router = app.router.with_state(()); // as `axum::serve` does, once
        drop(within);
        let mut running = Self {
            app,
            runtime,
            cookies: uncounted(|| Vec::with_capacity(sessions)),
            users: users.len(),
            next: 0,
        };
        for id in 0..sessions {
            let answer = running.deliver(Asked::login(id).request());
            let cookie = uncounted(|| cookie_of(&answer, ""));
            running.cookies.push(cookie);
        }
        // The first use of a session is another story.
        for _ in 0..sessions {
            let request = running.ask(Operation::Protected).request();
            running.deliver(request);
        }
        running
    }

    /// The same app on a runtime of its own, for another thread, with these of its logins.
    pub fn beside(&self, sessions: Range<usize>) -> Self {
        Self {
            app: self.app.clone(),
            runtime: runtime(),
            cookies: self.cookies[sessions].to_vec(),
            users: self.users,
            next: 0,
        }
    }

    /// What the requests that are to be measured say: each is of another session, in turn.
    pub fn asked(&mut self, operation: Operation, count: usize) -> Vec<Asked> {
        (0..count).map(|_| self.ask(operation)).collect()
    }

    fn ask(&mut self, operation: Operation) -> Asked {
        self.next = self.next.wrapping_add(1);
        let cookie = Some(self.cookies[self.next % self.cookies.len()].clone());
        match operation {
            Operation::Public => Asked::get("/public", None),
            Operation::PublicWithCookie => Asked::get("/public", cookie),
            Operation::Protected => Asked::get("/protected", cookie),
            Operation::Stranger => Asked::get("/protected", None),
            Operation::Count => Asked::post("/count".to_owned(), cookie),
            Operation::LogIn => Asked::login(self.next % self.users),
            Operation::LogOut => {
                let login = Asked::login(self.next % self.users);
                Asked::logout(&self.send(&[login])[0])
            }
            Operation::Restore => {
                let login = format!("/remember/{}", self.next % self.users + 1);
                let answer = &self.send(&[Asked::post(login, None)])[0];
                // The browser was closed, and of its cookies one is left.
                Asked::get("/protected", Some(cookie_of(answer, "remember")))
            }
        }
    }

    /// Sends them one after the other.
    ///
    /// To make a request is part of it: what it costs a server to read one from the
    /// network is about as much.
    pub fn send(&mut self, asked: &[Asked]) -> Vec<Answer> {
        let Self { app, runtime, .. } = self;
        let mut answers = uncounted(|| Vec::with_capacity(asked.len()));
        runtime.block_on(async {
            for asked in asked {
                let request = uncounted(|| asked.request());
                answers.push(send(&mut app.router, request).await);
            }
        });
        answers
    }

    /// Sends them until it is enough, each when what waits on this thread has had
    /// its turn, and gives the time of each, that wait included.
    pub fn time_each(&mut self, asked: &[Asked], enough: &AtomicBool) -> Vec<Duration> {
        let Self { app, runtime, .. } = self;
        let mut times = Vec::with_capacity(asked.len());
        runtime.block_on(async {
            for asked in asked {
                let start = Instant::now();
                tokio::task::yield_now().await;
                let answer = send(&mut app.router, asked.request()).await;
                times.push(start.elapsed());
                assert_eq!(answer.status, StatusCode::OK);
                if enough.load(Ordering::Relaxed) {
                    break;
                }
            }
        });
        times
    }

    /// Runs beside the requests, on their thread.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }

    /// The headers of a request of the first login, as `wrk` wants them.
    pub fn headers(&self) -> [String; 2] {
        let cookie = self.cookies[0].to_str().expect("a cookie");
        [
            format!("cookie: {cookie}"),
            format!("user-agent: {USER_AGENT}"),
        ]
    }

    /// Answers requests from the network, on this thread, until the program is ended.
    pub fn serve(self, port: u16) {
        let Self { app, runtime, .. } = self;
        runtime.block_on(async {
            let listener = TcpListener::bind(("127.0.0.1", port)).await;
            let served = axum::serve(listener.expect("a free port"), app.router);
            served.await.expect("a server");
        });
    }

    fn deliver(&mut self, request: Request) -> Answer {
        let Self { app, runtime, .. } = self;
        runtime.block_on(send(&mut app.router, request))
    }

    pub fn expect(&self, operation: Operation, answers: &[Answer]) {
        let expected = operation.expects(&self.app);
        for answer in answers {
            assert_eq!(answer.status, expected, "{}: {operation:?}", self.app.name);
        }
    }

    /// Says what is wrong with these answers, and leaves as many sessions as there were.
    pub fn check(&mut self, operation: Operation, answers: &[Answer]) {
        self.expect(operation, answers);
        if matches!(operation, Operation::LogIn | Operation::Restore) {
            let logouts: Vec<_> = answers.iter().map(Asked::logout).collect();
            self.send(&logouts);
        }
    }
}

/// What a request says.
pub struct Asked {
    method: Method,
    path: String,
    cookie: Option<HeaderValue>,
}

impl Asked {
    fn get(path: &str, cookie: Option<HeaderValue>) -> Self {
        Self {
            method: Method::GET,
            path: path.to_owned(),
            cookie,
        }
    }

    fn post(path: String, cookie: Option<HeaderValue>) -> Self {
        Self {
            method: Method::POST,
            path,
            cookie,
        }
    }

    fn login(user: usize) -> Self {
        Self::post(format!("/login/{}", user + 1), None)
    }

    /// Ends what an answer began.
    fn logout(answer: &Answer) -> Self {
        Self::post("/logout".to_owned(), Some(cookie_of(answer, "")))
    }

    pub fn request(&self) -> Request {
        let request = Request::builder()
            .method(self.method.clone())
            .uri(&self.path)
            .header(header::HOST, "app.example")
            .header(header::USER_AGENT, USER_AGENT)
            .header(header::ACCEPT, "text/html")
            .header("sec-fetch-site", "same-origin");
        let request = match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        };
        request.body(Body::empty()).expect("a request")
    }
}

const USER_AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime")
}

pub async fn send(router: &mut Router, request: Request) -> Answer {
    let response = router.call(request).await;
    let (parts, mut body) = response.unwrap_or_else(|never| match never {}).into_parts();
    while let Some(frame) = body.frame().await {
        frame.expect("a body in memory");
    }
    let mut set_cookies = parts.headers.get_all(header::SET_COOKIE).iter().cloned();
    Answer {
        status: parts.status,
        set_cookies: std::array::from_fn(|_| set_cookies.next()),
    }
}

/// The cookies of an answer whose names contain this.
fn cookie_of(answer: &Answer, named: &str) -> HeaderValue {
    let pairs = answer.set_cookies.iter().flatten().filter_map(|line| {
        let pair = line.to_str().ok()?.split(';').next()?;
        let (name, value) = pair.split_once('=')?;
        (name.contains(named) && !value.is_empty()).then_some(pair)
    });
    let pairs: Vec<_> = pairs.collect();
    match pairs.is_empty() {
        true => HeaderValue::from_static("sid=1"), // bare axum
        false => HeaderValue::try_from(pairs.join("; ")).expect("cookies"),
    }
}

/// What this program keeps for itself is no allocation of an app.
fn uncounted<R>(run: impl FnOnce() -> R) -> R {
    let mut result = None;
    allocation_counter::opt_out(|| result = Some(run()));
    result.expect("it has run")
}
