//! Bugs planted in copies of the real files, each found from a fixed seed by the scenario that passes
//! with the code as it is shipped. Without these, `tests/sound.rs` might check nothing.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plimsoll_schedules::copies::real::{Filter, Inbox, Knowledge, Locks};
use plimsoll_schedules::{
    attempts, bounded_preemption, copies, every_order, hand_over, identities, random, sku_sets,
};

const SEED: u64 = 7;
/// All of them are found sooner.
const SCHEDULES: usize = 2_000;

/// What a failed scenario says when nobody can go on.
const DEADLOCK: &str = "deadlock";

/// How a scenario is run.
type Run = fn(fn());

fn at_random(scenario: fn()) {
    random(SEED, SCHEDULES, scenario);
}

/// A task has to run far while another stands still.
fn with_few_preemptions(scenario: fn()) {
    bounded_preemption(SEED, 3, SCHEDULES, scenario);
}

/// The scenario passes with the real code and fails with the bug, for the expected reason.
fn finds(reason: &str, run: Run, real: fn(), planted: fn()) {
    run(real);
    let found = catch_unwind(AssertUnwindSafe(|| run(planted)));
    let failure = found.expect_err("the bug is found");
    let why = text(&*failure);
    assert!(why.contains(reason), "found, but as something else: {why}");
}

fn text(failure: &(dyn Any + Send)) -> &str {
    let owned = failure.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| failure.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}

#[test]
fn skus_taken_in_any_order_deadlock() {
    // The real table refuses such an order at once, and so does not belong here.
    finds(
        DEADLOCK,
        at_random,
        sku_sets::batches_that_cross::<Locks>,
        sku_sets::batches_in_opposite_orders::<copies::any_order::Locks>,
    );
}

#[test]
fn a_table_that_is_looked_at_before_it_is_locked_loses_an_owner() {
    finds(
        "an owned SKU is in the table",
        at_random,
        sku_sets::batches_that_cross::<Locks>,
        sku_sets::batches_that_cross::<copies::looked_before_locked::Locks>,
    );
}

#[test]
fn a_queue_served_from_its_end_is_found_by_the_order() {
    finds(
        "another order",
        at_random,
        sku_sets::a_queue_for_one_sku::<Locks>,
        sku_sets::a_queue_for_one_sku::<copies::last_come_first_served::Locks>,
    );
}

#[test]
fn a_hand_over_to_a_waiter_that_goes_away_at_that_moment_is_lost() {
    finds(
        DEADLOCK,
        at_random,
        sku_sets::a_waiter_that_gives_up::<Locks>,
        sku_sets::a_waiter_that_gives_up::<copies::not_closed_first::Locks>,
    );
}

#[test]
fn a_hand_over_that_is_not_given_back_locks_the_sku_for_ever() {
    finds(
        DEADLOCK,
        at_random,
        sku_sets::a_waiter_that_gives_up::<Locks>,
        sku_sets::a_waiter_that_gives_up::<copies::kept_by_the_gone::Locks>,
    );
}

#[test]
fn a_lane_that_is_told_too_early_sleeps_on_its_work() {
    finds(
        DEADLOCK,
        at_random,
        hand_over::a_lane_that_only_takes::<Inbox>,
        hand_over::a_lane_that_only_takes::<copies::told_too_early::Inbox>,
    );
}

#[test]
fn a_poller_that_waits_on_an_old_look_is_never_woken() {
    finds(
        DEADLOCK,
        at_random,
        hand_over::a_lane_that_only_takes::<Inbox>,
        hand_over::a_lane_that_only_takes::<copies::waits_on_an_old_look::Inbox>,
    );
}

#[test]
fn an_inbox_emptied_from_its_end_reorders() {
    finds(
        "lost or reordered",
        at_random,
        hand_over::a_lane_that_only_takes::<Inbox>,
        hand_over::a_lane_that_only_takes::<copies::taken_from_the_end::Inbox>,
    );
}

#[test]
fn records_that_overtake_the_order_of_their_assignment_are_lost() {
    finds(
        "lost, doubled or reordered",
        at_random,
        hand_over::a_partition_that_comes_back::<Inbox>,
        hand_over::a_partition_that_comes_back::<copies::records_overtake_orders::Inbox>,
    );
}

#[test]
fn an_attempt_that_looks_twice_for_its_ruleset_mixes_two() {
    finds(
        "decided by one ruleset",
        at_random,
        attempts::rulesets_that_change,
        attempts::rulesets_that_change_within_an_attempt,
    );
}

#[test]
fn lessons_of_an_old_epoch_that_are_kept_are_wrong_in_the_new_one() {
    finds(
        "learnt in an old epoch",
        with_few_preemptions,
        attempts::a_database_that_goes_back::<Knowledge>,
        attempts::a_database_that_goes_back::<copies::old_lessons_kept::Knowledge>,
    );
}

#[test]
fn an_epoch_counted_before_it_is_forgotten_takes_old_rows_along() {
    finds(
        "learnt in an old epoch",
        at_random,
        attempts::an_epoch_that_begins::<Knowledge>,
        attempts::an_epoch_that_begins::<copies::counted_before_forgotten::Knowledge>,
    );
}

#[test]
fn rows_of_one_epoch_said_to_be_of_another_are_found() {
    finds(
        "learnt in an old epoch",
        at_random,
        attempts::an_epoch_that_begins::<Knowledge>,
        attempts::an_epoch_that_begins::<copies::epochs_mixed::Knowledge>,
    );
}

#[test]
fn an_identity_added_in_two_steps_is_lost() {
    finds(
        "what was added is denied",
        every_order,
        identities::two_lanes_add::<Filter>,
        identities::two_lanes_add::<copies::added_in_two_steps::Filter>,
    );
}

#[test]
fn an_identity_is_not_seen_where_nothing_orders_the_hand_over() {
    finds(
        "what was added is denied",
        every_order,
        identities::a_sku_that_is_handed_over,
        identities::a_sku_that_is_handed_over_without_order,
    );
}
