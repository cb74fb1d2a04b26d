//! The last lines of a demo: what was sent, what became of it, by which rules and revisions, and
//! whether it held.

use super::proof::{Proof, Tally};
use super::stage::STOCK_AT_FIRST;
use crate::say::{count, line, plural};
use crate::verify::{Broken, Report};

/// Tells it, and answers whether it held.
pub(super) fn tell(report: &Report, proof: &Proof, skus: u32) -> bool {
    records(&proof.tally);
    rules(proof);
    let (before, moved) = (i64::from(skus) * STOCK_AT_FIRST, proof.tally.units);
    line(format_args!(
        "  stock     {} units at first and {} moved are {} now",
        count(before),
        count(moved),
        count(before + moved)
    ));
    checks(report);
    let broken = report
        .checks
        .iter()
        .flat_map(|check| &check.broken)
        .chain(&proof.broken);
    for Broken { place, what } in broken {
        line(format_args!("  BROKEN    {place}: {what}"));
    }
    let holds = report.holds && proof.holds();
    line(if holds {
        "\nIt held: delivered at least once, applied exactly once, in order per SKU."
    } else {
        "\nIt did not hold."
    });
    holds
}

fn records(tally: &Tally) {
    line(format_args!(
        "  sent      {}: {}, {} of them, {}",
        plural(tally.records, "record"),
        plural(tally.fresh, "event"),
        plural(tally.repeats, "repeat"),
        plural(tally.poison, "poisoned record")
    ));
    line(format_args!(
        "  answered  each by one row: {}, {} below the floor, {} by rules, {}, {} parked, the rest poison",
        plural(tally.movements, "movement"),
        plural(tally.below_floor, "refusal"),
        count(tally.refused),
        plural(tally.duplicates, "duplicate"),
        count(tally.waiting)
    ));
}

/// What rules said, and by which revision.
fn rules(proof: &Proof) {
    for ((rule, code), records) in &proof.tally.by_rule {
        let who = if rule.is_empty() { "marked" } else { rule };
        line(format_args!("  {:>11}  {who}: {code}", count(*records)));
    }
    let revisions = &proof.revisions.records;
    if revisions.keys().all(|&revision| revision == 0) {
        return;
    }
    let decided: Vec<String> = revisions
        .iter()
        .map(|(revision, &records)| format!("{} by revision {revision}", plural(records, "record")))
        .collect();
    line(format_args!("  decided   {}", decided.join(", ")));
    if proof.holds() {
        line(
            "            no revision after a later one in any partition; each answer the one its rules must give",
        );
    }
}

fn checks(report: &Report) {
    let held = report
        .checks
        .iter()
        .filter(|check| check.broken.is_empty())
        .count();
    line(format_args!(
        "  verified  {held} of {} checks of `plimsoll verify` hold over {}",
        report.checks.len(),
        plural(report.counts.ledger_lines, "ledger line")
    ));
}
