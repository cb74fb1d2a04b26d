//! The in-process broker.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plimsoll_sandbox::broker::InProcess;
use plimsoll_sandbox::workload::{Produced, Shape, Traffic, produce};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::kafka::read;

#[test]
fn records_come_back_as_they_were_sent() -> Result<()> {
    let broker = InProcess::start(&[("t", 4)])?;
    let records: Vec<Produced> = Traffic::new(
        Shape {
            poison: 0.1,
            ..Shape::default()
        },
        2,
    )
    .take(5_000)
    .collect();
    let delivered = produce(&broker.bootstrap(), "t", records.iter().cloned())?;
    assert_eq!(delivered.records, 5_000);
    for (partition, offsets) in delivered.offsets {
        let read = read(
            &broker.bootstrap(),
            "t",
            partition,
            usize::try_from(offsets.end)?,
        )?;
        let sent = records
            .iter()
            .filter(|record| record.partition == Some(partition));
        assert!(
            read.iter()
                .map(|it| (&it.key, &it.payload))
                .eq(sent.map(|it| (&it.key, &it.payload)))
        );
    }
    Ok(())
}

#[test]
fn the_first_member_of_a_group_is_let_in_at_once() -> Result<()> {
    let broker = InProcess::start(&[("t", 4)])?;
    produce(
        &broker.bootstrap(),
        "t",
        Traffic::new(Shape::default(), 2).take(100),
    )?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker.bootstrap())
        .set("group.id", "g")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("auto.offset.reset", "earliest")
        .create()?;
    let start = Instant::now();
    consumer.subscribe(&["t"])?;
    while consumer
        .poll(Duration::from_millis(10))
        .transpose()?
        .is_none()
    {
        ensure!(
            start.elapsed() < Duration::from_secs(10),
            "no record within 10 s"
        );
    }
    assert!(
        start.elapsed() < Duration::from_millis(2_500),
        "the broker's own delay of 3 s is still on"
    );
    Ok(())
}
