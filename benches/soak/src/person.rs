//! One simulated user: two accounts, two browsers, and a memory of what it did.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::{
    app::{Accounts, MOST},
    browser::Browser,
    checks::{Checks, Wrong},
    client::{Answer, Asked, Client, Got, Reply, Reset, When},
    clock::{IDLE, WINDOW},
    rng::Rng,
};

pub struct Person {
    pub rng: Rng,
    pub client: Arc<Client>,
    pub checks: Arc<Checks>,
    pub accounts: Accounts,
    pub own: [u64; 2],
    pub browsers: [Browser; 2],
    /// Old cookies that open nothing any more, and who showed them.
    pub dead: VecDeque<(String, &'static str)>,
    /// How often a request breaks off.
    pub resets: u64,
    next_note: u64,
}

/// What came of a request, as far as it is sure.
pub enum Came {
    /// The status and the text of an answer, and whether a session came with it.
    Answer(u16, String, bool),
    /// A fault was injected, and the answer says that something failed.
    Failed,
    Lost,
}

#[derive(Clone, Copy)]
enum Deed {
    Me,
    Who,
    Fresh,
    Note,
    Confirm,
    Password,
    Switch,
    Sessions,
    EndOthers,
    LogOut,
    Close,
    Nap,
    TwoTabs,
    OldCookie,
}

impl Person {
    pub fn new(
        number: u64,
        seed: u64,
        client: &Arc<Client>,
        checks: &Arc<Checks>,
        accounts: &Accounts,
        resets: u64,
    ) -> Self {
        Self {
            rng: Rng::new(seed ^ number.wrapping_mul(0x5851_f42d_4c95_7f2d)),
            client: client.clone(),
            checks: checks.clone(),
            accounts: accounts.clone(),
            own: [number * 2 + 1, number * 2 + 2],
            browsers: [Browser::new(FIREFOX), Browser::new(SAFARI)],
            dead: VecDeque::new(),
            resets,
            next_note: (number + 1) << 32,
        }
    }

    pub async fn live(&mut self, until: Instant) {
        while Instant::now() < until {
            let now = self.client.clock.seconds();
            let at = self.rng.within(0..2) as usize;
            let at = if self.browsers[at].naps_until > now {
                1 - at
            } else {
                at
            };
            if self.browsers[at].naps_until > now {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            let knows = &self.browsers[at].knows;
            if knows.users.is_empty() {
                self.be_out(at).await;
            } else if knows.maybe_out {
                self.read(at, "/me").await;
            } else {
                self.be_in(at).await;
            }
        }
    }

    /// Logs out everywhere, where nothing goes wrong any more.
    pub async fn leave(&mut self) {
        self.resets = 0;
        for at in 0..2 {
            self.read(at, "/me").await;
            if !self.browsers[at].knows.users.is_empty() {
                self.log_out(at).await;
            }
        }
        while !self.dead.is_empty() {
            self.show_old_cookie().await;
        }
    }

    async fn be_out(&mut self, at: usize) {
        match self.rng.within(0..10) {
            0 => self.read(at, "/me").await,
            1 => self.read(at, "/who").await,
            2 => self.fill_cart(at).await,
            3 => self.log_in_twice(at).await,
            4 => self.show_old_cookie().await,
            _ => self.log_in(at).await,
        }
    }

    async fn be_in(&mut self, at: usize) {
        match self.rng.one_of(&DEEDS) {
            Deed::Me => self.read(at, "/me").await,
            Deed::Who => self.read(at, "/who").await,
            Deed::Fresh => self.read_fresh(at, "/fresh").await,
            Deed::Note => self.write(at).await,
            Deed::Confirm => self.confirm(at).await,
            Deed::Password => self.change_password(at).await,
            Deed::Switch => self.switch(at).await,
            Deed::Sessions => self.read_fresh(at, "/sessions").await,
            Deed::EndOthers => self.end_others(at).await,
            Deed::LogOut => self.log_out(at).await,
            Deed::Close => self.browsers[at].close(),
            Deed::Nap => {
                // Until it is not fresh any more, or is over.
                let over = self.rng.one_of(&[(1, WINDOW), (1, IDLE)]) + 5;
                self.browsers[at].naps_until = self.client.clock.seconds() + over;
            }
            Deed::TwoTabs => self.two_tabs(at).await,
            Deed::OldCookie => self.show_old_cookie().await,
        }
    }

    pub fn note(&mut self) -> u64 {
        self.next_note += 1;
        self.next_note
    }

    /// Keeps a few cookies that have to be worth nothing.
    pub fn bury(&mut self, cookies: String, agent: &'static str) {
        if !cookies.is_empty() {
            self.dead.push_back((cookies, agent));
        }
        if self.dead.len() > 6 {
            self.dead.pop_front();
        }
    }

    /// Another session was restored in the place of the one before.
    pub fn bury_the_left(&mut self, at: usize) {
        let browser = &mut self.browsers[at];
        let agent = browser.agent;
        let left = std::mem::take(&mut browser.knows.left);
        self.bury(left, agent);
    }

    /// Sends a request of a browser, and gives it the cookies of the answer.
    pub async fn ask(&mut self, at: usize, method: &'static str, path: String) -> (When, Came) {
        let reset = match self.rng.happens(self.resets) {
            false => Reset::No,
            true => match self.rng.within(0..4) {
                0 => Reset::Half,
                1 => Reset::Unread,
                _ => Reset::After(Duration::from_micros(self.rng.within(0..3_000))),
            },
        };
        let browser = &self.browsers[at];
        let asked = Asked {
            method,
            path: path.clone(),
            cookies: browser.cookies(),
            agent: browser.agent,
        };
        let got = self.client.send(asked, reset).await;
        let came = self.came(Some(at), &path, &got);
        (got.when, came)
    }

    /// Counts an answer, and checks what no answer may be.
    pub fn came(&mut self, at: Option<usize>, path: &str, got: &Got) -> Came {
        let checks = self.checks.clone();
        checks.requests.fetch_add(1, Ordering::Relaxed);
        let answer = match &got.reply {
            Reply::Answer(answer) => answer,
            Reply::Lost => {
                if let Some(at) = at {
                    self.browsers[at].remember_request(format!("{path}: broken off"));
                }
                checks.resets.fetch_add(1, Ordering::Relaxed);
                return Came::Lost;
            }
            Reply::Broken(error) => {
                checks.expect(false, Wrong::Answer, || format!("{path}: {error}"));
                return Came::Lost;
            }
        };
        let Answer {
            status, met, body, ..
        } = answer;
        if met == "nothing" {
            checks.times.add(got.took);
        }
        let set = at.is_some_and(|at| {
            let browser = &mut self.browsers[at];
            let cookies = answer.cookies.iter().map(|(name, value)| match value {
                Some(_) => format!(" +{name}"),
                None => format!(" -{name}"),
            });
            let cookies: String = cookies.collect();
            browser.remember_request(format!("{path}: {status}, met {met}{cookies}"));
            browser.take(answer)
        });
        if matches!(status, 500 | 503) {
            checks.failed.fetch_add(1, Ordering::Relaxed);
            checks.expect(met == "failed", Wrong::Error, || {
                format!("{path} met {met}: {status} {body}")
            });
            return Came::Failed;
        }
        Came::Answer(*status, body.clone(), set)
    }
}

const DEEDS: [(u64, Deed); 14] = [
    (24, Deed::Me),
    (10, Deed::Who),
    (10, Deed::Fresh),
    (15, Deed::Note),
    (6, Deed::Confirm),
    (4, Deed::Password),
    (4, Deed::Switch),
    (4, Deed::Sessions),
    (2, Deed::EndOthers),
    (6, Deed::LogOut),
    (5, Deed::Close),
    (1, Deed::Nap),
    (9, Deed::TwoTabs),
    (4, Deed::OldCookie),
];

/// More would be listed only if the limit did not hold.
pub const LISTED: u64 = 2 * MOST as u64;

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";
