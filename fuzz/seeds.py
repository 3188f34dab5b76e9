#!/usr/bin/env python3
"""Writes the inputs that each target begins with, as their names say."""

import pathlib
import shutil

HERE = pathlib.Path(__file__).parent / "corpus"


def write(target, seeds):
    folder = HERE / target
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, seed in seeds.items():
        data = seed if isinstance(seed, bytes) else bytes(seed)
        (folder / name).write_bytes(data)


def counted(data):
    return [len(data), *data]


OURS = b"__Host-login=v1.a.b.c"
write(
    "cookie_header",
    {
        "one": OURS,
        "among_others": b"a=b; " + OURS + b"; c=d",
        "over_two_lines": b"a=b\n" + OURS,
        "two_of_a_name": OURS + b"; " + OURS,
        "spaces_around": b"\t __Host-login \t=\t x \t;",
        "an_umlaut_before": "ü=ü; ".encode() + OURS,
        "a_wide_space_before": "\u2000".encode() + OURS,
        "no_value": b"__Host-login=; __Host-login-remember",
        "every_kind": b"; ".join(
            b"__Host-login" + kind + b"=x"
            for kind in [b"", b"-stranger", b"-remember", b"-flash", b"-next", b"-known"]
        ),
        "equal_signs": b"=__Host-login=x; __Host-login==x=",
        "quoted": b'__Host-login="x"',
        "another_case": b"__host-LOGIN=x",
    },
)

# Which cookie (of staff from 129 on), who signs, the byte of id and secret, edits.
KINDS = {"session": 0, "stranger": 1, "remember": 2}
SIGNERS = ["the_newest", "an_older", "a_foreign", "another_use", "another_realm"]
tokens = {
    f"{kind}_by_{signer}": [number, place, 7, 9, 0]
    for kind, number in KINDS.items()
    for place, signer in enumerate(SIGNERS)
    if kind == "session" or place < 2
}
tokens |= {
    "session_of_staff": [129, 0, 7, 9, 0],
    "session_of_staff_by_another_realm": [129, 4, 7, 9, 0],
    "a_byte_changed": [0, 0, 7, 9, 1, 0, 40, 65],
    "a_bit_of_the_tag": [0, 0, 7, 9, 1, 1, 91, 1],
    "cut": [0, 0, 7, 9, 1, 4, 80],
    "longer": [0, 0, 7, 9, 1, 3, 92, 65],
    "a_dot_more": [0, 0, 7, 9, 1, 3, 30, 46],
    "unsigned": [0, 5, *counted(b"v1.BwcHBwcHBwcHBwcHBwcHBw.CQ.AA"), 0],
}
write("session_cookie", tokens)

# What happens; the numbers say how long ago a cookie was given.
IN, PRESENT, EARLIER, SESSION, FORGED, OUT = [0, 0], [3], [4], [6], [7, 0, 1, 0, 40, 65], [8, 0]
SECOND, JUST_UNDER, A_MINUTE, SIX_DAYS, MONTH = [9, 0], [9, 2], [9, 3], [9, 6], [9, 7]
write(
    "remember_cookie",
    {
        "used_again_and_again": IN + (PRESENT + A_MINUTE) * 4,
        "two_at_once": IN + PRESENT + EARLIER + SECOND + EARLIER,
        "the_answer_was_lost": IN + PRESENT + A_MINUTE + EARLIER + PRESENT,
        "a_copy_after_the_owner": IN + PRESENT + SESSION + A_MINUTE + EARLIER + PRESENT,
        "a_copy_within_a_minute": IN + PRESENT + SESSION + JUST_UNDER + EARLIER,
        "the_lost_one_is_shown": IN + PRESENT + A_MINUTE + EARLIER + EARLIER,
        "logged_out": IN + PRESENT + OUT + PRESENT + SESSION,
        "forged": IN + FORGED + PRESENT + FORGED,
        "a_year_later": IN + MONTH * 13 + PRESENT,
        "idle_for_weeks": IN + PRESENT + (SIX_DAYS + SESSION) * 5 + PRESENT,
        "two_users": IN + [0, 1] + [1, 0, 1, 1, 5, 0, 5, 1],
        "more_than_are_kept": IN + PRESENT * 10 + [1, 10, 1, 9],
    },
)

# Which cookie, who signs, how, its end, the text, edits.
MESSAGE = counted(b'[["message","Please log in"]]')
PATH = counted(b"/orders?page=2")
write(
    "flash",
    {
        "a_message": [0, 0, 2, 3, *MESSAGE, 0],
        "by_an_older_key": [0, 2, 2, 3, *MESSAGE, 0],
        "by_a_foreign_key": [0, 3, 2, 3, *MESSAGE, 0],
        "of_another_use": [0, 4, 2, 3, *MESSAGE, 0],
        "of_another_realm": [0, 5, 2, 3, *MESSAGE, 0],
        "over": [0, 0, 2, 1, *MESSAGE, 0],
        "a_second_left": [0, 0, 2, 2, *MESSAGE, 0],
        "no_list": [0, 0, 2, 3, *counted(b"{}"), 0],
        "not_utf8": [0, 0, 2, 3, *counted(b"\xff"), 0],
        "another_version": [0, 0, 0, 3, *counted(b"v2.1800000600.W10"), 0],
        "a_part_more": [0, 0, 0, 3, *counted(b"v1.1800000600.W10.W10"), 0],
        "a_byte_changed": [0, 0, 2, 3, *MESSAGE, 1, 1, 20, 1],
        "next": [1, 0, 2, 3, *PATH, 0],
        "next_of_another_site": [1, 0, 2, 3, *counted(b"//evil.example"), 0],
        "next_unsigned": [1, 0, 1, 3, *counted(b"v1.1800000600.L2E.AAAA"), 0],
    },
)

write(
    "next",
    {
        "a_page": b"/orders?page=2",
        "root": b"/",
        "two_slashes": b"//evil.example",
        "a_backslash": b"/\\evil.example",
        "a_tab": b"/\t/evil.example",
        "encoded": b"/%2fevil.example",
        "encoded_twice": b"/%255cevil.example",
        "an_encoded_line_break": b"/%0d%0aSet-Cookie:a=b",
        "dots": b"/a/..//evil.example",
        "encoded_dots": b"/%2e%2e//evil.example",
        "a_scheme": b"https://evil.example",
        "a_user": b"/a:b@evil.example",
        "a_fragment": b"/a#b",
        "a_url_in_the_query": b"/a?b=https://evil.example",
        "plus_and_percent": b"/a+b?c=%2B",
        "an_umlaut": "/ü".encode(),
    },
)

LOGIN = [3, 34, 55, 34, *[5] * 8, *[6] * 4, *[7] * 16, *[0xFF, 0xE3, 0xF8, 0xB9, 0x07], 0, 0, 0, 0, 0, 0]
SERIES = [1, 49, *[6] * 4, *[7] * 16, *[5] * 8, 2, 70, 70, 0, *[0x80, 0xCF, 0x0F], 8, 1, *[3] * 16]
write(
    "record",
    {
        "a_stranger": [0, 1, 0, 0],
        "data": [0, 1, 0, 1, 4, *b"cart", 1, 5, *b"[1,2]"],
        "a_login": [0, 1, 1, *LOGIN, 0, 0, 0, 0],
        "a_later_format": [0, 2, 0, 0],
        "something_behind": [0, 1, 0, 0, 0],
        "a_length_that_lies": [0, 1, 0, 0xFF, 0xFF, 0xFF, 0x7F],
        "a_length_of_64_bits": [0, 1, 0, *[0xFF] * 9, 1],
        "a_padded_number": [0, 1, 0, 0x80, 0],
        "a_series": [1, 1, *SERIES, 0],
        "a_series_with_a_past": [1, 1, *SERIES, 2, *[1] * 32, 0, *[2] * 32, 1, 9],
        "a_series_that_lies": [1, 1, *SERIES, 0xFF, 0xFF, 3],
        "a_link": [2, 1, 5, *b"reset", 1, 49, *[6] * 4, *[7] * 16],
        "a_link_that_is_no_text": [2, 1, 2, 0xFF, 0xFE, 1, 49, *[6] * 4, *[7] * 16],
        "a_count": [3, 1, 0, 0, 0, 9],
    },
)

# A browser, what it does, and its choices: as `fuzz_targets/requests` reads them.
GET, POST = 0, 1
PATHS = dict(
    me=0, fresh=1, who=2, data=4, login=6, remember=7, to_me=8, stale=9, confirm=10, confirm_2=11,
    switch=12, password=13, out=14, any=15, callback=16, hook=17, note=18, assets=19, member=20,
    member_fresh=21, files=22, nothing_there=23,
)  # fmt: skip
NO_COOKIE_MORE = 15


def ask(browser, method, path, *headers):
    flat = [number for header in headers for number in header]
    return [browser, 5, method, PATHS[path], len(headers), *flat, NO_COOKIE_MORE]


def get(browser, path, *headers):
    return ask(browser, GET, path, *headers)


def post(browser, path, *headers):
    return ask(browser, POST, path, *headers)


def wait(choice):
    return [0, 0, choice]


PAGE, CROSS_SITE, OTHER_ORIGIN, HOST, HTMX, KEY = [0, 0], [1, 1], [2, 1], [3, 0], [4, 0], [6, 0]
CLOSE, STEAL, CHANGE_AGENT = [0, 1], [0, 2, 1], [0, 4, 1]
write(
    "requests",
    {
        "in_and_out": post(0, "login") + get(0, "me") + post(0, "out") + get(0, "me"),
        "every_page": post(0, "login") + sum((get(0, path) for path in PATHS), []),
        "every_page_of_nobody": sum((get(0, path, PAGE) for path in list(PATHS)[:12]), []),
        "out_with_a_copy_elsewhere": post(0, "login") + STEAL + get(1, "me") + post(0, "out") + get(1, "me"),
        "remembered": post(0, "remember") + get(0, "me") + CLOSE + get(0, "me") + get(0, "fresh"),
        "stolen": post(0, "remember") + CLOSE + STEAL + get(1, "me") + get(1, "me") + wait(2)
        + get(0, "me") + get(1, "me"),
        "confirmed": post(0, "login") + wait(4) + get(0, "fresh", PAGE) + post(0, "confirm")
        + get(0, "fresh") + get(0, "member_fresh"),
        "switched": post(0, "login") + STEAL + post(0, "switch") + get(0, "me") + get(1, "me"),
        "a_new_password": post(0, "remember") + STEAL + post(0, "password") + get(0, "me") + get(1, "me"),
        "idle": post(0, "login") + (wait(6) + get(0, "me")) * 2 + wait(7) + get(0, "me"),
        "from_another_site": post(0, "login") + post(0, "out", CROSS_SITE) + post(0, "hook", CROSS_SITE)
        + post(0, "out", OTHER_ORIGIN, HOST) + get(0, "me"),
        "by_key": get(0, "me", KEY) + post(0, "out", KEY) + post(0, "login") + get(0, "me", KEY),
        "htmx": get(0, "me", HTMX, [5, 0]) + get(0, "fresh", HTMX, [5, 1]),
        "notes": post(0, "note") + get(0, "data") + post(0, "login") + get(0, "data") + post(0, "note")
        + get(0, "data") + post(0, "switch") + get(0, "data"),
        "another_agent": post(0, "login") + CHANGE_AGENT + get(0, "fresh") + get(0, "me"),
        "ended": post(0, "login") + [0, 3, 0, 1] + get(0, "me") + post(0, "login") + get(0, "me"),
        "two_cookies": post(0, "login") + post(1, "login")
        + [0, 5, GET, 0, 0, 1, 1, 0, 0, 0] + get(0, "me"),
        "a_changed_cookie": post(0, "login") + [0, 5, GET, 0, 0, 1, 0, 0, 1, 0, 30, 65, 1] + get(0, "me"),
        "a_callback": get(0, "callback") + get(0, "me") + get(1, "callback", [9, 0]),
    },
)  # fmt: skip
