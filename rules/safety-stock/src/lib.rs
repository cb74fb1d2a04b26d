//! Keeps some units back from orders that come through a sales channel. Orders without one,
//! such as those of a shop's own staff, may have the last unit.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { stock, change, floor, channel }
    parameters { kept_back = 0 in 0..=1_000_000_000: "Units above the floor that channels cannot have." }
    codes { safety_stock: "What is left is kept back from sales channels." }
}

fn decide(event: &Facts, parameters: &Parameters) -> Verdict {
    if event.change >= 0 || event.channel.is_empty() {
        return Accept;
    }
    // Fewer than any number can hold is below whatever is kept back.
    let left = event.stock.saturating_add(event.change);
    let short = left < event.floor.saturating_add(parameters.kept_back);
    if short {
        Reject(code::safety_stock)
    } else {
        Accept
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    const TEN: Parameters = Parameters { kept_back: 10 };

    fn decided(stock: i64, change: i64, channel: &str) -> Verdict {
        let event = Facts {
            stock,
            change,
            channel,
            floor: -2,
            ..Facts::default()
        };
        decide(&event, &TEN)
    }

    #[test]
    fn channels_stop_above_the_floor() {
        assert_eq!(decided(9, -1, "web"), Accept);
        assert_eq!(decided(9, -2, "web"), Reject(code::safety_stock));
        assert_eq!(decided(-1, i64::MIN, "web"), Reject(code::safety_stock));
    }

    #[test]
    fn others_may_have_the_last_unit() {
        assert_eq!(decided(1, -1, ""), Accept);
        assert_eq!(decided(1, 5, "web"), Accept);
    }

    #[test]
    fn no_channel_gets_what_is_kept_back() {
        for stock in 0..20 {
            for change in -20..0 {
                let accepted = decided(stock, change, "web") == Accept;
                assert_eq!(accepted, stock + change >= -2 + 10);
            }
        }
    }
}
