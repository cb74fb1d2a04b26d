//! The figures, as a table for people and as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::age::Age;
use super::contender::Contender;
use super::growth::Growth;
use super::latency::Steady;
use super::measurement::{Measurement, median};
use super::options::Options;
use super::rules::Rules;
use super::throughput::Throughput;
use super::traces::Traces;

/// A part that was not run is empty.
#[derive(Default)]
pub(super) struct Report {
    pub(super) throughput: Throughput,
    pub(super) latency: Vec<Steady>,
    pub(super) growth: Growth,
    pub(super) age: Age,
    pub(super) rules: Rules,
    pub(super) traces: Traces,
}

impl Report {
    pub(super) fn to_json(&self, options: &Options) -> Value {
        let throughput = self.throughput.0.iter().map(|(contender, runs)| {
            let ratio = self.throughput.ratio_to(*contender);
            json!({
                "contender": contender.name(),
                "runs": runs.iter().map(|run| run.to_json()).collect::<Vec<_>>(),
                "plimsoll_is_faster_by": { "mean": ratio.mean, "low_95": ratio.low, "high_95": ratio.high },
            })
        });
        let latency = self.latency.iter().map(|steady| {
            let name = steady.contender.name();
            json!({ "contender": name, "rate": steady.rate, "p50_ms": steady.p50_ms, "p99_ms": steady.p99_ms })
        });
        let growth = self
            .growth
            .0
            .iter()
            .map(|(mix, run)| json!({ "skus": mix.skus, "duplicates": mix.duplicates, "run": run.to_json() }));
        let age = self.age.growth().map(|(lines, run, cpu, wal)| {
            json!({ "lines_before": lines, "run": run.to_json(), "cpu_of_empty": cpu, "wal_of_empty": wal })
        });
        json!({
            "quick": options.quick,
            "keyed": !options.unkeyed,
            "throughput": throughput.collect::<Vec<_>>(),
            "latency": latency.collect::<Vec<_>>(),
            "growth": growth.collect::<Vec<_>>(),
            "age": age.collect::<Vec<_>>(),
            "rules": self.rules.to_json(),
            "traces": self.traces.to_json(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.throughput.0.is_empty() {
            self.drains(f)?;
        }
        if !self.growth.0.is_empty() {
            self.mixes(f)?;
        }
        if !self.age.0.is_empty() {
            self.histories(f)?;
        }
        if !self.latency.is_empty() {
            self.ages(f)?;
        }
        write!(f, "{}{}", self.rules, self.traces)
    }
}

impl Report {
    fn drains(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nDraining a backlog (medians)")?;
        heading(f, "plimsoll is faster by (95 %)")?;
        for (contender, runs) in &self.throughput.0 {
            row(f, contender.name(), runs)?;
            match contender {
                Contender::Ours => writeln!(f)?,
                other => {
                    let ratio = self.throughput.ratio_to(*other);
                    writeln!(
                        f,
                        "  {:.1} × ({:.1} – {:.1})",
                        ratio.mean, ratio.low, ratio.high
                    )?;
                }
            }
        }
        Ok(())
    }

    fn mixes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nPlimsoll with other traffic")?;
        heading(f, "first commit after")?;
        for (mix, run) in &self.growth.0 {
            row(
                f,
                &format!("{} SKUs, {} % copies", mix.skus, mix.duplicates * 100.0),
                std::slice::from_ref(run),
            )?;
            writeln!(
                f,
                "  {:.1} s",
                run.first_commit
                    .map_or(f64::NAN, |elapsed| elapsed.as_secs_f64())
            )?;
        }
        Ok(())
    }

    fn histories(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nPlimsoll on an old ledger")?;
        heading(f, "times the empty one: CPU, WAL")?;
        for (lines, run, cpu, wal) in self.age.growth() {
            row(
                f,
                &format!("{lines} lines before"),
                std::slice::from_ref(&run),
            )?;
            writeln!(f, "  {cpu:.2} ×, {wal:.2} ×")?;
        }
        Ok(())
    }

    fn ages(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nFrom record to commit at a steady load")?;
        writeln!(
            f,
            "{:<30} {:>10} {:>10} {:>10}",
            "", "events/s", "p50 ms", "p99 ms"
        )?;
        for Steady {
            contender,
            rate,
            p50_ms,
            p99_ms,
        } in &self.latency
        {
            writeln!(
                f,
                "{:<30} {rate:>10.0} {p50_ms:>10.1} {p99_ms:>10.1}",
                contender.name()
            )?;
        }
        Ok(())
    }
}

pub(super) fn heading(f: &mut fmt::Formatter<'_>, last: &str) -> fmt::Result {
    let [rate, service, server, wal, peak] = ["events/s", "CPU µs", "PG µs", "WAL B", "peak MiB"];
    writeln!(
        f,
        "{:<30} {rate:>10} {service:>8} {server:>8} {wal:>8} {peak:>8}  {last}",
        ""
    )
}

pub(super) fn row(f: &mut fmt::Formatter<'_>, name: &str, runs: &[Measurement]) -> fmt::Result {
    let of = |figure: fn(&Measurement) -> f64| median(runs.iter().map(figure));
    let (rate, wal) = (
        of(Measurement::events_per_second),
        of(Measurement::wal_bytes_per_event),
    );
    let (service, server) = (of(Measurement::service_us), of(Measurement::server_us));
    let peak = of(Measurement::peak_mib);
    write!(
        f,
        "{name:<30} {rate:>10.0} {service:>8.1} {server:>8.1} {wal:>8.0} {peak:>8.0}"
    )
}
