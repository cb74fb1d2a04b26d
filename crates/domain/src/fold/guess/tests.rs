//! What is guessed after what was seen, as the fewest units left that are expected to be enough.

use expect_test::{Expect, expect};

use super::*;
use crate::{Hold, Refusal};

/// The limits of the search for the fewest: no history names stocks beyond.
const LEFT_MAX: i64 = 50;

/// One line for each history: what became of orders by the units that they left, all of group 1
/// unless `of` names another.
fn check(histories: &[&str], expect: Expect) {
    let line = |history: &&str| format!("{history:<34}: {}\n", enough(&learnt(history), 1));
    expect.assert_eq(&histories.iter().map(line).collect::<String>());
}

fn learnt(history: &str) -> Guess {
    let mut guess = Guess::default();
    for order in history.split(", ").filter(|order| !order.is_empty()) {
        let words: Vec<&str> = order.split(' ').collect();
        let number = |at: usize| words.get(at).map(|word| word.parse().expect("a number"));
        let left = number(1).expect("the units left");
        let group = number(3).unwrap_or(1).try_into().expect("a small group");
        guess.learn(&ORDER, group, before(left), outcome(words[0]));
    }
    guess
}

fn enough(guess: &Guess, group: u32) -> String {
    let refused = |left: &i64| guess.refuses(&ORDER, group, before(*left));
    let accepted: Vec<i64> = (-LEFT_MAX..=LEFT_MAX)
        .filter(|left| !refused(left))
        .collect();
    let least = *accepted.first().expect("somewhere it is accepted");
    assert_eq!(accepted, Vec::from_iter(least..=LEFT_MAX), "one limit");
    if least == -LEFT_MAX {
        return "whatever is left".to_owned();
    }
    least.to_string()
}

const ORDER: Event = Event {
    slot: 0,
    kind: Kind::Adjust(-3),
    key: None,
    nature: Nature::Intent,
    expected_version: None,
};

/// The product of which an `ORDER` leaves so much.
fn before(left: i64) -> Stock {
    Stock {
        units: left + 3,
        version: 0,
        floor: -1_000,
        decisions: 1,
        ledger: None,
        held: false,
    }
}

fn outcome(word: &str) -> Outcome {
    match word {
        "refused" => Outcome::Refused {
            refusal: Refusal::BelowFloor,
            seen: None,
        },
        "accepted" => Outcome::Movement {
            change: -3,
            stock_after: 0,
            version: 1,
        },
        "parked" => Outcome::Parked {
            hold: Hold::BelowFloor,
            seen: None,
        },
        other => panic!("nothing becomes {other}"),
    }
}

#[test]
fn nothing_left_is_enough_until_something_else_is_seen() {
    check(
        &[
            "",
            "parked 9",
            "accepted 9",
            "accepted 0",
            "refused -9",
            "refused -1",
            "refused -9, accepted 9",
            "refused -9, accepted 0",
            "refused -1, accepted 9",
        ],
        expect![[r#"
                                              : 0
            parked 9                          : 0
            accepted 9                        : 0
            accepted 0                        : 0
            refused -9                        : 0
            refused -1                        : 0
            refused -9, accepted 9            : 0
            refused -9, accepted 0            : 0
            refused -1, accepted 9            : 0
        "#]],
    );
}

#[test]
fn who_leaves_less_than_nothing_once_is_expected_to_always() {
    check(
        &["accepted -1", "accepted 9, accepted -9"],
        expect![[r#"
            accepted -1                       : whatever is left
            accepted 9, accepted -9           : whatever is left
        "#]],
    );
}

#[test]
fn another_limit_is_looked_for_half_way_between_refused_and_accepted() {
    check(
        &[
            "refused 0",
            "refused 9",
            "refused 9, refused 3",
            "refused 3, refused 9",
            "refused 3, accepted 9",
            "accepted 9, refused 3",
            "refused 3, accepted 30, accepted 9",
            "refused 3, accepted 9, accepted 30",
            "refused -9, accepted -3",
        ],
        expect![[r#"
            refused 0                         : 1
            refused 9                         : 10
            refused 9, refused 3              : 10
            refused 3, refused 9              : 10
            refused 3, accepted 9             : 6
            accepted 9, refused 3             : 6
            refused 3, accepted 30, accepted 9: 6
            refused 3, accepted 9, accepted 30: 6
            refused -9, accepted -3           : -5
        "#]],
    );
}

/// Rules may change their minds: what was seen last is right.
#[test]
fn what_was_seen_last_counts() {
    check(
        &[
            "refused 9, accepted 9",
            "accepted 9, refused 9",
            "refused 9, accepted 3",
            "accepted 3, refused 9",
            "accepted -9, refused -3",
        ],
        expect![[r#"
            refused 9, accepted 9             : 9
            accepted 9, refused 9             : 10
            refused 9, accepted 3             : 3
            accepted 3, refused 9             : 10
            accepted -9, refused -3           : -2
        "#]],
    );
}

#[test]
fn each_group_has_its_own_limit_and_an_unknown_one_that_of_all() {
    let guess = learnt("refused 9 of 1, refused 20 of 2, refused 2 of 1, accepted 3 of 3");
    let limits = [1, 2, 3, 4].map(|group| enough(&guess, group));
    assert_eq!(limits, ["10", "21", "3", "3"]);
}

#[test]
fn the_groups_beyond_the_fourth_are_guessed_as_all_together() {
    let guess =
        learnt("refused 5 of 1, refused 6 of 2, refused 7 of 3, refused 8 of 4, refused 9 of 5");
    let limits = [1, 2, 3, 4, 5, 6].map(|group| enough(&guess, group));
    assert_eq!(limits, ["6", "7", "8", "9", "10", "10"]);
}

#[test]
fn only_orders_are_guessed_and_learnt_from() {
    let others = [
        (Kind::Adjust(3), Nature::Intent),
        (Kind::Adjust(-3), Nature::Fact),
        (Kind::Count(3), Nature::Fact),
    ];
    for (kind, nature) in others {
        let other = Event {
            kind,
            nature,
            ..ORDER
        };
        assert!(
            !Guess::default().refuses(&other, 1, before(-20)),
            "{kind:?}"
        );
        let mut guess = Guess::default();
        guess.learn(&other, 1, before(20), outcome("refused"));
        assert_eq!(enough(&guess, 1), "0", "{kind:?}");
    }
}
