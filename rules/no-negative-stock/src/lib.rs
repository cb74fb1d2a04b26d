//! Refuses an order that would take stock below zero. Knows nothing of backorders.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { stock, change }
    codes { insufficient_stock: "There is not enough stock." }
}

fn decide(event: &Facts, _: &Parameters) -> Verdict {
    // Fewer than any number can hold is below zero, too.
    let short = event.change < 0 && event.stock.saturating_add(event.change) < 0;
    if short {
        Reject(code::insufficient_stock)
    } else {
        Accept
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(stock: i64, change: i64) -> Verdict {
        let event = Facts {
            stock,
            change,
            ..Facts::default()
        };
        decide(&event, &Parameters::default())
    }

    #[test]
    fn the_last_unit_can_be_sold_once() {
        assert_eq!(decided(1, -1), Accept);
        assert_eq!(decided(0, -1), Reject(code::insufficient_stock));
        assert_eq!(decided(-1, i64::MIN), Reject(code::insufficient_stock));
    }

    #[test]
    fn a_return_is_welcome_even_below_zero() {
        assert_eq!(decided(-5, 2), Accept);
    }

    #[test]
    fn whatever_is_accepted_leaves_no_decrease_below_zero() {
        for stock in -20..20 {
            for change in -20..0 {
                assert_eq!(decided(stock, change) == Accept, stock + change >= 0);
            }
        }
    }
}
