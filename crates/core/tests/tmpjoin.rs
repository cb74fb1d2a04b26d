#![allow(missing_docs, clippy::all)]
use plimsoll_core::*;
use plimsoll_domain::*;
use std::sync::Arc;
use std::time::*;
struct L;
impl log::Log for L {
    fn enabled(&self, _: &log::Metadata) -> bool {
        true
    }
    fn log(&self, r: &log::Record) {
        if r.target().starts_with("librdkafka") || r.target().starts_with("rdkafka") {
            eprintln!(
                "{:?} {}",
                SystemTime::now().duration_since(UNIX_EPOCH).unwrap(),
                r.args()
            );
        }
    }
    fn flush(&self) {}
}
static LG: L = L;
#[tokio::test(flavor = "multi_thread")]
async fn t() {
    let pg = plimsoll_sandbox::postgres::Cluster::start(&[]).unwrap();
    pg.create_database("p", None).unwrap();
    let db = sea_orm::Database::connect(pg.url("p")).await.unwrap();
    plimsoll_migrations::up(&db).await.unwrap();
    let b = plimsoll_sandbox::kafka::Broker::start().unwrap();
    plimsoll_sandbox::topics::create(&b.bootstrap(), "t", 2)
        .await
        .unwrap();
    for _ in 0..2 {
        plimsoll_sandbox::workload::produce(
            &b.bootstrap(),
            "t",
            plimsoll_sandbox::workload::Traffic::new(
                plimsoll_sandbox::workload::Shape {
                    partitions: 2,
                    ..Default::default()
                },
                1,
            )
            .take(100),
        )
        .unwrap();
        log::set_logger(&LG).ok();
        log::set_max_level(log::LevelFilter::Trace);
        let settings = Settings {
            kafka: kafka::Settings {
                brokers: b.bootstrap(),
                topic: "t".into(),
                group: "g".into(),
                start: kafka::Start::Beginning,
                protocol: kafka::Protocol::Classic,
                properties: vec![("debug".to_owned(), "cgrp".to_owned())],
            },
            database: database::Settings {
                url: pg.url("p"),
                relaxed: false,
            },
            lanes: 2,
            batch_records_max: 5000,
            batch_bytes_max: 8 << 20,
            policy: Policy {
                unknown_sku: OnUnknownSku::Park,
                floor_default: 0,
                limits: Limits::default(),
            },
            nature: Nature::Intent,
            id_window: Duration::from_secs(7 * 86400),
            part_bytes_max: 512 << 20,
            keep: None,
            instance: "drive".into(),
            drain_limit: Duration::from_secs(20),
        };
        let watch = Arc::new(Watch::default());
        let metrics = Arc::new(plimsoll_telemetry::Metrics::new());
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let s = Instant::now();
        let task = tokio::spawn(run(settings, watch.clone(), metrics.clone(), stopped));
        while watch.records_applied() < 100 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        eprintln!("APPLIED {:?}", s.elapsed());
        let s = Instant::now();
        stop.send(true).unwrap();
        task.await.unwrap().unwrap();
        eprintln!("STOPPED {:?}", s.elapsed());
    }
}
