//! What the library answers, and what it adds to an app's answers.
//!
//! A refusal is an ordinary answer with a marker in its extensions. The marker
//! survives an app's own error type (`?` on a [`LoginError`]), and when the
//! answer passes the mount it becomes what this client understands: a redirect
//! for a page, a status and a challenge for an API client, `HX-Redirect` for
//! htmx.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};

use crate::{
    error::{Kind, LoginError},
    event::EventKind,
    manager::{Core, Sent},
    session::{
        AnswerForm,
        visit::{self, Notes},
    },
    web::{
        Reason, cookies, refused,
        words::{Words, in_short},
    },
};

/// The form of the library's own answers on some routes:
/// [`Routes::answers`](crate::Routes::answers).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answers {
    /// Redirects, whatever `Accept` says.
    Page,
    /// Statuses and JSON, whatever `Accept` says.
    Json,
}

/// In a response's extensions: this is a refusal, to be put in words by the mount.
#[derive(Clone, Copy)]
struct Marker {
    kind: Kind,
    /// A handler of the app has found the words.
    in_words: bool,
}

impl Answers {
    pub(crate) fn form(self) -> AnswerForm {
        match self {
            Self::Page => AnswerForm::Page,
            Self::Json => AnswerForm::Api,
        }
    }
}

impl IntoResponse for LoginError {
    fn into_response(self) -> Response {
        // Within a visit the mount will find the words.
        let mut response = match visit::peek(|_| ()) {
            Some(()) => in_short(self.kind()).0.into_response(),
            None => Words::in_general(self.kind()).say(),
        };
        response.extensions_mut().insert(Marker {
            kind: self.kind(),
            in_words: false,
        });
        response
    }
}

/// Is this the answer to a refusal, not yet put in words?
pub(crate) fn is_refusal(response: &Response) -> bool {
    response.extensions().get::<Marker>().is_some()
}

/// Why it is refused, if a handler of the app may answer that.
pub(super) fn reason(response: &Response) -> Option<Reason> {
    let marker = response.extensions().get::<Marker>()?;
    if marker.in_words {
        return None;
    }
    Reason::of(marker.kind)
}

/// The app's words in the place of a refusal. A handler that refuses as well
/// has none.
pub(super) fn replace(refused: Response, mut said: Response) -> Response {
    let marker = refused.extensions().get::<Marker>().copied();
    match marker {
        Some(Marker { kind, .. }) if !is_refusal(&said) => {
            refused::keep_headers(&refused, &mut said);
            let in_words = true;
            said.extensions_mut().insert(Marker { kind, in_words });
            said
        }
        _ => refused,
    }
}

/// Closes a visit over its answer.
pub(super) fn finish(notes: Option<Box<Notes>>, mut response: Response) -> Response {
    let marker = response.extensions_mut().remove::<Marker>();
    let Some(mut notes) = notes else {
        if let Some(Marker { kind, .. }) = marker {
            Words::in_general(kind).mark(&mut response);
            no_store(response.headers_mut());
        }
        return response;
    };
    if let Some(Marker { kind, in_words }) = marker {
        tell(kind, &notes);
        if in_words {
            Words::of(kind, &notes).mark(&mut response);
        } else {
            response = refused::answer(&response, kind, &mut notes);
        }
    }
    for (core, of, sent) in notes.cookies() {
        if cookies::is_set(core, *of, response.headers()) {
            continue; // by a later visit inside of this one, whose state it is
        }
        if let Some(line) = cookies::set_cookie(core, *of, sent) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
    }
    if let Some(core) = &notes.clears_site_data {
        clear_site_data(core, &notes, response.headers_mut());
    }
    vary(
        response.headers_mut(),
        notes.looked,
        notes.looked_at_request,
    );
    if notes.private || marker.is_some() || !notes.cookies().is_empty() {
        no_store(response.headers_mut());
    }
    response
}

/// Tells of refusals that no guard has told of.
fn tell(kind: Kind, notes: &Notes) {
    let Some(core) = &notes.asked else { return };
    match kind {
        Kind::Refused | Kind::Inactive if !notes.refusal_told => {
            core.emit(EventKind::LoginRefused);
        }
        Kind::Forbidden => core.emit(EventKind::UserForbidden),
        _ => {}
    }
}

/// Says on a handler's answer what [`finish`] will say once more on the
/// outside: a layer in between, such as a cache, must not miss it.
pub(super) fn mark_private(mut response: Response) -> Response {
    let is_refusal = is_refusal(&response);
    let noted = visit::peek(|notes| {
        let private = notes.private || !notes.cookies().is_empty();
        (notes.looked, notes.looked_at_request, private)
    });
    let (looked, looked_at_request, private) = noted.unwrap_or_default();
    vary(response.headers_mut(), looked, looked_at_request);
    if private || is_refusal {
        no_store(response.headers_mut());
    }
    response
}

/// An answer that never got to a handler: the request came from another origin.
pub(crate) fn cross_origin() -> Response {
    let mut response = Words::in_general(Kind::Forbidden).say();
    no_store(response.headers_mut());
    response
}

fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

/// Makes the browser forget, unless the app says what: it knows better what it keeps.
fn clear_site_data(core: &Core, notes: &Notes, headers: &mut HeaderMap) {
    let mut sent = notes.cookies().iter();
    let sets_cookie = sent.any(|(_, _, sent)| matches!(sent, Sent::Value(..)));
    if let Some(data) = core.clear_site_data.header(sets_cookie) {
        headers.entry(CLEAR_SITE_DATA).or_insert(data);
    }
}

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Says what an answer depends on, if it does not say so already.
fn vary(headers: &mut HeaderMap, looked: bool, looked_at_request: bool) {
    let on = [(looked, "Cookie"), (looked_at_request, "Authorization")];
    for (_, name) in on.into_iter().filter(|(depends, _)| *depends) {
        let named = |value: &HeaderValue| {
            value.to_str().is_ok_and(|value| {
                let mut names = value.split(',').map(str::trim);
                names.any(|named| named == "*" || named.eq_ignore_ascii_case(name))
            })
        };
        if !headers.get_all(header::VARY).iter().any(named) {
            headers.append(header::VARY, HeaderValue::from_static(name));
        }
    }
}
