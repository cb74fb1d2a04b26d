//! Keeps orders between a minimum and a maximum, in whole multiples. Knows no stock.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { kind, nature, change }
    parameters {
        minimum = 1 in 1..=1_000_000_000: "Smallest order, in units.",
        maximum = 1_000_000_000 in 1..=1_000_000_000: "Largest order, in units.",
        multiple = 1 in 1..=1_000_000_000: "Orders come in multiples of this many units.",
    }
    codes {
        below_minimum: "The order is too small.",
        above_maximum: "The order is too large.",
        not_a_multiple: "The order is not a whole number of packs.",
    }
}

fn decide(event: &Facts, limits: &Parameters) -> Verdict {
    let order = event.kind == Kind::Adjust && event.nature == Nature::Intent && event.change < 0;
    if !order {
        return Accept;
    }
    // Of the smallest change there is, the opposite does not fit: counted from below instead.
    if event.change > -limits.minimum {
        Reject(code::below_minimum)
    } else if event.change < -limits.maximum {
        Reject(code::above_maximum)
    } else if event.change % limits.multiple != 0 {
        Reject(code::not_a_multiple)
    } else {
        Accept
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const PACKS: Parameters = Parameters {
        minimum: 6,
        maximum: 24,
        multiple: 6,
    };

    fn decided(change: i64) -> Verdict {
        decide(
            &Facts {
                change,
                ..Facts::default()
            },
            &PACKS,
        )
    }

    #[test]
    fn an_order_is_a_whole_number_of_packs_within_the_limits() {
        for (change, verdict) in [
            (-5, Reject(code::below_minimum)),
            (-6, Accept),
            (-7, Reject(code::not_a_multiple)),
            (-24, Accept),
            (-25, Reject(code::above_maximum)),
            (i64::MIN, Reject(code::above_maximum)),
        ] {
            assert_eq!(decided(change), verdict, "{change}");
        }
    }

    #[test]
    fn only_orders_are_limited() {
        assert_eq!(decided(1), Accept);
        let happened = Facts {
            change: -1,
            nature: Nature::Fact,
            ..Facts::default()
        };
        assert_eq!(decide(&happened, &PACKS), Accept);
        let counted = Facts {
            change: -1,
            kind: Kind::Count,
            ..Facts::default()
        };
        assert_eq!(decide(&counted, &PACKS), Accept);
    }
}
