//! One row for every record: ledger lines, refusals, parked events; and the lines without a record.

use plimsoll_domain::{Outcome, Seen};

use super::{Within, Written};
use crate::outside::{Fault, Outside};
use crate::plan::Bug;
use crate::rows;
use crate::rows::{Change, Line, Parked, Refused};
use crate::seen::Sight;
use crate::work::Work;

impl Work {
    pub(super) fn insert(&mut self, within: Within, out: &mut Outside) -> Result<Written, Fault> {
        if self
            .entries
            .iter()
            .any(|entry| out.poison.contains(&entry.place))
        {
            return Err(Fault::Refused);
        }
        self.opens_part(within, out)?;
        for slot in self.touched() {
            self.lines_without_record(slot, within, out);
        }
        let mut event = 0;
        for n in 0..self.entries.len() {
            if self.entries[n].event.is_none() {
                self.refuse(n, rows::Code::Malformed, None, within, out);
            } else {
                self.row(n, event, within, out)?;
                event += 1;
            }
        }
        Ok(Written::All)
    }

    /// The row of one event: `event` counts the events, `n` the records.
    pub(super) fn row(
        &self,
        n: usize,
        event: u32,
        within: Within,
        out: &mut Outside,
    ) -> Result<(), Fault> {
        match self.folded.outcomes[event as usize] {
            Outcome::Movement {
                change,
                stock_after,
                version,
            } => {
                let line = self.line(n, event, (change, stock_after, version), out, within);
                let taken =
                    |it: &Line| (it.part, it.sku, it.key) == (line.part, line.sku, line.key);
                if line.key.is_some() && out.db.tables.lines.iter().any(taken) {
                    return Err(Fault::Duplicates);
                }
                out.db.write(within.tx, Change::Line(line));
            }
            Outcome::Refused { refusal, seen } => {
                self.refuse(n, rows::Code::Refused(refusal), seen, within, out);
            }
            Outcome::Parked { hold, seen } => {
                let entry = self.entries[n];
                let Some((wish, _)) = entry.event else {
                    return Ok(());
                };
                let parked = Parked {
                    number: out.db.number(),
                    record: entry.place,
                    wish,
                    hold,
                    seen,
                    revision: self.ruleset.revision,
                    at: out.db.began(within.tx),
                };
                out.db.write(within.tx, Change::Parked(parked));
            }
        }
        Ok(())
    }

    /// Inserting asks whether the part that was open is so still.
    pub(super) fn opens_part(&self, within: Within, out: &mut Outside) -> Result<(), Fault> {
        let moves = |outcome: &Outcome| matches!(outcome, Outcome::Movement { .. });
        let lines = self.folded.outcomes.iter().any(moves)
            || self
                .folded
                .slots
                .iter()
                .any(|after| after.external.is_some());
        if !lines {
            return Ok(());
        }
        match out.db.tables.parts.get(self.parts.open) {
            Some(part) if part.closed.is_none() => {
                out.db.share(within.tx, self.parts.open);
                Ok(())
            }
            Some(_) => Err(Fault::Turned),
            None if out.has_bug(Bug::MissingPartTakenAsRefusal) => Err(Fault::Refused),
            None => Err(Fault::Turned),
        }
    }

    pub(super) fn lines_without_record(&self, slot: usize, within: Within, out: &mut Outside) {
        let (sku, after) = (self.skus[slot], self.after(slot));
        if let Some(line) = after.opening {
            out.must(out.db.tables.openings[sku].is_none(), "I3", || {
                format!("SKU {sku} is opened twice")
            });
            out.db
                .write(within.tx, Change::Opening(sku, line.stock, line.version));
            out.note(Sight::Adopted);
        }
        if let Some(line) = after.external {
            let line = Line {
                part: self.parts.open,
                sku,
                key: None,
                kind: None,
                change: line.change,
                stock_after: line.stock,
                version: line.version,
                record: None,
                flags: Vec::new(),
                revision: self.ruleset.revision,
                at: out.db.began(within.tx),
                released: false,
            };
            out.db.write(within.tx, Change::Line(line));
        }
    }

    pub(super) fn line(
        &self,
        n: usize,
        event: u32,
        moved: (i64, i64, i64),
        out: &Outside,
        within: Within,
    ) -> Line {
        let entry = self.entries[n];
        let flags = self
            .folded
            .flags
            .iter()
            .filter(|(flagged, _)| *flagged == event);
        Line {
            part: self.parts.open,
            sku: entry.event.map_or(0, |(wish, _)| wish.sku),
            key: entry.event.and_then(|(wish, _)| wish.key),
            kind: entry.event.map(|(wish, _)| wish.kind),
            change: moved.0,
            stock_after: moved.1,
            version: moved.2,
            record: Some(entry.place),
            flags: flags.map(|&(_, said)| said).collect(),
            revision: self.ruleset.revision,
            at: out.db.began(within.tx),
            released: self.released,
        }
    }

    pub(super) fn refuse(
        &self,
        n: usize,
        code: rows::Code,
        seen: Option<Seen>,
        within: Within,
        out: &mut Outside,
    ) {
        let entry = self.entries[n];
        let refused = Refused {
            record: entry.place,
            wish: entry.event.map(|(wish, _)| wish),
            code,
            seen,
            revision: self.ruleset.revision,
            at: out.db.began(within.tx),
            released: self.released,
        };
        out.db.write(within.tx, Change::Refused(refused));
    }
}
