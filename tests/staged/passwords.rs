//! Passwords: the same answer and the same work for everybody.

use std::sync::atomic::Ordering;

use axum::http::StatusCode;
use portcullis::{Password, PasswordCost};

use crate::world::*;

#[tokio::test]
async fn the_right_password_logs_in() {
    let world = World::new();
    let mut browser = world.browser();
    assert_eq!(
        log_in_as(&mut browser, "one", PASSWORD).await.location(),
        Some("/in")
    );
    assert_eq!(browser.get("/fresh").await.text(), "one");
}

/// Unknown, without a password, inactive, wrong: one hash each, one answer.
#[tokio::test]
async fn whoever_is_refused_learns_no_reason() {
    let world = World::new();
    let mut answers = Vec::new();
    for (name, password) in [
        ("one", "wrong"),
        ("two", "wrong"),
        ("nobody", PASSWORD),
        ("three", PASSWORD),
        ("three", ""),
        ("four", PASSWORD),
        ("four", "wrong"),
        ("", ""),
    ] {
        for accept in ["text/html", "application/json"] {
            let before = world.hashes();
            let mut browser = world.browser();
            let form = [("name", name), ("password", password)];
            let answer = browser
                .post("/login?next=%2Fin")
                .accept(accept)
                .form(form)
                .await;
            assert_eq!(world.hashes() - before, 1, "{name} {password}");
            let headers: Vec<_> = answer
                .headers()
                .iter()
                .filter(|(name, _)| name.as_str() != "set-cookie") // a signed message
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            let cookies: Vec<_> = browser.cookie_names().map(str::to_owned).collect();
            answers.push((
                cookies,
                accept,
                answer.status(),
                answer.text(),
                headers,
                browser.flashes().len(),
            ));
            assert_eq!(browser.get("/who").await.text(), "nobody");
        }
    }
    for pair in answers.chunks(2) {
        assert_eq!(pair, &answers[..2]);
    }
    assert_eq!(answers[0].2, StatusCode::SEE_OTHER);
    assert_eq!(answers[1].2, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_is_too_long_is_refused_without_work() {
    let world = World::new();
    let (fits, too_long) = (
        "x".repeat(Password::MAX_BYTES),
        "x".repeat(Password::MAX_BYTES + 1),
    );
    let long = "pässwörd-of-64-characters-".repeat(3);
    assert!(long.chars().count() >= 64);
    let hash = Password::from(long.clone())
        .hash(PasswordCost::new(8, 1))
        .unwrap();
    world
        .accounts
        .change(1, |account| account.hash = Some(hash));
    assert_eq!(
        log_in_as(&mut world.browser(), "one", &long)
            .await
            .location(),
        Some("/in")
    );

    let before = world.hashes();
    let mut answers = Vec::new();
    for name in ["one", "nobody"] {
        let answer = log_in_as(&mut world.browser(), name, &too_long).await;
        answers.push((
            answer.status(),
            answer.text(),
            answer.location().map(str::to_owned),
        ));
    }
    assert_eq!(world.hashes(), before);
    assert_eq!(answers[0], answers[1]);
    log_in_as(&mut world.browser(), "nobody", &fits).await;
    assert_eq!(world.hashes(), before + 1);
}

/// A password is what it is, to the last space (OWASP ASVS 5.0, 6.2.8).
#[tokio::test]
async fn a_password_is_taken_as_it_is() {
    let world = World::new();
    for wrong in [
        "Correct horse",
        "correct horse ",
        " correct horse",
        "correct  horse",
        "correct",
    ] {
        let answer = log_in_as(&mut world.browser(), "one", wrong).await;
        assert_eq!(answer.location(), Some("/login"), "{wrong:?}");
    }
}

#[tokio::test]
async fn an_imported_hash_is_replaced_at_the_first_login() {
    let world = World::new();
    let bcrypt = "$2b$04$a1guQXxnlz0dcBFECyn.BOPDZKXRWALrttHep/MooQjhuX.62NEsC";
    world
        .accounts
        .change(1, |account| account.hash = Some(bcrypt.to_owned()));

    log_in_as(&mut world.browser(), "one", "wrong").await;
    assert_eq!(world.hashes(), 1, "a wrong password upgrades nothing");
    assert!(world.accounts.upgraded.lock().unwrap().is_empty());

    let mut browser = world.browser();
    let answer = log_in_as(&mut browser, "one", "correct horse battery").await;
    assert_eq!(answer.location(), Some("/in"));
    assert_eq!(world.hashes(), 3, "one to check, one to upgrade");
    let hash = world.accounts.get(1).unwrap().hash.unwrap();
    assert!(hash.starts_with("$argon2id$"));
    assert_eq!(
        browser.get("/in").await.text(),
        "one",
        "the login is of the new hash"
    );

    log_in_as(&mut world.browser(), "one", "correct horse battery").await;
    assert_eq!(world.hashes(), 4, "and never again");
}

#[tokio::test]
async fn a_hash_that_cost_less_is_replaced() {
    let world = World::with(|builder| builder.password_cost(PasswordCost::new(7 * 1024, 5)));
    log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(world.hashes(), 2);
    let hash = world.accounts.get(1).unwrap().hash.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=7168,t=5,p=1$"), "{hash}");
}

#[tokio::test]
async fn a_hash_that_nobody_can_read_lets_nobody_in() {
    let world = World::new();
    for unreadable in [
        "",
        "correct horse",
        "$argon2id$v=19$m=8,t=1,p=1$c2FsdA",
        "$5$x$y",
        "md5$a$b",
    ] {
        world
            .accounts
            .change(1, |account| account.hash = Some(unreadable.to_owned()));
        let before = world.hashes();
        let answer = log_in_as(&mut world.browser(), "one", "correct horse").await;
        assert_ne!(answer.location(), Some("/in"), "{unreadable}");
        assert_eq!(world.hashes() - before, 1, "{unreadable}");
    }
}

#[tokio::test]
async fn a_new_password_has_a_least_length() {
    let world = World::new();
    let mut browser = world.browser();
    log_in_as(&mut browser, "one", PASSWORD).await;
    let before = world.hashes();
    for unfit in ["", "1234567", "äöüßé", &"x".repeat(Password::MAX_BYTES + 1)] {
        let answer = browser.post("/password").form([("password", unfit)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(world.hashes(), before);
    let answer = browser
        .post("/password")
        .form([("password", "12345678")])
        .await;
    assert_eq!(answer.text(), "changed");
    assert_eq!(browser.get("/in").await.text(), "one");
    assert_eq!(
        log_in_as(&mut world.browser(), "one", PASSWORD)
            .await
            .location(),
        Some("/login")
    );
    assert_eq!(
        log_in_as(&mut world.browser(), "one", "12345678")
            .await
            .location(),
        Some("/in")
    );
}

#[tokio::test]
async fn a_password_that_is_on_the_list_is_no_new_one_and_goes_on_as_an_old_one() {
    let is_listed = |password: &str| [PASSWORD, "qwertyuiop"].contains(&password);
    let world = World::with(|builder| builder.password_blocklist(is_listed));
    let mut browser = world.browser();
    let answer = log_in_as(&mut browser, "one", PASSWORD).await;
    assert_eq!(answer.location(), Some("/in"), "it was allowed then");
    let before = world.hashes();
    for listed in [PASSWORD, "qwertyuiop"] {
        let answer = browser.post("/password").form([("password", listed)]).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(!answer.text().contains(listed));
    }
    assert_eq!(world.hashes(), before);
    let answer = browser
        .post("/password")
        .form([("password", "asdfghjkl")])
        .await;
    assert_eq!(answer.text(), "changed");
}

#[tokio::test]
async fn a_password_is_good_for_as_long_as_nobody_changes_it() {
    let world = World::new();
    world.clock.advance(minutes(10 * 366 * 24 * 60));
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// While the database is away the right password is no guess.
#[tokio::test]
async fn what_nobody_could_decide_does_not_count() {
    let world = World::new();
    world.accounts.away.store(true, Ordering::Relaxed);
    for _ in 0..120 {
        let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    }
    world.accounts.away.store(false, Ordering::Relaxed);
    let answer = log_in_as(&mut world.browser(), "one", PASSWORD).await;
    assert_eq!(answer.location(), Some("/in"));
}

/// Who posts the old password while the new one is set is not let in by it, and who
/// posts the new one is.
#[tokio::test]
async fn what_changes_while_a_password_is_checked_counts() {
    let renewed = |account: &mut Account| {
        let hash = Password::from(PASSWORD.to_owned()).hash(PasswordCost::new(8, 1));
        account.hash = Some(hash.unwrap());
    };
    type Row = (fn(&mut Account), &'static str, u64);
    let changes: [Row; 5] = [
        (
            |account| account.hash = Some("another".to_owned()),
            "/login",
            2,
        ),
        (|account| account.hash = None, "/login", 2),
        (|account| account.active = false, "/login", 1),
        (
            |account| account.totp = Some(SECRET.to_owned()),
            "/login/code",
            1,
        ),
        (renewed, "/in", 2),
    ];
    for (change, location, hashes) in changes {
        let world = World::new();
        *world.accounts.meanwhile.lock().unwrap() = Some((1, change));
        let mut browser = world.browser();
        let answer = log_in_as(&mut browser, "one", PASSWORD).await;
        assert_eq!(answer.location(), Some(location));
        let who = if location == "/in" { "one" } else { "nobody" };
        assert_eq!(browser.get("/who").await.text(), who);
        assert_eq!(world.hashes(), hashes);
    }
}

/// Also where no login follows: for a check of the password alone.
#[tokio::test]
async fn the_password_of_an_inactive_user_is_refused_by_the_check_itself() {
    let world = World::new();
    let found = world.accounts.get(1);
    world.accounts.change(1, |account| account.active = false);
    let password = Password::from(PASSWORD.to_owned());
    let checked = world.login.check_password("one", found, &password).await;
    assert!(checked.is_err_and(|error| error.is_inactive()));
}

/// An upgrade never puts the old password back in the place of a new one.
#[tokio::test]
async fn an_upgrade_does_not_undo_a_change() {
    let world = World::new();
    let bcrypt = "$2b$04$a1guQXxnlz0dcBFECyn.BOPDZKXRWALrttHep/MooQjhuX.62NEsC";
    world
        .accounts
        .change(1, |account| account.hash = Some(bcrypt.to_owned()));
    let change: fn(&mut Account) = |account| account.hash = Some("another".to_owned());
    *world.accounts.meanwhile.lock().unwrap() = Some((1, change));
    let answer = log_in_as(&mut world.browser(), "one", "correct horse battery").await;
    assert_eq!(answer.location(), Some("/login"));
    assert!(world.accounts.upgraded.lock().unwrap().is_empty());
}

/// Of two logins at once one saves its better hash, and the other is let in as well;
/// where it is a new password that was faster, it is not.
#[tokio::test]
async fn whose_upgrade_comes_second_is_checked_again() {
    let bcrypt = "$2b$04$a1guQXxnlz0dcBFECyn.BOPDZKXRWALrttHep/MooQjhuX.62NEsC";
    fn save(account: &mut Account, password: &str) {
        let hash = Password::from(password.to_owned()).hash(PasswordCost::new(8, 1));
        account.hash = Some(hash.unwrap());
    }
    let other_request: fn(&mut Account) = |account| save(account, "correct horse battery");
    let new_password: fn(&mut Account) = |account| save(account, "another");
    for (change, location) in [(other_request, "/in"), (new_password, "/login")] {
        let world = World::new();
        world
            .accounts
            .change(1, |account| account.hash = Some(bcrypt.to_owned()));
        *world.accounts.before_save.lock().unwrap() = Some((1, change));
        let answer = log_in_as(&mut world.browser(), "one", "correct horse battery").await;
        assert_eq!(answer.location(), Some(location));
        assert!(world.accounts.upgraded.lock().unwrap().is_empty());
    }
}

/// bcrypt looks at 72 bytes: what comes after them was never checked.
#[tokio::test]
async fn what_bcrypt_has_not_looked_at_becomes_no_hash() {
    let world = World::new();
    let long = "x".repeat(72);
    let bcrypt = "$2b$04$EQBSLkCH20MVkV46dZCIm.iOwMqF9DMaCu1D0pbsfRpLlyWQekFJW"; // of `long`
    world
        .accounts
        .change(1, |account| account.hash = Some(bcrypt.to_owned()));
    let typed = format!("{long} and more");
    let answer = log_in_as(&mut world.browser(), "one", &typed).await;
    assert_eq!(answer.location(), Some("/in"), "as the other system did");
    assert!(world.accounts.upgraded.lock().unwrap().is_empty());
}
