//! What the operator decided: read from a file, the environment and flags, checked as a whole,
//! and told in one line for each thing that is wrong. Whether servers are there is not known here.

mod finding;
mod keys;
mod layers;
mod values;

mod admin;
mod database;
mod kafka;
mod reader;
mod rules;
mod telemetry;

use std::time::Duration;

use plimsoll_domain::{Limits, Nature, OnUnknownSku, Policy};

pub(crate) use admin::Admin;
pub(crate) use database::place;
pub(crate) use finding::Finding;
pub(crate) use layers::Sources;
pub(crate) use telemetry::Telemetry;

use layers::Layers;
use reader::Reader;
use values::{choice, size, time, whole};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// A configuration without findings.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) kafka: plimsoll_core::kafka::Settings,
    pub(crate) database: plimsoll_core::database::Settings,
    pub(crate) consumer: Consumer,
    pub(crate) stock: Stock,
    pub(crate) ledger: Ledger,
    pub(crate) rules: plimsoll_core::rules::Settings,
    pub(crate) admin: Admin,
    pub(crate) telemetry: Telemetry,
}

/// How events are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Consumer {
    pub(crate) lanes: usize,
    pub(crate) batch_records_max: usize,
    pub(crate) batch_bytes_max: usize,
    pub(crate) drain_limit: Duration,
}

/// How events are decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stock {
    pub(crate) policy: Policy,
    pub(crate) nature: Nature,
    pub(crate) id_window: Duration,
}

/// What is kept of the past.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ledger {
    /// `None`: for ever.
    pub(crate) keep: Option<Duration>,
    pub(crate) part_bytes_max: u64,
}

impl Config {
    /// # Errors
    /// Everything that is wrong, not only the first of it.
    pub(crate) fn load(sources: &Sources) -> Result<Config, Vec<Finding>> {
        let mut reader = Reader::new(Layers::read(sources));
        let stock = stock(&mut reader);
        let config = Config {
            kafka: kafka::read(&mut reader),
            database: database::read(&mut reader),
            consumer: consumer(&mut reader),
            stock,
            ledger: ledger(&mut reader),
            rules: rules::read(&mut reader, stock.policy),
            admin: admin::read(&mut reader),
            telemetry: telemetry::read(&mut reader),
        };
        let mut findings = reader.into_findings();
        if findings.is_empty() {
            findings.extend(kafka::together(&config.kafka));
        }
        if findings.is_empty() {
            Ok(config)
        } else {
            Err(findings)
        }
    }

    /// The same, as the consumer takes it. `instance` names this process.
    pub(crate) fn settings(&self, instance: String) -> plimsoll_core::Settings {
        plimsoll_core::Settings {
            kafka: self.kafka.clone(),
            database: self.database.clone(),
            lanes: self.consumer.lanes,
            batch_records_max: self.consumer.batch_records_max,
            batch_bytes_max: self.consumer.batch_bytes_max,
            policy: self.stock.policy,
            nature: self.stock.nature,
            rules: self.rules.clone(),
            id_window: self.stock.id_window,
            part_bytes_max: self.ledger.part_bytes_max,
            keep: self.ledger.keep,
            instance,
            drain_limit: self.consumer.drain_limit,
        }
    }
}

fn consumer(reader: &mut Reader) -> Consumer {
    let count = |number: i64| usize::try_from(number).expect("the range begins above 0");
    let bytes = |number: u64| usize::try_from(number).expect("the range ends below 4 GiB");
    Consumer {
        lanes: count(reader.read("consumer.lanes", whole(1..=64))),
        batch_records_max: count(reader.read("consumer.batch_records_max", whole(1..=50_000))),
        batch_bytes_max: bytes(reader.read("consumer.batch_bytes_max", size(1 << 10..=256 << 20))),
        drain_limit: reader.read("consumer.drain_limit", time(SECOND..=600 * SECOND)),
    }
}

fn stock(reader: &mut Reader) -> Stock {
    let words = [
        ("park", OnUnknownSku::Park),
        ("reject", OnUnknownSku::Reject),
        ("create", OnUnknownSku::Create),
    ];
    let policy = Policy {
        unknown_sku: reader.read("stock.unknown_sku", choice(&words)),
        // A product is created empty, so its floor cannot lie above 0.
        floor_default: reader.read("stock.floor_default", whole(i64::MIN..=0)),
        limits: Limits::default(),
    };
    let nature = choice(&[("intent", Nature::Intent), ("fact", Nature::Fact)]);
    Stock {
        policy,
        nature: reader.read("stock.nature", nature),
        id_window: reader.read("stock.id_window", time(SECOND..=3650 * DAY)),
    }
}

fn ledger(reader: &mut Reader) -> Ledger {
    let keep = |text: &str| {
        if text == "forever" {
            Ok(None)
        } else {
            time(DAY..=36_500 * DAY)(text).map(Some)
        }
    };
    Ledger {
        keep: reader.read("ledger.keep", keep),
        part_bytes_max: reader.read("ledger.part_bytes_max", size(1 << 20..=1 << 40)),
    }
}

#[cfg(test)]
mod tests;
