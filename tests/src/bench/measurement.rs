//! What one run cost.

use std::time::Duration;

use serde_json::{Value, json};

/// One run of one contender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measurement {
    pub(super) events: u64,
    pub(super) elapsed: Duration,
    /// User and system time of the consumer's process.
    pub(super) service_cpu: Duration,
    /// User and system time of all of PostgreSQL's processes.
    pub(super) server_cpu: Duration,
    pub(super) wal_bytes: u64,
    /// The most memory the consumer's process ever held.
    pub(super) peak_bytes: u64,
    /// From starting the process to its first commit that was seen, where that can be seen.
    pub(super) first_commit: Option<Duration>,
}

impl Measurement {
    pub(super) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.elapsed.as_secs_f64()
    }

    /// Microseconds of processor time per event.
    pub(super) fn service_us(&self) -> f64 {
        self.per_event(self.service_cpu.as_secs_f64() * 1e6)
    }

    /// Microseconds of processor time per event.
    pub(super) fn server_us(&self) -> f64 {
        self.per_event(self.server_cpu.as_secs_f64() * 1e6)
    }

    pub(super) fn wal_bytes_per_event(&self) -> f64 {
        self.per_event(self.wal_bytes as f64)
    }

    pub(super) fn peak_mib(&self) -> f64 {
        self.peak_bytes as f64 / f64::from(1 << 20)
    }

    fn per_event(&self, amount: f64) -> f64 {
        amount / self.events as f64
    }

    pub(super) fn to_json(self) -> Value {
        json!({
            "events": self.events,
            "events_per_second": self.events_per_second(),
            "service_cpu_us_per_event": self.service_us(),
            "postgres_cpu_us_per_event": self.server_us(),
            "wal_bytes_per_event": self.wal_bytes_per_event(),
            "peak_mib": self.peak_mib(),
            "first_commit_s": self.first_commit.map(|elapsed| elapsed.as_secs_f64()),
        })
    }
}

/// The middle one of some figures, or the mean of the middle two.
pub(super) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let (low, high) = (figures.len().saturating_sub(1) / 2, figures.len() / 2);
    match figures.get(low).zip(figures.get(high)) {
        Some((low, high)) => f64::midpoint(*low, *high),
        None => f64::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_middle_one_or_between_the_middle_two() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }
}
