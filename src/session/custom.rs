//! What routes say about the library's answers on them.

use std::sync::Arc;

use crate::{local_path::LocalPath, session::AnswerForm};

/// The custom of some routes: what is not said holds as it does around them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Custom {
    pub(crate) form: Option<AnswerForm>,
    pub(crate) login_path: Option<LocalPath>,
    pub(crate) refresh_path: Option<LocalPath>,
}

/// Shared by all requests to the routes; most have none.
pub(crate) type Customs = Option<Arc<Custom>>;

impl Custom {
    /// This custom where it says something, else what is the custom around it.
    pub(crate) fn within(&self, around: &Customs) -> Customs {
        let Self {
            form,
            login_path,
            refresh_path,
        } = self;
        if form.is_none() && login_path.is_none() && refresh_path.is_none() {
            return around.clone();
        }
        let around = around.as_deref();
        Some(Arc::new(Self {
            form: form.or(around.and_then(|around| around.form)),
            login_path: login_path.clone().or_else(|| around?.login_path.clone()),
            refresh_path: refresh_path
                .clone()
                .or_else(|| around?.refresh_path.clone()),
        }))
    }
}
