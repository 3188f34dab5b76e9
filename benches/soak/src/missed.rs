//! How many events a listener missed: the library says so in its log, one line each.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

/// Hears the warnings of the library and nothing else.
pub struct Missed;

static MISSED: AtomicU64 = AtomicU64::new(0);

impl Missed {
    pub fn count() -> u64 {
        MISSED.load(Ordering::SeqCst)
    }
}

impl Subscriber for Missed {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::WARN && metadata.target() == "portcullis"
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let is_missed = line.0.contains("missed an event") && !line.0.contains("user_accessed");
        MISSED.fetch_add(u64::from(is_missed), Ordering::SeqCst);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[derive(Default)]
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, _: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{value:?} ");
    }
}
