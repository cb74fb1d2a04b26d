//! Rules as functions: what a ruleset of some digest says about one event. Pure, as real ones are, so
//! that any decision can be repeated.

use plimsoll_domain::{Code, Kind, Nature, Seen, Verdict};

use crate::traffic::Wish;

/// A ruleset as a process has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ruleset {
    /// 0: none.
    pub(crate) revision: i32,
    pub(crate) digest: u64,
}

impl Ruleset {
    pub(crate) fn is_silent(self) -> bool {
        self.revision == 0
    }

    /// Whether anybody can make it ready.
    pub(crate) fn is_sound(self) -> bool {
        self.digest % 7 != 6
    }
}

/// The answers of a ruleset's two rules, in order of priority.
pub(crate) fn verdicts(digest: u64, wish: &Wish, seen: Seen) -> [Verdict; 2] {
    let change = match wish.kind {
        Kind::Adjust(change) => change,
        Kind::Count(units) => units - seen.stock,
    };
    [
        about_stock(digest, wish, change, seen),
        about_the_event(digest / 4, wish, change, seen),
    ]
}

fn about_stock(digest: u64, wish: &Wish, change: i64, seen: Seen) -> Verdict {
    let left = seen.stock.saturating_add(change);
    match digest % 4 {
        1 if left < 2 => Verdict::Reject(Code::Own(1)),
        2 if change < 0 && left < seen.floor && clampable(wish) => {
            Verdict::Clamp((seen.stock - seen.floor).clamp(0, -change))
        }
        3 if change <= -4 => Verdict::Park(Code::Own(2)),
        _ => Verdict::Accept,
    }
}

/// A clamp is an answer about a decrease only.
fn clampable(wish: &Wish) -> bool {
    matches!((wish.kind, wish.nature), (Kind::Adjust(_), Nature::Intent))
}

fn about_the_event(digest: u64, wish: &Wish, change: i64, seen: Seen) -> Verdict {
    let number = wish.kind.quantity().unsigned_abs();
    match digest % 5 {
        1 if number % 2 == 1 => Verdict::Flag(Code::Own(3)),
        2 if (number + digest).is_multiple_of(5) => Verdict::Park(Code::Fault),
        3 if change < 0 && seen.stock % 2 == 1 => Verdict::Reject(Code::Own(4)),
        4 if seen.version % 3 == 2 => Verdict::Flag(Code::Own(5)),
        _ => Verdict::Accept,
    }
}
