//! The operations that are measured.

use axum::http::StatusCode;

use crate::apps::App;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Public,
    PublicWithCookie,
    Protected,
    Stranger,
    LogIn,
    LogOut,
    Count,
    Restore,
}

impl Operation {
    pub const ALL: [Self; 8] = [
        Self::Public,
        Self::PublicWithCookie,
        Self::Protected,
        Self::Stranger,
        Self::LogIn,
        Self::LogOut,
        Self::Count,
        Self::Restore,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::PublicWithCookie => "public, logged in",
            Self::Protected => "protected",
            Self::Stranger => "protected, stranger",
            Self::LogIn => "login",
            Self::LogOut => "logout",
            Self::Count => "data of the session",
            Self::Restore => "remembered restore",
        }
    }

    /// Whether each app can do it: bare axum logs nobody in, and not all keep data.
    pub fn is_done_by(self, app: &App) -> bool {
        match self {
            Self::Count => app.keeps_data,
            Self::Restore => app.remembers,
            _ => true,
        }
    }

    pub fn expects(self, app: &App) -> StatusCode {
        match self {
            Self::Stranger if app.logs_in => StatusCode::UNAUTHORIZED,
            _ => StatusCode::OK,
        }
    }
}
