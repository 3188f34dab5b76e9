//! What may happen: steps, and how often each is drawn.

use proptest::{prelude::*, sample::select};

use crate::reference::{Options, Protection, Request, Rules, UserId};

/// Two browsers, and a thief with a browser of its own.
pub const BROWSERS: usize = 3;
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

/// Most of it happens in one browser of one user, so that stories come about.
pub fn step() -> impl Strategy<Value = Step> {
    let browser = || prop_oneof![4 => Just(0), 1 => Just(1), 2 => Just(2)];
    prop_oneof![
        24 => (browser(), request()).prop_map(|(browser, request)| Step::Send(browser, request)),
        4 => browser().prop_map(Step::Close),
        3 => (browser(), 0..SAVED).prop_map(|(browser, at)| Step::Save(browser, at)),
        5 => (browser(), 0..SAVED).prop_map(|(browser, at)| Step::Restore(browser, at)),
        2 => (browser(), 0..2_u8).prop_map(|(browser, agent)| Step::ChangeAgent(browser, agent)),
        1 => (browser(), forged(), 0..200_usize)
            .prop_map(|(browser, forged, at)| Step::Forge(browser, forged, at)),
        8 => seconds().prop_map(Step::Pass),
        2 => (user(), change()).prop_map(|(user, change)| Step::ChangeUser(user, change)),
        1 => prop_oneof![
            user().prop_map(Step::EndAll),
            browser().prop_map(Step::EndOne)
        ],
    ]
}

fn user() -> impl Strategy<Value = UserId> {
    prop_oneof![3 => Just(USERS[0]), 1 => Just(USERS[1])]
}

fn request() -> impl Strategy<Value = Request> {
    let value = || 0..10_u64;
    prop_oneof![
        8 => select(vec![Request::Me, Request::Fresh, Request::Who, Request::Look]),
        1 => Just(Request::Data),
        1 => value().prop_map(Request::AddNote),
        1 => value().prop_map(Request::AddCart),
        8 => (user(), options()).prop_map(|(user, options)| Request::LogIn(user, options)),
        1 => Just(Request::LogOut),
        2 => user().prop_map(Request::Confirm),
        1 => user().prop_map(Request::Switch),
        1 => (0..3_u8).prop_map(Request::ChangePassword),
    ]
}

fn options() -> impl Strategy<Value = Options> {
    let days = prop_oneof![6 => Just(None), 1 => select(vec![Some(3), Some(20), Some(5_000)])];
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
    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    prop_oneof![
        6 => select(vec![1, 30, 59, 60, 61]),
        4 => select(vec![10 * 60, 15 * 60, HOUR]),
        3 => select(vec![DAY, 3 * DAY, 6 * DAY]),
        1 => select(vec![7 * DAY, 30 * DAY, 365 * DAY]),
    ]
}
