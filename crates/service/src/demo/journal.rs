//! The generator's own account of every record it delivered, on disk, so that a long demo needs no
//! memory. Written while producing, read once by the proof. Files vanish with the process.

use std::fs::File;
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, Write};
use std::ops::Range;

use anyhow::{Context, Result};
use plimsoll_sandbox::workload::{self, Log};
use uuid::Uuid;

/// Bytes of one entry.
const ENTRY_BYTES: usize = 48;

/// What a record was when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// An event, for the first time.
    Fresh,
    /// An event, once more.
    Repeat,
    /// Nothing readable.
    Malformed,
    /// Readable, but more than any stock can give.
    Impossible,
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) sku: u32,
    pub(super) quantity_change: i64,
    pub(super) id: Option<Uuid>,
    pub(super) sent: Sent,
}

/// One file a partition.
pub(super) struct Journal {
    files: Vec<BufWriter<File>>,
}

impl Journal {
    pub(super) fn new(partitions: i32) -> Result<Journal> {
        let file = |_| {
            Ok(BufWriter::with_capacity(
                1 << 16,
                tempfile::tempfile().context("no room for the generator's log")?,
            ))
        };
        Ok(Journal {
            files: (0..partitions).map(file).collect::<Result<_>>()?,
        })
    }

    /// Writes down what was delivered to a partition; `log` still has all of it.
    pub(super) fn note(&mut self, log: &Log, partition: i32, offsets: &Range<i64>) -> Result<()> {
        let file = &mut self.files[usize::try_from(partition)?];
        for entry in log
            .entries(partition)
            .filter(|entry| offsets.contains(&entry.offset))
        {
            file.write_all(&Entry::of(partition, entry).bytes())
                .context("the generator's log cannot be written")?;
        }
        Ok(())
    }

    /// All entries, by partition and offset.
    pub(super) fn read(self) -> Result<impl Iterator<Item = Result<Entry>>> {
        let mut readers = Vec::new();
        for (partition, file) in self.files.into_iter().enumerate() {
            let mut file = file
                .into_inner()
                .context("the generator's log cannot be written")?;
            file.rewind()?;
            readers.push((
                i32::try_from(partition)?,
                BufReader::with_capacity(1 << 16, file),
            ));
        }
        Ok(readers.into_iter().flat_map(|(partition, mut file)| {
            std::iter::from_fn(move || next(partition, &mut file).transpose())
        }))
    }
}

fn next(partition: i32, file: &mut impl Read) -> Result<Option<Entry>> {
    let mut bytes = [0; ENTRY_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(Entry::from_bytes(partition, &bytes))),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error).context("the generator's log cannot be read"),
    }
}

impl Entry {
    fn of(partition: i32, entry: &workload::Entry) -> Entry {
        let event = &entry.event;
        let sent = match event.kind {
            workload::Kind::Fresh => Sent::Fresh,
            workload::Kind::Repeat => Sent::Repeat,
            workload::Kind::Poison(poison) if poison.is_malformed() => Sent::Malformed,
            workload::Kind::Poison(_) => Sent::Impossible,
        };
        Entry {
            partition,
            offset: entry.offset,
            sku: event.sku,
            quantity_change: event.quantity_change,
            id: event.id,
            sent,
        }
    }

    fn bytes(&self) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.quantity_change.to_le_bytes());
        bytes[16..32].copy_from_slice(self.id.unwrap_or_default().as_bytes());
        bytes[32..36].copy_from_slice(&self.sku.to_le_bytes());
        bytes[36] = u8::from(self.id.is_some());
        bytes[37] = match self.sent {
            Sent::Fresh => 0,
            Sent::Repeat => 1,
            Sent::Malformed => 2,
            Sent::Impossible => 3,
        };
        bytes
    }

    fn from_bytes(partition: i32, bytes: &[u8; ENTRY_BYTES]) -> Entry {
        let part = |range: Range<usize>| bytes[range].try_into().expect("eight of 48 bytes");
        let id = Uuid::from_slice(&bytes[16..32]).expect("16 of 48 bytes");
        Entry {
            partition,
            offset: i64::from_le_bytes(part(0..8)),
            quantity_change: i64::from_le_bytes(part(8..16)),
            id: (bytes[36] == 1).then_some(id),
            sku: u32::from_le_bytes(bytes[32..36].try_into().expect("four of 48 bytes")),
            sent: match bytes[37] {
                0 => Sent::Fresh,
                1 => Sent::Repeat,
                2 => Sent::Malformed,
                _ => Sent::Impossible,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_comes_back_as_it_was_written() {
        for (sent, id) in [
            (Sent::Fresh, Some(Uuid::from_u128(7))),
            (Sent::Repeat, Some(Uuid::nil())),
            (Sent::Malformed, None),
            (Sent::Impossible, None),
        ] {
            let entry = Entry {
                partition: 3,
                offset: i64::MAX - 1,
                sku: u32::MAX,
                quantity_change: -9,
                id,
                sent,
            };
            assert_eq!(Entry::from_bytes(3, &entry.bytes()), entry);
        }
    }
}
