//! How many strangers a store outside of this process keeps.

use super::RecordId;

/// A bound that is kept without a count of all: in each of 4096 parts, by the
/// first bits of an id, which are random for strangers and drawn by us. One part
/// is full a little before or after the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct StrangerBound {
    in_a_part: u32,
}

impl StrangerBound {
    pub(super) const DEFAULT: u32 = 250_000;

    /// About so many in all.
    pub(super) const fn about(most: u32) -> Self {
        Self {
            in_a_part: most.div_ceil(PARTS),
        }
    }

    /// So many in the part of an id.
    pub(super) const fn in_a_part(self) -> u32 {
        self.in_a_part
    }
}

/// The part that an id is in: 0 to 4095.
#[cfg(feature = "redis")]
pub(super) const fn part(id: RecordId) -> u16 {
    id.home() >> BITS_WITHIN
}

/// The first and the last id of the part that an id is in.
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(super) fn range_of_part(id: RecordId) -> (RecordId, RecordId) {
    let within = (1 << BITS_WITHIN) - 1;
    let bytes = |home: u16, rest: u8| {
        let mut bytes = [rest; 16];
        bytes[..2].copy_from_slice(&home.to_be_bytes());
        RecordId::from_bytes(bytes)
    };
    (
        bytes(id.home() & !within, 0),
        bytes(id.home() | within, 0xff),
    )
}

const PARTS: u32 = 1 << (16 - BITS_WITHIN);
const BITS_WITHIN: u32 = 4;

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;

    #[test]
    fn a_part_holds_its_share() {
        assert_eq!(StrangerBound::about(4096).in_a_part(), 1);
        assert_eq!(StrangerBound::about(4097).in_a_part(), 2);
        let id = RecordId::from_bytes([0xab; 16]);
        let (first, last) = range_of_part(id);
        assert_eq!(first.to_string(), format!("aba0{}", "0".repeat(28)));
        assert_eq!(last.to_string(), format!("abaf{}", "f".repeat(28)));
    }
}
