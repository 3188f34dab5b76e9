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
        Refusal,
        answer::is_refusal,
        flash,
        on_refusal::OnRefusal,
        words::{Target, Words, sends_on},
    },
};

/// The answer to a refusal: the app's own, or the library's. What the browser
/// is to carry to the next page is noted.
pub(super) fn answer(before: &Response, kind: Kind, notes: &mut Notes) -> Response {
    let words = Words::of(kind, notes);
    let refusal = Refusal::of(kind, &words, notes);
    let core = notes.asked.clone();
    let own = core.as_deref().and_then(OnRefusal::of);
    let mut response = in_words(before, &words);
    if let (Some(own), Some(refusal)) = (own, &refusal)
        && let Some(answer) = own.answer(refusal.reason())
    {
        response = answer(refusal, response);
        if is_refusal(&response) {
            response = in_words(before, &words); // refused anew: that leads nowhere
        }
        words.mark(&mut response);
    }
    if let Some(target) = words.target.filter(|_| sends_on(&response)) {
        let localized = |message: &str| match (own, &refusal) {
            (Some(own), Some(refusal)) => own.localized(message, refusal),
            _ => message.to_owned(),
        };
        carry(kind, &target, notes, localized);
    }
    response
}

/// The library's words, with the headers that the app has added to `before`.
fn in_words(before: &Response, words: &Words) -> Response {
    let mut response = words.say();
    keep_headers(before, &mut response);
    response
}

/// What the browser carries to where it is sent.
fn carry(kind: Kind, target: &Target, notes: &mut Notes, localized: impl Fn(&str) -> String) {
    let Some(core) = notes.asked.clone() else {
        return;
    };
    if kind == Kind::LoggedInAlready {
        notes.arrive(&core);
        return;
    }
    if let Some((message, category)) = core.settings.message(kind) {
        let message = localized(message);
        let sent = flash::carry(&core, &message, category).filter(|_| !message.is_empty());
        if let Some(sent) = sent {
            notes.set_cookie(&core, CookieOf::Flash, sent);
        }
    }
    if let Some(next) = &target.carried
        && let Some(sent) = core.carry(CookieOf::Next, next.as_str())
    {
        notes.set_cookie(&core, CookieOf::Next, sent);
    }
}

/// Keeps what the app has said on an answer that is replaced.
pub(super) fn keep_headers(before: &Response, response: &mut Response) {
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
