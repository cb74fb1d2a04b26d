//! What holds for every change of every stock, to the ends of numbers.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn usual()(limit in 1..=9_000_000_000_000_000_000_i64, multiple in 0..=1_000_000_i64, small in 0..=1_000_000_000_i64) -> Parameters {
        Parameters { limit, multiple, small }
    }
}

fn decided(stock: i64, change: i64, usual: &Parameters) -> Verdict {
    let event = Facts {
        stock,
        change,
        ..Facts::default()
    };
    decide(&event, usual)
}

proptest! {
    #[test]
    fn nothing_beyond_the_limit_passes(stock in any::<i64>(), change in any::<i64>(), usual in usual()) {
        let passes = decided(stock, change, &usual) == Accept;
        prop_assert!(!passes || change.unsigned_abs() <= usual.limit.unsigned_abs());
    }

    #[test]
    fn what_does_not_pass_waits_and_is_never_refused(stock in any::<i64>(), change in any::<i64>(), usual in usual()) {
        prop_assert!(matches!(decided(stock, change, &usual), Accept | Park(_)));
    }

    #[test]
    fn a_decrease_is_as_unusual_as_an_increase(stock in any::<i64>(), change in i64::MIN + 1.., usual in usual()) {
        prop_assert_eq!(decided(stock, change, &usual), decided(stock, -change, &usual));
    }

    #[test]
    fn a_smaller_change_is_not_more_unusual(stock in any::<i64>(), change in 1..=i64::MAX, less in any::<u64>(), usual in usual()) {
        let smaller = i64::try_from(less % change.unsigned_abs()).expect("below an i64");
        let passes = |change| decided(stock, change, &usual) == Accept;
        prop_assert!(!passes(change) || passes(smaller));
    }
}
