//! The contract of a store, as rules that are tried one after the other.

mod expiry;
mod logins;
mod races;
mod records;
mod trial;
mod users;
mod watching;

use std::fmt;

use self::trial::Trial;
use crate::store::SessionStore;

/// Tries every rule of the [`SessionStore`] contract against a store.
///
/// For the tests of a store of your own. Each rule uses ids and users that
/// nobody else has, so the store may be full of others' records, be shared by
/// tests that run at the same time, and be tried again. It is left with some
/// records that expire within the hour.
///
/// The races want real threads, and a store whose steps can overlap: give it a
/// pool of at least 8 connections. They take 200 rounds each, some
/// 15,000 steps in all.
///
/// # Errors
///
/// The rules that the store breaks, each with what was seen.
///
/// # Example
///
/// ```
/// use portcullis::{store::MemoryStore, testing::{Violations, conformance}};
///
/// // #[tokio::test(flavor = "multi_thread")]
/// async fn my_store_keeps_the_contract() -> Result<(), Violations> {
///     conformance(MemoryStore::new()).await
/// }
/// # let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
/// # runtime.block_on(my_store_keeps_the_contract()).unwrap();
/// ```
pub async fn conformance<S: SessionStore>(store: S) -> Result<(), Violations> {
    let trial = Trial::of(store);
    let mut broken = Vec::new();
    macro_rules! try_rules {
        ($($file:ident: $($rule:ident)*;)*) => {
            $($(
                if let Err(trial::Broken(what)) = $file::$rule(&trial).await {
                    broken.push(Violation { rule: stringify!($rule), what });
                }
            )*)*
        };
    }
    try_rules! {
        records:
            what_is_inserted_is_given_back
            insert_never_replaces
            kinds_are_different_keys
            update_wants_the_version_that_was_read
            update_changes_body_and_version_alone
            touch_changes_seen_and_expires_alone
            delete_answers_whether_there_was_one
            what_is_not_there_is_no_error;
        expiry:
            a_record_lives_up_to_its_end
            an_expired_record_is_nothing
            nothing_revives_an_expired_record
            a_touch_moves_the_end
            a_sweep_forgets_the_expired_alone;
        logins:
            rotate_puts_the_new_in_the_place_of_the_old
            rotate_of_another_version_changes_nothing
            rotate_to_a_taken_id_changes_nothing
            rotate_ends_the_others_but_its_own_series
            a_login_brings_its_series_and_ends_an_earlier_one
            a_login_with_a_taken_series_is_none
            restore_replaces_the_series_and_adds_the_session
            restore_with_a_taken_id_changes_nothing
            restore_of_a_gone_series_adds_nothing
            end_takes_all_that_the_series_restored;
        users:
            list_gives_the_live_records_of_one_user
            list_follows_a_record
            delete_by_user_takes_all_kinds
            delete_by_user_spares_a_session_with_its_series
            at_most_ends_what_was_seen_least_recently
            at_most_counts_series_too
            at_most_ends_no_series_twice
            at_most_counts_nothing_that_is_over
            no_step_leaves_something_behind;
        watching:
            watch_ends_with_the_record
            watch_of_nothing_ends;
        races:
            one_of_two_inserts_wins
            no_update_is_lost
            one_of_two_rotations_wins
            one_of_two_restores_wins
            a_late_write_brings_nothing_back
            a_rotation_and_a_delete_are_not_both_done
            a_rotation_is_whole_for_who_looks
            a_rotation_does_not_escape_delete_by_user
            a_restore_does_not_escape_delete_by_user
            a_login_and_delete_by_user_are_one_after_the_other
            a_restore_does_not_escape_end
            a_restore_does_not_escape_who_ends_others
            logins_at_once_keep_to_at_most;
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(Violations(broken))
    }
}

/// What [`conformance`] found: the rules that a store breaks.
#[derive(Debug, thiserror::Error)]
pub struct Violations(Vec<Violation>);

#[derive(Debug)]
struct Violation {
    rule: &'static str,
    what: String,
}

impl Violations {
    /// The names of the rules that are broken.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|violation| violation.rule)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store breaks its contract:")?;
        self.0.iter().try_for_each(|Violation { rule, what }| {
            write!(f, "\n- {}: {what}", rule.replace('_', " "))
        })
    }
}
