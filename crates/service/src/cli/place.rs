//! How places in Kafka are typed: TOPIC/PARTITION and TOPIC/PARTITION/OFFSET. A topic's name has
//! no slash.

use std::fmt;
use std::str::FromStr;

/// A partition of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) partition: i32,
}

/// A record of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: Partition,
    pub(crate) offset: i64,
}

impl FromStr for Partition {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Partition, Self::Err> {
        let parsed = || {
            let (topic, partition) = text.split_once('/')?;
            let partition = partition.parse().ok().filter(|number| *number >= 0)?;
            (!topic.is_empty()).then(|| Partition {
                topic: topic.to_owned(),
                partition,
            })
        };
        parsed().ok_or("write TOPIC/PARTITION, such as inventory-events/2")
    }
}

impl FromStr for Record {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Record, Self::Err> {
        let parsed = || {
            let (partition, offset) = text.rsplit_once('/')?;
            let offset = offset.parse().ok().filter(|number| *number >= 0)?;
            Some(Record {
                partition: partition.parse().ok()?,
                offset,
            })
        };
        parsed().ok_or("write TOPIC/PARTITION/OFFSET, such as inventory-events/2/1234")
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.topic, self.partition)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.partition, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_they_are_written() {
        for text in ["inventory-events/0", "a.b_c/12"] {
            assert_eq!(
                text.parse::<Partition>().expect("well written").to_string(),
                text
            );
        }
        assert_eq!(
            "t/3/99"
                .parse::<Record>()
                .expect("well written")
                .to_string(),
            "t/3/99"
        );
        for text in ["", "t", "t/", "/1", "t/x", "t/-1", "t/1/2"] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
        for text in ["t/1", "t/1/", "t/1/-2", "t/x/2", "t/1/2/3"] {
            assert!(text.parse::<Record>().is_err(), "{text}");
        }
    }
}
