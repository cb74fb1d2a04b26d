//! What holds for every order, floor and reserve.

use proptest::prelude::*;

use super::*;

prop_compose! {
    fn order()(stock in -1_000..1_000_i64, change in -1_000..0_i64, floor in -500..500_i64) -> Facts<'static> {
        Facts { stock, change, floor, channel: "web", ..Facts::default() }
    }
}

proptest! {
    #[test]
    fn a_channel_is_served_exactly_above_what_is_kept_back(event in order(), kept_back in 0..1_000_i64) {
        let accepted = decide(&event, &Parameters { kept_back }) == Accept;
        prop_assert_eq!(accepted, event.stock + event.change >= event.floor + kept_back);
    }

    #[test]
    fn without_a_channel_nothing_is_kept_back(event in order(), kept_back in 0..1_000_i64) {
        let staff = Facts { channel: "", ..event };
        prop_assert_eq!(decide(&staff, &Parameters { kept_back }), Accept);
    }

    #[test]
    fn every_channel_is_treated_alike(event in order(), channel in "[a-zäß]{1,20}", kept_back in 0..1_000_i64) {
        let parameters = Parameters { kept_back };
        let other = Facts { channel: &channel, ..event };
        prop_assert_eq!(decide(&event, &parameters), decide(&other, &parameters));
    }
}
