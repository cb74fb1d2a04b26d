//! `plimsoll demo`: the service's own code on a private PostgreSQL and an in-process broker, with
//! traffic that meets it where it hurts: the same SKUs in all partitions, repetitions, poison, and
//! `+5`, which is not JSON. The shipped rules decide, and are swapped while events flow. At the end
//! a proof, from the generator's own log.

mod conclusion;
mod generator;
mod journal;
mod outcomes;
mod proof;
mod rulebook;
mod stage;
mod terms;
mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use plimsoll_sandbox::workload::Shape;
use plimsoll_telemetry::{Traces, logs};
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{query, query_as};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use crate::cli::Demo;
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::run::{self, Seen};
use crate::say::{self, plural};
use crate::signals;
use crate::verify;
use generator::{Generator, Produced};
use rulebook::Bundles;
use stage::{PARTITIONS, Stage, TOPIC};
use terms::{CHANNELS, History, RULES};
use view::View;

/// Makes every demo the same traffic.
const SEED: u64 = 1;

/// Until the last record is applied, after the last was sent.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// Between two looks at how far things are.
const LOOK: Duration = Duration::from_millis(100);

/// Broken places to name for each check.
const NAMED_MAX: i64 = 5;

/// Between two rulesets, in a demo that is long enough for two swaps.
const SWAP_EVERY: Duration = Duration::from_secs(10);

/// Longer than any demo.
const A_DAY: Duration = Duration::from_secs(86_400);

pub(crate) async fn run(config: Config, options: Demo) -> Result<Verdict, Failure> {
    logs::init(logs::Format::Human, "error", &Traces::off())
        .map_err(|error| Failure::failed(error.to_string(), ""))?;
    let stopping = signals::stop_at_first_exit_at_second()?;
    let bundles = bundles(&options)?;
    let mut stage = Stage::set(config, bundles, options.skus).await?;
    let service = Service::start(&stage).await?;
    introduce(&stage, &options, &service);
    let produced = play(&mut stage, &service, &options, stopping).await;
    // A service that failed explains a play that did.
    service.stop().await?;
    let produced = produced?;
    say::line("\nProving it.");
    // Statistics, without which the server plans as if the tables were empty.
    query("ANALYZE").execute(&stage.db).await?;
    let history = history(&stage, options.skus);
    let (report, proof) = tokio::join!(
        verify::examine(&stage.config.database, NAMED_MAX),
        proof::prove(&stage.db, produced.journal, &history)
    );
    let holds = conclusion::tell(&report?, &proof?, options.skus);
    stage.db.close().await;
    // Ending servers blocks.
    tokio::task::spawn_blocking(|| drop(stage))
        .await
        .expect("a panic stops the process");
    Ok(Verdict::finding_if(!holds))
}

/// The shipped rules; none, which is said, if nobody built them.
fn bundles(options: &Demo) -> Result<Option<Bundles>, Failure> {
    let folder = options.rules.clone().or_else(rulebook::usual_folder);
    if folder.is_none() {
        say::note(
            "NO RULES: floors alone decide here. `cargo xtask rules` builds the shipped ones; \
             `plimsoll demo --rules FOLDER` uses them.",
        );
    }
    folder.as_deref().map(Bundles::read).transpose()
}

fn history(stage: &Stage, skus: u32) -> History {
    let none = History {
        skus,
        ..History::default()
    };
    let rulebook = stage.rulebook.as_ref();
    rulebook.map_or(none, |rulebook| rulebook.history().clone())
}

fn shape(skus: u32) -> Shape {
    Shape {
        partitions: PARTITIONS,
        skus,
        keyed: false,
        duplicates: 0.02,
        poison: 0.005,
        plus_literals: 0.3,
        // Less comes than is asked for, so that shelves are empty again and again.
        increase_share: 0.48,
        bulk: 0.001,
        channels: &CHANNELS,
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

fn introduce(stage: &Stage, options: &Demo, service: &Service) {
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
    say::line(match &stage.rulebook {
        Some(_) => format!(
            "Rules       {}, signed for this demo; one is swapped now and then",
            RULES.join(", ")
        ),
        None => "Rules       none: floors alone decide".to_owned(),
    });
    say::line(match options.seconds {
        Some(seconds) => format!("Ends after  {seconds} s, or at Ctrl-C, with the proof\n"),
        None => "Ends at     Ctrl-C, with the proof\n".to_owned(),
    });
}

/// Traffic until the time is over or somebody has seen enough, and then until all of it is applied.
async fn play(
    stage: &mut Stage,
    service: &Service,
    options: &Demo,
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
    if stage.rulebook.is_some() {
        view.activated(format!("{} rules decide", RULES.len()));
    }
    let (start, lasts) = (
        Instant::now(),
        options.seconds.map_or(A_DAY, Duration::from_secs),
    );
    let (end, every) = (start + lasts, SWAP_EVERY.min(lasts / 3));
    let mut swaps = interval_at(start + every, every);
    loop {
        view.draw(generator.sent(), "producing and applying")
            .await?;
        tokio::select! {
            biased;
            () = sleep_until(end) => break,
            _ = stopping.wait_for(|&stop| stop) => break,
            _ = swaps.tick() => {
                if let Some(rulebook) = &mut stage.rulebook {
                    view.activated(rulebook.swap().await?);
                }
            }
            () = sleep(LOOK) => {}
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
