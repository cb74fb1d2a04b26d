//! What orchestrators and Prometheus ask. Liveness never depends on the outside: a fleet must not
//! restart because its broker does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
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
}

/// What `/readyz` says.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    draining: bool,
    database: Part,
    migrations: Part,
    kafka: Part,
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

/// That the event loop answers is all there is to say.
pub(super) async fn livez() -> &'static str {
    "live\n"
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
        ready: database.is_none() && migrations.is_none() && seen.kafka.is_none() && !draining,
        draining,
        database: Part::of(database),
        migrations: Part::of(migrations),
        kafka: Part::of(seen.kafka),
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
