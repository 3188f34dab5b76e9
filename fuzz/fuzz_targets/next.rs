//! Any text as where to go after a login, beside the parser of the URL standard:
//! what `LocalPath` accepts stays on the origin, whoever decodes it once more,
//! and so does each redirect that the text leads to.

#![no_main]

use std::sync::LazyLock;

use axum::http::{Method, Uri};
use libfuzzer_sys::{Corpus, fuzz_target};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use portcullis::LocalPath;
use portcullis_fuzz::{
    block_on,
    support::{World, with_cookie},
};
use url::Url;

static WORLD: LazyLock<World> = LazyLock::new(World::new);
static BASE: LazyLock<Url> =
    LazyLock::new(|| Url::parse("https://app.example/login/step").unwrap());

fuzz_target!(|data: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(data) else {
        return Corpus::Reject;
    };
    let accepted = LocalPath::parse(text);
    if let Some(path) = &accepted {
        assert_eq!(path.as_str(), text);
        stays_here(text);
        let url = BASE.join(text).unwrap();
        let read_back = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        // A browser writes some bytes of a query or a path in hex, and no other.
        assert_eq!(decoded(&read_back), decoded(text));
        // What browsers strip, and what one decoder too many makes of it.
        for place in 0..=text.len().min(3) {
            for stripped in ["\t", "\r", "\n"] {
                let mut text = text.to_owned();
                text.insert_str(place, stripped);
                stays_here(&text);
                assert_eq!(LocalPath::parse(text), None);
            }
        }
        stays_here(&decoded(text));
        stays_here(&decoded(&decoded(text)));
    }

    // In the query, spelled as it is and spelled in full.
    let spelled = percent_encode(text.as_bytes(), NON_ALPHANUMERIC).to_string();
    let by_spelled = goes_to(&format!("/login/1?next={spelled}")).unwrap();
    let path = accepted.as_ref().map_or("/me", LocalPath::as_str);
    assert_eq!(by_spelled, path);
    if let Some(location) = goes_to(&format!("/login/1?next={text}")) {
        let is_one = !text.contains(['&', '#']);
        let read = LocalPath::parse(decoded(&text.replace('+', " ")));
        if is_one && percent_decode_str(text).decode_utf8().is_ok() {
            let path = read.as_ref().map_or("/me", LocalPath::as_str);
            assert_eq!(location, path);
        }
    }
    // A page that asks for a login, and the way back to it.
    refused_and_back(text);
    Corpus::Keep
});

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn stays_here(text: &str) {
    let url = BASE.join(text).unwrap();
    assert_eq!(url.origin(), BASE.origin(), "{text:?} leads to {url}");
    assert_eq!((url.username(), url.password()), ("", None), "{text:?}");
}

/// Where a login at this address goes on; `None` if no client can ask for it.
fn goes_to(at: &str) -> Option<String> {
    at.parse::<Uri>().ok()?;
    let reply = block_on(with_cookie(&WORLD.app, Method::POST, at, b"a=b"));
    let location = reply.header("location").unwrap().to_owned();
    stays_here(&location);
    assert_eq!(
        LocalPath::parse(location.as_str()).unwrap().as_str(),
        location
    );
    Some(location)
}

fn refused_and_back(text: &str) {
    let page = format!("/me?{text}");
    let Ok(uri) = page.parse::<Uri>() else {
        return;
    };
    let reply = block_on(async {
        let mut browser = WORLD.browser();
        browser.get(&page).await
    });
    let location = reply.header("location").unwrap();
    stays_here(location);
    let back = goes_to(&format!(
        "/login/1{}",
        location.strip_prefix("/login").unwrap()
    ))
    .unwrap();
    let page = uri.path_and_query().unwrap().as_str();
    let page = LocalPath::parse(page).map_or("/me".to_owned(), |page| page.to_string());
    assert_eq!(back, page);
}
