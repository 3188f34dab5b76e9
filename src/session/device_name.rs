//! What a browser calls itself, in words for its user.

/// As in "Firefox on Linux". What no rule knows stays as it came, as far as it
/// is harmless on a page; nothing at all is an unknown device.
pub(super) fn device_name(user_agent: &[u8]) -> String {
    let text = String::from_utf8_lossy(user_agent);
    let named = |table: &[(&str, &'static str)]| {
        let mut rows = table.iter();
        rows.find(|(sign, _)| text.contains(sign))
            .map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => as_it_came(&text),
    }
}

fn as_it_came(text: &str) -> String {
    let harmless = |char: &char| char.is_ascii_alphanumeric() || " ./_-".contains(*char);
    let kept: String = text.chars().filter(harmless).take(LONGEST).collect();
    match kept.trim() {
        "" => "unknown device".to_owned(),
        kept => kept.to_owned(),
    }
}

const LONGEST: usize = 40;

/// Browsers, by what only they say: each also says the names below it.
const BROWSERS: [(&str, &str); 13] = [
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("YaBrowser/", "Yandex Browser"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 8] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_plain_words() {
        for (user_agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
                "Chrome on Windows",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/138.0 Mobile/15E148 Safari/604.1",
                "Chrome on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
                "Samsung Internet on Android",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
                "Safari on macOS",
            ),
            ("Firefox/1.0", "Firefox"),
            ("curl/8.5.0", "curl/8.5.0"),
            ("", "unknown device"),
        ] {
            assert_eq!(device_name(user_agent.as_bytes()), name, "{user_agent}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        let hostile = "<script>alert(1)</script>\" onload='x' \u{202e}".repeat(100);
        let name = device_name(hostile.as_bytes());
        assert_eq!(name, "scriptalert1/script onloadx scriptalert1");
        assert_eq!(device_name(&[0xff; 9_000]), "unknown device");
    }
}
