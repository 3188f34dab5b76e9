//! Any bytes as `Cookie` lines, one a line of the input: each of our cookies is
//! found where RFC 6265bis says that it is, and nowhere else.

#![no_main]

use std::sync::LazyLock;

use axum::http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use portcullis::fuzz_bridge::Cookies;
use portcullis_fuzz::{cookies, cookies_of_a_realm};

static REALM: LazyLock<Cookies> = LazyLock::new(cookies_of_a_realm);

fuzz_target!(|data: &[u8]| {
    let headers = cookies::headers(data.split(|byte| *byte == b'\n'));
    assert_eq!(REALM.values(&headers), expected(&headers));

    // One cookie of ours among all that is there: it is found if it is alone,
    // and hidden by any other of its name, also by an equal one.
    let ours = b"__Host-login=v1.ours";
    for place in [0, data.len()] {
        let mut data = data.to_vec();
        data.splice(place..place, [&b"\n"[..], ours, b"\n"].concat());
        let with_ours = cookies::headers(data.split(|byte| *byte == b'\n'));
        let all = cookies::read(cookies::lines(&headers));
        let is_alone = !all.contains_key(&b"__Host-login"[..]);
        let found = REALM.values(&with_ours)[0].take();
        assert_eq!(found, is_alone.then(|| b"v1.ours".to_vec()));
    }
});

fn expected(headers: &HeaderMap) -> [Option<Vec<u8>>; 6] {
    let all = cookies::read(cookies::lines(headers));
    REALM.names().map(|name| cookies::one_of(&all, name))
}
