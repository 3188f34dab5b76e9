//! The app that every program is about.
#![allow(dead_code)]

use std::convert::Infallible;

use axum::{extract::FromRef, http::request::Parts};
use portcullis::{
    AuthHash, AuthUser, Authenticated, Login, LoginManager, NoState, OneFactor, Policy, SecretKey,
    TwoFactors,
};

pub struct User {
    pub name: String,
}

pub struct Staff;

impl AuthUser for User {
    type Id = String;
    type Factors = OneFactor;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

impl AuthUser for Staff {
    type Id = u64;
    type Factors = OneFactor;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}

#[derive(Clone)]
pub struct Db;

/// A policy of routes.
pub enum IsMember {}

impl Policy<User> for IsMember {
    type State = NoState;
    type Error = Infallible;

    async fn allows(_: &Authenticated<User>, _: &Parts, _: &NoState) -> Result<bool, Infallible> {
        Ok(true)
    }
}

pub struct Order;

/// A policy of objects.
pub enum MayCancel {}

impl Policy<User, Order> for MayCancel {
    type State = Db;
    type Error = Infallible;

    async fn allows(_: &Authenticated<User>, _: &Order, _: &Db) -> Result<bool, Infallible> {
        Ok(true)
    }
}

#[derive(Clone, FromRef)]
pub struct App {
    pub login: Login<User>,
    pub db: Db,
}

#[derive(Clone, FromRef)]
pub struct TwoRealms {
    pub users: Login<User>,
    pub staff: Login<Staff>,
}

pub async fn load_user(name: String) -> Result<Option<User>, Infallible> {
    Ok(Some(User { name }))
}

pub async fn load_staff(_: u64) -> Result<Option<Staff>, Infallible> {
    Ok(Some(Staff))
}

pub fn key() -> SecretKey {
    SecretKey::from([7; 32])
}

pub fn users() -> LoginManager<User> {
    LoginManager::builder()
        .user_loader(load_user)
        .secret_key(key())
        .build()
        .unwrap()
}

pub fn staff() -> LoginManager<Staff> {
    LoginManager::builder()
        .realm("staff")
        .user_loader(load_staff)
        .secret_key(key())
        .build()
        .unwrap()
}

/// Somebody with two factors.
pub struct Member;

impl AuthUser for Member {
    type Id = u64;
    type Factors = TwoFactors;

    fn id(&self) -> u64 {
        1
    }

    fn session_auth_hash(&self) -> AuthHash {
        AuthHash::none()
    }
}
