//! The figures about rules, as a table for people and as JSON.

use std::fmt;

use serde_json::{Value, json};

use super::Rules;
use super::pairs::{Pair, Side};
use super::reload::Replaced;
use crate::bench::measurement::{Measurement, median};
use crate::bench::report::{heading, row};

impl Rules {
    pub(in crate::bench) fn to_json(&self) -> Value {
        let reload = self.reload.iter().map(|kind| {
            let runs = kind.runs.iter().map(|run| {
                json!({ "p50_ms": run.p50_ms, "p99_ms": run.p99_ms, "fold_p99_ms": run.fold_p99_ms,
                        "revisions": run.revisions })
            });
            let times = self.times_still(kind);
            json!({ "news": kind.news.name(), "runs": runs.collect::<Vec<_>>(), "p99_of_one_revision": times })
        });
        json!({
            "pairs": self.pairs.iter().map(Pair::to_json).collect::<Vec<_>>(),
            "reload": reload.collect::<Vec<_>>(),
        })
    }

    /// How many times the p99 without any news: mean, and the ends of its interval.
    fn times_still(&self, kind: &Replaced) -> Option<[f64; 3]> {
        let still = self.reload.first()?;
        let ratio = kind.ratio_to(still);
        (kind.news != still.news).then_some([ratio.mean, ratio.low, ratio.high])
    }
}

impl Pair {
    fn to_json(&self) -> Value {
        let sides = |sides: &[Side]| sides.iter().map(Side::as_json).collect::<Vec<_>>();
        let ratio = self.ratio();
        json!({
            "traffic": self.case.name,
            "without": sides(&self.without),
            "with": sides(&self.with),
            "ratio": { "mean": ratio.mean, "low_95": ratio.low, "high_95": ratio.high },
            "asked": self.case.asked,
        })
    }
}

impl Side {
    fn as_json(&self) -> Value {
        json!({
            "run": self.run.to_json(),
            "fold_us_per_event": self.fold_us,
            "rules_us_per_event": self.rules_us,
            "refused": self.refused,
        })
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for pair in &self.pairs {
            pair.fmt(f)?;
        }
        if self.reload.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nSix rules replaced at a steady load (medians)")?;
        let [p50, p99, fold] = ["p50 ms", "p99 ms", "fold p99"];
        writeln!(
            f,
            "{:<30} {p50:>10} {p99:>10} {fold:>10} {:>10}",
            "", "revisions"
        )?;
        for kind in &self.reload {
            let (p50, p99) = (kind.median(|run| run.p50_ms), kind.median(|run| run.p99_ms));
            let (fold, revisions) = (
                kind.median(|run| run.fold_p99_ms),
                kind.median(|run| run.revisions as f64),
            );
            let name = kind.news.name();
            write!(
                f,
                "{name:<30} {p50:>10.1} {p99:>10.1} {fold:>10.2} {revisions:>10.0}"
            )?;
            match self.times_still(kind) {
                Some([mean, low, high]) => {
                    writeln!(f, "  p99 {mean:.2} × ({low:.2} – {high:.2}), asked: 1.20 ×")?;
                }
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nSix rules and none: {} (medians)", self.case.name)?;
        heading(f, "fold µs, rules µs, refused")?;
        for (name, sides) in [("no rules", &self.without), ("six rules", &self.with)] {
            let runs: Vec<Measurement> = sides.iter().map(|side| side.run).collect();
            row(f, name, &runs)?;
            let of = |figure: fn(&Side) -> f64| median(sides.iter().map(figure));
            let (fold, rules) = (of(|side| side.fold_us), of(|side| side.rules_us));
            let refused = of(|side| side.refused) * 100.0;
            writeln!(f, "  {fold:.2}, {rules:.2}, {refused:.1} %")?;
        }
        let ratio = self.ratio();
        write!(
            f,
            "ratio {:.2} ({:.2} – {:.2})",
            ratio.mean, ratio.low, ratio.high
        )?;
        match self.case.asked {
            Some(asked) => writeln!(f, ", asked: {asked:.2}"),
            None => writeln!(f),
        }
    }
}
