//! What the command line says.

use std::{str::FromStr, time::Duration};

use portcullis::BoxError;

pub struct Options {
    pub users: u64,
    pub seconds: u64,
    pub store: String,
    /// Faults and broken requests, in a million.
    pub faults: u64,
    pub seed: u64,
    pub at_once: usize,
    pub store_timeout: Duration,
}

impl Options {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Self, BoxError> {
        let mut options = Self {
            users: 2_000,
            seconds: 60,
            store: "memory".to_owned(),
            faults: 20_000,
            seed: 1,
            at_once: 128,
            store_timeout: Duration::from_secs(1),
        };
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("{word} has no value"))?;
            match word.as_str() {
                "--users" => options.users = number(&value)?,
                "--seconds" => options.seconds = number(&value)?,
                "--store" => options.store = value,
                "--faults" => options.faults = (number::<f64>(&value)? * 10_000.0) as u64,
                "--seed" => options.seed = number(&value)?,
                "--at-once" => options.at_once = number(&value)?,
                "--store-timeout" => options.store_timeout = Duration::from_secs(number(&value)?),
                _ => return Err(format!("{word} is unknown: see the top of src/main.rs").into()),
            }
        }
        Ok(options)
    }
}

fn number<N: FromStr>(text: &str) -> Result<N, BoxError> {
    text.parse()
        .map_err(|_| format!("{text} is no number").into())
}
