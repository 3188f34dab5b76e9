//! From the marker of a refusal to the answer that a client gets.

use axum::{
    http::{HeaderName, header},
    response::Response,
};

use crate::{
    error::Kind,
    manager::CookieOf,
    session::visit::Notes,
    web::{
        flash,
        words::{Target, Words},
    },
};

/// The answer to a refusal, with the headers that the app has added to
/// `before`. What the browser is to carry to the next page is noted.
pub(super) fn answer(before: &Response, kind: Kind, notes: &mut Notes) -> Response {
    let words = Words::of(kind, notes);
    let mut response = words.say();
    keep_headers(before, &mut response);
    if let Some(target) = words.target.filter(|target| target.is_of(&response)) {
        carry(kind, &target, notes);
    }
    response
}

/// What the browser carries to where it is sent.
fn carry(kind: Kind, target: &Target, notes: &mut Notes) {
    let Some(core) = notes.asked.clone() else {
        return;
    };
    if kind == Kind::LoggedInAlready {
        notes.arrive(&core);
        return;
    }
    if let Some((message, category)) = core.settings.message(kind) {
        if let Some(sent) = flash::carry(&core, message, category) {
            notes.set_cookie(&core, CookieOf::Flash, sent);
        }
    }
    if let Some(next) = &target.carried {
        if let Some(sent) = core.carry(CookieOf::Next, next.as_str()) {
            notes.set_cookie(&core, CookieOf::Next, sent);
        }
    }
}

/// Keeps what the app has said on an answer that is replaced.
fn keep_headers(before: &Response, response: &mut Response) {
    for (name, value) in before.headers() {
        if !describes_the_answer(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
}

/// Is this header about a body or a target that is replaced?
fn describes_the_answer(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-")
        || [
            header::WWW_AUTHENTICATE,
            header::LOCATION,
            header::ETAG,
            header::LAST_MODIFIED,
            header::TRANSFER_ENCODING,
            header::ACCEPT_RANGES,
        ]
        .contains(name)
}
