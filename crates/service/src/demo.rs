//! `plimsoll demo`: the service's own code on a private PostgreSQL and an in-process broker, with
//! traffic that meets it where it hurts: the same SKUs in all partitions, repetitions, poison, and
//! `+5`, which is not JSON. At the end a proof, from the generator's own log.

mod conclusion;
mod generator;
mod journal;
mod outcomes;
mod proof;
mod stage;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_sandbox::workload::Shape;
use plimsoll_telemetry::logs;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{query, query_as};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, sleep_until};

use crate::cli::Demo;
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::run::{self, Seen};
use crate::say::{self, plural};
use crate::signals;
use crate::verify;
use generator::{Generator, Produced};
use stage::{PARTITIONS, Stage, TOPIC};
use view::View;

/// Makes every demo the same traffic.
const SEED: u64 = 1;

/// Until the last record is applied, after the last was sent.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Between two looks at how far things are.
const LOOK: Duration = Duration::from_millis(100);

/// Broken places to name for each check.
const NAMED_MAX: i64 = 5;

/// Longer than any demo.
const A_DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn run(config: Config, options: Demo) -> Result<Verdict, Failure> {
    logs::init(logs::Format::Human, "error")
        .map_err(|error| Failure::failed(error.to_string(), ""))?;
    let stopping = signals::stop_at_first_exit_at_second()?;
    let stage = Stage::set(config, options.skus).await?;
    let service = Service::start(&stage).await?;
    introduce(&stage, options, &service);
    let produced = play(&stage, &service, options, stopping).await;
    // A service that failed explains a play that did.
    service.stop().await?;
    let produced = produced?;
    say::line("\nProving it.");
    // Statistics, without which the server plans as if the tables were empty.
    query("ANALYZE").execute(&stage.db).await?;
    let (report, proof) = tokio::join!(
        verify::examine(&stage.config.database, NAMED_MAX),
        proof::prove(&stage.db, produced.journal, options.skus)
    );
    let holds = conclusion::tell(&report?, &proof?, options.skus);
    stage.db.close().await;
    // Ending servers blocks.
    tokio::task::spawn_blocking(|| drop(stage))
        .await
        .expect("a panic stops the process");
    Ok(Verdict::finding_if(!holds))
}

fn shape(skus: u32) -> Shape {
    Shape {
        partitions: PARTITIONS,
        skus,
        keyed: false,
        duplicates: 0.02,
        poison: 0.005,
        plus_literals: 0.3,
        increase_share: 0.5,
        ..Shape::default()
    }
}

/// The service, as `plimsoll run` runs it.
struct Service {
    task: JoinHandle<Result<(), Failure>>,
    stop: watch::Sender<bool>,
    seen: Seen,
    address: String,
}

impl Service {
    async fn start(stage: &Stage) -> Result<Service, Failure> {
        let listener = run::listen(stage.config.admin.listen).await?;
        let address = listener
            .local_addr()
            .map(|address| address.to_string())
            .unwrap_or_default();
        let (stop, stopping) = watch::channel(false);
        let seen = Seen::nothing_yet();
        let (config, shown) = (stage.config.clone(), seen.clone());
        let task =
            tokio::spawn(async move { run::serve(&config, listener, shown, stopping).await });
        Ok(Service {
            task,
            stop,
            seen,
            address,
        })
    }

    async fn stop(self) -> Result<(), Failure> {
        self.stop.send_replace(true);
        self.task.await.expect("a panic stops the process")
    }
}

fn introduce(stage: &Stage, options: Demo, service: &Service) {
    say::line(format_args!("PostgreSQL  {}", stage.config.database.url));
    say::line(format_args!(
        "Kafka       {} (in this process), topic {TOPIC}, {PARTITIONS} partitions",
        stage.config.kafka.brokers
    ));
    say::line(format_args!(
        "API         http://{}/api/v1/products",
        service.address
    ));
    say::line(format_args!(
        "Traffic     {}, each in every partition; repeats, poison and +5 among it",
        plural(options.skus, "SKU")
    ));
    say::line(match options.seconds {
        Some(seconds) => format!("Ends after  {seconds} s, or at Ctrl-C, with the proof\n"),
        None => "Ends at     Ctrl-C, with the proof\n".to_owned(),
    });
}

/// Traffic until the time is over or somebody has seen enough, and then until all of it is applied.
async fn play(
    stage: &Stage,
    service: &Service,
    options: Demo,
    mut stopping: watch::Receiver<bool>,
) -> Result<Produced, Failure> {
    let generator = Generator::start(
        stage.kafka.bootstrap(),
        TOPIC,
        shape(options.skus),
        SEED,
        service.seen.watch.clone(),
    );
    let mut view = View::new(service.seen.clone(), stage.db.clone());
    let end = Instant::now() + options.seconds.map_or(A_DAY, Duration::from_secs);
    loop {
        view.draw(generator.sent(), "producing and applying")
            .await?;
        tokio::select! {
            () = sleep(LOOK) => {}
            () = sleep_until(end) => break,
            _ = stopping.wait_for(|&stop| stop) => break,
        }
        if generator.has_ended() || service.task.is_finished() {
            break;
        }
    }
    let sent = generator
        .stop()
        .map_err(|error| Failure::failed(format!("the generator failed: {error:#}"), ""))?;
    drain(stage, service, &mut view, &sent).await?;
    Ok(sent)
}

async fn drain(
    stage: &Stage,
    service: &Service,
    view: &mut View,
    sent: &Produced,
) -> Result<(), Failure> {
    let deadline = Instant::now() + DRAIN_LIMIT;
    let records: i64 = sent.next_offsets.values().sum();
    while !is_applied(&stage.db, &sent.next_offsets).await? {
        view.draw(records.unsigned_abs(), "applying the rest")
            .await?;
        if service.task.is_finished() || Instant::now() > deadline {
            return Err(Failure::failed(
                "the service did not apply all that was sent",
                "",
            ));
        }
        sleep(LOOK).await;
    }
    view.draw_now(records.unsigned_abs(), "all applied").await
}

/// Whether each partition's position is behind the last record sent to it.
async fn is_applied(db: &PgPool, next_offsets: &BTreeMap<i32, i64>) -> Result<bool, Failure> {
    let positions: Vec<(i32, i64)> = query_as("SELECT partition, next_offset FROM positions")
        .fetch_all(db)
        .await?;
    let positions = BTreeMap::from_iter(positions);
    Ok(next_offsets.iter().all(|(partition, next)| {
        positions
            .get(partition)
            .is_some_and(|position| position >= next)
    }))
}
