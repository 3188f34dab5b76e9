//! The cookies of a request, as RFC 6265bis, 5.7 and 4.2 have it, and our rule:
//! two of one name are none.
//!
//! Written byte by byte, as a machine of three states, and not as the library
//! does it.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, header};

/// Which names stand in these lines, and with which values.
pub fn read<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> BTreeMap<Vec<u8>, Vec<Vec<u8>>> {
    let mut all: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for line in lines {
        let (mut name, mut value, mut is_name) = (Vec::new(), Vec::new(), true);
        for byte in line.iter().copied().chain([b';']) {
            match (byte, is_name) {
                (b';', _) => {
                    if !is_name {
                        let (name, value) = (without_space(&name), without_space(&value));
                        all.entry(name).or_default().push(value);
                    }
                    (name, value, is_name) = (Vec::new(), Vec::new(), true);
                }
                (b'=', true) => is_name = false,
                (_, true) => name.push(byte),
                (_, false) => value.push(byte),
            }
        }
    }
    all
}

/// The value of the one cookie with this name.
pub fn one_of(all: &BTreeMap<Vec<u8>, Vec<Vec<u8>>>, name: &str) -> Option<Vec<u8>> {
    match all.get(name.as_bytes())?.as_slice() {
        [value] => Some(value.clone()),
        _ => None,
    }
}

/// The lines that a server lets through, in a request.
pub fn headers<'a>(lines: impl IntoIterator<Item = &'a [u8]>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Ok(line) = HeaderValue::from_bytes(line) {
            headers.append(header::COOKIE, line);
        }
    }
    headers
}

/// The `Cookie` lines of a request.
pub fn lines(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    lines.map(HeaderValue::as_bytes)
}

fn without_space(text: &[u8]) -> Vec<u8> {
    let is_space = |byte: &u8| *byte == 0x20 || *byte == 0x09;
    let Some(first) = text.iter().position(|byte| !is_space(byte)) else {
        return Vec::new();
    };
    let last = text.iter().rposition(|byte| !is_space(byte)).unwrap();
    text[first..=last].to_vec()
}
