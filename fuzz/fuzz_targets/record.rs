//! Any bytes as the body of each kind of record, as a store may hand them back:
//! read within a small multiple of their size, or refused; and what is read is
//! all that was there.

#![no_main]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use libfuzzer_sys::fuzz_target;
use portcullis::fuzz_bridge::rewritten;

/// Adds up what is asked for, whether it is given back or not.
struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it is the system's allocator, and a count.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.fetch_add(size, Relaxed);
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// An entry of three bytes takes forty in memory, and growing takes each twice.
const MULTIPLE: usize = 64;
const CONSTANT: usize = 1_024;

fuzz_target!(|data: &[u8]| {
    let Some((kind, body)) = data.split_first() else {
        return;
    };
    let kind = kind % 4;
    let before = ASKED.load(Relaxed);
    let written = rewritten(kind, body);
    let asked = ASKED.load(Relaxed) - before;
    assert!(
        asked <= CONSTANT + MULTIPLE * body.len(),
        "{asked} bytes for {}",
        body.len()
    );

    let Some(written) = written else {
        return;
    };
    // Only a number that was padded with zeros has a second spelling.
    if *written != *body {
        assert!(written.len() < body.len());
        assert!(body.contains(&0x80) || body.windows(2).any(|two| two[0] > 0x80 && two[1] == 0));
    }
    assert_eq!(rewritten(kind, &written).as_deref(), Some(&*written));
    // It ends where it ends.
    let longer = [&written[..], &[0]].concat();
    assert!(rewritten(kind, &longer).is_none());
    assert!(rewritten(kind, &written[..written.len() - 1]).is_none());
});
