//! A token that was signed, with changes that the input chooses, or any bytes at
//! all, as the cookie of a session, a stranger or a remembered browser: accepted
//! is exactly what the ring has signed, in the one spelling that it has.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::fuzz_bridge::Cookies;
use portcullis_fuzz::{
    FOREIGN, NEWEST, OLDER, cookies, cookies_of, forge::Key, input::Input, support::key,
};

static REALMS: LazyLock<[(&str, Cookies); 2]> =
    LazyLock::new(|| ["login", "staff"].map(|realm| (realm, cookies_of(realm))));

const USES: [&str; 3] = ["login", "stranger", "remember"];

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let (of, signer) = (input.byte(), input.byte());
    let ((realm, cookies_of_realm), of) = (
        &REALMS[usize::from(of >= 128)],
        usize::from(of) % USES.len(),
    );
    let (usage, another_use) = (USES[of], USES[(of + 1) % USES.len()]);
    let another_realm = REALMS[usize::from(*realm == "login")].0;
    let signer = match signer % 6 {
        0 => Some(Key::new(NEWEST, realm, usage)),
        1 => Some(Key::new(OLDER, realm, usage)),
        2 => Some(Key::new(FOREIGN, realm, usage)),
        3 => Some(Key::new(NEWEST, realm, another_use)),
        4 => Some(Key::new(NEWEST, another_realm, usage)),
        _ => None,
    };
    let mut value = match signer {
        Some(signer) => signer.token(&[input.byte(); 16], &[input.byte(); 32]),
        None => input.bytes().to_vec(),
    };
    input.edit(&mut value, 8);

    let name = cookies_of_realm.names()[of];
    let headers = cookies::headers([[name.as_bytes(), b"=", &value].concat().as_slice()]);
    // What the parser leaves of it: a changed value may hold a `;`.
    let all = cookies::read(cookies::lines(&headers));
    let shown = cookies::one_of(&all, name).unwrap_or_default();
    let signed_by = [NEWEST, OLDER]
        .into_iter()
        .find(|byte| Key::new(*byte, realm, usage).has_signed_token(&shown));

    let read = cookies_of_realm.token(of, &headers);
    assert_eq!(read.is_some(), signed_by.is_some());
    if let (Some(token), Some(byte)) = (read, signed_by) {
        assert_eq!(token.is_signed_by_the_newest(), byte == NEWEST);
        let spelled = token.signed_with(&key(byte), realm, usage);
        assert_eq!(spelled.as_bytes(), shown);
    }
});
