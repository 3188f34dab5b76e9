//! The arguments and answers of a store's steps.
//!
//! Each step has a struct, so that a later version can say more without
//! breaking a store. `new` takes what the step always needs; the other fields
//! are public and set after.

use std::sync::Arc;

use crate::{
    clock::{Clock, Timestamp},
    store::{Record, RecordKind, Version},
    token::RecordId,
    user::UserIndex,
};

/// A step's struct, its constructor for the fields that are always there, and
/// the fields that are mostly not.
macro_rules! step {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
        $(optional { $($(#[$option_doc:meta])* $option:ident: $option_type:ty,)* })?
    ) => {
        $(#[$doc])*
        #[derive(Clone)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
            $($($(#[$option_doc])* pub $option: $option_type,)*)?
        }

        /// Without what it holds: bodies are nobody's business.
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $name {
            /// The step with these fields; the others say "nothing".
            pub fn new($($field: $type),*) -> Self {
                Self { $($field,)* $($($option: Default::default(),)*)? }
            }
        }
    };
}

step! {
    /// Argument of [`SessionStore::insert`](super::SessionStore::insert).
    Insert {
        /// The new record.
        record: Record,
        /// The time now.
        now: Timestamp,
    }
    optional {
        /// A remember series to add in the same step.
        series: Option<Record>,
        /// An earlier series of this browser to end in the same step, with all that it restored.
        ends_series: Option<RecordId>,
        /// How many live sessions the user may have, this one included, and how
        /// many live series: what was seen least recently beyond that ends, a
        /// session with its series and a series with its sessions, never this
        /// session and its series. None is any number.
        at_most: Option<u32>,
    }
}

step! {
    /// Argument of [`SessionStore::load`](super::SessionStore::load).
    Load {
        /// The kind of the record.
        kind: RecordKind,
        /// Its id.
        id: RecordId,
        /// The time now.
        now: Timestamp,
    }
}

step! {
    /// Argument of [`SessionStore::update`](super::SessionStore::update).
    Update {
        /// The kind of the record.
        kind: RecordKind,
        /// Its id.
        id: RecordId,
        /// The version that was read.
        version: Version,
        /// The new body.
        body: Arc<[u8]>,
        /// The time now.
        now: Timestamp,
    }
}

step! {
    /// Argument of [`SessionStore::rotate`](super::SessionStore::rotate).
    Rotate {
        /// The id of the record to replace; its kind is that of `new`.
        id: RecordId,
        /// The version that was read.
        version: Version,
        /// The record that takes its place, under an id of its own.
        new: Record,
        /// The time now.
        now: Timestamp,
    }
    optional {
        /// A remember series to add in the same step.
        series: Option<Record>,
        /// An earlier series of this browser to end in the same step, with all that it restored.
        ends_series: Option<RecordId>,
        /// How many live sessions the user may have, this one included, and how
        /// many live series: what was seen least recently beyond that ends, a
        /// session with its series and a series with its sessions, never this
        /// session and its series. None is any number.
        at_most: Option<u32>,
        /// End every other record of the new record's user.
        end_others: bool,
    }
}

step! {
    /// Argument of [`SessionStore::restore`](super::SessionStore::restore).
    Restore {
        /// The version of the series that was read.
        version: Version,
        /// The series as it is to be: same id, `version` raised by one.
        next: Record,
        /// The session that it restores, of the same user.
        session: Record,
        /// The time now.
        now: Timestamp,
    }
    optional {
        /// How many live sessions the user may have, this one included, and how
        /// many live series: what was seen least recently beyond that ends, a
        /// session with its series and a series with its sessions, never this
        /// session and its series. None is any number.
        at_most: Option<u32>,
        /// A session of the same user to end in the same step.
        ends_session: Option<RecordId>,
    }
}

step! {
    /// Argument of [`SessionStore::touch`](super::SessionStore::touch).
    Touch {
        /// The kind of the record.
        kind: RecordKind,
        /// Its id.
        id: RecordId,
        /// When it is to expire from now on.
        expires: Timestamp,
        /// When it was used.
        seen: Timestamp,
        /// The time now.
        now: Timestamp,
    }
}

step! {
    /// Argument of [`SessionStore::delete`](super::SessionStore::delete).
    Delete {
        /// The kind of the record.
        kind: RecordKind,
        /// Its id.
        id: RecordId,
    }
}

step! {
    /// Argument of [`SessionStore::end`](super::SessionStore::end).
    #[derive(Default)]
    End {}
    optional {
        /// A session to delete.
        session: Option<RecordId>,
        /// A series to delete, with every session that it restored.
        series: Option<RecordId>,
    }
}

step! {
    /// Argument of [`SessionStore::list`](super::SessionStore::list).
    ListByUser {
        /// The kind of the records.
        kind: RecordKind,
        /// Whose.
        user: UserIndex,
        /// The time now.
        now: Timestamp,
    }
}

step! {
    /// Argument of [`SessionStore::delete_by_user`](super::SessionStore::delete_by_user).
    DeleteByUser {
        /// Whose.
        user: UserIndex,
    }
    optional {
        /// A session to leave alone, and the series that it belongs to.
        except: Option<RecordId>,
    }
}

step! {
    /// Argument of [`SessionStore::sweep`](super::SessionStore::sweep).
    Sweep {
        /// The time now.
        now: Timestamp,
        /// At most so many records.
        limit: u64,
    }
}

/// Argument of [`SessionStore::watch`](super::SessionStore::watch).
#[derive(Clone)]
#[non_exhaustive]
pub struct Watch {
    /// The kind of the record.
    pub kind: RecordKind,
    /// Its id.
    pub id: RecordId,
    /// Tells when the record is asked for again.
    pub clock: Arc<dyn Clock>,
}

impl Watch {
    /// The step with these fields.
    pub fn new(kind: RecordKind, id: RecordId, clock: Arc<dyn Clock>) -> Self {
        Self { kind, id, clock }
    }

    /// The question whether the record is alive now.
    pub fn load(&self) -> Load {
        Load::new(self.kind, self.id, self.clock.now())
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Answer of [`SessionStore::insert`](super::SessionStore::insert).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Inserted {
    /// The record is there.
    Done,
    /// Another record has the id; nothing was changed.
    Taken,
}

/// Answer of a step that replaces what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Swap {
    /// It is replaced.
    Done,
    /// It is alive, but of another version, or a new id is taken: read again,
    /// and try with new ids. Nothing was changed.
    Conflict,
    /// It is deleted or expired. Nothing was changed.
    Gone,
}
