//! Stops all orders of a SKU, or lets them wait. Which SKUs are frozen is said by the
//! binding's selectors, not here.
#![cfg_attr(target_arch = "wasm32", no_std)]

use plimsoll_rule_sdk::prelude::*;

rule! {
    facts { nature, change }
    parameters {
        wait = 0 in 0..=1: "0 refuses orders, 1 lets them wait until the SKU is released.",
        returns = 1 in 0..=1: "1 lets increases pass, 0 stops them, too.",
    }
    codes { frozen: "The SKU is frozen." }
}

fn decide(event: &Facts, parameters: &Parameters) -> Verdict {
    let welcome = event.change > 0 && parameters.returns == 1;
    if welcome || event.nature == Nature::Fact {
        Accept
    } else if parameters.wait == 1 {
        Park(code::frozen)
    } else {
        Reject(code::frozen)
    }
}

#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(change: i64, parameters: Parameters) -> Verdict {
        decide(
            &Facts {
                change,
                ..Facts::default()
            },
            &parameters,
        )
    }

    #[test]
    fn orders_are_refused_or_wait() {
        for (wait, verdict) in [(0, Reject(code::frozen)), (1, Park(code::frozen))] {
            assert_eq!(decided(-1, Parameters { wait, returns: 1 }), verdict);
        }
    }

    #[test]
    fn increases_pass_unless_they_are_stopped_too() {
        assert_eq!(
            decided(
                1,
                Parameters {
                    wait: 0,
                    returns: 1
                }
            ),
            Accept
        );
        assert_eq!(
            decided(
                1,
                Parameters {
                    wait: 0,
                    returns: 0
                }
            ),
            Reject(code::frozen)
        );
    }

    #[test]
    fn what_happened_is_never_stopped() {
        let sold = Facts {
            change: -1,
            nature: Nature::Fact,
            ..Facts::default()
        };
        for wait in 0..=1 {
            assert_eq!(decide(&sold, &Parameters { wait, returns: 0 }), Accept);
        }
    }
}
