//! What holds for every event and every choice.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn choices()(wait in 0..=1_i64, returns in 0..=1_i64) -> Parameters {
        Parameters { wait, returns }
    }
}

proptest! {
    #[test]
    fn no_order_is_ever_accepted(change in i64::MIN..0, parameters in choices()) {
        let order = Facts { change, ..Facts::default() };
        prop_assert_ne!(decide(&order, &parameters), Accept);
    }

    #[test]
    fn what_happened_is_always_accepted(change in any::<i64>(), parameters in choices()) {
        let happened = Facts { change, nature: Nature::Fact, ..Facts::default() };
        prop_assert_eq!(decide(&happened, &parameters), Accept);
    }

    #[test]
    fn waiting_changes_what_becomes_of_an_event_and_not_which(change in any::<i64>(), returns in 0..=1_i64) {
        let event = Facts { change, ..Facts::default() };
        let [refused, waits] = [0, 1].map(|wait| decide(&event, &Parameters { wait, returns }));
        prop_assert_eq!(refused == Accept, waits == Accept);
        prop_assert!(!matches!(refused, Park(_)) && !matches!(waits, Reject(_)));
    }
}
