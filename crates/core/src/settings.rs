//! What a consumer is told when it starts. Values are checked where they are read from the
//! outside; here they are only named.

use std::time::Duration;

use plimsoll_domain::{Nature, Policy};

/// Everything a consumer needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where records come from.
    pub kafka: crate::kafka::Settings,
    /// Where stock and ledger are.
    pub database: crate::database::Settings,
    /// Workers, each with one batch in flight and one connection. Too few leave the database
    /// idle, more than its cores only queue there.
    pub lanes: usize,
    /// Records a transaction applies at most.
    pub batch_records_max: usize,
    /// Bytes of values a transaction applies at most; one larger record still goes alone.
    pub batch_bytes_max: usize,
    /// How events are decided.
    pub policy: Policy,
    /// The nature of events that do not say theirs.
    pub nature: Nature,
    /// Whose rules are believed, and where from.
    pub rules: crate::rules::Settings,
    /// How long an event id is remembered.
    pub id_window: Duration,
    /// Size at which the open part of the ledger is closed, in bytes of its rows.
    pub part_bytes_max: u64,
    /// How long ledger lines are kept; `None` for ever.
    pub keep: Option<Duration>,
    /// Names this process in `positions.owner` and in the database's list of sessions.
    pub instance: String,
    /// How long a drain may take.
    pub drain_limit: Duration,
}
