//! How many events of a second get a span of their own, however many there are: a span costs more
//! than applying the event does, here and where it is received.

use std::time::Instant;

use parking_lot::{Mutex, MutexGuard};

/// Events in a second that somebody wants to see. On two cores that also receive the spans, so
/// many take a twentieth of the time.
const PER_SECOND: f64 = 5_000.0;
/// A share is one of this many events in a second at most: what nobody asked for by name must cost
/// next to nothing also where a backlog is drained.
const SHARED_PER_SECOND: f64 = 50_000.0;

/// What is left of the present second.
#[derive(Debug)]
pub(super) struct Allowance {
    per_second: f64,
    left: Mutex<(f64, Instant)>,
}

impl Allowance {
    /// Of events that somebody wants to see.
    pub(super) fn full(now: Instant) -> Allowance {
        Allowance::of(PER_SECOND, now)
    }

    /// Of a share of all events, 0 to 1.
    pub(super) fn of_share(share: f64, now: Instant) -> Allowance {
        Allowance::of((share * SHARED_PER_SECOND).clamp(1.0, PER_SECOND), now)
    }

    fn of(per_second: f64, now: Instant) -> Allowance {
        Allowance {
            per_second,
            left: Mutex::new((per_second, now)),
        }
    }

    /// How many of `wanted` may be had.
    pub(super) fn take(&self, wanted: usize, now: Instant) -> usize {
        let mut left = self.refilled(now);
        let taken = (wanted as f64).min(left.0.floor()).max(0.0);
        left.0 -= taken;
        whole(taken)
    }

    /// The same, but all or none, and never more than a second's: as long as anything is left, all,
    /// which the next ones go without.
    pub(super) fn take_whole(&self, wanted: usize, now: Instant) -> usize {
        let mut left = self.refilled(now);
        if left.0 < 1.0 {
            return 0;
        }
        let taken = (wanted as f64).min(self.per_second.floor());
        left.0 -= taken;
        whole(taken)
    }

    fn refilled(&self, now: Instant) -> MutexGuard<'_, (f64, Instant)> {
        let mut left = self.left.lock();
        let passed = now.saturating_duration_since(left.1).as_secs_f64();
        let refilled = (left.0 + passed * self.per_second).min(self.per_second);
        *left = (refilled, now);
        left
    }
}

/// Between 0 and what somebody counted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "see above"
)]
fn whole(taken: f64) -> usize {
    taken as usize
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_second_has_its_events_and_the_next_one_too() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let allowance = Allowance::full(start);
        assert_eq!(allowance.take(3_000, start), 3_000);
        assert_eq!(allowance.take(3_000, start), 2_000);
        assert_eq!(allowance.take(3_000, after(100)), 500);
        assert_eq!(
            allowance.take(9_000, after(60_000)),
            5_000,
            "nothing is saved up"
        );
    }

    #[test]
    fn of_a_share_a_batch_has_all_or_none() {
        let start = Instant::now();
        let after = |ms| start + Duration::from_millis(ms);
        let allowance = Allowance::of_share(0.01, start);
        assert_eq!(allowance.take_whole(400, start), 400);
        assert_eq!(allowance.take_whole(400, start), 400, "100 were left");
        assert_eq!(allowance.take_whole(1, after(500)), 0, "they are owed");
        assert_eq!(
            allowance.take_whole(9_000, after(700)),
            500,
            "it never has more"
        );
        assert_eq!(allowance.take_whole(1, after(1_600)), 0);
    }

    #[test]
    fn the_smallest_share_has_an_event_in_a_second_and_the_largest_no_more_than_others() {
        let start = Instant::now();
        assert_eq!(Allowance::of_share(1e-9, start).take_whole(1, start), 1);
        assert_eq!(
            Allowance::of_share(1.0, start).take_whole(50_000, start),
            5_000
        );
    }
}
