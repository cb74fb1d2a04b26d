//! What orchestrators and Prometheus ask. Liveness never depends on the outside: a fleet must not
//! restart because its broker does.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use plimsoll_core::Stuck;
use serde::Serialize;

use super::App;

/// Prometheus's text format.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where the process is in its life, beside what the consumer itself shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The consumer waits for the database and its schema: why either is not there.
    Starting {
        database: Option<String>,
        migrations: Option<String>,
    },
    /// The consumer runs.
    Running,
    /// It was told to end.
    Draining,
}

impl Stage {
    pub(crate) fn first() -> Stage {
        let why = || Some("not looked at yet".to_owned());
        Stage::Starting {
            database: why(),
            migrations: why(),
        }
    }

    /// What a start still lacks.
    pub(crate) fn waits_for(&self) -> String {
        let Stage::Starting {
            database,
            migrations,
        } = self
        else {
            return String::new();
        };
        let named = [("database", database), ("migrations", migrations)];
        let lacking = named
            .iter()
            .filter_map(|(name, why)| Some(format!("{name}: {}", why.as_ref()?)));
        lacking.collect::<Vec<_>>().join("; ")
    }
}

/// What `/readyz` says.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    database: Part,
    migrations: Part,
    kafka: Part,
    rules: Part,
    /// Partitions that are being applied.
    assigned: Vec<i32>,
    /// Partitions that wait for an operator. They make nobody unready: another replica could not
    /// do better.
    halted: Vec<Halted>,
}

#[derive(Debug, Serialize)]
struct Part {
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

#[derive(Debug, Serialize)]
struct Halted {
    partition: i32,
    reason: String,
}

impl Part {
    fn of(why: Option<String>) -> Part {
        Part {
            ok: why.is_none(),
            why,
        }
    }
}

/// That the event loop answers, and that what it carries moves.
pub(super) async fn livez(State(app): State<App>) -> (StatusCode, String) {
    liveness(app.watch.alive(Instant::now()))
}

fn liveness(alive: Result<(), Stuck>) -> (StatusCode, String) {
    match alive {
        Ok(()) => (StatusCode::OK, "live\n".to_owned()),
        Err(stuck) => (StatusCode::SERVICE_UNAVAILABLE, format!("{stuck}\n")),
    }
}

pub(super) async fn readyz(State(app): State<App>) -> Response {
    let seen = app.watch.readiness();
    let stage = app.stage.borrow().clone();
    let (database, migrations) = match &stage {
        Stage::Starting {
            database,
            migrations,
        } => (database.clone(), migrations.clone()),
        Stage::Running | Stage::Draining => (seen.database, None),
    };
    let halted = seen
        .halted
        .into_iter()
        .map(|(partition, reason)| Halted { partition, reason });
    let draining = stage == Stage::Draining;
    let readiness = Readiness {
        ready: [&database, &migrations, &seen.kafka, &seen.rules]
            .iter()
            .all(|why| why.is_none())
            && !draining,
        draining,
        database: Part::of(database),
        migrations: Part::of(migrations),
        kafka: Part::of(seen.kafka),
        rules: Part::of(seen.rules),
        assigned: seen.assigned,
        halted: halted.collect(),
    };
    let status = if readiness.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness)).into_response()
}

pub(super) async fn metrics(State(app): State<App>) -> Response {
    ([(CONTENT_TYPE, METRICS_TYPE)], app.metrics.text()).into_response()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_stands_still_is_named_with_503() {
        let silent = Duration::from_secs(301);
        assert_eq!(
            liveness(Err(Stuck::Lane { lane: 1, silent })),
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "lane 1 has records to apply and has given no sign of life for 301 s\n".to_owned()
            )
        );
        assert_eq!(liveness(Ok(())), (StatusCode::OK, "live\n".to_owned()));
    }
}
