//! What may happen: steps, and how often each is drawn.

use proptest::{prelude::*, sample::select};

use crate::reference::{Options, Protection, Request, Rules, UserId};

/// Two browsers, and a thief with a browser of its own.
pub const BROWSERS: usize = 3;
const THIEF: usize = 2;
pub const USERS: [UserId; 2] = [1, 2];
pub const AGENTS: [&str; 2] = ["Firefox/1.0", "Chrome/2.0"];
/// How many old cookie jars are kept to be shown again.
pub const SAVED: usize = 3;

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Send(usize, Request),
    /// The window is closed: cookies of the session go.
    Close(usize),
    /// A copy of a browser's cookies is put aside, and shown by any browser later.
    Save(usize, usize),
    Restore(usize, usize),
    ChangeAgent(usize, u8),
    /// One bit of a cookie is another.
    Forge(usize, Forged, usize),
    Pass(u64),
    /// Behind the app's back.
    ChangeUser(UserId, Change),
    EndAll(UserId),
    /// Ends the session that a browser has.
    EndOne(usize),
}

#[derive(Clone, Copy, Debug)]
pub enum Forged {
    Session,
    Remember,
    Stranger,
}

#[derive(Clone, Copy, Debug)]
pub enum Change {
    Delete,
    Deactivate,
    Reactivate,
    Password(u8),
}

pub fn rules(protection: Protection) -> impl Strategy<Value = Rules> {
    let fresh_for = prop_oneof![3 => Just(Some(15 * 60)), 1 => Just(None)];
    fresh_for.prop_map(move |fresh_for| Rules {
        protection,
        fresh_for,
    })
}

/// A sequence: steps of their own, and between them the beginnings of stories
/// that single steps seldom tell.
pub fn sequence() -> impl Strategy<Value = Vec<Step>> {
    let stories = prop_oneof![
        6 => step().prop_map(|step| vec![step]),
        3 => reopened(),
        2 => not_arrived(),
        1 => copied(),
        1 => weeks(),
        1 => kept(),
        1 => changed_for_a_while(),
    ];
    prop::collection::vec(stories, 1..=24).prop_map(|stories| stories.concat())
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (browser(), request()).prop_map(|(browser, request)| Step::Send(browser, request)),
        1 => browser().prop_map(Step::Close),
        2 => (browser(), saved()).prop_map(|(browser, at)| Step::Save(browser, at)),
        4 => (browser(), saved()).prop_map(|(browser, at)| Step::Restore(browser, at)),
        2 => (browser(), 0..2_u8).prop_map(|(browser, agent)| Step::ChangeAgent(browser, agent)),
        1 => (browser(), forged(), 0..200_usize)
            .prop_map(|(browser, forged, at)| Step::Forge(browser, forged, at)),
        9 => seconds().prop_map(Step::Pass),
        2 => (user(), change()).prop_map(|(user, change)| Step::ChangeUser(user, change)),
        1 => prop_oneof![
            user().prop_map(Step::EndAll),
            browser().prop_map(Step::EndOne)
        ],
    ]
}

/// The browser is closed and opened again.
fn reopened() -> impl Strategy<Value = Vec<Step>> {
    (browser(), page())
        .prop_map(|(browser, page)| vec![Step::Close(browser), Step::Send(browser, page)])
}

/// The answer of a request never arrives, or comes late.
fn not_arrived() -> impl Strategy<Value = Vec<Step>> {
    (browser(), saved(), any::<bool>(), request()).prop_map(|(browser, at, closed, request)| {
        let mut steps = vec![Step::Save(browser, at), Step::Send(browser, request)];
        if closed {
            steps.insert(0, Step::Close(browser));
        }
        steps.push(Step::Restore(browser, at));
        steps
    })
}

/// The thief copies the cookies of a browser as they are now.
fn copied() -> impl Strategy<Value = Vec<Step>> {
    (saved(), any::<bool>(), page()).prop_map(|(at, closed, page)| {
        let mut steps = vec![Step::Save(0, at), Step::Restore(THIEF, at)];
        if closed {
            steps.push(Step::Close(THIEF));
        }
        steps.push(Step::Send(THIEF, page));
        steps
    })
}

/// A session is used now and then, for longer than it may be idle.
fn weeks() -> impl Strategy<Value = Vec<Step>> {
    let nearly_a_week = select(vec![6 * DAY, 7 * DAY - 130]);
    let weeks = (nearly_a_week, 0..6 * 60_u64, 1..6_usize);
    (browser(), request(), weeks).prop_map(|(browser, request, (nearly_a_week, later, weeks))| {
        let visit = Step::Send(browser, Request::Me);
        let week = [Step::Pass(later), visit, Step::Pass(nearly_a_week), visit];
        let mut steps = vec![Step::Send(browser, request)];
        steps.extend(week.repeat(weeks));
        steps
    })
}

/// Something is kept, somebody else may come, and it is asked for.
fn kept() -> impl Strategy<Value = Vec<Step>> {
    (browser(), 0..10_u64, request()).prop_map(|(browser, value, request)| {
        let requests = [
            Request::AddNote(value),
            Request::AddCart(value),
            request,
            Request::Data,
        ];
        requests.map(|request| Step::Send(browser, request)).into()
    })
}

/// A user is changed, met by a request, and as before.
fn changed_for_a_while() -> impl Strategy<Value = Vec<Step>> {
    (user(), change(), browser(), request()).prop_map(|(user, change, browser, request)| {
        let back = match change {
            Change::Password(_) => Change::Password(0),
            _ => Change::Reactivate,
        };
        vec![
            Step::ChangeUser(user, change),
            Step::Send(browser, request),
            Step::ChangeUser(user, back),
        ]
    })
}

/// Most of it happens in one browser.
fn browser() -> impl Strategy<Value = usize> {
    prop_oneof![5 => Just(0), 1 => Just(1), 2 => Just(THIEF)]
}

fn saved() -> impl Strategy<Value = usize> {
    0..SAVED
}

fn user() -> impl Strategy<Value = UserId> {
    prop_oneof![3 => Just(USERS[0]), 1 => Just(USERS[1])]
}

fn page() -> impl Strategy<Value = Request> {
    select(vec![
        Request::Me,
        Request::Fresh,
        Request::Who,
        Request::Look,
        Request::Data,
    ])
}

fn request() -> impl Strategy<Value = Request> {
    let value = || 0..10_u64;
    prop_oneof![
        8 => page(),
        1 => value().prop_map(Request::AddNote),
        1 => value().prop_map(Request::AddCart),
        7 => (user(), options()).prop_map(|(user, options)| Request::LogIn(user, options)),
        1 => Just(Request::LogOut),
        2 => user().prop_map(Request::Confirm),
        1 => user().prop_map(Request::Switch),
        1 => (0..3_u8).prop_map(Request::ChangePassword),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let days = prop_oneof![4 => Just(None), 1 => select(vec![Some(3), Some(20), Some(5_000)])];
    let rarely = || prop::bool::weighted(0.15);
    (prop::bool::weighted(0.6), days, rarely(), rarely()).prop_map(
        |(remember, days, stale, force)| Options {
            remember,
            days,
            stale,
            force,
        },
    )
}

fn forged() -> impl Strategy<Value = Forged> {
    select(vec![Forged::Session, Forged::Remember, Forged::Stranger])
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        1 => Just(Change::Delete),
        1 => Just(Change::Deactivate),
        2 => Just(Change::Reactivate),
        2 => (0..3_u8).prop_map(Change::Password),
    ]
}

/// Around the limits, and mostly short.
fn seconds() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => select(vec![1, 30, 59, 60, 61]),
        4 => select(vec![10 * 60, 15 * 60, 50 * 60, 59 * 60, HOUR]),
        3 => select(vec![DAY, 6 * DAY, 7 * DAY - 5 * 60]),
        1 => select(vec![7 * DAY, 30 * DAY, 365 * DAY]),
    ]
}

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
