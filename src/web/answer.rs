//! What the library answers, and what it adds to an app's answers.
//!
//! A refusal is an ordinary answer with a marker in its extensions. The marker
//! survives an app's own error type (`?` on a [`LoginError`]), and when the
//! answer passes the mount it becomes what this client understands: a redirect
//! for a page, a status and a challenge for an API client, `HX-Redirect` for
//! htmx.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{
    error::{Kind, LoginError},
    local_path::LocalPath,
    manager::Core,
    session::{
        AnswerForm, Asker,
        visit::{self, Notes},
    },
    web::cookies,
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
struct Marker(Kind);

impl Answers {
    pub(super) fn form(self) -> AnswerForm {
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
            None => refusal(self.kind(), None, None, false),
        };
        response.extensions_mut().insert(Marker(self.kind()));
        response
    }
}

/// Closes a visit over its answer.
pub(super) fn finish(notes: Option<Box<Notes>>, mut response: Response) -> Response {
    let marker = response.extensions_mut().remove::<Marker>();
    let Some(notes) = notes else {
        if marker.is_some() {
            no_store(response.headers_mut());
        }
        return response;
    };
    if let Some(Marker(kind)) = marker {
        response = in_words(response, kind, &notes);
    }
    for (core, of, sent) in notes.cookies() {
        if cookies::is_set(core, *of, response.headers()) {
            continue; // by a later visit inside of this one, whose state it is
        }
        if let Some(line) = cookies::set_cookie(core, *of, sent) {
            response.headers_mut().append(header::SET_COOKIE, line);
        }
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

/// Says on a handler's answer what [`finish`] will say once more on the
/// outside: a layer in between, such as a cache, must not miss it.
pub(super) fn mark_private(mut response: Response) -> Response {
    let is_refusal = response.extensions().get::<Marker>().is_some();
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

/// The refusal for this client, with the headers that the app has added.
fn in_words(before: Response, kind: Kind, notes: &Notes) -> Response {
    let mut response = refusal(
        kind,
        notes.asker.as_ref(),
        notes.asked.as_deref(),
        notes.logged_in,
    );
    for (name, value) in before.headers() {
        if !describes_the_answer(name) {
            response.headers_mut().append(name, value.clone());
        }
    }
    response
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

fn refusal(kind: Kind, asker: Option<&Asker>, core: Option<&Core>, logged_in: bool) -> Response {
    let (status, title) = in_short(kind);
    let form = asker.map_or(AnswerForm::Api, |asker| asker.form);
    let target = match (form, asker, core) {
        (AnswerForm::Api, ..) => None,
        (_, Some(asker), Some(core)) => target(kind, asker, core, logged_in),
        _ => None,
    };
    let mut response = match (form, target) {
        (AnswerForm::Page, Some(target)) => {
            return (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response();
        }
        (AnswerForm::Page, None) => (status, format!("{title}\n")).into_response(),
        (AnswerForm::Api, _) => problem(status, title),
        (AnswerForm::Htmx, target) => {
            let mut response = problem(status, title);
            response
                .headers_mut()
                .extend(target.map(|target| (HX_REDIRECT, target)));
            response
        }
    };
    if status == StatusCode::UNAUTHORIZED {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, challenge(kind, core));
    }
    response
}

/// The refusal as a program reads it (RFC 9457).
fn problem(status: StatusCode, title: &str) -> Response {
    let body = format!(
        r#"{{"type":"about:blank","title":"{title}","status":{}}}"#,
        status.as_u16()
    );
    let content_type = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, content_type)], body).into_response()
}

/// Status and title. Whoever may not log in learns no reason.
fn in_short(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Refused | Kind::Inactive => (StatusCode::UNAUTHORIZED, "The login was refused"),
        Kind::Unauthorized | Kind::Ended => (StatusCode::UNAUTHORIZED, "Please log in"),
        Kind::NeedsRefresh { .. } => (StatusCode::UNAUTHORIZED, "Please log in again"),
        Kind::LoggedInAlready => (StatusCode::CONFLICT, "You are logged in already"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
        Kind::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too much data in the session",
        ),
        Kind::Store => (StatusCode::SERVICE_UNAVAILABLE, "Sessions are unavailable"),
        Kind::Loader | Kind::Answered | Kind::Misuse => {
            (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
        }
    }
}

/// Where a browser goes from here.
fn target(kind: Kind, asker: &Asker, core: &Core, logged_in: bool) -> Option<HeaderValue> {
    let settings = &core.settings;
    let target = match kind {
        Kind::Unauthorized | Kind::Ended => {
            with_next(settings.login_path.as_ref()?, asker.page().as_ref())
        }
        Kind::NeedsRefresh { .. } => {
            with_next(settings.refresh_path.as_ref()?, asker.page().as_ref())
        }
        Kind::Refused | Kind::Inactive => {
            let again = if logged_in {
                settings.refresh_path.as_ref()
            } else {
                None
            };
            with_next(
                again.or(settings.login_path.as_ref())?,
                asker.next().as_ref(),
            )
        }
        Kind::LoggedInAlready => match asker.next() {
            Some(next) => next.to_string(),
            None => settings.after_login_path.to_string(),
        },
        _ => return None,
    };
    HeaderValue::try_from(target).ok()
}

fn with_next(path: &LocalPath, next: Option<&LocalPath>) -> String {
    let Some(next) = next else {
        return path.to_string();
    };
    let joint = if path.as_str().contains('?') {
        '&'
    } else {
        '?'
    };
    format!(
        "{path}{joint}next={}",
        utf8_percent_encode(next.as_str(), IN_A_QUERY)
    )
}

/// A login by cookie has no registered scheme, and a 401 needs one (RFC 9110,
/// 15.5.2). Never `Basic`: browsers would show a dialogue. Where requests may
/// log in by themselves it is `Bearer` (RFC 6750, 3).
fn challenge(kind: Kind, core: Option<&Core>) -> HeaderValue {
    let realm = core.map_or("login", Core::realm);
    let scheme = match core {
        Some(core) if core.settings.reads_requests => "Bearer",
        _ => "Session",
    };
    let challenge = match kind {
        // RFC 9470, section 3.
        Kind::NeedsRefresh { max_age } => {
            let max_age = max_age.map(|seconds| format!(r#", max_age="{seconds}""#));
            let max_age = max_age.unwrap_or_default();
            format!(
                r#"{scheme} realm="{realm}", error="insufficient_user_authentication"{max_age}"#
            )
        }
        _ => format!(r#"{scheme} realm="{realm}""#),
    };
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Session"))
}

/// An answer that never got to a handler: the request came from another origin.
pub(crate) fn cross_origin() -> Response {
    let mut response = refusal(Kind::Forbidden, None, None, false);
    no_store(response.headers_mut());
    response
}

fn no_store(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

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

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

const IN_A_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
