//! Parks a change that is larger than a limit, or than a multiple of stock: somebody should
//! look at it first. Knows no history.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { stock, change }
    parameters {
        limit = 100_000 in 1..=9_000_000_000_000_000_000: "Largest usual change, in units.",
        multiple = 0 in 0..=1_000_000: "Largest usual change as a multiple of stock; 0 does not look at stock.",
        small = 100 in 0..=1_000_000_000: "Changes up to this many units are usual whatever the stock.",
    }
    codes {
        above_limit: "The change is unusually large.",
        above_multiple: "The change is unusually large for this stock.",
    }
}

fn decide(event: &Facts, usual: &Parameters) -> Verdict {
    let units = event.change.unsigned_abs();
    if units > usual.limit.unsigned_abs() {
        return Park(code::above_limit);
    }
    let compared = usual.multiple > 0 && units > usual.small.unsigned_abs();
    // What no number can hold is above every change.
    let most = event
        .stock
        .unsigned_abs()
        .saturating_mul(usual.multiple.unsigned_abs());
    if compared && units > most {
        Park(code::above_multiple)
    } else {
        Accept
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const USUAL: Parameters = Parameters {
        limit: 1_000,
        multiple: 2,
        small: 10,
    };

    fn decided(stock: i64, change: i64) -> Verdict {
        decide(
            &Facts {
                stock,
                change,
                ..Facts::default()
            },
            &USUAL,
        )
    }

    #[test]
    fn both_directions_are_measured() {
        for sign in [-1, 1] {
            assert_eq!(decided(600, 1_000 * sign), Accept);
            assert_eq!(decided(600, 1_001 * sign), Park(code::above_limit));
            assert_eq!(decided(100, 200 * sign), Accept);
            assert_eq!(decided(100, 201 * sign), Park(code::above_multiple));
        }
    }

    #[test]
    fn small_changes_are_usual_even_of_nothing() {
        assert_eq!(decided(0, 10), Accept);
        assert_eq!(decided(0, 11), Park(code::above_multiple));
    }

    #[test]
    fn the_ends_of_numbers_are_no_trap() {
        for change in [i64::MIN, i64::MAX] {
            assert_eq!(decided(i64::MIN, change), Park(code::above_limit));
        }
        assert_eq!(decided(i64::MAX, 900), Accept);
    }
}
