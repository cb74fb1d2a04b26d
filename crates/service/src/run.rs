//! `plimsoll run`: the service's life, from its first log line to its exit code. The consumer is
//! `plimsoll-core`'s; here is what stands around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_core::Watch;
use plimsoll_core::database::Settings;
use plimsoll_telemetry::{Metrics, Traces, logs};
use sea_orm::sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::http::{self, App, Stage};
use crate::{signals, who};

/// Between two looks at a database that is not ready: soon at first, then with patience.
const WAIT_FIRST: Duration = Duration::from_millis(250);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The last spans are sent within this time, or lost.
const TRACES_LIMIT: Duration = Duration::from_secs(5);

/// Connections for reads over HTTP, beside those of the lanes.
const READ_CONNECTIONS_MAX: u32 = 4;

/// A read waits no longer for a connection, and a statement runs no longer.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(3);
const STATEMENT_LIMIT: (&str, &str) = ("statement_timeout", "5s");
const READ_ONLY: (&str, &str) = ("default_transaction_read_only", "on");

/// What can be seen of a running service from inside its process.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) watch: Arc<Watch>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Arc<Traces>,
}

impl Seen {
    pub(crate) fn nothing_yet() -> Seen {
        Seen {
            watch: Arc::new(Watch::default()),
            metrics: Arc::new(Metrics::new()),
            traces: Arc::new(Traces::off()),
        }
    }
}

pub(crate) async fn run(config: Config) -> Result<Verdict, Failure> {
    let instance = who::instance();
    let mut seen = Seen::nothing_yet();
    seen.traces = Arc::new(traces(&config, &instance, &seen.metrics)?);
    let started = logs::init(
        config.telemetry.log_format,
        &filter(config.telemetry.log_level),
        &seen.traces,
    );
    started.map_err(|error| Failure::failed(error.to_string(), ""))?;
    let stopping = signals::stop_at_first_exit_at_second()?;
    let listener = listen(config.admin.listen).await?;
    let ended = serve(&config, listener, seen.clone(), stopping).await;
    seen.traces.end(TRACES_LIMIT).await;
    ended?;
    tracing::info!("drained and done");
    Ok(Verdict::Done)
}

fn traces(config: &Config, instance: &str, metrics: &Arc<Metrics>) -> Result<Traces, Failure> {
    let Some(settings) = config.telemetry.traces(instance.to_owned()) else {
        return Ok(Traces::off());
    };
    let started = Traces::start(&settings, Arc::clone(metrics));
    started.map_err(|error| {
        Failure::environment(
            format!("traces cannot be sent: {error}"),
            "correct telemetry.otlp_endpoint, or leave it empty",
        )
    })
}

/// Lines of ours from this level on, of libraries only what is wrong.
fn filter(level: &str) -> String {
    format!("warn,plimsoll={level}")
}

pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| {
        Failure::environment(
            format!("cannot listen on {address}: {error}"),
            "end what listens there, or change admin.listen",
        )
    })
}

/// Answers HTTP from the first moment on, consumes as soon as the schema is there, and drains when
/// told to stop.
pub(crate) async fn serve(
    config: &Config,
    listener: TcpListener,
    seen: Seen,
    stopping: watch::Receiver<bool>,
) -> Result<(), Failure> {
    let instance = who::instance();
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "probes, metrics and API on http://{address}");
    }
    let (stage, staged) = watch::channel(Stage::first());
    let app = App {
        db: reads(&config.database, &instance)?,
        watch: Arc::clone(&seen.watch),
        metrics: Arc::clone(&seen.metrics),
        stage: staged,
        token: config.admin.token.as_deref().map(Arc::from),
    };
    let (close, closing) = watch::channel(false);
    let server = tokio::spawn(http::serve(listener, http::routes(app), closing));
    let ended = if schema_is_there(&config.database, &stage, stopping.clone()).await {
        stage.send_replace(Stage::Running);
        tokio::spawn(show_draining(stage, stopping.clone()));
        plimsoll_core::run(
            config.settings(instance),
            seen.watch,
            seen.metrics,
            seen.traces,
            stopping,
        )
        .await
    } else {
        Ok(())
    };
    close.send_replace(true);
    server.await.expect("a panic stops the process");
    ended.map_err(|error| Failure::failed(error.to_string(), ""))
}

/// Connections for the HTTP side, which cannot write whatever it is asked.
fn reads(settings: &Settings, instance: &str) -> Result<PgPool, Failure> {
    let options = database::options(settings, &format!("{instance}/api"))?
        .options([STATEMENT_LIMIT, READ_ONLY]);
    Ok(PgPoolOptions::new()
        .max_connections(READ_CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_LIMIT)
        .connect_lazy_with(options))
}

/// Waits until no migration is pending; false if told to stop before.
async fn schema_is_there(
    settings: &Settings,
    stage: &watch::Sender<Stage>,
    mut stopping: watch::Receiver<bool>,
) -> bool {
    let mut wait = WAIT_FIRST;
    loop {
        let starting = tokio::select! {
            looked = look(settings) => looked,
            _ = stopping.wait_for(|&stop| stop) => return false,
        };
        let Some(starting) = starting else {
            return true;
        };
        if *stage.borrow() != starting {
            tracing::warn!("cannot start yet: {}", starting.waits_for());
            stage.send_replace(starting);
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(WAIT_MAX),
            _ = stopping.wait_for(|&stop| stop) => return false,
        }
    }
}

/// What is missing for a start.
async fn look(settings: &Settings) -> Option<Stage> {
    let connected = database::connect(settings, "start").await;
    let pending = match &connected {
        Ok(db) => database::pending(db).await,
        Err(_) => Ok(Vec::new()),
    };
    match (connected, pending) {
        (Err(failure), _) | (_, Err(failure)) => Some(Stage::Starting {
            database: Some(failure.what()),
            migrations: Some("not known".to_owned()),
        }),
        (Ok(_), Ok(names)) if names.is_empty() => None,
        (Ok(_), Ok(names)) => {
            let why = format!("pending: {}; run `plimsoll migrate up`", names.join(", "));
            Some(Stage::Starting {
                database: None,
                migrations: Some(why),
            })
        }
    }
}

async fn show_draining(stage: watch::Sender<Stage>, mut stopping: watch::Receiver<bool>) {
    if stopping.wait_for(|&stop| stop).await.is_ok() {
        stage.send_replace(Stage::Draining);
    }
}
