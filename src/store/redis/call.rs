//! Calls of a script: the keys that it declares, and its arguments.

use data_encoding::HEXLOWER;
use redis::{Script, ScriptInvocation};

use crate::{
    clock::Timestamp,
    store::{Record, RecordId, RecordKind, UserIndex, Version, strangers::part},
};

/// What keys are called: everything is named by ids.
#[derive(Clone, Copy)]
pub(super) struct Names<'a>(pub(super) &'a str);

impl Names<'_> {
    pub(super) fn record(self, kind: RecordKind, id: RecordId) -> String {
        self.in_part(id, &member(kind, id))
    }

    fn user(self, user: UserIndex) -> String {
        let id = RecordId::from_bytes(*user.as_bytes()); // both begin with the home
        self.in_part(id, &format!("u:{id}"))
    }

    fn series(self, series: RecordId) -> String {
        self.in_part(series, &format!("r:{series}"))
    }

    fn strangers(self, id: RecordId) -> String {
        self.in_part(id, "strangers")
    }

    fn in_part(self, id: RecordId, name: &str) -> String {
        format!("{}:{{{:03x}}}:{name}", self.0, part(id))
    }
}

/// A record within its part: a member of an index, and the end of its key.
fn member(kind: RecordKind, id: RecordId) -> String {
    format!("{}:{id}", kind.number())
}

/// One call, as it grows. Keys are those that can be known; a script finds the
/// rest, in the same slot, in the indexes.
pub(super) struct Call<'a> {
    names: Names<'a>,
    pub(super) script: ScriptInvocation<'static>,
}

impl<'a> Call<'a> {
    /// A step that asks no time.
    pub(super) fn timeless(script: &'static Script, names: Names<'a>) -> Self {
        let mut script = script.prepare_invoke();
        script.arg(names.0).arg("");
        Self { names, script }
    }

    pub(super) fn new(script: &'static Script, names: Names<'a>, now: Timestamp) -> Self {
        let mut script = script.prepare_invoke();
        script.arg(names.0).arg(now.unix_seconds());
        Self { names, script }
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.script.arg(bytes);
        self
    }

    pub(super) fn number(mut self, number: u64) -> Self {
        self.script.arg(number);
        self
    }

    pub(super) fn version(self, version: Version) -> Self {
        self.number(version.number())
    }

    /// Nothing is the empty string.
    pub(super) fn at_most(mut self, most: Option<u32>) -> Self {
        match most {
            Some(most) => self.script.arg(most),
            None => self.script.arg(""),
        };
        self
    }

    pub(super) fn flag(mut self, flag: bool) -> Self {
        self.script.arg(if flag { "1" } else { "" });
        self
    }

    pub(super) fn user(mut self, user: UserIndex) -> Self {
        self.script.key(self.names.user(user));
        self.script.arg(HEXLOWER.encode(user.as_bytes()));
        self
    }

    /// A record that may be there.
    pub(super) fn member(mut self, record: Option<(RecordKind, RecordId)>) -> Self {
        match record {
            Some((kind, id)) => {
                self.script.key(self.names.record(kind, id));
                self.script.arg(member(kind, id))
            }
            None => self.script.arg(""),
        };
        self
    }

    /// A session to leave alone.
    pub(super) fn session(mut self, session: Option<RecordId>) -> Self {
        match session {
            Some(id) => {
                self.script.key(self.names.record(RecordKind::Session, id));
                self.script.arg(id.to_string())
            }
            None => self.script.arg(""),
        };
        self
    }

    /// A series to end with all that it restored.
    pub(super) fn series(mut self, series: Option<RecordId>) -> Self {
        match series {
            Some(id) => {
                self.script.key(self.names.record(RecordKind::Series, id));
                self.script.key(self.names.series(id));
                self.script.arg(id.to_string())
            }
            None => self.script.arg(""),
        };
        self
    }

    pub(super) fn time_to_live(self, expires: Timestamp, now: Timestamp) -> Self {
        self.number(expires.since(now).as_secs().clamp(1, LONGEST))
    }

    /// A record to put.
    pub(super) fn record(mut self, record: &Record, now: Timestamp) -> Self {
        let Record {
            kind,
            id,
            hash,
            user,
            series,
            created,
            seen,
            expires,
            version,
            body,
        } = record;
        let hex = |bytes: Option<&[u8; 16]>| bytes.map_or_else(String::new, |b| HEXLOWER.encode(b));
        self = self.member(Some((*kind, *id)));
        self.script.key(match user {
            Some(user) => self.names.user(*user),
            None => self.names.strangers(*id),
        });
        if let Some(series) = series {
            self.script.key(self.names.series(*series));
        }
        self.script
            .arg(hash.as_bytes())
            .arg(hex(user.as_ref().map(UserIndex::as_bytes)))
            .arg(hex(series.as_ref().map(RecordId::as_bytes)))
            .arg(created.unix_seconds())
            .arg(seen.unix_seconds())
            .arg(expires.unix_seconds())
            .arg(version.number())
            .arg(&body[..]);
        self.time_to_live(*expires, now)
    }

    /// A record to put, or none.
    pub(super) fn maybe_record(self, record: Option<&Record>, now: Timestamp) -> Self {
        match record {
            Some(record) => self.record(record, now),
            None => self.member(None),
        }
    }
}

/// In seconds; some 136 years. Redis refuses a time to live that is beyond its own time.
const LONGEST: u64 = u32::MAX as u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_together_has_one_hash_tag() {
        let id = RecordId::from_bytes([0xab; 16]);
        let user = UserIndex::from_bytes([0xab; 16]);
        let names = Names("app");
        let digits = "ab".repeat(16);
        assert_eq!(
            names.record(RecordKind::Series, id),
            format!("app:{{aba}}:1:{digits}")
        );
        assert_eq!(names.user(user), format!("app:{{aba}}:u:{digits}"));
        assert_eq!(names.series(id), format!("app:{{aba}}:r:{digits}"));
        assert_eq!(names.strangers(id), "app:{aba}:strangers");
    }
}
