//! How many events of a second get a span of their own, however many there are: a span costs more
//! than applying the event does, here and where it is received.

use std::time::Instant;

use parking_lot::Mutex;

/// Events of one kind in a second. On two cores that also receive the spans, so many take a
/// twentieth of the time.
const PER_SECOND: u16 = 5_000;

/// What is left of the present second.
#[derive(Debug)]
pub(super) struct Allowance {
    left: Mutex<(f64, Instant)>,
}

impl Allowance {
    pub(super) fn full(now: Instant) -> Allowance {
        Allowance {
            left: Mutex::new((f64::from(PER_SECOND), now)),
        }
    }

    /// How many of `wanted` may be had.
    pub(super) fn take(&self, wanted: usize, now: Instant) -> usize {
        let most = f64::from(PER_SECOND);
        let mut left = self.left.lock();
        let passed = now.saturating_duration_since(left.1).as_secs_f64();
        *left = ((left.0 + passed * most).min(most), now);
        let taken = (wanted as f64).min(left.0.floor());
        left.0 -= taken;
        // It is between 0 and `wanted`.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "see above"
        )]
        let taken = taken as usize;
        taken
    }
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
}
