//! How every record's body is read: a byte that says the format, then the
//! fields, and nothing after them.

use serde::Deserialize;

use crate::error::BoxError;

/// Reads the fields of a body. What is left over was written by nobody: such a
/// body is refused as one of another format is.
pub(crate) fn read<'a, T: Deserialize<'a>>(format: u8, body: &'a [u8]) -> Result<T, BoxError> {
    match body.split_first() {
        Some((first, fields)) if *first == format => match postcard::take_from_bytes(fields)? {
            (read, []) => Ok(read),
            _ => Err("a record is longer than what it says".into()),
        },
        _ => Err("a record is of an unknown format".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_to_its_end_and_not_beyond() {
        let read = |body: &[u8]| read::<(u8, bool)>(1, body).ok();
        assert_eq!(read(&[1, 7, 1]), Some((7, true)));
        assert_eq!(read(&[2, 7, 1]), None, "of a later format");
        assert_eq!(read(&[1, 7]), None, "cut");
        assert_eq!(read(&[1, 7, 1, 0]), None, "longer");
        assert_eq!(read(&[]), None);
    }
}
