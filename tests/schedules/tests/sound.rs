//! The code as it is shipped, under many schedules. `tests/planted.rs` shows what this would find.

use plimsoll_schedules::copies::real::{Filter, Inbox, Knowledge, Locks};
use plimsoll_schedules::{
    SCHEDULES, attempts, bounded_preemption, every_order, hand_over, identities, random, sku_sets,
};

const SEED: u64 = 1;

fn few_preemptions(scenario: fn()) {
    bounded_preemption(SEED, 3, SCHEDULES, scenario);
}

#[test]
fn batches_that_cross_have_each_sku_alone_and_never_deadlock() {
    random(SEED, SCHEDULES, sku_sets::batches_that_cross::<Locks>);
}

#[test]
fn who_waits_for_a_sku_is_served_in_the_order_they_came() {
    random(SEED, SCHEDULES, sku_sets::a_queue_for_one_sku::<Locks>);
}

#[test]
fn a_waiter_that_gives_up_leaves_nothing_locked() {
    random(SEED, SCHEDULES, sku_sets::a_waiter_that_gives_up::<Locks>);
}

#[test]
fn a_poller_and_a_lane_never_sleep_while_the_other_waits() {
    random(SEED, SCHEDULES, hand_over::a_lane_that_only_takes::<Inbox>);
}

#[test]
fn a_lane_gets_every_record_in_order_and_never_sleeps_on_work() {
    random(SEED, SCHEDULES, hand_over::two_lanes::<Inbox>);
}

#[test]
fn records_of_an_assignment_are_never_met_before_its_order() {
    random(
        SEED,
        SCHEDULES,
        hand_over::a_partition_that_comes_back::<Inbox>,
    );
}

#[test]
fn an_end_at_any_moment_leaves_the_rest_queued_in_order() {
    random(SEED, SCHEDULES, hand_over::an_end_at_any_moment::<Inbox>);
}

#[test]
fn an_attempt_uses_one_ruleset_while_they_are_swapped() {
    random(SEED, SCHEDULES, attempts::rulesets_that_change);
}

#[test]
fn what_was_learnt_before_the_database_went_back_is_not_known_after() {
    random(
        SEED,
        SCHEDULES,
        attempts::a_database_that_goes_back::<Knowledge>,
    );
}

#[test]
fn the_same_where_one_stands_still_while_the_others_run_far() {
    few_preemptions(sku_sets::batches_that_cross::<Locks>);
    few_preemptions(hand_over::two_lanes::<Inbox>);
    few_preemptions(hand_over::a_partition_that_comes_back::<Inbox>);
    few_preemptions(attempts::a_database_that_goes_back::<Knowledge>);
}

#[test]
fn an_epoch_that_begins_takes_nothing_known_along() {
    random(SEED, SCHEDULES, attempts::an_epoch_that_begins::<Knowledge>);
}

#[test]
fn lanes_that_add_at_once_lose_no_identity() {
    every_order(identities::two_lanes_add::<Filter>);
}

#[test]
fn an_identity_is_seen_by_whoever_holds_the_sku_next() {
    every_order(identities::a_sku_that_is_handed_over);
}
