//! How much work a hash is.

use argon2::{Algorithm, Argon2, Params, Version};

use crate::error::BuildError;

/// How much memory and how many passes Argon2id takes for one hash:
/// [`Builder::password_cost`](crate::Builder::password_cost).
///
/// # Example
///
/// ```
/// use portcullis::PasswordCost;
///
/// let stronger = PasswordCost::new(64 * 1024, 3); // 64 MiB, three passes
/// assert_ne!(stronger, PasswordCost::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
}

impl PasswordCost {
    /// So many KiB of memory, gone over so many times, on one lane.
    pub const fn new(memory_kib: u32, passes: u32) -> Self {
        Self { memory_kib, passes }
    }

    /// The least that Argon2 can do: for tests.
    pub(crate) const CHEAP: Self = Self::new(8, 1);

    /// Refuses what is weaker than every setting that OWASP lists as equal.
    pub(crate) fn check(self) -> Result<(), BuildError> {
        let enough = |(memory_kib, passes): &(u32, u32)| {
            self.memory_kib >= *memory_kib && self.passes >= *passes
        };
        if !OWASP.iter().any(enough) {
            return Err(BuildError::new(
                "the password cost is below what OWASP recommends: take 19456 KiB and 2 passes, or more",
            ));
        }
        self.params().map(drop)
    }

    pub(super) fn params(self) -> Result<Params, BuildError> {
        Params::new(self.memory_kib, self.passes, 1, Some(HASH_BYTES))
            .map_err(|error| BuildError::new(format!("the password cost can't be: {error}")))
    }

    pub(super) fn argon2(self) -> Result<Argon2<'static>, BuildError> {
        Ok(Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            self.params()?,
        ))
    }

    /// Is a hash with these parameters at least as strong?
    pub(super) fn is_met_by(self, memory_kib: u32, passes: u32) -> bool {
        memory_kib >= self.memory_kib && passes >= self.passes
    }
}

impl Default for PasswordCost {
    /// 19 MiB and two passes.
    fn default() -> Self {
        Self::new(OWASP[0].0, OWASP[0].1)
    }
}

/// KiB and passes of Argon2id that defend equally well (OWASP Password Storage
/// cheat sheet); the first is the default.
const OWASP: [(u32, u32); 5] = [
    (19 * 1024, 2),
    (46 * 1024, 1),
    (12 * 1024, 3),
    (9 * 1024, 4),
    (7 * 1024, 5),
];

const HASH_BYTES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_of_owasp_and_stronger_ones_are_enough() {
        for (memory_kib, passes) in OWASP {
            assert!(PasswordCost::new(memory_kib, passes).check().is_ok());
            assert!(PasswordCost::new(memory_kib - 1, passes).check().is_err());
            assert!(PasswordCost::new(memory_kib, passes - 1).check().is_err());
        }
        assert!(PasswordCost::new(64 * 1024, 3).check().is_ok());
        assert!(PasswordCost::CHEAP.check().is_err());
    }
}
