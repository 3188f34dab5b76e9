//! The `next` that a cookie carries: [`NextIn::Cookie`](crate::NextIn::Cookie).

use std::sync::Arc;

use crate::{
    local_path::LocalPath,
    manager::{CookieOf, Core, Sent},
    session::visit::Notes,
};

impl Notes {
    /// The browser carries this for a realm.
    pub(crate) fn carries_next(&mut self, core: &Arc<Core>, next: LocalPath) {
        if self.next_of(core).is_none() {
            self.next.push((core.clone(), next));
        }
    }

    /// What the browser carries for a realm.
    pub(crate) fn next_of(&self, core: &Arc<Core>) -> Option<&LocalPath> {
        let mut all = self.next.iter();
        all.find_map(|(of, next)| Arc::ptr_eq(of, core).then_some(next))
    }

    /// The browser is where it wanted to go: nothing is left to carry.
    pub(crate) fn arrive(&mut self, core: &Arc<Core>) {
        if self.next_of(core).is_some() {
            self.set_cookie(core, CookieOf::Next, Sent::Removed);
        }
    }

    /// The login has changed: where the browser was going before, and what it
    /// was to be told on the way, is of another time, and perhaps of another user.
    pub(crate) fn forget_the_way(&mut self, core: &Arc<Core>) {
        self.arrive(core);
        if self.carries_flash(core) {
            self.set_cookie(core, CookieOf::Flash, Sent::Removed);
        }
    }
}
