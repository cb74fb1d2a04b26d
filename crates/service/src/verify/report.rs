//! What a verification found, for people and for scripts.

use serde::{Deserialize, Serialize};

use crate::say::{self, Column};

/// The whole of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Report {
    /// Whether everything holds.
    pub(crate) holds: bool,
    #[serde(flatten)]
    pub(crate) counts: Counts,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) checks: Vec<Checked>,
    /// Lines with less stock than today's floor allows; it may have been lower then.
    pub(crate) lines_below_todays_floor: i64,
}

/// How much was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    /// The moment of the snapshot, RFC 3339.
    pub(crate) taken_at: String,
    pub(crate) products: i64,
    pub(crate) ledger_lines: i64,
}

/// The rows of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    /// `None`: there are rows, but nobody ever claimed it.
    pub(crate) next_offset: Option<i64>,
    pub(crate) retained_from: Option<i64>,
    pub(crate) movements: i64,
    pub(crate) refusals: i64,
    pub(crate) parked: i64,
    /// The highest offset with a row; -1 without any.
    pub(crate) highest: i64,
    /// Rows from `retained_from` on.
    pub(crate) kept: i64,
    /// Offsets in accepted gaps, from `retained_from` on.
    pub(crate) given_up: i64,
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Checked {
    pub(crate) invariant: &'static str,
    pub(crate) claim: &'static str,
    pub(crate) broken: Vec<Broken>,
}

/// Where something does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Broken {
    pub(crate) place: String,
    pub(crate) what: String,
}

impl Partition {
    /// Rows of it.
    pub(crate) fn records(&self) -> i64 {
        self.movements + self.refusals + self.parked
    }

    /// Offsets below the position without a row: transaction markers, aborted or compacted records.
    pub(crate) fn without_row(&self) -> i64 {
        match (self.next_offset, self.retained_from) {
            (Some(next), Some(from)) => next - from - self.given_up - self.kept,
            _ => 0,
        }
    }

    /// Where its rows and its position contradict each other.
    pub(super) fn broken(&self) -> Option<Broken> {
        let what = match self.next_offset {
            None => format!(
                "has {}, but no position",
                say::plural(self.records(), "row")
            ),
            Some(next) if self.highest >= next => format!(
                "has a row at offset {}, but its position is {next}",
                self.highest
            ),
            Some(_) if self.without_row() < 0 => format!(
                "has {} more than offsets below its position",
                say::plural(-self.without_row(), "row")
            ),
            Some(_) => return None,
        };
        Some(Broken {
            place: format!("{}/{}", self.topic, self.partition),
            what,
        })
    }
}

impl Report {
    /// As text on standard output.
    pub(super) fn print(&self) {
        say::line(format_args!(
            "{} and {} at {}.",
            say::plural(self.counts.products, "product"),
            say::plural(self.counts.ledger_lines, "ledger line"),
            self.counts.taken_at
        ));
        self.print_partitions();
        say::line("");
        for check in &self.checks {
            let verdict = if check.broken.is_empty() {
                "holds "
            } else {
                "BROKEN"
            };
            say::line(format_args!(
                "{:<7}{verdict}  {}",
                check.invariant, check.claim
            ));
            for Broken { place, what } in &check.broken {
                say::line(format_args!("               {place}: {what}"));
            }
        }
        if self.lines_below_todays_floor > 0 {
            let lines = say::plural(self.lines_below_todays_floor, "ledger line");
            say::line(format_args!(
                "\n{lines} left less than today's floor allows; the floor may have been lower then."
            ));
        }
        say::line(if self.holds {
            "\nEverything holds."
        } else {
            "\nSomething is broken."
        });
    }

    fn print_partitions(&self) {
        let columns = [
            Column::Left("partition"),
            Column::Right("position"),
            Column::Right("movements"),
            Column::Right("refusals"),
            Column::Right("parked"),
            Column::Right("offsets without a record"),
        ];
        let rows = self.partitions.iter().map(|partition| {
            vec![
                format!("{}/{}", partition.topic, partition.partition),
                partition.next_offset.map(say::count).unwrap_or_default(),
                say::count(partition.movements),
                say::count(partition.refusals),
                say::count(partition.parked),
                say::count(partition.without_row().max(0)),
            ]
        });
        say::table(&columns, &rows.collect::<Vec<_>>());
    }
}
