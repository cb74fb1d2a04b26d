//! Totals by outcome and code, read back from the metrics as any Prometheus would.

const SERIES: &str = "plimsoll_events_total{";

/// One total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    outcome: String,
    code: String,
    pub(super) count: u64,
}

impl Outcome {
    /// `applied`, `duplicate`, `rejected below_floor`.
    pub(super) fn name(&self) -> String {
        if self.code.is_empty() || self.code == self.outcome { self.outcome.clone() } else { format!("{} {}", self.outcome, self.code) }
    }
}

/// Totals above 0, the largest first.
pub(super) fn read(metrics: &str) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = metrics.lines().filter_map(of_line).filter(|outcome| outcome.count > 0).collect();
    outcomes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name().cmp(&b.name())));
    outcomes
}

fn of_line(line: &str) -> Option<Outcome> {
    let (labels, value) = line.strip_prefix(SERIES)?.rsplit_once("} ")?;
    let label = |name: &str| {
        let found = labels.split(',').find_map(|label| label.strip_prefix(name)?.strip_prefix("=\""));
        found.and_then(|value| value.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    Some(Outcome { outcome: label("outcome"), code: label("code"), count: value.trim().parse().ok()? })
}

#[cfg(test)]
mod tests {
    use plimsoll_telemetry::Metrics;

    use super::*;

    #[test]
    fn totals_are_read_back_from_the_metrics() {
        let metrics = Metrics::new();
        metrics.events("applied", "", 12);
        metrics.events("rejected", "below_floor", 3);
        metrics.events("duplicate", "duplicate", 5);
        let read: Vec<(String, u64)> = read(&metrics.text()).into_iter().map(|outcome| (outcome.name(), outcome.count)).collect();
        assert_eq!(read, [("applied".to_owned(), 12), ("duplicate".to_owned(), 5), ("rejected below_floor".to_owned(), 3)]);
    }
}
