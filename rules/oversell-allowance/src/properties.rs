//! What holds for every order, allowance and window.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn order()(stock in -1_000..1_000_i64, change in -1_000..0_i64, second in 0..1_000_i64) -> Facts<'static> {
        Facts { stock, change, occurred_at: second * MICROSECONDS, ..Facts::default() }
    }
}

prop_compose! {
    fn allowances()(allowance in 0..1_000_i64, from in 0..1_000_i64, until in 0..1_000_i64) -> Parameters {
        Parameters { allowance, from, until }
    }
}

proptest! {
    #[test]
    fn what_passes_leaves_no_more_backorders_than_allowed(event in order(), parameters in allowances()) {
        let passes = matches!(decide(&event, &parameters), Accept | Flag(_));
        prop_assert!(!passes || event.stock + event.change >= -parameters.allowance);
    }

    #[test]
    fn an_order_is_marked_exactly_if_it_passes_below_zero(event in order(), parameters in allowances()) {
        let below = event.stock + event.change < 0;
        match decide(&event, &parameters) {
            Accept => prop_assert!(!below),
            Flag(code) => prop_assert!(below && code == code::backordered),
            other => prop_assert!(below && matches!(other, Reject(_))),
        }
    }

    #[test]
    fn a_larger_allowance_refuses_nothing_more(event in order(), parameters in allowances(), more in 0..1_000_i64) {
        let larger = Parameters { allowance: parameters.allowance + more, ..parameters };
        let refused = |parameters: &Parameters| matches!(decide(&event, parameters), Reject(_));
        prop_assert!(refused(&parameters) || !refused(&larger));
    }
}
