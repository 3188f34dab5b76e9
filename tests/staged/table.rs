//! Every route of these logins says who may call it.

use crate::world::World;

#[test]
fn every_route_is_in_the_access_table() {
    let table = World::new().table;
    assert_eq!(table, include_str!("table.txt"), "{table}");
}
