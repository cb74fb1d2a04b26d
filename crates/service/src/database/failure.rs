//! What an error of the database means for whoever typed a command: which exit code, and what to
//! do about it.

use sea_orm::sqlx::Error;
use sea_orm::{DbErr, RuntimeErr};

use crate::exit::Failure;

pub(super) fn unreachable(place: &str, why: &str) -> Failure {
    Failure::environment(
        format!("cannot reach PostgreSQL ({place}): {why}"),
        "start it, or correct database.url",
    )
}

/// While connecting, everything that goes wrong is the environment's.
pub(super) fn of_connect(place: &str, error: &Error) -> Failure {
    match error {
        Error::Database(refusal) => {
            let what = format!(
                "PostgreSQL ({place}) refuses the connection: {}",
                refusal.message()
            );
            Failure::environment(
                what,
                fix_of_connect(refusal.code().as_deref().unwrap_or_default()),
            )
        }
        Error::Io(error) => unreachable(place, &error.to_string()),
        Error::Tls(error) => Failure::environment(
            format!("PostgreSQL ({place}) offers no TLS that can be trusted: {error}"),
            "correct sslmode and sslrootcert in database.url, or the server's certificate",
        ),
        other => unreachable(place, &other.to_string()),
    }
}

fn fix_of_connect(state: &str) -> &'static str {
    match state {
        "3D000" => "create that database, or correct database.url",
        "28P01" | "28000" => {
            "correct user and password in database.url, or the server's pg_hba.conf"
        }
        "53300" => "raise max_connections, or end other sessions",
        "57P03" => "wait until the server has started",
        _ => "correct database.url, or the server",
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        of(&error)
    }
}

impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Failure {
        match &error {
            DbErr::Conn(RuntimeErr::SqlxError(cause))
            | DbErr::Exec(RuntimeErr::SqlxError(cause))
            | DbErr::Query(RuntimeErr::SqlxError(cause)) => of(cause),
            _ => Failure::failed(format!("PostgreSQL: {error}"), ""),
        }
    }
}

fn of(error: &Error) -> Failure {
    let Error::Database(refusal) = error else {
        return of_link(error);
    };
    let what = format!("PostgreSQL: {}", refusal.message());
    match refusal.code().as_deref().unwrap_or_default() {
        "42501" => Failure::environment(
            what,
            "grant the role plimsoll_runtime to the user of database.url",
        ),
        "42P01" | "42883" | "3F000" | "42703" => {
            Failure::environment(what, "run `plimsoll migrate up`")
        }
        "55P03" => Failure::failed(
            format!("{what}: another session holds the rows"),
            "try again",
        ),
        "25006" => Failure::environment(what, "name the primary in database.url, not a replica"),
        state
            if ["08", "53"].contains(&state.get(..2).unwrap_or_default())
                || state.starts_with("57P0") =>
        {
            Failure::environment(what, "try again when the server is back")
        }
        state => Failure::failed(format!("{what} (SQLSTATE {state})"), ""),
    }
}

fn of_link(error: &Error) -> Failure {
    match error {
        Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::PoolTimedOut
        | Error::WorkerCrashed => Failure::environment(
            format!("the connection to PostgreSQL failed: {error}"),
            "try again when the server is back",
        ),
        _ => Failure::failed(format!("PostgreSQL: {error}"), ""),
    }
}
