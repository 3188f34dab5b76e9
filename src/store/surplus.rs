//! What a user has too much of: the rule of `at_most`, said once.

use std::collections::HashSet;

use super::{End, Record, RecordId};

/// What is to end beside the new session, given all live sessions and series
/// of its user, the new ones among them.
pub(super) fn surplus(
    new: &Record,
    mut sessions: Vec<Record>,
    mut series: Vec<Record>,
    most: u32,
) -> Vec<End> {
    let most = most.max(1) as usize;
    let mut ends = Vec::new();
    let mut ended: HashSet<RecordId> = HashSet::new();
    let too_many = sessions.len().saturating_sub(most);
    sessions.retain(|session| session.id != new.id);
    sessions.sort_unstable_by_key(last_used);
    for session in sessions.into_iter().take(too_many) {
        let series = session.series.filter(|series| new.series != Some(*series));
        ended.extend(series);
        let mut end = End::new();
        (end.session, end.series) = (Some(session.id), series);
        ends.push(end);
    }
    series.retain(|series| !ended.contains(&series.id));
    let too_many = series.len().saturating_sub(most);
    series.retain(|series| new.series != Some(series.id));
    series.sort_unstable_by_key(last_used);
    for series in series.into_iter().take(too_many) {
        let mut end = End::new();
        end.series = Some(series.id);
        ends.push(end);
    }
    ends
}

/// Of two seen in the same second the older one goes first.
fn last_used(record: &Record) -> (u64, u64, RecordId) {
    let seen = record.seen.unix_seconds();
    (seen, record.created.unix_seconds(), record.id)
}
