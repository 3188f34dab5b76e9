//! Remembering a browser: a series in the store, and a token of it in a cookie.
//!
//! A login that asks for it begins a series, [`begin`]. When the session is over
//! the token logs the user in again, [`recall`]: it is replaced, and a session
//! of its own begins, authenticated and not fresh. The use of that session is
//! what shows that the answer arrived, [`seen`].
//!
//! | a token that | gets |
//! |---|---|
//! | is the present one | a new token and a session |
//! | was replaced within the last minute | the session of the request that was faster, and no cookie |
//! | was replaced, its successor never seen | a new token and a session; the lost one ends |
//! | was replaced, its successor seen a minute ago | nothing: somebody has a copy, and all that came of the series ends |
//!
//! A guard does this. A look in any other place only reads: it shows the user,
//! and replaces and ends nothing. A session begins in the place of the one
//! before, which the browser has lost, so that there is one for each browser.
//!
//! Beside a session that lives the token is not needed; it is judged all the
//! same when the use of the session is noted, by a look too, so that a copy
//! which is in use elsewhere is noticed. Giving the password once more begins a new series: who
//! is still under way with the old cookies is nobody then.

mod begin;
mod recall;
mod restore;
mod seen;

pub(crate) use seen::SendAgain;

pub(super) use begin::{RememberCookie, SeriesOf};
