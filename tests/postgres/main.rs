//! Sessions in PostgreSQL: what only a database can get wrong.

#[path = "../servers/mod.rs"]
mod servers;

mod bounds;
mod cancelled;
mod migrate;
mod plans;
mod races;
mod support;
mod watching;
