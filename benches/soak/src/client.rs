//! HTTP/1.1 over connections that are kept, as behind a proxy: requests of many
//! browsers come over each. Some requests break off.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Semaphore,
    time::timeout,
};

use crate::{
    clock::FastClock,
    faults::{MET, NUMBER},
};

type Line = BufReader<TcpStream>;

pub struct Client {
    address: SocketAddr,
    pub clock: FastClock,
    permits: Semaphore,
    kept: Mutex<Vec<Line>>,
    next: AtomicU64,
}

/// What a browser sends.
pub struct Asked<'a> {
    pub method: &'static str,
    pub path: String,
    pub cookies: String,
    pub agent: &'a str,
}

/// How a client breaks a request off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    No,
    /// When half of it is sent.
    Half,
    /// Some time after it was sent.
    After(Duration),
    /// When the answer is there, unread.
    Unread,
}

/// From before a request was sent to after its answer came, by the clock of the app.
#[derive(Clone, Copy, Debug)]
pub struct When {
    pub from: u64,
    pub to: u64,
}

/// What came of a request.
pub struct Got {
    pub when: When,
    pub took: Duration,
    /// When it came, among those of two tabs.
    pub at: Instant,
    pub reply: Reply,
}

pub enum Reply {
    Answer(Answer),
    /// The client has broken it off: whether it took effect is not known to it.
    Lost,
    /// Nobody has, and there is no answer: a panic, for example.
    Broken(io::Error),
}

pub struct Answer {
    pub status: u16,
    /// What was injected: `failed`, `delayed` or `nothing`.
    pub met: String,
    /// A cookie that is removed has no value.
    pub cookies: Vec<(String, Option<String>)>,
    pub body: String,
}

impl Client {
    pub fn new(address: SocketAddr, clock: FastClock, at_once: usize) -> Self {
        Self {
            address,
            clock,
            permits: Semaphore::new(at_once),
            kept: Mutex::default(),
            next: AtomicU64::new(1),
        }
    }

    pub async fn send(&self, asked: Asked<'_>, reset: Reset) -> Got {
        let permit = self.permits.acquire().await;
        let from = self.clock.seconds();
        let start = Instant::now();
        let reply = timeout(PATIENCE, self.exchange(&asked, reset)).await;
        let reply = match reply {
            Ok(Ok(Some(answer))) => Reply::Answer(answer),
            Ok(Ok(None)) => Reply::Lost,
            Ok(Err(error)) => Reply::Broken(error),
            Err(_) => Reply::Broken(ErrorKind::TimedOut.into()),
        };
        let to = self.clock.seconds();
        drop(permit);
        Got {
            when: When { from, to },
            took: start.elapsed(),
            at: Instant::now(),
            reply,
        }
    }

    async fn exchange(&self, asked: &Asked<'_>, reset: Reset) -> io::Result<Option<Answer>> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = kept().pop();
        let mut line = match idle {
            Some(line) => line,
            None => BufReader::new(TcpStream::connect(self.address).await?),
        };
        line.get_ref().set_nodelay(true)?;
        let request = self.text(asked);
        if reset == Reset::Half {
            line.write_all(&request.as_bytes()[..request.len() / 2])
                .await?;
            return hang_up(line).await;
        }
        line.write_all(request.as_bytes()).await?;
        match reset {
            Reset::After(wait) => {
                timeout(wait, line.fill_buf()).await.ok();
                return hang_up(line).await;
            }
            Reset::Unread => {
                line.fill_buf().await?;
                return hang_up(line).await;
            }
            Reset::Half | Reset::No => {}
        }
        let answer = read(&mut line).await?;
        kept().push(line);
        Ok(Some(answer))
    }

    fn text(&self, asked: &Asked<'_>) -> String {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let Asked {
            method,
            path,
            cookies,
            agent,
        } = asked;
        let length = if *method == "POST" {
            "content-length: 0\r\n"
        } else {
            ""
        };
        let cookies = match cookies.is_empty() {
            true => String::new(),
            false => format!("cookie: {cookies}\r\n"),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: app.example\r\nuser-agent: {agent}\r\n\
             accept: application/json\r\n{NUMBER}: {number}\r\n{cookies}{length}\r\n"
        )
    }
}

/// Closes the line and waits until the server has done so too: from then on nothing
/// of this request happens any more.
async fn hang_up(mut line: Line) -> io::Result<Option<Answer>> {
    line.shutdown().await.ok();
    let mut rest = Vec::new();
    line.read_to_end(&mut rest).await.ok();
    Ok(None)
}

async fn read(line: &mut Line) -> io::Result<Answer> {
    let wrong = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let mut text = String::new();
    let mut answer = Answer {
        status: 0,
        met: String::new(),
        cookies: Vec::new(),
        body: String::new(),
    };
    let mut length = 0;
    loop {
        text.clear();
        if line.read_line(&mut text).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let head = text.trim_end();
        if head.is_empty() {
            break;
        }
        match head.split_once(": ") {
            None => {
                let status = head
                    .split(' ')
                    .nth(1)
                    .and_then(|status| status.parse().ok());
                answer.status = status.ok_or_else(|| wrong("no status"))?;
            }
            Some(("content-length", value)) => {
                length = value.parse().map_err(|_| wrong("no length"))?;
            }
            Some((MET, value)) => value.clone_into(&mut answer.met),
            Some(("set-cookie", value)) => answer.cookies.extend(set_cookie(value)),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    line.read_exact(&mut body).await?;
    answer.body = String::from_utf8(body).map_err(|_| wrong("no text"))?;
    Ok(answer)
}

fn set_cookie(value: &str) -> Option<(String, Option<String>)> {
    let (name, rest) = value.split_once('=')?;
    let (value, attributes) = rest.split_once(';').unwrap_or((rest, ""));
    let is_removed = value.is_empty() || attributes.contains("Max-Age=0");
    Some((name.to_owned(), (!is_removed).then(|| value.to_owned())))
}

/// Longer than anything that is injected.
const PATIENCE: Duration = Duration::from_secs(30);
