//! A token that was signed, with changes that the input chooses, or any bytes at
//! all, as the cookie of a session, a stranger or a remembered browser: accepted
//! is exactly what the ring has signed, in the one spelling that it has.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::fuzz_bridge::Cookies;
use portcullis_fuzz::{
    FOREIGN, NEWEST, OLDER, cookies, cookies_of_a_realm, forge::Key, input::Input, support::key,
};

static REALM: LazyLock<Cookies> = LazyLock::new(cookies_of_a_realm);

const USES: [&str; 3] = ["login", "stranger", "remember"];

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let of = usize::from(input.byte()) % USES.len();
    let usage = USES[of];
    let signer = match input.byte() % 6 {
        0 => Some(Key::new(NEWEST, "login", usage)),
        1 => Some(Key::new(OLDER, "login", usage)),
        2 => Some(Key::new(FOREIGN, "login", usage)),
        3 => Some(Key::new(NEWEST, "login", USES[(of + 1) % USES.len()])),
        4 => Some(Key::new(NEWEST, "staff", usage)),
        _ => None,
    };
    let mut value = match signer {
        Some(signer) => signer.token(&[input.byte(); 16], &[input.byte(); 32]),
        None => input.bytes().to_vec(),
    };
    input.edit(&mut value, 8);

    let line = [REALM.names()[of].as_bytes(), b"=", &value].concat();
    let headers = cookies::headers([line.as_slice()]);
    // What the parser leaves of it: a changed value may hold a `;`.
    let all = cookies::read(cookies::lines(&headers));
    let shown = cookies::one_of(&all, REALM.names()[of]).unwrap_or_default();
    let signed_by = [NEWEST, OLDER]
        .into_iter()
        .find(|byte| Key::new(*byte, "login", usage).has_signed_token(&shown));

    let read = REALM.token(of, &headers);
    assert_eq!(read.is_some(), signed_by.is_some());
    if let (Some(token), Some(byte)) = (read, signed_by) {
        assert_eq!(token.is_signed_by_the_newest(), byte == NEWEST);
        let spelled = token.signed_with(&key(byte), "login", usage);
        assert_eq!(spelled.as_bytes(), shown);
    }
});
