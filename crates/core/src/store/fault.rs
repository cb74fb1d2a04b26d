//! What an error of the database means, by SQLSTATE. Knows no statement.

use sea_orm::{DbErr, RuntimeErr};

/// An error, sorted by what is to be done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The open part of the ledger has an identity already.
    Duplicates,
    /// The part of the ledger that we wrote to is closed.
    Turned,
    /// The outside failed: again, later.
    Transient(String),
    /// The database refuses what we wrote: SQLSTATE and constraint.
    Refused(String),
}

/// What PostgreSQL itself said, if it was PostgreSQL.
fn cause(err: &DbErr) -> Option<&sea_orm::sqlx::Error> {
    match err {
        DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause))
        | DbErr::Conn(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// The SQLSTATE of an error; `_OTHER`, as the conventions have it, if it has none.
pub(super) fn sqlstate(err: &DbErr) -> String {
    let refusal = cause(err).and_then(|cause| cause.as_database_error());
    let state = refusal.and_then(|refusal| refusal.code());
    state.map_or_else(|| "_OTHER".to_owned(), |state| state.into_owned())
}

/// Whether the connection has gone, and not only a statement failed.
pub(crate) fn is_lost(err: &DbErr) -> bool {
    if matches!(err, DbErr::Conn(_) | DbErr::ConnectionAcquire(_)) {
        return true;
    }
    let said = cause(err).map(|cause| cause.as_database_error());
    said.is_some_and(|refusal| {
        let state = refusal.map(|refusal| refusal.code().unwrap_or_default());
        state.is_none_or(|state| state.starts_with("57P0"))
    })
}

/// What operators read of an error: SQLSTATE and message, where PostgreSQL said it.
pub(crate) fn told(err: &DbErr) -> String {
    let Some(cause) = cause(err) else {
        return err.to_string();
    };
    match cause.as_database_error() {
        Some(refusal) => format!("{} {}", sqlstate(err), refusal.message()),
        None => cause.to_string(),
    }
}

/// Sorts an error.
pub(crate) fn classify(err: &DbErr) -> Fault {
    match cause(err).and_then(|cause| cause.as_database_error()) {
        Some(refusal) => by_sqlstate(
            refusal.code().as_deref().unwrap_or(""),
            refusal.constraint(),
            refusal.message(),
        ),
        None => Fault::Transient(told(err)),
    }
}

fn by_sqlstate(state: &str, constraint: Option<&str>, message: &str) -> Fault {
    let identity = |name: &str| name.starts_with("ledger_") && name.ends_with("_identity");
    let transient = || Fault::Transient(format!("{state} {message}"));
    match state {
        "23505" if constraint.is_some_and(identity) => Fault::Duplicates,
        "PL001" => Fault::Turned,
        // A part that the database forgot: it went back to before the part was opened.
        "42P01" if message.contains("\"plimsoll_internal.ledger_") => Fault::Turned,
        "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006" => transient(),
        _ if ["08", "53"].contains(&state.get(..2).unwrap_or("")) || state.starts_with("57P0") => {
            transient()
        }
        _ => Fault::Refused([state, constraint.unwrap_or(message)].join(" ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sqlstate_has_one_remedy() {
        let kind = |state, constraint| match by_sqlstate(state, constraint, "m") {
            Fault::Duplicates => "duplicates",
            Fault::Turned => "turned",
            Fault::Transient(_) => "transient",
            Fault::Refused(_) => "refused",
        };
        for state in [
            "40001", "40P01", "55P03", "57014", "57P01", "57P03", "25P03", "25006", "08006",
            "53100", "53300",
        ] {
            assert_eq!(kind(state, None), "transient", "{state}");
        }
        for state in [
            "22003", "23514", "23502", "42501", "42P01", "P0001", "XX000", "", "7",
        ] {
            assert_eq!(kind(state, None), "refused", "{state}");
        }
        assert_eq!(kind("23505", Some("ledger_12_identity")), "duplicates");
        assert_eq!(kind("23505", Some("openings_pkey")), "refused");
        assert_eq!(kind("PL001", None), "turned");
        let gone = |table| {
            by_sqlstate(
                "42P01",
                None,
                &format!("relation \"{table}\" does not exist"),
            )
        };
        assert_eq!(gone("plimsoll_internal.ledger_7"), Fault::Turned);
        assert!(matches!(gone("audit.ledger_7"), Fault::Refused(_)));
    }
}
