//! The library's own answer to whoever is refused, for pages and programs.

use std::sync::Arc;

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    error::Kind,
    local_path::LocalPath,
    manager::{Core, NextIn, with_next},
    session::{AnswerForm, visit::Notes},
};

/// How a refusal is put to one client.
pub(super) struct Words {
    kind: Kind,
    pub(super) form: AnswerForm,
    pub(super) target: Option<Target>,
    core: Option<Arc<Core>>,
}

impl Words {
    /// For a client of which nothing is known.
    pub(super) fn in_general(kind: Kind) -> Self {
        Self {
            kind,
            form: AnswerForm::Api,
            target: None,
            core: None,
        }
    }

    /// For the client of this visit.
    pub(super) fn of(kind: Kind, notes: &Notes) -> Self {
        let (Some(core), Some(asker)) = (&notes.asked, &notes.asker) else {
            return Self::in_general(kind);
        };
        let form = notes.custom.as_ref().and_then(|custom| custom.form);
        let form = form.unwrap_or_else(|| asker.form());
        let target = match form {
            AnswerForm::Page | AnswerForm::Htmx => target(kind, form, notes),
            AnswerForm::Api | AnswerForm::Plain => None,
        };
        Self {
            kind,
            form,
            target,
            core: Some(core.clone()),
        }
    }

    /// The answer.
    pub(super) fn say(&self) -> Response {
        let (status, title) = in_short(self.kind);
        let target = self.target.as_ref().map(|target| target.location.clone());
        let mut response = match (self.form, target) {
            (AnswerForm::Page, Some(target)) => {
                return (StatusCode::SEE_OTHER, [(header::LOCATION, target)]).into_response();
            }
            (AnswerForm::Page | AnswerForm::Plain, _) => {
                (status, [title, "\n"].concat()).into_response()
            }
            (AnswerForm::Api, _) => problem(status, title),
            (AnswerForm::Htmx, target) => {
                let mut response = problem(status, title);
                response
                    .headers_mut()
                    .extend(target.map(|target| (HX_REDIRECT, target)));
                response
            }
        };
        self.mark(&mut response);
        response
    }

    /// Makes the app's own words those of a refusal: they are no success, and
    /// a 401 has a challenge (RFC 9110, 15.5.2).
    pub(super) fn mark(&self, response: &mut Response) {
        if response.status().is_success() {
            *response.status_mut() = in_short(self.kind).0;
        }
        if let Kind::Throttled { retry_after } = self.kind {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, retry_after.into());
        }
        let is_unauthorized = response.status() == StatusCode::UNAUTHORIZED;
        if is_unauthorized && !response.headers().contains_key(header::WWW_AUTHENTICATE) {
            let challenge = challenge(self.kind, self.core.as_deref());
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
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
pub(super) fn in_short(kind: Kind) -> (StatusCode, &'static str) {
    match kind {
        Kind::Refused | Kind::Inactive => (StatusCode::UNAUTHORIZED, "The login was refused"),
        Kind::Unauthorized | Kind::Ended => (StatusCode::UNAUTHORIZED, "Please log in"),
        Kind::NeedsRefresh { .. } => (StatusCode::UNAUTHORIZED, "Please log in again"),
        Kind::Pending => (StatusCode::UNAUTHORIZED, "Please give the second factor"),
        Kind::LoggedInAlready => (StatusCode::CONFLICT, "You are logged in already"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "Forbidden"),
        Kind::Throttled { .. } => (
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts, please wait",
        ),
        Kind::UnfitPassword => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The new password is too short or too long",
        ),
        Kind::ListedPassword => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "The new password is too easily guessed",
        ),
        Kind::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many logins at once, please try again",
        ),
        Kind::TooLarge => (
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too much data in the session",
        ),
        Kind::Store => (StatusCode::SERVICE_UNAVAILABLE, "Sessions are unavailable"),
        Kind::Hashing
        | Kind::Loader
        | Kind::Check
        | Kind::Policy
        | Kind::Answered
        | Kind::Misuse => (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error"),
    }
}

/// Where a browser goes from here.
pub(super) struct Target {
    location: HeaderValue,
    /// The page that it wanted, for a cookie.
    pub(super) carried: Option<LocalPath>,
}

impl Target {
    /// Somewhere, without anything to carry.
    fn to(location: &str) -> Option<Self> {
        Some(Self {
            location: HeaderValue::try_from(location).ok()?,
            carried: None,
        })
    }

    /// A place to log in at, and back to the page that the browser is on.
    fn and_back(place: &str, page: Option<LocalPath>, next_in: NextIn) -> Option<Self> {
        Some(match next_in {
            NextIn::Query => Self::to(&with_next(place, page.as_ref()))?,
            NextIn::Cookie => Self {
                carried: page,
                ..Self::to(place)?
            },
        })
    }
}

/// Does this answer send a browser to another page?
pub(super) fn sends_on(response: &Response) -> bool {
    let headers = response.headers();
    headers.contains_key(header::LOCATION) || headers.contains_key(HX_REDIRECT)
}

fn target(kind: Kind, form: AnswerForm, notes: &Notes) -> Option<Target> {
    let (core, asker) = (notes.asked.as_ref()?, notes.asker.as_ref()?);
    let next_in = core.settings.next_in;
    match kind {
        Kind::Unauthorized | Kind::Ended => {
            Target::and_back(login_at(notes)?, asker.page(form), next_in)
        }
        Kind::NeedsRefresh { .. } => {
            Target::and_back(refresh_at(notes)?, asker.page(form), next_in)
        }
        Kind::Pending => {
            let page = asker.page(form).filter(|_| !notes.asked_for_nobody);
            let next = page.or_else(|| asker.next());
            Target::and_back(second_factor_at(notes)?, next, next_in)
        }
        Kind::Refused | Kind::Inactive if notes.pending => {
            Target::to(&with_next(second_factor_at(notes)?, asker.next().as_ref()))
        }
        Kind::Refused | Kind::Inactive => {
            let again = notes.logged_in.then(|| refresh_at(notes)).flatten();
            let place = again.or_else(|| login_at(notes))?;
            Target::to(&with_next(place, asker.next().as_ref()))
        }
        Kind::LoggedInAlready => {
            let next = asker.next().or_else(|| notes.next_of(core).cloned());
            let next = next.as_ref().unwrap_or(&core.settings.after_login_path);
            Target::to(next.as_str())
        }
        _ => None,
    }
}

/// Where one logs in, on these routes or else at all.
pub(super) fn login_at(notes: &Notes) -> Option<&str> {
    let here = notes
        .custom
        .as_ref()
        .and_then(|custom| custom.login_path.as_ref());
    let settings = &notes.asked.as_ref()?.settings;
    here.map(LocalPath::as_str)
        .or_else(|| Some(settings.login_at.as_ref()?.as_str()))
}

/// Where one gives the password again.
pub(super) fn refresh_at(notes: &Notes) -> Option<&str> {
    let here = notes
        .custom
        .as_ref()
        .and_then(|custom| custom.refresh_path.as_ref());
    let settings = &notes.asked.as_ref()?.settings;
    here.map(LocalPath::as_str)
        .or_else(|| Some(settings.refresh_at.as_ref()?.as_str()))
}

/// Where one gives the second factor.
pub(super) fn second_factor_at(notes: &Notes) -> Option<&str> {
    let settings = &notes.asked.as_ref()?.settings;
    Some(settings.second_factor_at.as_ref()?.as_str())
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
        _ => [scheme, r#" realm=""#, realm, r#"""#].concat(),
    };
    HeaderValue::try_from(challenge).unwrap_or(HeaderValue::from_static("Session"))
}

const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");
