//! What holds for every order and every limit.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn limits()(minimum in 1..=50_i64, maximum in 1..=50_i64, multiple in 1..=10_i64) -> Parameters {
        Parameters { minimum, maximum, multiple }
    }
}

proptest! {
    #[test]
    fn an_order_passes_exactly_if_every_limit_allows_it(units in 1..60_i64, limits in limits()) {
        let order = Facts { change: -units, ..Facts::default() };
        let allowed = (limits.minimum..=limits.maximum).contains(&units) && units % limits.multiple == 0;
        prop_assert_eq!(decide(&order, &limits) == Accept, allowed);
    }

    #[test]
    fn what_is_no_order_always_passes(change in any::<i64>(), limits in limits()) {
        let happened = Facts { change, nature: Nature::Fact, ..Facts::default() };
        let counted = Facts { change, kind: Kind::Count, ..Facts::default() };
        prop_assert_eq!(decide(&happened, &limits), Accept);
        prop_assert_eq!(decide(&counted, &limits), Accept);
    }

    #[test]
    fn no_order_is_too_large_to_be_judged(change in i64::MIN..0, limits in limits()) {
        let order = Facts { change, ..Facts::default() };
        prop_assert!(matches!(decide(&order, &limits), Accept | Reject(_)));
    }
}
