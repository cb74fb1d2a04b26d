//! What is wrong with a configuration, told so that it can be put right without a manual.

use std::fmt;

use serde::Serialize;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// The key, such as `kafka.brokers`, or the file or variable that holds none.
    pub(crate) key: String,
    /// Where it was written; empty for a default.
    pub(crate) origin: String,
    /// Why it cannot stay: a sentence without its full stop.
    pub(crate) reason: String,
    /// What to do: a sentence without its full stop.
    pub(crate) fix: String,
}

impl Finding {
    /// About what a key names, not about how it is written. `fix` as in a failure: its first letter
    /// is made a capital.
    pub(crate) fn outside(key: &str, reason: impl Into<String>, fix: &str) -> Finding {
        let mut rest = fix.chars();
        let fix = rest
            .next()
            .map(|first| first.to_uppercase().chain(rest).collect())
            .unwrap_or_default();
        Finding {
            key: key.to_owned(),
            origin: String::new(),
            reason: reason.into(),
            fix,
        }
    }
}

/// One line.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding {
            key,
            origin,
            reason,
            fix,
        } = self;
        if origin.is_empty() {
            write!(f, "{key}: {reason}. {fix}.")
        } else {
            write!(f, "{key} ({origin}): {reason}. {fix}.")
        }
    }
}

/// What is wrong with a value, before it is known which key it was written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) reason: String,
    pub(crate) fix: String,
}

impl Wrong {
    pub(crate) fn new(reason: impl Into<String>, fix: impl Into<String>) -> Wrong {
        Wrong {
            reason: reason.into(),
            fix: fix.into(),
        }
    }

    pub(crate) fn at(self, key: impl Into<String>, origin: impl fmt::Display) -> Finding {
        Finding {
            key: key.into(),
            origin: origin.to_string(),
            reason: self.reason,
            fix: self.fix,
        }
    }
}
