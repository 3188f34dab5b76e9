//! What the body of a session's record says.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    clock::Timestamp,
    error::BoxError,
    manager::{LoginId, Source, actor::ActorFacts, body, settings::MAX_TRIES},
};

/// The body of a session: who is logged in, if anybody, and the app's data.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Content<'a> {
    #[serde(borrow)]
    pub(crate) login: Option<LoginFacts<'a>>,
    #[serde(borrow)]
    pub(crate) data: Vec<Entry<'a>>,
}

/// What the session knows of a login. The user itself is loaded each time.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LoginFacts<'a> {
    /// The user's id, as JSON.
    pub(crate) user: &'a [u8],
    /// The same for as long as the user is logged in, whatever the session's id.
    pub(crate) login_id: LoginId,
    /// Which type of users wrote it: [`Realm::user_tag`](crate::manager::Realm).
    pub(crate) user_tag: [u8; 4],
    /// [`AuthHash::for_record`](crate::AuthHash) of the credentials at login.
    pub(crate) auth_hash: [u8; 16],
    /// When it ends however much it is used.
    pub(crate) ends: Timestamp,
    /// When the user proved who it is; none if that does not count as fresh.
    pub(crate) verified: Option<Timestamp>,
    /// And with a second factor.
    pub(crate) second_factor: bool,
    /// Logged in although not active: then loading does not ask again.
    pub(crate) forced: bool,
    /// What the login rests on.
    pub(crate) source: Source,
    /// The browser that it was made for.
    pub(crate) device: Device,
    /// And what it is called.
    pub(crate) device_name: &'a str,
    /// Nobody is logged in yet: the second factor is not checked.
    pub(crate) pending: Option<PendingFacts>,
    /// Who acts for the user.
    #[serde(borrow)]
    pub(crate) actor: Option<ActorFacts<'a>>,
}

/// What is known of a login that waits for its second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PendingFacts {
    /// How often it was tried.
    pub(crate) tries: u8,
    /// How long this browser is to be remembered, in seconds, if at all.
    pub(crate) remember: Option<u64>,
}

impl PendingFacts {
    /// May it not be tried any more?
    pub(crate) fn is_used_up(self) -> bool {
        self.tries >= MAX_TRIES
    }
}

/// Digests of what tells one browser from another, each bound to realm and
/// user. None was not asked for, and is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Device {
    pub(crate) user_agent: Option<[u8; 8]>,
    pub(crate) address: Option<[u8; 8]>,
}

/// One piece of the app's data, as JSON under its name.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Entry<'a> {
    pub(crate) name: &'a str,
    pub(crate) keep_at_login: bool,
    pub(crate) json: &'a [u8],
}

impl<'a> Content<'a> {
    pub(crate) fn decode(body: &'a [u8]) -> Result<Self, BoxError> {
        body::read(FORMAT, body)
    }

    /// Which login a body is of.
    pub(crate) fn login_id(body: &'a [u8]) -> Option<LoginId> {
        Some(Self::decode(body).ok()?.login?.login_id)
    }

    pub(crate) fn encode(&self) -> Result<Arc<[u8]>, BoxError> {
        let mut body = Vec::with_capacity(USUAL);
        body.push(FORMAT);
        Ok(postcard::to_extend(self, body)?.into())
    }
}

/// The first byte of every body. A server that meets a later one fails, and
/// leaves the record to the server that wrote it.
const FORMAT: u8 = 1;

/// What a body takes in bytes if the app keeps no data in it.
const USUAL: usize = 128;

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;
    use crate::{actor::Actor, user::UserIndex};

    fn content() -> Content<'static> {
        let login = LoginFacts {
            user: b"\"leafstorm\"",
            login_id: LoginId([5; 8]),
            user_tag: [6; 4],
            auth_hash: [7; 16],
            ends: Timestamp::from_unix_seconds(2_000_000_000),
            verified: None,
            second_factor: false,
            forced: false,
            source: Source::ByHand,
            device: Device {
                user_agent: Some([8; 8]),
                address: None,
            },
            device_name: "Firefox on Linux",
            pending: None,
            actor: None,
        };
        Content {
            login: Some(login),
            data: vec![Entry {
                name: "cart",
                keep_at_login: true,
                json: b"[1,2]",
            }],
        }
    }

    #[test]
    fn a_body_reads_back_and_is_small() {
        let body = content().encode().unwrap();
        assert!(body.len() < 96, "{} bytes", body.len());
        let read = Content::decode(&body).unwrap();
        assert_eq!(read.login.unwrap().user, b"\"leafstorm\"");
        assert_eq!(
            (read.data[0].name, read.data[0].json),
            ("cart", &b"[1,2]"[..])
        );
    }

    /// With all that a login may say, as version 0.1 wrote it. It never changes.
    const WRITTEN: &str = concat!(
        "01010b226c65616673746f726d22050505050505050506060606070707070707070707070707",
        "0707070780a8d6b9070180e6fe89070101030108080808080808080109090909090909091046",
        "697265666f78206f6e204c696e757801030180a3050105737461666601370a0a0a0a0a0a0a0a",
        "0a0a0a0a0a0a0a0a0b0b0b0b0b0b0b0b01046361727401055b312c325d",
    );

    #[test]
    fn what_the_first_version_wrote_reads_and_is_written_so_still() {
        let actor = Actor {
            realm: "staff".to_owned(),
            user: "7".to_owned(),
            index: UserIndex::from_bytes([10; 16]),
            login: [11; 8],
        };
        let mut content = content();
        let login = content.login.as_mut().unwrap();
        login.verified = Some(Timestamp::from_unix_seconds(1_900_000_000));
        (login.second_factor, login.forced) = (true, true);
        login.source = Source::OnBehalf;
        login.device.address = Some([9; 8]);
        login.pending = Some(PendingFacts {
            tries: 3,
            remember: Some(86_400),
        });
        login.actor = Some(actor.facts());
        assert_eq!(HEXLOWER.encode(&content.encode().unwrap()), WRITTEN);
        let written = HEXLOWER.decode(WRITTEN.as_bytes()).unwrap();
        let read = Content::decode(&written).unwrap();
        assert_eq!(*read.encode().unwrap(), written);
    }

    #[test]
    fn cut_and_foreign_bodies_are_errors() {
        let body = content().encode().unwrap();
        for len in 0..body.len() {
            assert!(Content::decode(&body[..len]).is_err(), "cut at {len}");
        }
        assert!(Content::decode(&[2, 0, 0]).is_err(), "a later format");
    }
}
