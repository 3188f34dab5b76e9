//! An input read as choices, a byte or two each. What is missing is zero, so a
//! short input is a short story.

pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self(data)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub fn number(&mut self) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()]))
    }

    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }

    /// A length in one byte, and so many bytes.
    pub fn bytes(&mut self) -> &'a [u8] {
        let length = usize::from(self.byte()).min(self.0.len());
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        bytes
    }

    /// Up to so many changes of a value, of one or some bytes each.
    pub fn edit(&mut self, value: &mut Vec<u8>, most: u8) {
        for _ in 0..self.byte().min(most) {
            let kind = self.byte();
            let at = usize::from(self.byte()) % (value.len() + 1);
            match kind % 6 {
                0 if at < value.len() => value[at] = self.byte(),
                1 if at < value.len() => value[at] ^= 1 << (self.byte() % 8),
                2 if at < value.len() => drop(value.remove(at)),
                3 => value.insert(at, self.byte()),
                4 => value.truncate(at),
                5 => drop(value.splice(at..at, self.bytes().iter().copied())),
                _ => {}
            }
        }
    }
}
