//! Refuses an order that would take stock below a reserve. Knows nothing of other products.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { stock, change }
    parameters { reserve = 0 in 0..=1_000_000: "Units that no order may touch." }
    codes { reserved: "The last units are kept in reserve." }
}

fn decide(event: &Facts, parameters: &Parameters) -> Verdict {
    let short = event.change < 0 && event.stock + event.change < parameters.reserve;
    if short {
        Reject(code::reserved)
    } else {
        Accept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(stock: i64, change: i64) -> Verdict {
        let event = Facts {
            stock,
            change,
            ..Facts::default()
        };
        decide(&event, &Parameters { reserve: 10 })
    }

    #[test]
    fn orders_stop_at_the_reserve() {
        assert_eq!(decided(11, -1), Accept);
        assert_eq!(decided(10, -1), Reject(code::reserved));
    }

    #[test]
    fn returns_are_welcome() {
        assert_eq!(decided(0, 5), Accept);
    }
}
