//! The simulation, simulated: each mistake that it exists for, made on purpose, is found, most of
//! them within a few thousand seeds, by the invariant that it breaks.

use plimsoll_sim::{Bug, Feature, Plan, run};

/// Asserts that `bug` is found within so many seeds, all of which have these features, and that the
/// seed which finds it is sound without it.
fn finds(bug: Bug, features: &[Feature], seeds: u64, invariants: &[&str]) {
    for seed in 0..seeds {
        let sound = features
            .iter()
            .fold(Plan::of(seed), |plan, &feature| plan.with(feature));
        let mut plan = sound;
        plan.bug = Some(bug);
        if let Some(broken) = run(&plan, false).broken {
            assert!(invariants.contains(&broken.invariant), "{broken:?}");
            assert_eq!(run(&sound, false).broken, None, "{}", sound.typed());
            return;
        }
    }
    panic!("{bug:?} is not found by {seeds} seeds");
}

#[test]
fn a_dropped_position_guard_is_found() {
    let bug = Bug::PositionGuardDropped;
    finds(bug, &[Feature::Pauses], 500, &["I5", "I9"]);
}

#[test]
fn a_dropped_row_guard_is_found() {
    let bug = Bug::RowGuardDropped;
    finds(bug, &[Feature::Unkeyed], 500, &["I3", "I4", "I11", "I14"]);
}

#[test]
fn a_cache_kept_after_a_rewind_is_found() {
    let bug = Bug::CacheKeptAfterARewind;
    finds(bug, &[Feature::FailOvers], 8_000, &["I11", "I14"]);
}

#[test]
fn filters_kept_after_a_rewind_are_found() {
    let features = [
        Feature::FailOvers,
        Feature::Parts,
        Feature::Repeats,
        Feature::ShortWindow,
    ];
    let bug = Bug::FiltersKeptAfterARewind;
    finds(bug, &features, 100_000, &["I6", "I11"]);
}

#[test]
fn a_lost_answer_taken_as_not_committed_is_found() {
    let bug = Bug::LostAnswerTakenAsNotCommitted;
    finds(bug, &[Feature::LostAnswers], 500, &["I16"]);
}

#[test]
fn product_rows_locked_out_of_order_are_found() {
    let bug = Bug::ProductsLockedOutOfOrder;
    finds(bug, &[Feature::Unkeyed], 8_000, &["I17"]);
}

#[test]
fn sku_locks_taken_out_of_order_are_found() {
    let bug = Bug::SkusLockedOutOfOrder;
    finds(bug, &[Feature::Unkeyed], 1_000, &["I16"]);
}

#[test]
fn an_event_that_overtakes_a_parked_one_is_found() {
    finds(Bug::HoldsIgnored, &[Feature::Rulesets], 500, &["I14"]);
}

#[test]
fn a_dropped_revision_guard_is_found() {
    let features = [Feature::Rulesets, Feature::Rebalances];
    finds(Bug::RevisionGuardDropped, &features, 5_000, &["I12"]);
}

#[test]
fn identities_that_are_not_looked_up_are_found() {
    finds(Bug::RepeatsNotLookedUp, &[Feature::Repeats], 500, &["I6"]);
}

#[test]
fn refusals_forgotten_by_adoption_are_found() {
    let features = [
        Feature::UnknownSkus,
        Feature::ProductsCome,
        Feature::Repeats,
    ];
    let bug = Bug::RefusalsForgottenByAdoption;
    finds(bug, &features, 2_000, &["I6", "I11"]);
}

#[test]
fn a_missing_part_taken_as_a_refusal_is_found() {
    let features = [Feature::FailOvers, Feature::Parts];
    finds(Bug::MissingPartTakenAsRefusal, &features, 1_000, &["I16"]);
}

#[test]
fn a_lost_halt_that_goes_on_is_found() {
    let features = [Feature::FailOvers, Feature::Retention];
    finds(Bug::LostHaltGoesOn, &features, 1_000, &["I16"]);
}

#[test]
fn a_lost_ruleset_that_goes_on_deciding_is_found() {
    let features = [Feature::FailOvers, Feature::Rulesets];
    finds(Bug::LostRulesetGoesOnDeciding, &features, 5_000, &["I16"]);
}

#[test]
fn a_partition_assigned_after_it_was_taken_is_found() {
    let bug = Bug::AssignOutlivesRevocation;
    finds(bug, &[Feature::Rebalances], 2_000, &["I16"]);
}

#[test]
fn a_mirror_of_what_was_only_fetched_is_found() {
    finds(Bug::FetchedIsMirrored, &[], 500, &["I10"]);
}

#[test]
fn a_lane_that_is_idle_with_a_backlog_is_found() {
    finds(Bug::LaneIsNotWoken, &[], 500, &["I17"]);
}

#[test]
fn a_position_that_a_group_in_change_did_not_take_is_found() {
    let bug = Bug::RefusedMirrorIsForgotten;
    finds(bug, &[Feature::Rebalances], 2_000, &["I10"]);
}

#[test]
fn a_mirror_that_outlives_its_assignment_is_found() {
    let bug = Bug::MirrorOutlivesItsAssignment;
    finds(bug, &[Feature::FailOvers], 2_000, &["I10"]);
}

#[test]
fn a_lost_answer_taken_as_committed_is_found() {
    let bug = Bug::LostAnswerTakenAsCommitted;
    finds(bug, &[Feature::LostAnswers], 500, &["I13"]);
}

#[test]
fn a_partition_that_left_and_is_tried_is_found() {
    let features = [Feature::Rebalances, Feature::Unkeyed];
    finds(Bug::LeftPartitionIsTried, &features, 2_000, &["I15"]);
}

#[test]
fn a_batch_folded_backwards_is_found() {
    finds(Bug::BatchIsFoldedBackwards, &[], 500, &["I8"]);
}
