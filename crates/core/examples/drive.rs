//! drive
#![allow(missing_docs, clippy::all, unused)]
use plimsoll_core::*;
use plimsoll_domain::*;
use plimsoll_sandbox::{
    kafka::Broker,
    postgres::Cluster,
    topics,
    workload::{Shape, Traffic, produce, sku_name},
};
use sea_orm::{ConnectionTrait, Database};
use std::sync::Arc;
use std::time::{Duration, Instant};
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn arg<T: std::str::FromStr>(name: &str, d: T) -> T {
    std::env::args()
        .skip_while(|a| a != name)
        .nth(1)
        .and_then(|v| v.parse().ok())
        .unwrap_or(d)
}
#[tokio::main]
async fn main() {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter("info,sqlx=warn,sea_orm_migration=warn")
        .init();
    let n: usize = arg("--n", 200_000);
    let skus: u32 = arg("--skus", 10_000);
    let parts: i32 = arg("--partitions", 4);
    let dup: f64 = arg("--dup", 0.0);
    let poison: f64 = arg("--poison", 0.0);
    let keyed: bool = arg("--keyed", true);
    let lanes: usize = arg("--lanes", 2);
    let pg = Cluster::start(&[("shared_buffers", "512MB"), ("max_wal_size", "4GB")]).unwrap();
    let kafka = Broker::start().unwrap();
    pg.create_database("p", None).unwrap();
    let db = Database::connect(pg.url("p")).await.unwrap();
    plimsoll_migrations::up(&db).await.unwrap();
    db.execute_unprepared(&format!(
        "insert into products (sku, current_stock) select 'x', 0 where false"
    ))
    .await
    .unwrap();
    for chunk in (0..skus).collect::<Vec<_>>().chunks(5000) {
        let v: Vec<String> = chunk
            .iter()
            .map(|&k| format!("('{}',1000000)", sku_name(k)))
            .collect();
        db.execute_unprepared(&format!(
            "insert into products (sku,current_stock) values {}",
            v.join(",")
        ))
        .await
        .unwrap();
    }
    db.execute_unprepared("vacuum analyze products")
        .await
        .unwrap();
    topics::create(&kafka.bootstrap(), "inventory-events", parts)
        .await
        .unwrap();
    let shape = Shape {
        partitions: parts,
        skus,
        duplicates: dup,
        poison,
        keyed,
        ..Shape::default()
    };
    let b = kafka.bootstrap();
    let t = Instant::now();
    let d = tokio::task::spawn_blocking(move || {
        produce(&b, "inventory-events", Traffic::new(shape, 1).take(n)).unwrap()
    })
    .await
    .unwrap();
    eprintln!("produced {} in {:?}", d.records, t.elapsed());
    db.execute_unprepared("checkpoint").await.unwrap();
    let settings = Settings {
        kafka: kafka::Settings {
            brokers: kafka.bootstrap(),
            topic: "inventory-events".into(),
            group: "g".into(),
            start: kafka::Start::Beginning,
            protocol: kafka::Protocol::Classic,
            properties: vec![],
        },
        database: database::Settings {
            url: pg.url("p"),
            relaxed: false,
        },
        lanes,
        batch_records_max: arg("--batch", 5000),
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
    let lsn = async |db: &sea_orm::DatabaseConnection| -> i64 {
        db.query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "select (pg_current_wal_lsn() - '0/0')::bigint",
        ))
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
    };
    let w0 = lsn(&db).await;
    let (c0, p0) = (cpu(), pg.server_cpu());
    let t = Instant::now();
    let task = tokio::spawn(run(settings, watch.clone(), metrics.clone(), stopped));
    let mut first = None;
    while (watch.records_applied() as usize) < n {
        tokio::time::sleep(Duration::from_millis(5)).await;
        if first.is_none() && watch.records_applied() > 0 {
            first = Some(t.elapsed());
        }
        if t.elapsed() > Duration::from_secs(120) {
            eprintln!(
                "stuck at {} {:?}",
                watch.records_applied(),
                watch.readiness()
            );
            break;
        }
    }
    let e = t.elapsed() - first.unwrap_or_default();
    let (c1, p1) = (cpu(), pg.server_cpu());
    eprintln!(
        "first {:?}; then {:?} = {:.0}/s; cpu/event self {:.2} us pg {:.2} us wal {} B",
        first,
        e,
        n as f64 / e.as_secs_f64(),
        (c1 - c0) / n as f64 * 1e6,
        (p1 - p0).as_secs_f64() / n as f64 * 1e6,
        (lsn(&db).await - w0) / n as i64
    );
    let q = async |sql: &str| -> i64 {
        db.query_one_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            sql,
        ))
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
    };
    eprintln!("ledger {} refused {} parked {} bad {}", q("select count(*) from plimsoll_internal.lines").await, q("select count(*) from refusals").await, q("select count(*) from parked").await,
      q("select count(*) from products p where current_stock <> 1000000 + coalesce((select sum(quantity_change) from plimsoll_internal.lines l where l.product_id = p.id),0)::bigint").await);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let t = Instant::now();
    stop.send(true).unwrap();
    eprintln!("end {:?} in {:?}", task.await.unwrap(), t.elapsed());
    for r in db
        .query_all_raw(sea_orm::Statement::from_string(
            sea_orm::DbBackend::Postgres,
            "select partition, next_offset, status from positions order by 1",
        ))
        .await
        .unwrap()
    {
        eprintln!(
            "{} {} {}",
            r.try_get_by_index::<i32>(0).unwrap(),
            r.try_get_by_index::<i64>(1).unwrap(),
            r.try_get_by_index::<String>(2).unwrap()
        );
    }
    eprintln!(
        "{}",
        std::fs::read_to_string("/proc/self/status")
            .unwrap()
            .lines()
            .filter(|l| l.starts_with("VmHWM"))
            .collect::<String>()
    );
    if arg("--metrics", false) {
        eprintln!("{}", metrics.text());
    }
}
