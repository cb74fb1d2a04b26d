//! The real broker, its topics, and what the workload puts into them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::topics;
use plimsoll_sandbox::workload::{Log, Produced, Sender, Shape, Traffic, produce};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

/// A record as somebody else reads it.
#[derive(Debug, PartialEq)]
pub(crate) struct Read {
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) payload: Option<Vec<u8>>,
    headers: usize,
}

impl Read {
    fn of(offset: i64, record: &Produced) -> Read {
        let Produced {
            key,
            payload,
            headers,
            ..
        } = record.clone();
        Read {
            offset,
            key,
            payload,
            headers: headers.len(),
        }
    }
}

/// Reads a partition from its beginning, with a consumer that shares nothing with the sender.
pub(crate) fn read(
    bootstrap: &str,
    topic: &str,
    partition: i32,
    count: usize,
) -> Result<Vec<Read>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "nobody")
        .set("fetch.message.max.bytes", "4194304")
        .create()?;
    let mut from = TopicPartitionList::new();
    from.add_partition_offset(topic, partition, Offset::Beginning)?;
    consumer.assign(&from)?;
    let (mut records, deadline) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    while records.len() < count {
        ensure!(
            Instant::now() < deadline,
            "{} of {count} records",
            records.len()
        );
        let Some(message) = consumer.poll(Duration::from_millis(100)) else {
            continue;
        };
        let message = message?;
        records.push(Read {
            offset: message.offset(),
            key: message.key().map(<[u8]>::to_vec),
            payload: message.payload().map(<[u8]>::to_vec),
            headers: message.headers().map_or(0, |headers| headers.count()),
        });
    }
    Ok(records)
}

#[tokio::test]
async fn what_the_workload_sends_is_what_another_client_reads() -> Result<()> {
    let broker = Broker::start()?;
    let (bootstrap, topic) = (broker.bootstrap(), "inventory-events");
    topics::create(&bootstrap, topic, 4).await?;
    let shape = Shape {
        keyed: false,
        duplicates: 0.1,
        poison: 0.01,
        heavy_poison: true,
        ..Shape::default()
    };
    let records: Vec<Produced> = Traffic::new(shape, 42).take(20_000).collect();
    let mut sender = Sender::connect(
        &bootstrap,
        topic,
        Duration::from_millis(5),
        Log::new(usize::MAX),
    )?;
    let delivered = sender.send(records.iter().cloned())?;
    assert_eq!(delivered.records, 20_000);
    assert_eq!(topics::end_offsets(&bootstrap, topic).await?, [5_000; 4]);
    let log = sender.into_log();
    assert!(log.is_complete());

    for partition in 0..4 {
        assert_eq!(delivered.offsets[&partition], 0..5_000);
        let sent = records
            .iter()
            .filter(|record| record.partition == Some(partition));
        let sent: Vec<Read> = (0..)
            .zip(sent)
            .map(|(offset, record)| Read::of(offset, record))
            .collect();
        assert!(
            read(&bootstrap, topic, partition, 5_000)? == sent,
            "partition {partition} differs"
        );
        let logged = log.entries(partition).map(|entry| entry.event);
        assert!(
            logged.eq(records
                .iter()
                .filter(|it| it.partition == Some(partition))
                .map(|it| it.event))
        );
    }
    Ok(())
}

#[tokio::test]
async fn topics_are_widened_cut_deleted_and_made_again() -> Result<()> {
    let broker = Broker::start()?;
    let bootstrap = broker.bootstrap();
    topics::create_with(&bootstrap, "t", 1, &[("retention.ms", "3600000")]).await?;
    assert!(
        topics::create(&bootstrap, "t", 1).await.is_err(),
        "it exists"
    );
    produce(
        &bootstrap,
        "t",
        Traffic::new(
            Shape {
                partitions: 1,
                ..Shape::default()
            },
            1,
        )
        .take(100),
    )?;
    topics::add_partitions(&bootstrap, "t", 3).await?;
    topics::delete_records_before(&bootstrap, "t", 0, 40).await?;
    assert_eq!(
        topics::offsets(&bootstrap, "t").await?,
        [40..100, 0..0, 0..0]
    );

    let described = broker.tool("TopicCommand", &["--describe", "--topic", "t"])?;
    assert!(
        described.contains("PartitionCount: 3") && described.contains("retention.ms=3600000"),
        "{described}"
    );
    assert!(
        broker
            .tool("TopicCommand", &["--describe", "--topic", "absent"])
            .is_err()
    );

    topics::delete(&bootstrap, "t").await?;
    assert!(topics::end_offsets(&bootstrap, "t").await.is_err());
    topics::create(&bootstrap, "t", 2).await?;
    assert_eq!(topics::end_offsets(&bootstrap, "t").await?, [0, 0]);
    Ok(())
}

#[tokio::test]
async fn acknowledged_records_survive_a_killed_broker() -> Result<()> {
    let mut broker = Broker::start()?;
    let bootstrap = broker.bootstrap();
    topics::create(&bootstrap, "t", 4).await?;
    let mut traffic = Traffic::new(
        Shape {
            keyed: false,
            ..Shape::default()
        },
        8,
    );
    let mut sender = Sender::connect(&bootstrap, "t", Duration::from_millis(5), Log::new(0))?;
    sender.send(traffic.by_ref().take(4_000))?;
    broker.kill9()?;
    for record in traffic.by_ref().take(4_000) {
        sender.offer(&record)?;
    }
    broker.start_again()?;
    assert_eq!(
        sender.settle()?.records,
        4_000,
        "the same connection goes on"
    );
    assert_eq!(topics::end_offsets(&bootstrap, "t").await?, [2_000; 4]);
    assert_eq!(sender.with_log(Log::records), 8_000);
    Ok(())
}
