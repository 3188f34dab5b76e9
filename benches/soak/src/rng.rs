//! Random numbers that a seed repeats.

use std::ops::Range;

/// SplitMix64: what is drawn here is no secret.
#[derive(Clone, Debug)]
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.number() % (range.end - range.start)
    }

    /// Is it one of so many in a million?
    pub fn happens(&mut self, in_a_million: u64) -> bool {
        self.number() % 1_000_000 < in_a_million
    }

    /// One of these, each as often as its weight says.
    pub fn one_of<T: Copy>(&mut self, all: &[(u64, T)]) -> T {
        let mut at = self.within(0..all.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in all {
            if at < *weight {
                return *one;
            }
            at -= weight;
        }
        unreachable!("the weights have a sum")
    }
}
