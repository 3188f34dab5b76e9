//! Who may call what, as a table.

use std::fmt;

use serde::Serialize;

use crate::routing::handler::sealed;

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
    /// Is it open to people who are not logged in? A test that lists what is
    /// open lets a review see every change.
    pub open: bool,
    /// Why a route is an exception.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl AccessTable {
    /// The rows, sorted by path.
    pub fn rows(&self) -> &[AccessRow] {
        &self.0
    }

    /// A row for who may call: the name of a guard's type, and whether it lets everyone in.
    pub(super) fn add(
        &mut self,
        method: &str,
        path: &str,
        (access, open): (String, bool),
        note: Option<&str>,
    ) {
        let row = AccessRow {
            path: path.to_owned(),
            method: method.to_owned(),
            access,
            open,
            note: note.map(str::to_owned),
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
            self.add(
                &row.method,
                &path,
                (row.access.clone(), row.open),
                row.note.as_deref(),
            );
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

/// Who may call, for a row.
pub(super) fn who<G: sealed::Access>() -> (String, bool) {
    let mut name = name_of::<G>();
    if G::OPEN && name.contains("By<") {
        name.push_str(" (open)"); // what a guard of the app's own holds does not show in its name
    }
    (name, G::OPEN)
}

/// The name of a guard as its user writes it: without the paths of modules.
pub(super) fn name_of<T>() -> String {
    let full = std::any::type_name::<T>();
    let mut name = String::new();
    for part in full.split_inclusive(['<', '>', ',', ' ', '(', ')', '&', '[', ']']) {
        name.push_str(part.rsplit("::").next().unwrap_or(part));
    }
    match name.as_str() {
        "Everyone" => "everyone".to_owned(),
        _ => name.replace("<OnlyRealm>", ""),
    }
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
    fn a_user_type_keeps_its_name() {
        struct EveryoneElse;
        assert_eq!(name_of::<Option<EveryoneElse>>(), "Option<EveryoneElse>");
    }

    #[test]
    fn a_table_is_aligned_and_sorted() {
        let mut inner = AccessTable::default();
        inner.add("POST", "/close", ("Fresh<User>".to_owned(), false), None);
        inner.add("GET", "/", ("Authenticated<User>".to_owned(), false), None);
        let mut table = AccessTable::default();
        table.add(
            "*",
            "/hooks/*",
            ("unguarded".to_owned(), true),
            Some("signed by the sender"),
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
