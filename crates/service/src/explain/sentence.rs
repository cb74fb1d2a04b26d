//! A row in words: what was asked for, what came of it, and what the decision was made on.

use super::fate::{Fate, Room};
use crate::say::{count, plural};

/// Bytes of a kept value to show.
const PAYLOAD_SHOWN: usize = 120;

/// One to a few lines.
pub(super) fn of(fate: &Fate) -> Vec<String> {
    let mut lines = vec![match fate.room {
        Room::Ledger => movement(fate),
        Room::Refusals => refusal(fate),
        Room::Parked => parked(fate),
    }];
    let mut more = |name: &str, text: Option<String>| {
        lines.extend(text.map(|text| format!("  {name}: {text}")))
    };
    more("rule", fate.rule.clone());
    more("detail", fate.detail.clone());
    more("decided on", seen(fate));
    more(
        "flags",
        fate.flags
            .as_ref()
            .filter(|flags| !flags.is_empty())
            .map(|flags| flags.join(", ")),
    );
    more("facts", fate.facts.as_ref().map(ToString::to_string));
    more("value", fate.payload.as_deref().map(value));
    more("trace", fate.trace_id.clone());
    more("occurred", fate.occurred_at.clone());
    more("recorded", Some(fate.recorded_at.clone()));
    more(
        "ruleset revision",
        (fate.ruleset_revision > 0).then(|| fate.ruleset_revision.to_string()),
    );
    lines
}

fn movement(fate: &Fate) -> String {
    let (change, after) = (
        fate.quantity_change.unwrap_or(0),
        fate.stock_after.unwrap_or(0),
    );
    let moved = format!(
        "the stock of {} went from {} to {}",
        sku(fate),
        count(i128::from(after) - i128::from(change)),
        count(after)
    );
    let version = fate.version.unwrap_or(0);
    match fate.kind.as_deref() {
        Some("count") => format!(
            "{} was applied as a count: {moved}, version {version}.",
            place(fate)
        ),
        _ => format!(
            "{} was applied: {moved} ({}), version {version}.",
            place(fate),
            signed(change)
        ),
    }
}

fn refusal(fate: &Fate) -> String {
    let place = place(fate);
    let outcome = fate.outcome.as_deref().unwrap_or_default();
    let code = fate.code.as_deref().unwrap_or_default();
    match (outcome, code) {
        ("duplicate", _) => format!(
            "{place} changed nothing: an event of {} with this identity was decided before.",
            sku(fate)
        ),
        ("malformed", _) => {
            format!("{place} changed nothing: it says nothing readable about a SKU ({code}).")
        }
        ("unknown_sku", _) => format!(
            "{place} was refused: there is no product {}, and stock.unknown_sku says to refuse it then.",
            sku(fate)
        ),
        (_, "event_id_conflict") => {
            format!(
                "{place} was refused: an earlier event of {} has this identity, but another kind or quantity than {}.",
                sku(fate),
                asked(fate)
            )
        }
        (_, "stale") => format!(
            "{place} was refused: {} did not have the version that the event expected.",
            sku(fate)
        ),
        (_, "overflow") => format!(
            "{place} was refused: {} on {} would not fit the columns of products.",
            asked(fate),
            sku(fate)
        ),
        (_, "below_floor") => format!(
            "{place} was refused: {} would have left {} below its floor.",
            asked(fate),
            sku(fate)
        ),
        (_, "rejected_by_operator") => format!(
            "{place} was parked, and then refused by an operator: {} of {}.",
            asked(fate),
            sku(fate)
        ),
        (_, code) => format!(
            "{place} was refused with code {code}: {} of {}.",
            asked(fate),
            sku(fate)
        ),
    }
}

fn parked(fate: &Fate) -> String {
    let head = format!("{} waits: {} of {}", place(fate), asked(fate), sku(fate));
    match fate.code.as_deref().unwrap_or_default() {
        "behind" => format!("{head}, behind an earlier event of that SKU that is parked."),
        "unknown_sku" => format!("{head}, until that product exists."),
        "below_floor" => format!(
            "{head} is a fact, and it would break the floor: it waits until the floor is lower and somebody releases it."
        ),
        code => format!("{head}, with code {code}."),
    }
}

fn place(fate: &Fate) -> String {
    match (&fate.topic, fate.partition, fate.record_offset) {
        (Some(topic), Some(partition), Some(offset)) => format!("{topic}/{partition}/{offset}"),
        _ => "A change past Plimsoll".to_owned(),
    }
}

fn sku(fate: &Fate) -> &str {
    fate.sku.as_deref().unwrap_or("an unreadable SKU")
}

fn asked(fate: &Fate) -> String {
    let quantity = fate.quantity.unwrap_or(0);
    match fate.kind.as_deref() {
        Some("count") => format!("a count of {}", count(quantity)),
        _ => format!("a change of {}", signed(quantity)),
    }
}

fn signed(units: i64) -> String {
    if units > 0 {
        format!("+{}", count(units))
    } else {
        count(units)
    }
}

fn seen(fate: &Fate) -> Option<String> {
    let (stock, version, floor) = (fate.stock_seen?, fate.version_seen?, fate.floor_seen?);
    Some(format!(
        "stock {}, version {version}, floor {}",
        count(stock),
        count(floor)
    ))
}

/// The first bytes of a value, as text where it is text.
fn value(hex: &str) -> String {
    let bytes: Vec<u8> = hex
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    let shown = on_one_line(&String::from_utf8_lossy(
        &bytes[..bytes.len().min(PAYLOAD_SHOWN)],
    ));
    let rest = i128::try_from(bytes.len().saturating_sub(PAYLOAD_SHOWN)).unwrap_or(0);
    if rest > 0 {
        format!("{shown}… and {}", plural(rest, "more byte"))
    } else {
        shown
    }
}

/// A stranger's bytes must not steer a terminal.
fn on_one_line(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() {
                c.escape_debug().to_string()
            } else {
                c.to_string()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_on_one_line_and_not_for_ever() {
        assert_eq!(value("7b2278223a0a1b5b326d7d"), r#"{"x":\n\u{1b}[2m}"#);
        assert_eq!(
            value(&"61".repeat(121)),
            format!("{}… and 1 more byte", "a".repeat(120))
        );
        assert_eq!(value("ff"), "\u{fffd}");
    }
}
