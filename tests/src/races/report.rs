//! What a consumer says about its run. It does not know what the run was good for.

use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

/// A finished run.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Records taken.
    pub events: u64,
    /// From the first to the last of them.
    pub elapsed: Duration,
    /// User and system time of this process meanwhile, in steps of 10 ms.
    pub cpu: Duration,
    /// From a record's timestamp to its commit.
    pub latency: Latency,
    /// The most memory this process ever held, in bytes.
    pub peak_bytes: u64,
}

/// Percentiles, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Half of the events are faster.
    pub p50_ms: u64,
    /// One of a hundred is slower.
    pub p99_ms: u64,
}

impl Latency {
    /// Of the ages of all events, in milliseconds; 0 of none.
    pub fn of(mut ages_ms: Vec<u64>) -> Self {
        ages_ms.sort_unstable();
        let at = |percent: usize| {
            ages_ms
                .get(ages_ms.len() * percent / 100)
                .copied()
                .unwrap_or_default()
        };
        Self {
            p50_ms: at(50),
            p99_ms: at(99),
        }
    }
}

impl Report {
    /// One line for the process that started this one.
    pub fn to_json(self) -> Value {
        json!({
            "events": self.events,
            "elapsed_us": micros(self.elapsed),
            "cpu_us": micros(self.cpu),
            "p50_ms": self.latency.p50_ms,
            "p99_ms": self.latency.p99_ms,
            "peak_bytes": self.peak_bytes,
        })
    }

    /// Reads that line.
    pub fn from_json(line: &str) -> anyhow::Result<Self> {
        let value: Value = serde_json::from_str(line)?;
        let number = |name: &str| {
            value[name]
                .as_u64()
                .with_context(|| format!("{name} in {line}"))
        };
        Ok(Self {
            events: number("events")?,
            elapsed: Duration::from_micros(number("elapsed_us")?),
            cpu: Duration::from_micros(number("cpu_us")?),
            latency: Latency {
                p50_ms: number("p50_ms")?,
                p99_ms: number("p99_ms")?,
            },
            peak_bytes: number("peak_bytes")?,
        })
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).expect("less than 500,000 years")
}
