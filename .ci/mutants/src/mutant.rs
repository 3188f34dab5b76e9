//! Which mutant is on; woven into the crate beside its own files.

use std::{
    env,
    fs::File,
    io::Write,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// Is this mutant the one that `PORTCULLIS_MUTANT` names?
///
/// Where `PORTCULLIS_REACHED` names a file, the number is written there the first time.
pub(crate) fn is(number: usize) -> bool {
    static ON: LazyLock<Option<usize>> =
        LazyLock::new(|| env::var("PORTCULLIS_MUTANT").ok()?.parse().ok());
    static LOG: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| {
        let path = env::var_os("PORTCULLIS_REACHED")?;
        let file = File::options().append(true).create(true).open(path).ok()?;
        Some(Mutex::new(file))
    });
    static REACHED: [AtomicBool; 1 << 14] = [const { AtomicBool::new(false) }; 1 << 14];
    if let Some(log) = &*LOG
        && !REACHED[number].swap(true, Relaxed)
    {
        let mut log = log.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let _ = writeln!(log, "{number}");
    }
    *ON == Some(number)
}
