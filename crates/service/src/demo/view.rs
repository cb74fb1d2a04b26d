//! What a demo shows while it runs: on a terminal a few lines that are drawn again and again,
//! elsewhere one plain line now and then.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row, query};

use super::outcomes::{self, Outcome, by_outcome};
use crate::exit::Failure;
use crate::run::Seen;
use crate::say::{self, count};

/// Between two drawings, and between two plain lines.
const REDRAW: Duration = Duration::from_millis(500);
const PLAIN: Duration = Duration::from_secs(2);

/// SKUs that are shown moving: those met most often, and a few that are not.
const SHOWN: [&str; 5] = ["SKU0", "SKU1", "SKU2", "SKU20", "SKU200"];

/// Codes of an outcome that stand on its line.
const CODES_MAX: usize = 3;

/// Stocks remembered for a line of bars.
const BARS: usize = 24;

pub(super) struct View {
    seen: Seen,
    db: PgPool,
    /// What is new in each revision, from 1.
    revisions: Vec<String>,
    /// So many of them were told.
    told: usize,
    started: Instant,
    /// When it was drawn last, and what was applied then.
    last: Option<(Instant, u64)>,
    skus: Vec<Sku>,
    lines_drawn: usize,
    live: bool,
}

struct Sku {
    name: &'static str,
    stocks: Vec<i64>,
    version: i64,
}

impl View {
    pub(super) fn new(seen: Seen, db: PgPool) -> View {
        let now = Instant::now();
        let skus = SHOWN.map(|name| Sku {
            name,
            stocks: Vec::new(),
            version: 0,
        });
        View {
            seen,
            db,
            revisions: Vec::new(),
            told: 0,
            started: now,
            last: None,
            skus: skus.into(),
            lines_drawn: 0,
            live: stdout().is_terminal(),
        }
    }

    /// The next revision was activated; this is new in it.
    pub(super) fn activated(&mut self, what: String) {
        self.revisions.push(what);
    }

    /// Draws what is to be seen now, if that is worth it yet. `sent` is how many records the
    /// generator has delivered.
    pub(super) async fn draw(&mut self, sent: u64, doing: &str) -> Result<(), Failure> {
        let pause = if self.live { REDRAW } else { PLAIN };
        if self.last.is_none_or(|(drawn, _)| drawn.elapsed() >= pause) {
            self.draw_now(sent, doing).await?;
        }
        Ok(())
    }

    /// The same at once.
    pub(super) async fn draw_now(&mut self, sent: u64, doing: &str) -> Result<(), Failure> {
        let applied = self.seen.watch.records_applied();
        let now = Now {
            applied,
            lag: sent.saturating_sub(applied),
            rate: self.rate(applied),
            doing,
        };
        let metrics = self.seen.metrics.text();
        let outcomes = outcomes::read(&metrics);
        let active = outcomes::revision(&metrics).min(self.revisions.len());
        if self.live {
            self.look().await?;
            self.told = active;
            let text = self.screen(&now, &outcomes);
            self.redraw(&text);
        } else {
            let sums: Vec<String> = by_outcome(&outcomes)
                .iter()
                .map(|(name, sum)| format!("{name} {}", count(*sum)))
                .collect();
            let seconds = self.started.elapsed().as_secs();
            say::line(format_args!(
                "{seconds:>4} s  {doing}, {} records/s, lag {}: {}",
                count(now.rate),
                count(now.lag),
                sums.join(", ")
            ));
            for place in self.told..active {
                say::line(format_args!("        {}", self.rules(place)));
            }
            self.told = active;
        }
        Ok(())
    }

    /// Records a second since it was last drawn.
    fn rate(&mut self, applied: u64) -> u64 {
        let now = Instant::now();
        let (then, before) = self
            .last
            .replace((now, applied))
            .unwrap_or((self.started, 0));
        let ms = u64::try_from(now.duration_since(then).as_millis()).unwrap_or(u64::MAX);
        (applied - before) * 1_000 / ms.max(1)
    }

    /// One line about the revision at this place.
    fn rules(&self, place: usize) -> String {
        format!("revision {} active: {}", place + 1, self.revisions[place])
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let names: Vec<&str> = SHOWN.into();
        let rows = query("SELECT sku, current_stock, version FROM products WHERE sku = ANY($1)")
            .bind(names)
            .fetch_all(&self.db)
            .await?;
        for row in rows {
            let name: String = row.try_get(0)?;
            if let Some(sku) = self.skus.iter_mut().find(|sku| sku.name == name) {
                sku.stocks.push(row.try_get(1)?);
                sku.version = row.try_get(2)?;
                let old = sku.stocks.len().saturating_sub(BARS);
                sku.stocks.drain(..old);
            }
        }
        Ok(())
    }

    fn screen(&self, now: &Now<'_>, outcomes: &[Outcome]) -> String {
        let mut text = String::new();
        let mut line =
            |line: String| writeln!(text, "{line}").expect("memory takes what is written");
        let elapsed = self.started.elapsed().as_secs();
        line(format!(
            "{:02}:{:02}  {}",
            elapsed / 60,
            elapsed % 60,
            now.doing
        ));
        line(format!(
            "  {:>11} records/s  {:>11} applied  {:>8} lag",
            count(now.rate),
            count(now.applied),
            count(now.lag)
        ));
        if let Some(place) = self.told.checked_sub(1) {
            line(format!("  {}", self.rules(place)));
        }
        line(String::new());
        for (name, sum) in by_outcome(outcomes) {
            line(
                format!("  {:>11} {name:<10} {}", count(sum), codes(name, outcomes))
                    .trim_end()
                    .to_owned(),
            );
        }
        line(String::new());
        for sku in self.skus.iter().filter(|sku| !sku.stocks.is_empty()) {
            let stock = sku.stocks.last().copied().unwrap_or(0);
            line(format!(
                "  {:>11} {:<7} version {:<11} {}",
                count(stock),
                sku.name,
                count(sku.version),
                bars(&sku.stocks)
            ));
        }
        text
    }

    /// Over what was drawn before. A terminal that went away is no failure.
    fn redraw(&mut self, text: &str) {
        let mut out = String::new();
        if self.lines_drawn > 0 {
            write!(out, "\x1b[{}A", self.lines_drawn).expect("memory takes what is written");
        }
        for line in text.lines() {
            writeln!(out, "\x1b[2K{line}").expect("memory takes what is written");
        }
        out.push_str("\x1b[J");
        self.lines_drawn = text.lines().count();
        let mut stdout = stdout().lock();
        stdout
            .write_all(out.as_bytes())
            .and_then(|()| stdout.flush())
            .ok();
    }
}

/// One moment.
struct Now<'a> {
    applied: u64,
    lag: u64,
    rate: u64,
    doing: &'a str,
}

/// The codes of an outcome: the most frequent by name, the others by number.
fn codes(outcome: &str, outcomes: &[Outcome]) -> String {
    let codes: Vec<&Outcome> = outcomes
        .iter()
        .filter(|total| total.outcome == outcome && !total.code.is_empty())
        .collect();
    let mut named: Vec<String> = codes
        .iter()
        .take(CODES_MAX)
        .map(|total| format!("{} {}", total.code, count(total.count)))
        .collect();
    if codes.len() > CODES_MAX {
        named.push(format!("{} more", codes.len() - CODES_MAX));
    }
    named.join(", ")
}

/// Stocks as a line of bars, between the lowest and the highest of them.
fn bars(stocks: &[i64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (low, high) = (
        stocks.iter().min().copied().unwrap_or(0),
        stocks.iter().max().copied().unwrap_or(0),
    );
    let span = (i128::from(high) - i128::from(low)).max(1);
    let bar = |stock: &i64| {
        let height = (i128::from(*stock) - i128::from(low)) * 7 / span;
        HEIGHTS[usize::try_from(height).expect("between 0 and 7")]
    };
    stocks.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_reach_from_the_lowest_to_the_highest_stock() {
        assert_eq!(bars(&[0, 7, 3]), "▁█▄");
        assert_eq!(bars(&[5, 5]), "▁▁");
        assert_eq!(bars(&[i64::MIN, i64::MAX]), "▁█");
        assert_eq!(bars(&[]), "");
    }
}
