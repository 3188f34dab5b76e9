//! Two requests of one browser at once, as of two tabs or a double click.

use crate::{
    acting::named,
    checks::Wrong,
    client::{Asked, Reset, When},
    clock::IDLE,
    person::{Came, Person},
};

/// A status, and whether it is that of an answer at all: what failed has none.
fn status(came: &Came) -> Option<u16> {
    match came {
        Came::Answer(status, ..) => Some(*status),
        Came::Failed | Came::Lost => None,
    }
}

impl Person {
    /// A transition comes beside another request only where the session is there. Where
    /// both have the remember cookie alone, the one that restores may answer last, and
    /// give the browser what the other has replaced: it is logged out then.
    pub async fn two_tabs(&mut self, at: usize) {
        let from = self.client.clock.seconds();
        let soon = When {
            from,
            to: from + IDLE / 4,
        };
        if !self.browsers[at].session_is_sure(soon) {
            self.come_back_twice(at).await;
            return;
        }
        match self.rng.within(0..5) {
            0 => self.write_and_log_out(at).await,
            1 => self.write_and_confirm(at).await,
            2 => self.confirm_twice(at).await,
            3 => self.log_out_and_confirm(at).await,
            _ => self.come_back_twice(at).await,
        }
    }

    /// Sends both with the same cookies, and takes the answers as they come; says what
    /// cookies of the login there were after each.
    async fn both(
        &mut self,
        at: usize,
        method: &'static str,
        paths: [String; 2],
    ) -> (When, [Came; 2], [String; 2]) {
        let browser = &self.browsers[at];
        let asked = |path: &String| Asked {
            method,
            path: path.clone(),
            cookies: browser.cookies(),
            agent: browser.agent,
        };
        let [one, other] = [asked(&paths[0]), asked(&paths[1])];
        let client = self.client.clone();
        let (one, other) = tokio::join!(client.send(one, Reset::No), client.send(other, Reset::No));
        let when = When {
            from: one.when.from.min(other.when.from),
            to: one.when.to.max(other.when.to),
        };
        let is_in_order = one.at <= other.at;
        let mut came = [(&paths[0], &one), (&paths[1], &other)];
        if !is_in_order {
            came.reverse();
        }
        let [first, second] = came.map(|(path, got)| {
            let came = self.came(Some(at), path, got);
            (came, self.browsers[at].login_cookies())
        });
        let ((one, before), (other, after)) = match is_in_order {
            true => (first, second),
            false => (second, first),
        };
        (when, [one, other], [before, after])
    }

    pub async fn log_in_twice(&mut self, at: usize) {
        let user = self.own[self.rng.within(0..2) as usize];
        let remember = self.rng.within(0..2) == 0;
        let path = format!("/login/{user}/{remember}");
        let (when, both, _) = self.both(at, "POST", [path.clone(), path.clone()]).await;
        for came in &both {
            if let Came::Answer(status, body, set) = came {
                let is_right = *status == 200 && *set && named(body) == user;
                self.checks.expect(is_right, Wrong::Answer, || {
                    format!("{path}: {status} {body}")
                });
            }
        }
        if both.iter().any(|came| status(came) == Some(200)) {
            self.browsers[at].knows.logged_in(user, remember, when);
        }
    }

    /// The slow request must not bring the session back.
    async fn write_and_log_out(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let note = self.note();
        let paths = [format!("/slow-note/{note}"), "/logout".to_owned()];
        let (when, [wrote, logged_out], _) = self.both(at, "POST", paths).await;
        let was_sure = self.browsers[at].knows.users.clone();
        if let Came::Answer(200, body, _) = &wrote {
            let is_user = was_sure.contains(&named(body));
            self.checks.expect(is_user, Wrong::User, || {
                format!("/slow-note: {body}, not {was_sure:?}")
            });
        }
        match logged_out {
            Came::Answer(200, ..) => {
                self.browsers[at].knows.out();
                self.bury(old, agent);
            }
            Came::Answer(401, body, _) => self.is_nobody(at, "/logout", when, &body),
            Came::Answer(status, body, _) => self.unexpected("/logout", status, &body),
            Came::Failed | Came::Lost => {
                self.browsers[at].knows.perhaps_noted(note);
                self.perhaps_out(at, when);
            }
        }
    }

    /// What is written while the id changes is either there afterwards or refused.
    async fn write_and_confirm(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let note = self.note();
        let paths = [format!("/slow-note/{note}"), "/confirm".to_owned()];
        let (when, [wrote, confirmed], _) = self.both(at, "POST", paths).await;
        let is_sure = self.browsers[at].session_is_sure(when);
        match confirmed {
            Came::Answer(200, body, set) => {
                self.moved(at, "/confirm", when, &body, set);
                self.browsers[at].knows.verified_in(when);
                self.bury(old, agent);
            }
            Came::Answer(401, body, _) if is_sure => {
                self.is_nobody(at, "/confirm", when, &body);
            }
            _ => self.browsers[at].knows.blur(None, when),
        }
        let knows = &mut self.browsers[at].knows;
        match status(&wrote) {
            Some(200) if is_sure => knows.notes = vec![note],
            Some(401) => {}
            _ => knows.perhaps_noted(note),
        }
        if knows.maybe_out {
            knows.perhaps_restored();
        }
    }

    /// An id is replaced once.
    async fn confirm_twice(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let path = || "/confirm".to_owned();
        let (when, both, _) = self.both(at, "POST", [path(), path()]).await;
        let is_sure = self.browsers[at].session_is_sure(when);
        let statuses = [status(&both[0]), status(&both[1])];
        if is_sure && statuses.iter().all(Option::is_some) {
            let is_one = [[Some(200), Some(401)], [Some(401), Some(200)]].contains(&statuses);
            self.checks.expect(is_one, Wrong::Answer, || {
                format!("/confirm twice: {statuses:?}")
            });
        }
        let done = both.into_iter().find_map(|came| match came {
            Came::Answer(200, body, set) if is_sure => Some((body, set)),
            _ => None,
        });
        match done {
            Some((body, set)) => {
                self.moved(at, "/confirm", when, &body, set);
                self.browsers[at].knows.verified_in(when);
                self.bury(old, agent);
            }
            None => self.browsers[at].knows.blur(None, when),
        }
    }

    /// Whoever logs out is out, whatever the other tab has made of the session.
    async fn log_out_and_confirm(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let paths = ["/logout".to_owned(), "/confirm".to_owned()];
        let (when, [logged_out, _], left) = self.both(at, "POST", paths).await;
        let is_sure = self.browsers[at].session_is_sure(when);
        if status(&logged_out) == Some(200) && is_sure {
            self.browsers[at].knows.out();
            self.bury(old, agent);
            left.into_iter().for_each(|left| self.bury(left, agent));
        } else {
            self.browsers[at].knows.blur(None, when);
        }
    }

    /// Two tabs are opened again, and both show the remember cookie.
    async fn come_back_twice(&mut self, at: usize) {
        self.browsers[at].close();
        if !self.browsers[at].is_remembered() {
            return;
        }
        let had = self.browsers[at].is_sure();
        let path = || "/me".to_owned();
        let (when, both, _) = self.both(at, "GET", [path(), path()]).await;
        let browser = &mut self.browsers[at];
        let (must, may) = (had && browser.must_be_in(when), browser.may_be_in(when));
        let is_restored = both
            .iter()
            .any(|came| matches!(came, Came::Answer(_, _, true)));
        for came in both {
            match came {
                Came::Answer(200, body, _) => {
                    let is_user = browser.knows.users.contains(&named(&body));
                    self.checks
                        .expect(is_user, Wrong::User, || format!("/me twice: {body}"));
                    self.checks
                        .expect(may, Wrong::Ghost, || format!("/me twice: {body}"));
                }
                Came::Answer(status, body, _) => {
                    self.checks.expect(!must, Wrong::LostSession, || {
                        format!("/me twice: {status} {body}")
                    })
                }
                Came::Failed | Came::Lost => {}
            }
        }
        browser.knows.maybe_out |= !must;
        if is_restored {
            browser.used(true, false, when);
            self.bury_the_left(at);
        } else {
            browser.knows.perhaps_used_in(when);
        }
    }
}
