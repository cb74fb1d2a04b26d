//! Totals by outcome and code, and the active revision, read back from the metrics as any Prometheus would.

const SERIES: &str = "plimsoll_events_total{";
const REVISION: &str = "plimsoll_ruleset_revision ";

/// One total.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) outcome: String,
    /// Empty where the outcome says all.
    pub(super) code: String,
    pub(super) count: u64,
}

/// Totals above 0, by outcome and code, the largest first.
pub(super) fn read(metrics: &str) -> Vec<Outcome> {
    let mut outcomes: Vec<Outcome> = metrics
        .lines()
        .filter_map(of_line)
        .filter(|outcome| outcome.count > 0)
        .collect();
    outcomes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    outcomes
}

/// The revision that decides now; 0 without rules.
pub(super) fn revision(metrics: &str) -> usize {
    let value = |line: &str| line.strip_prefix(REVISION)?.trim().parse().ok();
    metrics.lines().find_map(value).unwrap_or(0)
}

/// The same by outcome alone.
pub(super) fn by_outcome(outcomes: &[Outcome]) -> Vec<(&str, u64)> {
    let mut sums: Vec<(&str, u64)> = Vec::new();
    for outcome in outcomes {
        match sums.iter_mut().find(|(name, _)| *name == outcome.outcome) {
            Some((_, sum)) => *sum += outcome.count,
            None => sums.push((&outcome.outcome, outcome.count)),
        }
    }
    sums
}

fn of_line(line: &str) -> Option<Outcome> {
    let (labels, value) = line.strip_prefix(SERIES)?.rsplit_once("} ")?;
    let label = |name: &str| {
        let found = labels
            .split(',')
            .find_map(|label| label.strip_prefix(name)?.strip_prefix("=\""));
        found
            .and_then(|value| value.strip_suffix('"'))
            .unwrap_or_default()
            .to_owned()
    };
    let (outcome, code) = (label("outcome"), label("code"));
    let code = if code == outcome { String::new() } else { code };
    Some(Outcome {
        outcome,
        code,
        count: value.trim().parse().ok()?,
    })
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
        metrics.events("rejected", "overflow", 1);
        assert_eq!(revision(&metrics.text()), 0);
        metrics.ruleset_revision(12);
        assert_eq!(revision(&metrics.text()), 12);
        let outcomes = read(&metrics.text());
        let read: Vec<_> = outcomes
            .iter()
            .map(|total| (total.outcome.as_str(), total.code.as_str(), total.count))
            .collect();
        assert_eq!(
            read,
            [
                ("applied", "", 12),
                ("duplicate", "", 5),
                ("rejected", "below_floor", 3),
                ("rejected", "overflow", 1)
            ]
        );
        assert_eq!(
            by_outcome(&outcomes),
            [("applied", 12), ("duplicate", 5), ("rejected", 4)]
        );
    }
}
