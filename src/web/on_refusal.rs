//! The builder's settings for an app's own answers to refusals.

use std::sync::Arc;

use axum::response::Response;

use crate::{
    manager::{Builder, Core},
    web::{Reason, Refusal},
};

/// An app's own answer, made of the library's.
pub(super) type Answer = Arc<dyn Fn(&Refusal, Response) -> Response + Send + Sync>;

/// A message in the words of a request.
type Localize = Arc<dyn Fn(&str, &Refusal) -> String + Send + Sync>;

/// What an app wants to say itself.
#[derive(Clone, Default)]
pub(super) struct OnRefusal {
    unauthorized: Option<Answer>,
    needs_refresh: Option<Answer>,
    forbidden: Option<Answer>,
    localize: Option<Localize>,
}

impl OnRefusal {
    pub(super) fn of(core: &Core) -> Option<&Self> {
        core.settings.on_refusal.get()
    }

    pub(super) fn answer(&self, reason: Reason) -> Option<&Answer> {
        match reason {
            Reason::Unauthorized => self.unauthorized.as_ref(),
            Reason::NeedsRefresh => self.needs_refresh.as_ref(),
            Reason::Forbidden => self.forbidden.as_ref(),
            Reason::Refused => None,
        }
    }

    /// The message in the words of this request.
    pub(super) fn localized(&self, message: &str, refusal: &Refusal) -> String {
        match &self.localize {
            Some(localize) => localize(message, refusal),
            None => message.to_owned(),
        }
    }
}

/// Answers of your own. Each function sees the request and the library's
/// answer to it, and gives back that one or another.
///
/// For an answer with extractors, such as a page with the navbar, there is
/// [`Routes::forbidden`](crate::Routes::forbidden) and its siblings, which come first.
impl<L, K> Builder<L, K> {
    /// The answer to whoever has to log in.
    ///
    /// Cookies and `Cache-Control: no-store` are added to what it gives back; the
    /// message goes with it if it still sends the browser somewhere. An answer
    /// with a status of success gets that of the refusal: it must not pass for a success.
    ///
    /// # Example
    ///
    /// ```
    /// use axum::response::{IntoResponse, Response};
    /// use portcullis::{LoginManager, Refusal};
    ///
    /// fn unauthorized(refusal: &Refusal, answer: Response) -> Response {
    ///     if refusal.path().starts_with("/embed/") { "please log in".into_response() } else { answer }
    /// }
    ///
    /// let builder = LoginManager::builder().login_path("/login").unauthorized(unauthorized);
    /// # let _ = builder;
    /// ```
    pub fn unauthorized<F>(self, answer: F) -> Self
    where
        F: Fn(&Refusal, Response) -> Response + Send + Sync + 'static,
    {
        self.on_refusal(|own| own.unauthorized = Some(Arc::new(answer)))
    }

    /// The answer to whoever has to give the password again; as
    /// [`unauthorized`](Self::unauthorized).
    pub fn needs_refresh<F>(self, answer: F) -> Self
    where
        F: Fn(&Refusal, Response) -> Response + Send + Sync + 'static,
    {
        self.on_refusal(|own| own.needs_refresh = Some(Arc::new(answer)))
    }

    /// The answer to whoever may not do this; as
    /// [`unauthorized`](Self::unauthorized). Not to requests from other sites,
    /// which reach no handler, nor to an error of a handler that has asked for no login.
    pub fn forbidden<F>(self, answer: F) -> Self
    where
        F: Fn(&Refusal, Response) -> Response + Send + Sync + 'static,
    {
        self.on_refusal(|own| own.forbidden = Some(Arc::new(answer)))
    }

    /// Puts a message in the words of a request: by its `Accept-Language`, or
    /// by a cookie of yours. It gets the message that the builder was given. An
    /// empty text: nothing is said. The short words of answers without a page, such
    /// as the title of a JSON answer, are for programs and stay as they are.
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{LoginManager, Refusal};
    ///
    /// fn translated(message: &str, refusal: &Refusal) -> String {
    ///     let german = refusal.headers().get("accept-language").is_some_and(|l| l.as_bytes().starts_with(b"de"));
    ///     match message {
    ///         "Please log in to access this page." if german => "Bitte melden Sie sich an.".to_owned(),
    ///         other => other.to_owned(),
    ///     }
    /// }
    ///
    /// let builder = LoginManager::builder().localize(translated);
    /// # let _ = builder;
    /// ```
    pub fn localize<F>(self, localize: F) -> Self
    where
        F: Fn(&str, &Refusal) -> String + Send + Sync + 'static,
    {
        self.on_refusal(|own| own.localize = Some(Arc::new(localize)))
    }

    fn on_refusal(mut self, change: impl FnOnce(&mut OnRefusal)) -> Self {
        let kept = &mut self.settings.on_refusal;
        let mut own = kept.remove::<OnRefusal>().unwrap_or_default();
        change(&mut own);
        kept.insert(own);
        self
    }
}
