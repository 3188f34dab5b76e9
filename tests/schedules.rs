//! Requests at once through the whole app, in every order of their steps.
//!
//! A request gives way before each step of the store and in the loader, so it is
//! cut into a few pieces. Of two requests each order of the pieces is tried, of
//! three a sample: `SCHEDULES=100 cargo test --test schedules` tries so many times as many.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
};

use axum::{
    extract::{Path, State},
    http::{Method, StatusCode},
};
use portcullis::{Anonymous, Login, LoginError, Session};
use support::*;

// --- every order ---------------------------------------------------------------

/// The orders in which some futures take turns, one after the other.
enum Orders {
    /// Of each turn: who was next, of how many.
    Every(Vec<(usize, usize)>),
    /// So many at random, from a seed.
    Some { left: usize, seed: u64 },
}

impl Orders {
    fn every() -> Self {
        Self::Every(Vec::new())
    }

    fn some(count: usize) -> Self {
        let times = std::env::var("SCHEDULES").map_or(1, |times| times.parse().unwrap());
        let left = count * times;
        Self::Some { left, seed: 1 }
    }

    /// Who is next in this turn, of so many.
    fn choose(&mut self, turn: usize, of: usize) -> usize {
        match self {
            Self::Every(chosen) => {
                if turn == chosen.len() {
                    chosen.push((0, of));
                }
                assert_eq!(chosen[turn].1, of, "the same turns lead to the same place");
                chosen[turn].0
            }
            Self::Some { seed, .. } => {
                *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                usize::try_from(*seed >> 33).unwrap() % of
            }
        }
    }

    /// Is there another order?
    fn go_on(&mut self) -> bool {
        match self {
            Self::Every(chosen) => {
                while chosen.pop_if(|(next, of)| *next + 1 == *of).is_some() {}
                chosen.last_mut().map(|(next, _)| *next += 1).is_some()
            }
            Self::Some { left, .. } => {
                *left = left.saturating_sub(1);
                *left > 0
            }
        }
    }
}

/// Who acts at once with others.
enum Actor {
    Browser(Browser, Method, &'static str),
    /// Somebody ends all sessions of a user.
    Admin(u64),
}

impl Actor {
    fn post(browser: &Browser, path: &'static str) -> Self {
        Self::Browser(browser.clone(), Method::POST, path)
    }

    fn get(browser: &Browser, path: &'static str) -> Self {
        Self::Browser(browser.clone(), Method::GET, path)
    }

    async fn act(self, world: &World) -> Option<Reply> {
        match self {
            Self::Browser(browser, method, path) => {
                let headers = [("accept", "text/html")];
                Some(send(&browser.app, browser.request(method, path, &headers)).await)
            }
            Self::Admin(user) => {
                world.sessions.end_all(&user).await.unwrap();
                None
            }
        }
    }
}

/// What came of one order.
struct Acted {
    world: World,
    browser: Browser,
    replies: Vec<Option<Reply>>,
}

impl Acted {
    fn reply(&self, actor: usize) -> &Reply {
        self.replies[actor].as_ref().unwrap()
    }

    /// The browser once the answers have arrived, in either order.
    fn browsers(&self) -> [Browser; 2] {
        let arrived = |replies: &mut dyn Iterator<Item = &Option<Reply>>| {
            let mut browser = self.browser.clone();
            replies.flatten().for_each(|reply| browser.keep(reply));
            browser
        };
        [
            arrived(&mut self.replies.iter()),
            arrived(&mut self.replies.iter().rev()),
        ]
    }

    async fn of_user(&self, id: u64) -> u64 {
        self.world.sessions.end_all(&id).await.unwrap()
    }
}

/// Lets the actors act at once from the same beginning, in one order after the
/// other, and looks at what came of each.
fn at_once(
    mut orders: Orders,
    begin: impl AsyncFn(&World) -> (Browser, Vec<Actor>),
    look: impl AsyncFn(Acted),
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut tried = 0;
    loop {
        runtime.block_on(async {
            let world = World::with(
                |builder| builder,
                |routes, _| routes.post("/enter/{id}", enter),
            );
            let (browser, actors) = begin(&world).await;
            let replies = take_turns(&mut orders, &world, actors);
            look(Acted {
                world,
                browser,
                replies,
            })
            .await;
        });
        tried += 1;
        if !orders.go_on() {
            break;
        }
    }
    println!("{tried} orders");
}

type Acting<'a> = Pin<Box<dyn Future<Output = Option<Reply>> + 'a>>;

fn take_turns(orders: &mut Orders, world: &World, actors: Vec<Actor>) -> Vec<Option<Reply>> {
    let mut replies: Vec<Option<Reply>> = actors.iter().map(|_| None).collect();
    let mut acting: Vec<(usize, Acting<'_>)> = Vec::new();
    for (at, actor) in actors.into_iter().enumerate() {
        let mut future: Acting<'_> = Box::pin(actor.act(world));
        assert!(
            take_a_turn(world, &mut future).is_pending(),
            "it looks first"
        );
        acting.push((at, future));
    }
    for turn in 0.. {
        if acting.is_empty() {
            break;
        }
        assert!(turn < 1_000, "they come to an end");
        let next = orders.choose(turn, acting.len());
        let (at, future) = &mut acting[next];
        if let Poll::Ready(reply) = take_a_turn(world, future) {
            replies[*at] = reply;
            drop(acting.remove(next));
        }
    }
    replies
}

/// Goes on up to where the next step of the store or the loader is to begin:
/// between two of them nobody sees or changes what is another's.
fn take_a_turn(world: &World, future: &mut Acting<'_>) -> Poll<Option<Reply>> {
    let asked = || {
        let loads = world.database.loads.load(Ordering::SeqCst);
        world.store.steps.lock().unwrap().len() as u64 + loads
    };
    let before = asked();
    let mut context = Context::from_waker(Waker::noop());
    while asked() == before {
        if let Poll::Ready(reply) = future.as_mut().poll(&mut context) {
            return Poll::Ready(reply);
        }
    }
    Poll::Pending
}

/// Says with which password.
async fn enter(
    session: Session<Anonymous>,
    login: Login<User>,
    State(database): State<Arc<Database>>,
    Path(id): Path<u64>,
) -> Result<String, LoginError> {
    let user = database.find(id).unwrap();
    let password = user.password.clone();
    session.login_user(login.vouch_for(user)).await?;
    Ok(password)
}

const ARRIVED: &str = "whichever answer arrives last";

// --- two at once ---------------------------------------------------------------

#[test]
fn a_logout_beside_a_write_is_final() {
    for path in ["/note/7", "/my-note/7", "/cart/7"] {
        at_once(
            Orders::every(),
            async |world| {
                let browser = world.logged_in(1).await;
                let both = vec![
                    Actor::post(&browser, "/logout"),
                    Actor::post(&browser, path),
                ];
                (browser, both)
            },
            async |acted| {
                assert_eq!(acted.reply(0).status, StatusCode::SEE_OTHER);
                assert_eq!(acted.of_user(1).await, 0, "{path}: nothing is left");
                let mut old = acted.browser.clone();
                assert_eq!(old.get("/who").await.body, "nobody", "{path}");
                for mut browser in acted.browsers() {
                    assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
                }
            },
        );
    }
}

#[test]
fn a_logout_beside_the_first_use_in_minutes_is_final() {
    at_once(
        Orders::every(),
        async |world| {
            let browser = world.remembered(1).await;
            world.clock.pass(2 * MINUTE);
            let both = vec![
                Actor::post(&browser, "/logout"),
                Actor::get(&browser, "/me"),
            ];
            (browser, both)
        },
        async |acted| {
            assert_eq!(acted.of_user(1).await, 0);
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
            }
        },
    );
}

/// The session is over, and the remember cookie would bring another one.
#[test]
fn a_logout_beside_a_restore_is_final() {
    at_once(
        Orders::every(),
        async |world| {
            let mut browser = world.remembered(1).await;
            browser.close();
            browser.get("/me").await;
            let mut reopened = browser.clone();
            reopened.close();
            let both = vec![
                Actor::post(&browser, "/logout"),
                Actor::get(&reopened, "/me"),
            ];
            (browser, both)
        },
        async |acted| {
            assert_eq!(acted.of_user(1).await, 0);
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
            }
        },
    );
}

#[test]
fn a_logout_ends_what_another_tab_makes_of_the_login_at_that_moment() {
    for remembered in [false, true] {
        at_once(
            Orders::every(),
            async |world| {
                let browser = match remembered {
                    true => world.remembered(1).await,
                    false => world.logged_in(1).await,
                };
                let both = vec![
                    Actor::post(&browser, "/logout"),
                    Actor::post(&browser, "/confirm/1"),
                ];
                (browser, both)
            },
            async |acted| {
                // A confirmation that comes first makes a stranger of who comes late.
                if acted.reply(0).header("location") == Some("/") {
                    assert_eq!(acted.of_user(1).await, 0, "remembered: {remembered}");
                    for mut browser in acted.browsers() {
                        assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
                    }
                } else {
                    let own = if remembered { 2 } else { 1 };
                    assert_eq!(acted.of_user(1).await, own, "the confirmed one");
                    assert!(acted.reply(0).session_cookies().is_empty());
                }
            },
        );
    }
}

#[test]
fn a_poll_beside_a_confirmation_leaves_the_new_login_in_the_jar() {
    for remembered in [false, true] {
        at_once(
            Orders::every(),
            async |world| {
                let browser = match remembered {
                    true => world.remembered(1).await,
                    false => world.logged_in(1).await,
                };
                world.clock.pass(HOUR);
                let both = vec![
                    Actor::post(&browser, "/confirm/1"),
                    Actor::get(&browser, "/who"),
                ];
                (browser, both)
            },
            async |acted| {
                assert_eq!(acted.reply(0).header("location"), Some("/me"));
                assert!(["user 1", "nobody"].contains(&acted.reply(1).body.as_str()));
                for mut browser in acted.browsers() {
                    assert_eq!(browser.get("/fresh").await.body, "fresh 1", "{ARRIVED}");
                }
                let own = if remembered { 2 } else { 1 };
                assert_eq!(acted.of_user(1).await, own);
            },
        );
    }
}

#[test]
fn of_two_confirmations_at_once_one_is_good() {
    at_once(
        Orders::every(),
        async |world| {
            let browser = world.logged_in(1).await;
            let confirm = || Actor::post(&browser, "/confirm/1");
            let both = vec![confirm(), confirm()];
            (browser, both)
        },
        async |acted| {
            let is_good = |actor| acted.reply(actor).header("location") == Some("/me");
            assert!(is_good(0) != is_good(1));
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/fresh").await.body, "fresh 1", "{ARRIVED}");
            }
            assert_eq!(acted.of_user(1).await, 1);
        },
    );
}

#[test]
fn two_tabs_that_are_restored_at_once_are_one_login_and_no_theft() {
    at_once(
        Orders::every(),
        async |world| {
            let mut browser = world.remembered(1).await;
            browser.close();
            world.clock.pass(HOUR);
            let both = vec![Actor::get(&browser, "/me"), Actor::get(&browser, "/me")];
            (browser, both)
        },
        async |acted| {
            for actor in 0..2 {
                assert_eq!(acted.reply(actor).body, "user 1");
            }
            let carries = |actor| !acted.reply(actor).session_cookies().is_empty();
            assert!(carries(0) != carries(1), "one answer carries the cookies");
            for mut browser in acted.browsers() {
                acted.world.clock.pass(HOUR);
                assert_eq!(browser.get("/me").await.body, "user 1", "{ARRIVED}");
            }
            let [mut browser, _] = acted.browsers();
            browser.close();
            acted.world.clock.pass(HOUR);
            assert_eq!(browser.get("/me").await.body, "user 1", "no theft");
            assert_eq!(acted.of_user(1).await, 2, "a session and the series");
        },
    );
}

#[test]
fn a_copy_that_is_shown_beside_the_owner_ends_both() {
    at_once(
        Orders::every(),
        async |world| {
            let mut browser = world.remembered(1).await;
            browser.close();
            let thief = browser.clone();
            browser.get("/me").await;
            world.clock.pass(2 * MINUTE);
            browser.get("/me").await;
            world.clock.pass(HOUR);
            browser.close();
            let both = vec![Actor::get(&browser, "/me"), Actor::get(&thief, "/me")];
            (browser, both)
        },
        async |acted| {
            assert_eq!(acted.reply(1).header("location"), Some("/login?next=%2Fme"));
            assert!(acted.reply(1).session_cookies().is_empty());
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
            }
            assert_eq!(acted.of_user(1).await, 0);
        },
    );
}

#[test]
fn two_logins_at_once_are_both_good_and_take_the_strangers_data_once() {
    at_once(
        Orders::every(),
        async |world| {
            let mut browser = world.browser();
            browser.post("/cart/5").await;
            let both = vec![
                Actor::post(&browser, "/login/1"),
                Actor::post(&browser, "/login/2"),
            ];
            (browser, both)
        },
        async |acted| {
            let carts = acted.browsers().into_iter().map(async |mut browser| {
                assert!(browser.get("/me").await.body.starts_with("user "));
                browser.get("/data").await.body
            });
            let mut all = Vec::new();
            for cart in carts {
                all.push(cart.await);
            }
            all.sort();
            assert_eq!(all, ["note [] cart [5]", "note [] cart []"]);
            assert_eq!(acted.world.store.inner.len(), 2);
            assert_eq!((acted.of_user(1).await, acted.of_user(2).await), (1, 1));
        },
    );
}

#[test]
fn a_login_beside_a_strangers_write_hands_none_of_it_to_the_user() {
    at_once(
        Orders::every(),
        async |world| {
            let mut browser = world.browser();
            browser.post("/cart/5").await;
            let both = vec![
                Actor::post(&browser, "/login/1"),
                Actor::post(&browser, "/note/7"),
            ];
            (browser, both)
        },
        async |acted| {
            assert_eq!(acted.reply(0).header("location"), Some("/me"));
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/me").await.body, "user 1", "{ARRIVED}");
                assert_eq!(browser.get("/data").await.body, "note [] cart [5]");
            }
        },
    );
}

#[test]
fn a_switch_beside_a_write_hands_none_of_it_to_the_next_user() {
    at_once(
        Orders::every(),
        async |world| {
            let browser = world.logged_in(1).await;
            let both = vec![
                Actor::post(&browser, "/switch/2"),
                Actor::post(&browser, "/note/7"),
            ];
            (browser, both)
        },
        async |acted| {
            for mut browser in acted.browsers() {
                assert_eq!(browser.get("/me").await.body, "user 2", "{ARRIVED}");
                assert_eq!(browser.get("/data").await.body, "note [] cart []");
            }
            assert_eq!((acted.of_user(1).await, acted.of_user(2).await), (0, 1));
        },
    );
}

#[test]
fn whoever_is_ended_from_outside_stays_out_whatever_is_under_way() {
    for path in ["/confirm/1", "/switch/2", "/password/new", "/note/7", "/me"] {
        at_once(
            Orders::every(),
            async |world| {
                let mut browser = world.remembered(1).await;
                world.clock.pass(2 * MINUTE);
                if path == "/me" {
                    browser.close();
                }
                let request = match path {
                    "/me" => Actor::get(&browser, path),
                    _ => Actor::post(&browser, path),
                };
                let both = vec![Actor::Admin(1), request];
                (browser, both)
            },
            async |acted| {
                assert_eq!(acted.of_user(1).await, 0, "{path}");
                let is_another = acted.of_user(2).await > 0;
                let switched = path == "/switch/2" && acted.reply(1).body == "switched";
                assert_eq!(
                    is_another, switched,
                    "who became user 2 before is not user 1"
                );
            },
        );
    }
}

#[test]
fn a_new_password_ends_a_login_with_the_old_one_whenever_it_comes() {
    at_once(
        Orders::every(),
        async |world| {
            let browser = world.logged_in(1).await;
            let other = world.browser();
            let both = vec![
                Actor::post(&browser, "/password/new"),
                Actor::post(&other, "/enter/1"),
            ];
            (browser, both)
        },
        async |acted| {
            let mut browser = acted.browser.clone();
            browser.keep(acted.reply(0));
            assert_eq!(browser.get("/fresh").await.body, "fresh 1");
            let mut other = acted.world.browser();
            other.keep(acted.reply(1));
            let who = other.get("/who").await.body;
            match acted.reply(1).body.as_str() {
                "secret 1" => assert_eq!(who, "nobody"),
                // It ended with the others, or came after them.
                password => assert_eq!(password, "new"),
            }
        },
    );
}

// --- three at once -------------------------------------------------------------

#[test]
fn of_three_tabs_restored_at_once_none_is_a_thief() {
    at_once(
        Orders::some(1_000),
        async |world| {
            let mut browser = world.remembered(1).await;
            browser.close();
            world.clock.pass(HOUR);
            let me = || Actor::get(&browser, "/me");
            let all = vec![me(), me(), me()];
            (browser, all)
        },
        async |acted| {
            let carry = (0..3).filter(|actor| !acted.reply(*actor).session_cookies().is_empty());
            assert_eq!(carry.count(), 1);
            for mut browser in acted.browsers() {
                acted.world.clock.pass(HOUR);
                assert_eq!(browser.get("/me").await.body, "user 1", "{ARRIVED}");
            }
            assert_eq!(acted.of_user(1).await, 2);
        },
    );
}

#[test]
fn a_logout_is_final_beside_a_confirmation_and_a_restore() {
    at_once(
        Orders::some(2_000),
        async |world| {
            let browser = world.remembered(1).await;
            let mut reopened = browser.clone();
            reopened.close();
            let all = vec![
                Actor::post(&browser, "/logout"),
                Actor::post(&browser, "/confirm/1"),
                Actor::get(&reopened, "/me"),
            ];
            (browser, all)
        },
        async |acted| {
            if acted.reply(0).header("location") == Some("/") {
                assert_eq!(acted.of_user(1).await, 0);
                for mut browser in acted.browsers() {
                    assert_eq!(browser.get("/who").await.body, "nobody", "{ARRIVED}");
                }
            }
        },
    );
}
