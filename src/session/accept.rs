//! The form of answer that an `Accept` header asks for (RFC 9110, 12.5.1).

use crate::session::AnswerForm;

/// A browser names `text/html`; a client that names neither that nor plain
/// text gets what a program reads.
///
/// `*/*` alone says nothing: it is what `curl` and `fetch` send.
pub(super) fn form(accept: &str) -> AnswerForm {
    let html = named(accept, "text/html").unwrap_or(0);
    if html == MOST {
        return AnswerForm::Page; // nothing is wanted more
    }
    let json = quality(accept, "application/json").max(quality(accept, "application/problem+json"));
    if html > 0 && html >= json {
        AnswerForm::Page
    } else if quality(accept, "text/plain") > json {
        AnswerForm::Plain
    } else {
        AnswerForm::Api
    }
}

/// How much a type is wanted, in thousandths: what is named exactly counts
/// before `type/*`, and that before `*/*`.
fn quality(accept: &str, wanted: &str) -> u16 {
    let family = wanted.split('/').next().unwrap_or_default();
    let is_family = |range: &str| {
        let named = range.strip_suffix("/*");
        named.is_some_and(|named| named.eq_ignore_ascii_case(family))
    };
    named(accept, wanted)
        .or_else(|| weight(accept, is_family))
        .or_else(|| named(accept, "*/*"))
        .unwrap_or(0)
}

/// The weight of one range, if it is there.
fn named(accept: &str, wanted: &str) -> Option<u16> {
    weight(accept, |range| range.eq_ignore_ascii_case(wanted))
}

fn weight(accept: &str, is_wanted: impl Fn(&str) -> bool) -> Option<u16> {
    accept.split(',').find_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        if !is_wanted(parts.next()?) {
            return None;
        }
        let weight = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        weight.map_or(Some(MOST), thousandths)
    })
}

/// `0.5` as 500. What is no weight makes its range none.
fn thousandths(weight: &str) -> Option<u16> {
    let (whole, part) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = part.bytes().all(|byte| byte.is_ascii_digit());
    let part: u16 = match digits && part.len() <= 3 {
        true => format!("{part:0<3}").parse().ok()?,
        false => return None,
    };
    match (whole, part) {
        ("0", part) => Some(part),
        ("1", 0) => Some(MOST),
        _ => None,
    }
}

/// The weight of what is wanted without a word about how much.
const MOST: u16 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_what_is_wanted_most() {
        use AnswerForm::{Api, Page, Plain};
        for (expected, accept) in [
            (
                Page,
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            ),
            (Page, "TEXT/HTML"),
            (Page, "text/html; charset=utf-8 ; Q=0.3"),
            (Page, "text/html, */*"),
            (Page, "application/json, text/html"),
            (Page, " text/html;level=1;q=1.000"),
            (Api, "text/html;q=0"),
            (Api, "text/html;q=0.000, */*"),
            (Api, "text/html;q=0.5, application/json"),
            (Api, "text/html;q=2"),
            (Api, "text/html;q=x"),
            (Api, "text/html;q=0.1234"),
            (Api, "text/html;q=-1"),
            (Api, "text/htmlx, xtext/html"),
            (Api, "application/xhtml+xml;profile=\"text/html\""),
            (Api, "application/json"),
            (Api, "application/json, text/plain, */*"),
            (Api, "application/problem+json, text/plain;q=0.9"),
            (Api, "*/*"),
            (Api, "image/avif,image/webp,*/*;q=0.8"),
            (Api, "text/plain, */*"),
            (Api, ""),
            (Api, ",;,=;q"),
            (Plain, "text/plain"),
            (Plain, "Text/Plain; charset=utf-8"),
            (Plain, "text/*"),
            (Plain, "text/plain, */*;q=0.1"),
            (
                Plain,
                "text/plain, application/json;q=0.2, application/*;q=0.1",
            ),
            (Plain, "text/plain, text/html;q=0"),
        ] {
            assert_eq!(form(accept), expected, "{accept}");
        }
    }
}
