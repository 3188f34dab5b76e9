//! What a person reads, and what it has to say.

use crate::{
    checks::Wrong,
    client::{Asked, Reset, When},
    clock::GRACE,
    person::{Came, LISTED, Person},
};

/// The numbers after `user` in an answer.
fn numbers(body: &str) -> Option<Vec<u64>> {
    let rest = body.strip_prefix("user ")?;
    rest.split(' ').map(|number| number.parse().ok()).collect()
}

/// What our library says to whoever is to give the password once more.
const AGAIN: &str = "Please log in again";

impl Person {
    /// A page for whoever is logged in, or for everybody.
    pub async fn read(&mut self, at: usize, path: &str) {
        let (when, came) = self.ask(at, "GET", path.to_owned()).await;
        match came {
            Came::Answer(200, body, set) if body != "nobody" => {
                self.is_in(at, path, when, &body, set);
            }
            Came::Answer(200 | 401, body, _) => self.is_nobody(at, path, when, &body),
            Came::Answer(status, body, _) => self.unexpected(path, status, &body),
            Came::Failed | Came::Lost => self.perhaps_read(at, when),
        }
    }

    /// A page for whoever gave the password.
    pub async fn read_fresh(&mut self, at: usize, path: &str) {
        let (when, came) = self.ask(at, "GET", path.to_owned()).await;
        match came {
            Came::Answer(200, body, set) if path == "/sessions" => {
                self.is_fresh(at, path, when);
                if let Some(&[user, all, current]) = numbers(&body).as_deref() {
                    let is_right = current == 1 && all <= LISTED;
                    self.checks
                        .expect(is_right, Wrong::Data, || format!("{path}: {body}"));
                    self.is_user(at, path, when, user, set);
                }
            }
            Came::Answer(200, body, set) => {
                self.is_fresh(at, path, when);
                self.is_in(at, path, when, &body, set);
            }
            Came::Answer(401, body, set) => self.is_not_fresh(at, path, when, &body, set),
            Came::Answer(status, body, _) => self.unexpected(path, status, &body),
            Came::Failed | Came::Lost => self.perhaps_read(at, when),
        }
    }

    /// A cookie of a login that has ended.
    pub async fn show_old_cookie(&mut self) {
        let Some((cookies, agent)) = self.dead.pop_front() else {
            return;
        };
        let path = "/me".to_owned();
        let asked = Asked {
            method: "GET",
            path,
            cookies,
            agent,
        };
        let got = self.client.send(asked, Reset::No).await;
        if let Came::Answer(status, body, _) = self.came(None, "/me", &got) {
            self.checks.expect(status == 401, Wrong::Ghost, || {
                format!("an old cookie: {status} {body}")
            });
        }
    }

    /// Whoever it is, was here before, and sees what it has written.
    pub fn is_in(&mut self, at: usize, path: &str, when: When, body: &str, set: bool) {
        let Some(&[user, note, owner]) = numbers(body).as_deref() else {
            self.unexpected(path, 200, body);
            return;
        };
        self.is_user(at, path, when, user, set);
        let browser = &mut self.browsers[at];
        let is_right = browser.knows.notes.contains(&note) && (owner == 0 || owner == user);
        self.checks.expect(is_right, Wrong::Data, || {
            format!("{path}: {body}, {browser:?}")
        });
        browser.knows.notes = vec![note];
        if !self.browsers[at].session_is_sure(when) {
            self.browsers[at].knows.perhaps_restored();
        }
    }

    /// As [`is_in`](Self::is_in), where the answer does not say what was written.
    pub fn is_user(&mut self, at: usize, path: &str, when: When, user: u64, set: bool) {
        let browser = &mut self.browsers[at];
        let checks = &self.checks;
        checks.expect(browser.may_be_in(when), Wrong::Ghost, || {
            format!("{path}: user {user}, {browser:?} at {}", when.from)
        });
        checks.expect(browser.knows.users.contains(&user), Wrong::User, || {
            format!("{path}: user {user}, {browser:?}")
        });
        let is_sure = browser.session_is_sure(when);
        checks.expect(!(set && is_sure), Wrong::LostSession, || {
            format!("{path}: a session began beside the one of {browser:?}")
        });
        (browser.knows.users, browser.knows.maybe_out) = (vec![user], false);
        browser.used(set, is_sure, when);
        if set {
            self.bury_the_left(at);
        }
    }

    pub fn is_nobody(&mut self, at: usize, path: &str, when: When, body: &str) {
        let browser = &mut self.browsers[at];
        self.checks
            .expect(!browser.must_be_in(when), Wrong::LostSession, || {
                format!("{path}: {body}, {browser:?} at {}", when.to)
            });
        browser.knows.out();
    }

    pub fn is_fresh(&self, at: usize, path: &str, when: When) {
        let browser = &self.browsers[at];
        self.checks
            .expect(browser.may_be_fresh(when), Wrong::Fresh, || {
                format!("{path}: {browser:?} at {}", when.from)
            });
    }

    /// Turned away: as nobody, or as somebody who is to give the password.
    pub fn is_not_fresh(&mut self, at: usize, path: &str, when: When, body: &str, set: bool) {
        if !body.contains(AGAIN) {
            self.is_nobody(at, path, when, body);
            return;
        }
        let browser = &self.browsers[at];
        let must = browser.must_be_fresh(when);
        self.checks.expect(!must, Wrong::NotFresh, || {
            format!("{path}: {browser:?} at {}", when.to)
        });
        self.checks
            .expect(browser.may_be_in(when), Wrong::Ghost, || {
                format!("{path}: {body}, {browser:?} at {}", when.from)
            });
        let browser = &mut self.browsers[at];
        let is_sure = browser.session_is_sure(when);
        if browser.knows.users.len() == 1 {
            browser.knows.maybe_out = false;
            browser.used(set, is_sure, when);
        }
    }

    /// Nothing is known of a read but that it may have been a use.
    pub fn perhaps_read(&mut self, at: usize, when: When) {
        let is_sure = self.browsers[at].session_is_sure(when);
        let knows = &mut self.browsers[at].knows;
        if !knows.users.is_empty() {
            knows.perhaps_used_in(when);
            if !is_sure {
                knows.perhaps_restored();
            }
        }
        // Its remember cookie may have been used up by an answer that was lost: what
        // that means is seen later.
        let browser = &mut self.browsers[at];
        if !is_sure && browser.is_remembered() && self.rng.within(0..2) == 0 {
            browser.naps_until = when.to + GRACE + 5;
        }
    }

    pub fn unexpected(&self, path: &str, status: u16, body: &str) {
        self.checks
            .expect(false, Wrong::Answer, || format!("{path}: {status} {body}"));
    }
}
