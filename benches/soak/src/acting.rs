//! What a person changes, and what it knows afterwards.

use crate::{
    browser::Browser,
    checks::Wrong,
    client::When,
    clock::IDLE,
    person::{Came, Person},
};

impl Person {
    pub async fn log_in(&mut self, at: usize) {
        let user = self.own[self.rng.within(0..2) as usize];
        let remember = self.rng.within(0..2) == 0;
        let path = format!("/login/{user}/{remember}");
        let before = self.browsers[at].login_cookies();
        let (when, came) = self.ask(at, "POST", path.clone()).await;
        match came {
            Came::Answer(200, body, true) => {
                let is_right = body == format!("user {user} 0 0");
                self.checks
                    .expect(is_right, Wrong::User, || format!("{path}: {body}"));
                self.browsers[at].knows.logged_in(user, remember, when);
            }
            Came::Answer(409, body, _) => self.checks.expect(false, Wrong::Ghost, || {
                format!("{path}: {body}, when nobody was logged in")
            }),
            Came::Answer(status, body, _) => self.unexpected(&path, status, &body),
            // Its cookie has not come: nobody has it.
            Came::Failed | Came::Lost => {
                let is_out = self.browsers[at].login_cookies() == before;
                self.checks.expect(is_out, Wrong::Answer, || {
                    format!("{path} failed, and changed the cookies")
                });
            }
        }
    }

    pub async fn write(&mut self, at: usize) {
        let note = self.note();
        let path = format!("/note/{note}");
        let (when, came) = self.ask(at, "POST", path.clone()).await;
        match came {
            Came::Answer(200, body, set) => {
                let user = named(&body);
                let is_right = body == format!("user {user} {note} {user}");
                self.checks
                    .expect(is_right, Wrong::Data, || format!("{path}: {body}"));
                self.is_user(at, &path, when, user, set);
                let browser = &mut self.browsers[at];
                browser.knows.notes = vec![note];
                if !browser.session_is_sure(when) {
                    browser.knows.perhaps_restored();
                }
            }
            Came::Answer(401, body, _) => self.is_nobody(at, &path, when, &body),
            Came::Answer(status, body, _) => self.unexpected(&path, status, &body),
            Came::Failed | Came::Lost => {
                self.perhaps_read(at, when);
                self.browsers[at].knows.perhaps_noted(note);
            }
        }
    }

    /// A stranger keeps something, and looks at it.
    pub async fn fill_cart(&mut self, at: usize) {
        let thing = self.note();
        let (put, came) = self.ask(at, "POST", format!("/cart/{thing}")).await;
        let is_put = matches!(came, Came::Answer(200, ..));
        let (look, came) = self.ask(at, "GET", "/cart".to_owned()).await;
        if let Came::Answer(200, body, _) = came
            && is_put
            && look.to < put.from + IDLE
        {
            let is_right = body == format!("cart {thing}");
            self.checks.expect(is_right, Wrong::Data, || {
                format!("/cart: {body}, not {thing}")
            });
        }
    }

    pub async fn confirm(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let (when, came) = self.ask(at, "POST", "/confirm".to_owned()).await;
        match came {
            Came::Answer(200, body, set) => {
                self.moved(at, "/confirm", when, &body, set);
                self.browsers[at].knows.verified_in(when);
                self.bury(old, agent);
            }
            Came::Answer(401, body, _) => self.is_nobody(at, "/confirm", when, &body),
            Came::Answer(status, body, _) => self.unexpected("/confirm", status, &body),
            Came::Failed | Came::Lost => self.browsers[at].knows.blur(None, when),
        }
    }

    pub async fn change_password(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let user = self.browsers[at].knows.users[0];
        let password = self.accounts.password(user);
        let (when, came) = self.ask(at, "POST", "/password".to_owned()).await;
        let is_changed = self.accounts.password(user) != password;
        match came {
            Came::Answer(200, body, set) => {
                self.is_fresh(at, "/password", when);
                self.moved(at, "/password", when, &body, set);
                self.bury(old, agent);
            }
            Came::Answer(401, body, set) => {
                self.is_not_fresh(at, "/password", when, &body, set);
            }
            Came::Answer(status, body, _) => self.unexpected("/password", status, &body),
            Came::Failed | Came::Lost if is_changed => self.browsers[at].knows.blur(None, when),
            Came::Failed | Came::Lost => self.perhaps_read(at, when),
        }
        if is_changed {
            self.others_ended(at, user);
        }
    }

    pub async fn switch(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let [one, other] = self.own;
        let to = if self.browsers[at].knows.users == [one] {
            other
        } else {
            one
        };
        let path = format!("/switch/{to}");
        let (when, came) = self.ask(at, "POST", path.clone()).await;
        let browser = &mut self.browsers[at];
        match came {
            Came::Answer(200, body, set) => {
                let may = browser.may_be_in(when);
                self.checks
                    .expect(may, Wrong::Ghost, || format!("{path}: {body}"));
                let is_right = set && body == format!("user {to}") && !browser.is_remembered();
                self.checks
                    .expect(is_right, Wrong::User, || format!("{path}: {body}"));
                browser.knows.logged_in(to, false, when);
                self.bury(old, agent);
            }
            Came::Answer(401, body, _) => self.is_nobody(at, &path, when, &body),
            Came::Answer(status, body, _) => self.unexpected(&path, status, &body),
            Came::Failed | Came::Lost => browser.knows.blur(Some(to), when),
        }
    }

    pub async fn end_others(&mut self, at: usize) {
        let user = self.browsers[at].knows.users[0];
        let path = "/end-others";
        let (when, came) = self.ask(at, "POST", path.to_owned()).await;
        match came {
            Came::Answer(200, body, set) => {
                self.is_fresh(at, path, when);
                self.is_user(at, path, when, named(&body), set);
                self.others_ended(at, user);
            }
            Came::Answer(401, body, set) => self.is_not_fresh(at, path, when, &body, set),
            Came::Answer(status, body, _) => self.unexpected(path, status, &body),
            Came::Failed | Came::Lost => {
                self.perhaps_read(at, when);
                let others = &mut self.browsers[1 - at].knows;
                others.maybe_out |= others.users.contains(&user);
            }
        }
    }

    pub async fn log_out(&mut self, at: usize) {
        let (old, agent) = self.old_cookies(at);
        let (when, came) = self.ask(at, "POST", "/logout".to_owned()).await;
        match came {
            Came::Answer(200, body, _) => {
                let browser = &self.browsers[at];
                let may = browser.may_be_in(when);
                self.checks
                    .expect(may, Wrong::Ghost, || format!("/logout: {body}"));
                self.gone_from(at);
                self.bury(old, agent);
            }
            Came::Answer(401, body, _) => self.is_nobody(at, "/logout", when, &body),
            Came::Answer(status, body, _) => self.unexpected("/logout", status, &body),
            Came::Failed | Came::Lost => self.perhaps_out(at, when),
        }
    }

    /// The browser that logged out keeps nothing.
    pub fn gone_from(&mut self, at: usize) {
        let browser = &mut self.browsers[at];
        let is_clean = !browser.has_login_cookies();
        self.checks.expect(is_clean, Wrong::Answer, || {
            "a logout left its cookies".to_owned()
        });
        browser.knows.out();
    }

    /// A logout that failed may have removed the cookie: copies of it may be good.
    pub fn perhaps_out(&mut self, at: usize, when: When) {
        let browser = &mut self.browsers[at];
        if browser.has_login_cookies() {
            browser.knows.blur(None, when);
        } else {
            browser.knows.out();
        }
    }

    /// The same user goes on under another id.
    pub fn moved(&mut self, at: usize, path: &str, when: When, body: &str, set: bool) {
        let browser = &mut self.browsers[at];
        let (may, user) = (browser.may_be_in(when), named(body));
        self.checks
            .expect(may, Wrong::Ghost, || format!("{path}: {body}"));
        let is_user = set && browser.knows.users.contains(&user);
        self.checks.expect(is_user, Wrong::User, || {
            format!("{path}: {body}, not {:?}", browser.knows.users)
        });
        if !browser.session_is_sure(when) {
            browser.knows.perhaps_restored();
        }
        (browser.knows.users, browser.knows.maybe_out) = (vec![user], false);
        browser.knows.used_in(when);
    }

    /// The other browser is out, if it was this user's.
    fn others_ended(&mut self, at: usize, user: u64) {
        let other = &mut self.browsers[1 - at];
        let is_sure = other.is_sure() && other.knows.users == [user];
        let (cookies, agent) = (other.login_cookies(), other.agent);
        other.knows.ended(user);
        if is_sure {
            self.bury(cookies, agent);
        }
    }

    pub fn old_cookies(&self, at: usize) -> (String, &'static str) {
        let browser: &Browser = &self.browsers[at];
        (browser.login_cookies(), browser.agent)
    }
}

/// The user that an answer names; nobody has the number 0.
pub fn named(body: &str) -> u64 {
    let mut words = body.strip_prefix("user ").unwrap_or_default().split(' ');
    words.next().and_then(|id| id.parse().ok()).unwrap_or(0)
}
