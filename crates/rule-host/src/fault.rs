//! A rule that gave no valid answer, and of which kind that is. What becomes of the event is
//! decided elsewhere.

use std::fmt;

use wasmtime::{Error, Trap};

/// Why a rule gave no valid answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which limit or promise it broke.
    pub kind: FaultKind,
    /// For people.
    pub detail: String,
}

/// The kinds of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// It stopped itself: a panic, a division by zero, a stack too deep.
    Trap,
    /// It used up its fuel.
    Fuel,
    /// It ran past the deadline, twice.
    Deadline,
    /// It wanted more memory than it may have.
    Memory,
    /// It answered, but not with verdicts.
    Contract,
}

impl FaultKind {
    /// Its stable name, `snake_case`.
    pub fn name(self) -> &'static str {
        match self {
            FaultKind::Trap => "trap",
            FaultKind::Fuel => "fuel",
            FaultKind::Deadline => "deadline",
            FaultKind::Memory => "memory",
            FaultKind::Contract => "contract",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

impl Fault {
    pub(crate) fn contract(detail: impl Into<String>) -> Fault {
        Fault {
            kind: FaultKind::Contract,
            detail: detail.into(),
        }
    }

    /// The fault behind a call's error; `capped` if the memory cap was reached.
    pub(crate) fn of(error: &Error, capped: bool) -> Fault {
        let trap = error.downcast_ref::<Trap>();
        let kind = match trap {
            _ if capped => FaultKind::Memory,
            Some(Trap::OutOfFuel) => FaultKind::Fuel,
            Some(Trap::Interrupt) => FaultKind::Deadline,
            Some(_) => FaultKind::Trap,
            // Arguments could not be passed, or the answer points nowhere.
            None => FaultKind::Contract,
        };
        let detail = trap.map_or_else(|| error.root_cause().to_string(), Trap::to_string);
        Fault { kind, detail }
    }
}
