//! What holds for every order of every product.

use proptest::prelude::*;

use super::*;

const UNITS: std::ops::Range<i64> = -1_000_000_000..1_000_000_000;

fn decided(stock: i64, change: i64) -> Verdict {
    let event = Facts {
        stock,
        change,
        ..Facts::default()
    };
    decide(&event, &Parameters::default())
}

proptest! {
    #[test]
    fn a_decrease_is_accepted_exactly_if_it_leaves_nothing_below_zero(stock in UNITS, units in 1..1_000_000_000_i64) {
        prop_assert_eq!(decided(stock, -units) == Accept, stock - units >= 0);
    }

    #[test]
    fn an_increase_is_always_accepted(stock in UNITS, units in 1..1_000_000_000_i64) {
        prop_assert_eq!(decided(stock, units), Accept);
    }
}
