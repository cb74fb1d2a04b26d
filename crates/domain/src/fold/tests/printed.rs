//! A folded batch as text: one line an event, one line a SKU.

use super::notation::{Case, name};
use crate::fold::{After, Folded, Line};
use crate::{Outcome, Seen};

/// Each event with its outcome, then each SKU after the batch.
pub(super) fn printed(case: &Case, folded: &Folded) -> String {
    let outcomes = case.events.iter().zip(&folded.outcomes);
    let outcomes = outcomes
        .map(|(event, &outcome)| format!("{:<12} -> {}\n", event.to_string(), told(outcome)));
    let slots = (0..)
        .zip(&folded.slots)
        .map(|(slot, after)| format!("{}: {}\n", name(slot), left(after)));
    outcomes.chain(slots).collect()
}

fn told(outcome: Outcome) -> String {
    match outcome {
        Outcome::Movement {
            change,
            stock_after,
            version,
        } => format!("{change:+} makes {stock_after} v{version}"),
        Outcome::Refused { refusal, seen } => {
            format!("refused {}{}", refusal.code(|_| "a rule"), saw(seen))
        }
        Outcome::Parked { hold, seen } => {
            format!("parked {}{}", hold.code(|_| "a rule"), saw(seen))
        }
    }
}

fn saw(seen: Option<Seen>) -> String {
    match seen {
        Some(Seen {
            stock,
            version,
            floor: 0,
        }) => format!(", saw {stock} v{version}"),
        Some(Seen {
            stock,
            version,
            floor,
        }) => format!(", saw {stock} v{version} floor {floor}"),
        None => String::new(),
    }
}

fn left(after: &After) -> String {
    let line = |name: &str, line: Option<Line>| {
        line.map(
            |Line {
                 change,
                 stock,
                 version,
             }| format!("{name} {change:+} makes {stock} v{version}"),
        )
    };
    let parts = [
        Some(after.now.to_string()),
        after.created().then(|| "created".to_owned()),
        line("opening", after.opening),
        line("external", after.external),
        Some(if after.touched() {
            format!("{} recorded", after.recorded)
        } else {
            "untouched".to_owned()
        }),
        after.refused.then(|| "refused".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}
