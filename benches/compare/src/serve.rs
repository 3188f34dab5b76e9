//! One of the apps on the network.

use crate::{
    apps::{ALL, Users},
    browser::Running,
};

/// Prints the headers of somebody who is logged in, and answers requests.
pub fn serve(name: &str, port: u16) {
    let users = Users::new(1);
    let mut apps = ALL
        .iter()
        .map(|make| Running::start(*make, &users, 1))
        .filter(|running| running.app.name == name);
    let running = apps.next().expect("the name of an app");
    running.headers().iter().for_each(|line| println!("{line}"));
    running.serve(port);
}
