//! Random lives of a lane. One that breaks a promise is printed as a script, ready to become a
//! table test.

use proptest::array::uniform4;
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use super::world::{Chance, Fault, PARTITIONS, World};

/// Records that one partition brings into one batch.
const RECORDS_MAX: usize = 9;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// No record is settled twice and none is skipped; a guilty record halts its own partition
    /// and nothing before it; nothing is applied after its partition left; each revocation
    /// lets go once, and not while the transaction runs; each batch ends, once.
    #[test]
    fn a_lane_keeps_its_promises_whatever_the_database_and_the_group_do(
        poison in btree_set((0..PARTITIONS, 0..40_usize), 0..4),
        chances in vec(chances(), 0..120),
    ) {
        let mut world = World::new(poison);
        for chance in chances {
            world.chance(chance);
        }
        world.calm_down();
    }
}

fn chances() -> impl Strategy<Value = Chance> {
    let faults = prop_oneof![
        Just(Fault::Conflict),
        Just(Fault::Duplicates),
        Just(Fault::Turned),
        Just(Fault::Transient),
    ];
    prop_oneof![
        6 => uniform4(option::weighted(0.7, 0..=RECORDS_MAX)).prop_map(Chance::Take),
        12 => option::weighted(0.4, faults).prop_map(Chance::Answer),
        4 => Just(Chance::Waited),
        4 => (0..PARTITIONS).prop_map(Chance::Revoke),
        4 => (0..PARTITIONS).prop_map(Chance::Return),
        1 => (0..PARTITIONS).prop_map(Chance::Steal),
        1 => (0..PARTITIONS).prop_map(Chance::Move),
        1 => (0..PARTITIONS).prop_map(Chance::Spoil),
    ]
}
