//! The app and the model, side by side.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::extract::{Path, Query, State};
use portcullis::{
    Anonymous, FreshFor, Login, LoginError, Session, SessionProtection, Source, Timestamp,
    store::RecordId,
};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};
use serde::Deserialize;

use crate::{
    reference::{
        Answer, Cookie, CookieName, Jar, Model, Options, Protection, Request, Rules, Sent,
        SessionId,
    },
    steps::{AGENTS, BROWSERS, Change, Forged, SAVED, Step, USERS},
    support::{self, Browser, COOKIE, Database, REMEMBER, Reply, World},
};

pub struct Together {
    world: World,
    model: Model,
    browsers: Vec<Visitor>,
    saved: Vec<(Browser, Jar)>,
    /// What the model calls a session.
    names: BTreeMap<[u8; 16], SessionId>,
}

/// A browser, and its cookies as the model knows them.
struct Visitor {
    browser: Browser,
    jar: Jar,
    agent: u8,
}

const STRANGER: &str = "__Host-login-stranger";

impl Together {
    pub fn new(rules: Rules) -> Self {
        let world = World::with(
            |builder| {
                let builder = builder.without_messages();
                let builder = builder.session_protection(match rules.protection {
                    Protection::Off => SessionProtection::Off,
                    Protection::Basic => SessionProtection::Basic,
                    Protection::Strong => SessionProtection::Strong,
                });
                match rules.fresh_for {
                    None => builder.fresh_for(FreshFor::WholeSession),
                    Some(window) => builder.fresh_for(Duration::from_secs(window)),
                }
            },
            |routes, _| routes.post("/enter/{id}", enter),
        );
        for id in USERS {
            world
                .database
                .change(id, |user| user.password = password(0));
        }
        let visitor = || Visitor {
            browser: Browser {
                user_agent: AGENTS[0],
                ..world.browser()
            },
            jar: Jar::default(),
            agent: 0,
        };
        Self {
            browsers: (0..BROWSERS).map(|_| visitor()).collect(),
            saved: (0..SAVED)
                .map(|_| (world.browser(), Jar::default()))
                .collect(),
            model: Model::new(rules, USERS),
            names: BTreeMap::new(),
            world,
        }
    }

    pub async fn take(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Send(browser, request) => self.send(browser, request, step).await?,
            Step::Close(browser) => {
                let visitor = &mut self.browsers[browser];
                visitor.browser.close();
                visitor.jar = Jar {
                    remember: visitor.jar.remember,
                    ..Jar::default()
                };
            }
            Step::Save(browser, at) => {
                let visitor = &self.browsers[browser];
                self.saved[at] = (visitor.browser.clone(), visitor.jar);
            }
            Step::Restore(browser, at) => {
                let (saved, jar) = &self.saved[at];
                let visitor = &mut self.browsers[browser];
                visitor.browser = visitor.browser.with_cookies_of(saved);
                visitor.jar = *jar;
            }
            Step::ChangeAgent(browser, agent) => {
                let visitor = &mut self.browsers[browser];
                visitor.browser.user_agent = AGENTS[usize::from(agent)];
                visitor.agent = agent;
            }
            Step::Forge(browser, which, at) => self.browsers[browser].forge(which, at),
            Step::Pass(seconds) => {
                self.pass(seconds);
                while self.model.leaves_open() {
                    self.pass(61);
                }
            }
            Step::ChangeUser(id, change) => self.change_user(id, change),
            Step::EndAll(user) => {
                self.world.sessions.end_all(&user).await.unwrap();
                self.model.end_all(user);
            }
            Step::EndOne(browser) => self.end_one(browser).await?,
        }
        self.compare_sessions(step).await
    }

    async fn send(
        &mut self,
        browser: usize,
        request: Request,
        step: Step,
    ) -> Result<(), TestCaseError> {
        let Visitor {
            browser,
            jar,
            agent,
        } = &mut self.browsers[browser];
        let stranger = jar.stranger;
        let is_dead = stranger != Cookie::None && !self.model.is_a_live_stranger(stranger);
        let mut expected = self.model.answer(jar, *agent, request);
        let reply = match path(request) {
            (true, path) => browser.get(&path).await,
            (false, path) => browser.post(&path).await,
        };
        let mut answer = answer(&reply);
        // Whether a stranger's cookie that opens nothing is removed, is left open.
        if is_dead && expected.cookies.get(&CookieName::Stranger) != Some(&Sent::Set) {
            expected.cookies.remove(&CookieName::Stranger);
            answer.cookies.remove(&CookieName::Stranger);
            jar.stranger = stranger;
            if !browser.jar.contains_key(STRANGER) {
                jar.stranger = Cookie::None;
            }
        }
        prop_assert_eq!(&answer, &expected, "{:?}", step);
        if let (Some(Sent::Set), Cookie::Of(name)) =
            (answer.cookies.get(&CookieName::Session), jar.session)
        {
            let before = self.names.insert(session_id(browser), name);
            prop_assert!(before.is_none(), "an id was given twice");
        }
        let header = |name: &str| reply.header(name).unwrap_or_default().to_owned();
        prop_assert!(header("vary").contains("Cookie"), "it has looked");
        if !answer.cookies.is_empty() || answer.body.starts_with("user") {
            prop_assert_eq!(header("cache-control"), "no-store");
        }
        Ok(())
    }

    fn pass(&mut self, seconds: u64) {
        self.world.clock.pass(Duration::from_secs(seconds));
        self.model.pass(seconds);
    }

    fn change_user(&mut self, id: u64, change: Change) {
        let user = self.model.users.get_mut(&id).unwrap();
        match change {
            Change::Delete => user.exists = false,
            Change::Deactivate => user.active = false,
            Change::Reactivate => (user.exists, user.active) = (true, true),
            Change::Password(password) => user.password = password,
        }
        let user = user.exists.then(|| support::User {
            id,
            password: password(user.password),
            active: user.active,
        });
        let mut users = self.world.database.users.lock().unwrap();
        users.remove(&id);
        users.extend(user.map(|user| (id, user)));
    }

    async fn end_one(&mut self, browser: usize) -> Result<(), TestCaseError> {
        let visitor = &self.browsers[browser];
        let Cookie::Of(name) = visitor.jar.session else {
            return Ok(());
        };
        let id = session_id(&visitor.browser);
        let is_it = |id_of: Option<RecordId>| id_of.is_some_and(|of| *of.as_bytes() == id);
        for user in USERS {
            let listed = self.world.sessions.list(&user).await.unwrap();
            for session in listed.iter().filter(|listed| is_it(listed.id())) {
                let ended = self
                    .world
                    .sessions
                    .end(&user, session.login_id())
                    .await
                    .unwrap();
                prop_assert!(ended);
                self.model.end_session_and_series(name);
            }
        }
        Ok(())
    }

    /// Everything that is to be shown as alive, and nothing else, is shown on both sides.
    async fn compare_sessions(&self, step: Step) -> Result<(), TestCaseError> {
        for user in USERS {
            let listed = self.world.sessions.list(&user).await.unwrap();
            let open: BTreeMap<_, _> = listed
                .iter()
                .filter_map(|it| {
                    let by_hand = it.source() == Source::ByHand;
                    let since_start = |at: Timestamp| at.unix_seconds() - support::START;
                    let verified = it.verified_at().map(since_start);
                    let name = self.names[it.id()?.as_bytes()];
                    Some((name, (by_hand, it.remembered(), verified)))
                })
                .collect();
            let expected: BTreeMap<_, _> = self
                .model
                .shown_sessions(user)
                .map(|(name, it)| (name, (it.by_hand, it.series.is_some(), it.verified)))
                .collect();
            prop_assert_eq!(open, expected, "the sessions of {} after {:?}", user, step);
            let closed = listed.iter().filter(|it| it.id().is_none());
            let mut closed: Vec<_> = closed
                .map(|it| it.ends_at().unix_seconds() - support::START)
                .collect();
            closed.sort_unstable();
            prop_assert_eq!(
                closed,
                self.model.shown_series(user),
                "the remembered browsers of {} after {:?}",
                user,
                step
            );
        }
        Ok(())
    }
}

impl Visitor {
    /// Flips a bit. What is forged already stays as it is.
    fn forge(&mut self, which: Forged, at: usize) {
        let name = match which {
            Forged::Session => forge(&mut self.jar.session).then_some(COOKIE),
            Forged::Remember => forge(&mut self.jar.remember).then_some(REMEMBER),
            Forged::Stranger => forge(&mut self.jar.stranger).then_some(STRANGER),
        };
        let Some(name) = name else { return };
        let value = self.browser.jar.get_mut(name).unwrap();
        let mut bytes = value.clone().into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1;
        *value = String::from_utf8(bytes).unwrap();
    }
}

fn forge<T>(cookie: &mut Cookie<T>) -> bool {
    let is_good = matches!(cookie, Cookie::Of(_));
    if is_good {
        *cookie = Cookie::Forged;
    }
    is_good
}

fn password(number: u8) -> String {
    format!("password {number}")
}

fn session_id(browser: &Browser) -> [u8; 16] {
    let id = browser.session_id().unwrap();
    let id = data_encoding::BASE64URL_NOPAD.decode(id.as_bytes());
    id.unwrap().try_into().unwrap()
}

/// Is it a GET, and where.
fn path(request: Request) -> (bool, String) {
    match request {
        Request::Me => (true, "/me".to_owned()),
        Request::Fresh => (true, "/fresh".to_owned()),
        Request::Who => (true, "/who".to_owned()),
        Request::Look => (true, "/look".to_owned()),
        Request::Data => (true, "/data".to_owned()),
        Request::AddNote(value) => (false, format!("/note/{value}")),
        Request::AddCart(value) => (false, format!("/cart/{value}")),
        Request::LogIn(user, options) => {
            let Options {
                remember,
                days,
                stale,
                force,
            } = options;
            let days = days.map(|days| format!("&days={days}")).unwrap_or_default();
            let query = format!("remember={remember}&stale={stale}&force={force}{days}");
            (false, format!("/enter/{user}?{query}"))
        }
        Request::LogOut => (false, "/logout".to_owned()),
        Request::Confirm(user) => (false, format!("/confirm/{user}")),
        Request::Switch(user) => (false, format!("/switch/{user}")),
        Request::ChangePassword(number) => (
            false,
            format!("/password/{}", password(number).replace(' ', "%20")),
        ),
    }
}

/// An answer as far as the model speaks of it.
fn answer(reply: &Reply) -> Answer {
    let location = reply.header("location");
    let location = location.map(|it| it.split('?').next().unwrap().to_owned());
    let body = match reply.status.is_success() {
        true => reply.body.clone(),
        false => String::new(), // the library's own words
    };
    let cookies = reply.set_cookies().into_iter().map(|line| {
        let name = match line.split_once('=').unwrap().0 {
            COOKIE => CookieName::Session,
            REMEMBER => CookieName::Remember,
            STRANGER => CookieName::Stranger,
            other => panic!("a cookie {other}"),
        };
        let max_age = line.split("Max-Age=").nth(1);
        let max_age = max_age.map(|it| it.split(';').next().unwrap().parse().unwrap());
        let sent = match max_age {
            None => Sent::Set,
            Some(0) => Sent::Removed,
            Some(seconds) => Sent::SetFor(seconds),
        };
        (name, sent)
    });
    Answer {
        status: reply.status.as_u16(),
        location,
        body,
        cookies: cookies.collect(),
    }
}

#[derive(Deserialize)]
struct Asked {
    remember: bool,
    days: Option<u32>,
    stale: bool,
    force: bool,
}

/// A login with every option.
async fn enter(
    session: Session<Anonymous>,
    login: Login<support::User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
    Query(asked): Query<Asked>,
) -> Result<&'static str, LoginError> {
    let user = database.find(id).ok_or_else(LoginError::refused)?;
    let mut login = session.login_user(login.vouch_for(user));
    if asked.remember {
        login = login.remember(true);
    }
    if let Some(days) = asked.days {
        login = login.remember_for(support::DAY * days);
    }
    if asked.force {
        login = login.force_inactive();
    }
    match asked.stale {
        true => login.stale().await.map(drop)?,
        false => login.await.map(drop)?,
    }
    Ok("in")
}
