//! Who may call what, as a table.

use std::fmt;

use serde::Serialize;

/// Who may call what: from [`Routes::access_table`](crate::Routes::access_table).
///
/// Prints as aligned columns and serialises as a list, both sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AccessTable(Vec<AccessRow>);

/// One route of an [`AccessTable`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct AccessRow {
    /// The path, as axum matches it. A service or a whole router is one row, `/prefix/*`.
    pub path: String,
    /// `GET` (which answers HEAD too), `POST`, …, or `*` for any.
    pub method: String,
    /// Who may call: the type that the handler asks for, `everyone`, or `unguarded`.
    pub access: String,
    /// Why a route is an exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl AccessRow {
    /// May anybody call it: is nobody refused for not being logged in?
    ///
    /// # Example
    ///
    /// ```
    /// use portcullis::{Routes, public};
    /// # type App = ();
    ///
    /// // In a test: a list of what is open, so that a review sees every change.
    /// let routes = Routes::<App>::new().get("/about", public("about"));
    /// let table = routes.access_table();
    /// let open: Vec<_> = table.rows().iter().filter(|row| row.is_open()).map(|row| &*row.path).collect();
    /// assert_eq!(open, ["/about"]);
    /// ```
    pub fn is_open(&self) -> bool {
        let open = [
            "everyone",
            "unguarded",
            "CurrentUser<",
            "Option<",
            "Anonymous",
            "AnySession<",
            "Session<Anonymous",
        ];
        open.iter().any(|open| self.access.starts_with(open))
    }
}

impl AccessTable {
    /// The rows, sorted by path.
    pub fn rows(&self) -> &[AccessRow] {
        &self.0
    }

    pub(super) fn add(&mut self, method: &str, path: &str, access: String, note: Option<String>) {
        let row = AccessRow {
            path: path.to_owned(),
            method: method.to_owned(),
            access,
            note,
        };
        let at = self.0.partition_point(|other| *other <= row);
        self.0.insert(at, row);
    }

    pub(super) fn nest(&mut self, prefix: &str, inner: &Self) {
        for row in &inner.0 {
            let path = match (prefix, row.path.as_str()) {
                ("", path) => path.to_owned(),
                (prefix, "/") => prefix.to_owned(),
                (prefix, path) => format!("{prefix}{path}"),
            };
            self.add(&row.method, &path, row.access.clone(), row.note.clone());
        }
    }
}

impl fmt::Display for AccessTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width =
            |column: fn(&AccessRow) -> usize| self.0.iter().map(column).max().unwrap_or_default();
        let method = width(|row| row.method.len());
        let path = width(|row| row.path.chars().count());
        for row in &self.0 {
            write!(
                f,
                "{:method$}  {:path$}  {}",
                row.method, row.path, row.access
            )?;
            match &row.note {
                Some(note) => writeln!(f, "  ({note})")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

/// The name of a guard as its user writes it: without the paths of modules.
pub(super) fn name_of<T>() -> String {
    let full = std::any::type_name::<T>();
    let mut name = String::new();
    for part in full.split_inclusive(['<', '>', ',', ' ', '(', ')']) {
        name.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    name.replace("<OnlyRealm>", "")
        .replace("Everyone", "everyone")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Anonymous, Session};

    #[test]
    fn a_guard_is_named_as_it_is_written() {
        assert_eq!(name_of::<Session<Anonymous>>(), "Session<Anonymous>");
        assert_eq!(
            name_of::<(Option<String>, Vec<u8>)>(),
            "(Option<String>, Vec<u8>)"
        );
    }

    #[test]
    fn a_table_is_aligned_and_sorted() {
        let mut inner = AccessTable::default();
        inner.add("POST", "/close", "Fresh<User>".to_owned(), None);
        inner.add("GET", "/", "Authenticated<User>".to_owned(), None);
        let mut table = AccessTable::default();
        table.add(
            "*",
            "/hooks/*",
            "unguarded".to_owned(),
            Some("signed by the sender".to_owned()),
        );
        table.nest("/account", &inner);
        assert_eq!(
            table.to_string(),
            "GET   /account        Authenticated<User>\n\
             POST  /account/close  Fresh<User>\n\
             *     /hooks/*        unguarded  (signed by the sender)\n"
        );
    }
}
