//! What became of each partition that the group gave us: being claimed, fetched, or halted. Does
//! nothing about it.

use std::collections::BTreeMap;

use super::claiming::{Claiming, RECREATED};

/// A partition that the group gave us.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) generation: u32,
    pub(super) stage: Stage,
}

#[derive(Debug)]
pub(super) enum Stage {
    Claiming(#[expect(dead_code, reason = "its end ends the claim")] Claiming),
    Fetched { lane: usize, claim: u128 },
    Halted(Halt),
}

#[derive(Debug)]
pub(super) struct Halt {
    pub(super) reason: String,
    pub(super) next_offset: i64,
    /// Before, that the database knows of no halt does not mean that an operator resumed it.
    pub(super) is_written: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct Places(BTreeMap<i32, Place>);

impl Places {
    pub(super) fn insert(&mut self, partition: i32, generation: u32, stage: Stage) {
        self.0.insert(partition, Place { generation, stage });
    }

    pub(super) fn remove(&mut self, partition: i32) -> Option<Place> {
        self.0.remove(&partition)
    }

    pub(super) fn get(&self, partition: i32) -> Option<&Place> {
        self.0.get(&partition)
    }

    pub(super) fn is_current(&self, partition: i32, generation: u32) -> bool {
        self.get(partition)
            .is_some_and(|place| place.generation == generation)
    }

    pub(super) fn halt(&mut self, partition: i32, halt: Halt) {
        if let Some(place) = self.0.get_mut(&partition) {
            place.stage = Stage::Halted(halt);
        }
    }

    pub(super) fn halt_is_written(&mut self, partition: i32) {
        if let Some(Place {
            stage: Stage::Halted(halt),
            ..
        }) = self.0.get_mut(&partition)
        {
            halt.is_written = true;
        }
    }

    pub(super) fn all(&self) -> Vec<i32> {
        self.0.keys().copied().collect()
    }

    /// With lane and claim.
    pub(super) fn fetched(&self) -> impl Iterator<Item = (i32, usize, u128)> {
        self.0
            .iter()
            .filter_map(|(&partition, place)| match place.stage {
                Stage::Fetched { lane, claim } => Some((partition, lane, claim)),
                Stage::Claiming(_) | Stage::Halted(_) => None,
            })
    }

    pub(super) fn halts(&self) -> impl Iterator<Item = (i32, &Halt)> {
        self.0
            .iter()
            .filter_map(|(&partition, place)| match &place.stage {
                Stage::Halted(halt) => Some((partition, halt)),
                Stage::Claiming(_) | Stage::Fetched { .. } => None,
            })
    }

    /// Halts that the database knows of.
    pub(super) fn known_halts(&self) -> Vec<i32> {
        let known = self.halts().filter(|(_, halt)| halt.is_written);
        known.map(|(partition, _)| partition).collect()
    }

    /// Partitions whose log is the one that their positions are about.
    pub(super) fn measurable(&self) -> Vec<i32> {
        let is_known = |place: &Place| match &place.stage {
            Stage::Fetched { .. } => true,
            Stage::Halted(halt) => !halt.reason.starts_with(RECREATED),
            Stage::Claiming(_) => false,
        };
        let known = self.0.iter().filter(|(_, place)| is_known(place));
        known.map(|(&partition, _)| partition).collect()
    }
}
