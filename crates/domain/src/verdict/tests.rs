//! How verdicts combine, in order of precedence.

use proptest::prelude::*;

use super::*;
use Code::{Clamped, Fault, Own};
use Nature::{Fact, Intent};
use Verdict::{Accept, Clamp, Flag, Park, Reject};

fn said(rule: u16, code: Code) -> Said {
    Said { rule, code }
}

#[track_caller]
fn check(nature: Nature, verdicts: &[Verdict], decision: Decision, flags: &[Said]) {
    let combined = combine(nature, -10, verdicts);
    assert_eq!(combined.decision, decision);
    assert_eq!(combined.flags, flags);
}

#[test]
fn nobody_against_it_is_an_accept() {
    check(Intent, &[], Decision::Accept, &[]);
    check(Intent, &[Accept, Accept], Decision::Accept, &[]);
}

#[test]
fn park_beats_reject_beats_clamp_beats_flag() {
    let all = [Flag(Own(1)), Clamp(5), Reject(Own(2)), Park(Own(3))];
    let flags = [said(0, Own(1)), said(1, Clamped)];
    check(Intent, &all, Decision::Park(said(3, Own(3))), &flags);
    check(Intent, &all[..3], Decision::Reject(said(2, Own(2))), &flags);
    check(Intent, &all[..2], Decision::Clamp(5), &flags);
    check(Intent, &all[..1], Decision::Accept, &flags[..1]);
}

#[test]
fn the_first_of_equals_is_shown() {
    let rejections = [Reject(Own(4)), Reject(Own(0))];
    check(Intent, &rejections, Decision::Reject(said(0, Own(4))), &[]);
    let parks = [Accept, Park(Fault), Park(Own(0))];
    check(Intent, &parks, Decision::Park(said(1, Fault)), &[]);
}

#[test]
fn the_smallest_clamp_counts_and_none_is_a_rejection() {
    let flags = [said(0, Clamped), said(1, Clamped)];
    check(Intent, &[Clamp(7), Clamp(3)], Decision::Clamp(3), &flags);
    check(
        Intent,
        &[Clamp(10), Clamp(3)],
        Decision::Clamp(3),
        &flags[1..],
    );
    check(Intent, &[Clamp(10)], Decision::Accept, &[]);
    check(
        Intent,
        &[Clamp(3), Clamp(0)],
        Decision::Reject(said(1, Clamped)),
        &flags[..1],
    );
}

#[test]
fn what_happened_is_marked_but_never_refused() {
    let flags = [said(0, Own(2)), said(1, Clamped), said(2, Clamped)];
    check(
        Fact,
        &[Reject(Own(2)), Clamp(3), Clamp(0)],
        Decision::Accept,
        &flags,
    );
    check(
        Fact,
        &[Reject(Own(2)), Park(Own(1))],
        Decision::Park(said(1, Own(1))),
        &flags[..1],
    );
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        Just(Accept),
        (0..4_u16).prop_map(|code| Flag(Own(code))),
        (0..=10_i64).prop_map(Clamp),
        (0..4_u16).prop_map(|code| Reject(Own(code))),
        (0..4_u16).prop_map(|code| Park(Own(code))),
    ]
}

proptest! {
    #[test]
    fn priority_changes_what_is_shown_but_never_what_is_done(
        verdicts in prop::collection::vec(any_verdict(), 0..6),
    ) {
        let backwards: Vec<_> = verdicts.iter().rev().copied().collect();
        let (one, other) = (combine(Intent, -10, &verdicts), combine(Intent, -10, &backwards));
        prop_assert_eq!(one.decision.precedence(), other.decision.precedence());
        prop_assert_eq!(one.flags.len(), other.flags.len());
    }
}
