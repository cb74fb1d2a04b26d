//! What a demo shows while it runs: on a terminal a few lines that are drawn again and again,
//! elsewhere one plain line now and then.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stdout};
use std::time::{Duration, Instant};

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row, query};

use super::outcomes::{self, Outcome};
use crate::exit::Failure;
use crate::run::Seen;
use crate::say::{self, count};

/// Between two drawings, and between two plain lines.
const REDRAW: Duration = Duration::from_millis(500);
const PLAIN: Duration = Duration::from_secs(2);

/// SKUs that are shown moving: those met most often, and a few that are not.
const SHOWN: [&str; 5] = ["SKU0", "SKU1", "SKU2", "SKU20", "SKU200"];

/// Rows of outcomes at most; the rest is summed up.
const OUTCOMES_MAX: usize = 8;

/// Stocks remembered for a line of bars.
const BARS: usize = 24;

pub(super) struct View {
    seen: Seen,
    db: PgPool,
    started: Instant,
    last: (Instant, u64),
    rate: f64,
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
        let skus = SHOWN.map(|name| Sku { name, stocks: Vec::new(), version: 0 });
        View { seen, db, started: now, last: (now, 0), rate: 0.0, skus: skus.into(), lines_drawn: 0, live: stdout().is_terminal() }
    }

    /// How long to wait before it is drawn again.
    pub(super) fn pause(&self) -> Duration {
        if self.live { REDRAW } else { PLAIN }
    }

    /// Draws what is to be seen now. `sent` is how many records the generator has delivered.
    pub(super) async fn draw(&mut self, sent: u64, doing: &str) -> Result<(), Failure> {
        self.measure();
        let applied = self.last.1;
        let outcomes = outcomes::read(&self.seen.metrics.text());
        if self.live {
            self.look().await?;
            let text = self.screen(applied, sent, doing, &outcomes);
            self.redraw(&text);
        } else {
            let seconds = self.started.elapsed().as_secs();
            let rate = format!("{:.0}", self.rate);
            let shares: Vec<String> = outcomes.iter().map(|outcome| format!("{} {}", outcome.name(), count(outcome.count))).collect();
            say::line(format_args!("{seconds:>4} s  {doing}  {rate:>7}/s  lag {}  {}", count(sent.saturating_sub(applied)), shares.join(", ")));
        }
        Ok(())
    }

    fn measure(&mut self) {
        let (now, applied) = (Instant::now(), self.seen.watch.records_applied());
        let (then, before) = self.last;
        let seconds = now.duration_since(then).as_secs_f64();
        if seconds > 0.0 {
            self.rate = (applied - before) as f64 / seconds;
        }
        self.last = (now, applied);
    }

    async fn look(&mut self) -> Result<(), Failure> {
        let names: Vec<&str> = SHOWN.into();
        let rows = query("SELECT sku, current_stock, version FROM products WHERE sku = ANY($1)").bind(names).fetch_all(&self.db).await?;
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

    fn screen(&self, applied: u64, sent: u64, doing: &str, outcomes: &[Outcome]) -> String {
        let mut text = String::new();
        let elapsed = self.started.elapsed().as_secs();
        let rate = format!("{:.0}", self.rate).parse::<u64>().unwrap_or(0);
        let mut line = |line: String| writeln!(text, "{line}").expect("memory takes what is written");
        line(format!("{:02}:{:02}  {doing}", elapsed / 60, elapsed % 60));
        line(format!("  {:>10} records/s    {:>10} applied    {:>8} lag", count(rate), count(applied), count(sent.saturating_sub(applied))));
        line(String::new());
        let (shown, rest) = outcomes.split_at(outcomes.len().min(OUTCOMES_MAX));
        for outcome in shown {
            line(format!("  {:<28}{:>12}", outcome.name(), count(outcome.count)));
        }
        if !rest.is_empty() {
            let others: u64 = rest.iter().map(|outcome| outcome.count).sum();
            line(format!("  {:<28}{:>12}", format!("{} others", rest.len()), count(others)));
        }
        line(String::new());
        for sku in self.skus.iter().filter(|sku| !sku.stocks.is_empty()) {
            let stock = sku.stocks.last().copied().unwrap_or(0);
            line(format!("  {:<8}{:>10} units  version {:>9}  {}", sku.name, count(stock), count(sku.version), bars(&sku.stocks)));
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
        stdout.write_all(out.as_bytes()).and_then(|()| stdout.flush()).ok();
    }
}

/// Stocks as a line of bars, between the lowest and the highest of them.
fn bars(stocks: &[i64]) -> String {
    const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let (low, high) = (stocks.iter().min().copied().unwrap_or(0), stocks.iter().max().copied().unwrap_or(0));
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
