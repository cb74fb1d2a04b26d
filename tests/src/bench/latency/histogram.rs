//! A Prometheus histogram, read from the text of `/metrics`.

use std::collections::BTreeMap;

use anyhow::{Context, ensure};

/// Counts of observations at or below each bound, over some label sets.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::bench) struct Histogram(Vec<(f64, f64)>);

impl Histogram {
    /// Of those label sets that hold `label`, written as there (`stage="fold"`); of all if it is empty.
    pub(in crate::bench) fn read(name: &str, label: &str, text: &str) -> anyhow::Result<Self> {
        let mut buckets = BTreeMap::new();
        for line in text.lines() {
            let Some(series) = line
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix("_bucket{"))
            else {
                continue;
            };
            if !series.contains(label) {
                continue;
            }
            let bound = series
                .split("le=\"")
                .nth(1)
                .and_then(|rest| rest.split('"').next())
                .context("le")?;
            let count: f64 = series.rsplit(' ').next().context("a count")?.parse()?;
            let bound: f64 = if bound == "+Inf" {
                f64::INFINITY
            } else {
                bound.parse()?
            };
            // Bounds are not negative, so their bits are in their order.
            *buckets.entry(bound.to_bits()).or_insert(0.0) += count;
        }
        ensure!(!buckets.is_empty(), "no histogram {name}");
        Ok(Self(
            buckets
                .into_iter()
                .map(|(bound, count)| (f64::from_bits(bound), count))
                .collect(),
        ))
    }

    /// What was observed after an earlier reading.
    pub(in crate::bench) fn since(&self, before: &Histogram) -> Histogram {
        let earlier = |bound: f64| {
            before
                .0
                .iter()
                .find(|(other, _)| *other == bound)
                .map_or(0.0, |(_, count)| *count)
        };
        Histogram(
            self.0
                .iter()
                .map(|&(bound, count)| (bound, count - earlier(bound)))
                .collect(),
        )
    }

    /// Between the bounds of its bucket, as if observations were spread evenly there.
    pub(in crate::bench) fn quantile(&self, share: f64) -> f64 {
        let wanted = share * self.0.last().map_or(0.0, |(_, count)| *count);
        let (mut low, mut below) = (0.0, 0.0);
        for &(bound, count) in &self.0 {
            if count >= wanted && count > below {
                return if bound.is_finite() {
                    low + (bound - low) * (wanted - below) / (count - below)
                } else {
                    low
                };
            }
            (low, below) = (bound, count);
        }
        f64::NAN
    }
}

#[cfg(test)]
mod tests {
    use super::Histogram;

    const TEXT: &str = "\
# TYPE age_seconds histogram
age_seconds_bucket{le=\"0.005\"} 0
age_seconds_bucket{le=\"0.01\"} 50
age_seconds_bucket{le=\"0.1\"} 100
age_seconds_bucket{le=\"+Inf\"} 100
age_seconds_sum 3.5
age_seconds_count 100
";

    #[test]
    fn quantiles_are_between_the_bounds() {
        let histogram = Histogram::read("age_seconds", "", TEXT).expect("a histogram");
        assert!((histogram.quantile(0.50) - 0.01).abs() < 1e-12);
        assert!((histogram.quantile(0.75) - 0.055).abs() < 1e-12);
        assert!(histogram.since(&histogram).quantile(0.5).is_nan());
    }

    #[test]
    fn a_missing_histogram_is_an_error() {
        assert!(Histogram::read("other", "", TEXT).is_err());
    }
}
