//! The same for the cookies that carry a text, a message or where to go next:
//! what is read is what the ring has signed, and its time is not over. Then the
//! real pages: no words of anybody else are shown, and nobody is sent away.

#![no_main]

use std::sync::LazyLock;

use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use portcullis::{Flashes, LocalPath, NextIn, fuzz_bridge::Cookies, public};
use portcullis_fuzz::{
    FOREIGN, NEWEST, OLDER, block_on, cookies, cookies_of_a_realm,
    forge::Key,
    input::Input,
    support::{START, User, World, key, with_cookie},
};

static REALM: LazyLock<Cookies> = LazyLock::new(cookies_of_a_realm);
static WORLD: LazyLock<World> = LazyLock::new(|| {
    World::with(
        |builder| builder.older_key(key(OLDER)).next_in(NextIn::Cookie),
        |routes, _| routes.get("/told", public(told)),
    )
});

async fn told(flashes: Flashes<User>) -> String {
    let told = flashes
        .iter()
        .map(|flash| format!("{}: {flash}\n", flash.category()));
    told.collect()
}

const USES: [&str; 2] = ["flash", "next"];
/// Their places among the cookies of a realm.
const PLACES: [usize; 2] = [3, 4];
const ENDS: [u64; 6] = [0, START, START + 1, START + 600, u64::MAX, START - 1];

fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let of = usize::from(input.byte()) % USES.len();
    let (usage, place) = (USES[of], PLACES[of]);
    let key = match input.byte() % 6 {
        0 | 1 => Key::new(NEWEST, "login", usage),
        2 => Key::new(OLDER, "login", usage),
        3 => Key::new(FOREIGN, "login", usage),
        4 => Key::new(NEWEST, "login", USES[1 - of]),
        _ => Key::new(NEWEST, "staff", usage),
    };
    let (kind, end) = (input.byte() % 4, input.pick(&ENDS));
    let mut value = match kind {
        0 => key.message(input.bytes()), // of another version, or of none
        1 => input.bytes().to_vec(),
        _ => key.text(end, input.bytes()),
    };
    input.edit(&mut value, 8);

    let name = REALM.names()[place];
    let headers = cookies::headers([[name.as_bytes(), b"=", &value].concat().as_slice()]);
    let all = cookies::read(cookies::lines(&headers));
    let shown = cookies::one_of(&all, name).unwrap_or_default();
    let expected = [NEWEST, OLDER]
        .into_iter()
        .find_map(|byte| Key::new(byte, "login", usage).has_signed_text(&shown, START));
    assert_eq!(REALM.text(place, &headers), expected);

    let Some(line) = cookies::lines(&headers).next() else {
        return;
    };
    block_on(async {
        let app = &WORLD.app;
        if usage == "flash" {
            let reply = with_cookie(app, Method::GET, "/told", line).await;
            let told: Option<Vec<(String, String)>> =
                expected.and_then(|text| serde_json::from_str(&text).ok());
            let told = told.unwrap_or_default();
            let page = told
                .iter()
                .map(|(category, text)| format!("{category}: {text}\n"));
            assert_eq!(reply.body, page.collect::<String>());
            let removes = reply
                .set_cookies()
                .iter()
                .any(|line| line.contains("Max-Age=0"));
            assert_eq!(removes, !told.is_empty(), "it is told once");
        } else {
            let reply = with_cookie(app, Method::POST, "/login/1", line).await;
            let next = expected.filter(|text| LocalPath::parse(text.as_str()).is_some());
            let next = next.as_deref().unwrap_or("/me");
            assert_eq!(reply.header("location"), Some(next));
        }
    });
});
