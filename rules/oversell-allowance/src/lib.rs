//! Lets orders go below zero down to a limit, within a time window. Which channels and SKUs
//! may is said by the binding's selectors, not here.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { stock, change, occurred_at }
    parameters {
        allowance = 0 in 0..=1_000_000_000: "Backorders allowed inside the window, in units.",
        from = 0 in 0..=253_402_300_799: "Start of the window, seconds since 1970.",
        until = 253_402_300_799 in 0..=253_402_300_799: "End of the window, exclusive, seconds since 1970.",
    }
    codes {
        insufficient_stock: "There is not enough stock.",
        allowance_used_up: "No more backorders are taken.",
        backordered: "It is sold before it is there.",
    }
}

const MICROSECONDS: i64 = 1_000_000;

fn decide(event: &Facts, parameters: &Parameters) -> Verdict {
    // Fewer than any number can hold is below every allowance.
    let after = event.stock.saturating_add(event.change);
    if event.change >= 0 || after >= 0 {
        return Accept;
    }
    let window = parameters.from..parameters.until;
    if !window.contains(&event.occurred_at.div_euclid(MICROSECONDS)) {
        return Reject(code::insufficient_stock);
    }
    if after < -parameters.allowance {
        Reject(code::allowance_used_up)
    } else {
        Flag(code::backordered)
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const SALE: Parameters = Parameters {
        allowance: 10,
        from: 100,
        until: 200,
    };

    fn decided(stock: i64, change: i64, second: i64) -> Verdict {
        let event = Facts {
            stock,
            change,
            occurred_at: second * MICROSECONDS,
            ..Facts::default()
        };
        decide(&event, &SALE)
    }

    #[test]
    fn backorders_go_down_to_the_allowance() {
        assert_eq!(decided(0, -10, 150), Flag(code::backordered));
        assert_eq!(decided(0, -11, 150), Reject(code::allowance_used_up));
        assert_eq!(decided(-5, i64::MIN, 150), Reject(code::allowance_used_up));
    }

    #[test]
    fn outside_the_window_stock_must_be_there() {
        for second in [99, 200] {
            assert_eq!(decided(3, -3, second), Accept);
            assert_eq!(decided(3, -4, second), Reject(code::insufficient_stock));
        }
        assert_eq!(decided(3, -4, 100), Flag(code::backordered));
    }

    #[test]
    fn no_accepted_decrease_passes_the_allowance() {
        for stock in -15..5 {
            for change in -15..0 {
                let refused = matches!(decided(stock, change, 150), Reject(_));
                assert_eq!(refused, stock + change < -SALE.allowance);
            }
        }
    }
}
