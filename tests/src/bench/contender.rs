//! Who is measured.

use super::measurement::Measurement;
use super::stage::{Mix, Schema, Stage};
use super::{ours, outside};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contender {
    Ours,
    /// One task for each partition.
    Careless,
    /// 16 workers shared by all partitions.
    CarelessShared,
    Textbook,
    Plain,
    /// Our own statements on ready batches, without Kafka.
    Limit,
}

impl Contender {
    /// In the order of a round.
    pub(super) const ALL: [Contender; 6] = [
        Contender::Ours,
        Contender::Careless,
        Contender::CarelessShared,
        Contender::Textbook,
        Contender::Plain,
        Contender::Limit,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Contender::Ours => "plimsoll",
            Contender::Careless => "careless, task per partition",
            Contender::CarelessShared => "careless, 16 shared workers",
            Contender::Textbook => "textbook cure",
            Contender::Plain => "plain poll loop",
            Contender::Limit => "SQL limit: ready batches",
        }
    }

    /// The arguments of `bench consumer`, for those that are one.
    pub(super) fn arguments(self) -> &'static [&'static str] {
        match self {
            Contender::Ours => &[],
            Contender::Careless => &["careless"],
            Contender::CarelessShared => &["careless", "--shared", "16"],
            Contender::Textbook => &["textbook"],
            Contender::Plain => &["plain"],
            Contender::Limit => &["limit"],
        }
    }

    /// A few seconds of work for each.
    pub(super) fn events(self, quick: bool) -> u64 {
        let events = match self {
            Contender::Ours | Contender::Plain | Contender::Limit => 200_000,
            Contender::Careless => 6_000,
            Contender::CarelessShared => 12_000,
            Contender::Textbook => 3_000,
        };
        if quick { events } else { 5 * events }
    }

    /// Drains the topic of so many events once.
    pub(super) async fn drain(
        self,
        stage: &Stage,
        mix: Mix,
        events: u64,
    ) -> anyhow::Result<Measurement> {
        let topic = stage.topic(mix, events).await?;
        let schema = match self {
            Contender::Ours | Contender::Limit => Schema::Ours,
            _ => Schema::Others,
        };
        let database = stage.database(schema, mix.skus).await?;
        let measurement = match self {
            Contender::Ours => ours::drain(stage, &topic, &database, events).await?,
            other => outside::drain(stage, other, &topic, &database, events).await?,
        };
        stage.drop_database(&database).await?;
        Ok(measurement)
    }
}
