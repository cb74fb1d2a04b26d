//! A set of identities that may say "perhaps" and never says "no" wrongly. It only ever
//! causes a look-up. Knows nothing of where the identities come from.
//!
//! A blocked Bloom filter: one cache line an identity, eight bits in it, about 0.5 % of false
//! answers at 12 bits an identity.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_domain::EventKey;

/// Bits an identity gets.
const BITS: usize = 12;
const WORDS_A_LINE: usize = 8;

/// A filter for a fixed number of identities; beyond it, it says "perhaps" more often.
pub(crate) struct Filter {
    lines: Arc<[[AtomicU64; WORDS_A_LINE]]>,
}

impl Filter {
    /// For up to `identities`, in about 1.5 bytes each.
    pub(crate) fn for_up_to(identities: usize) -> Filter {
        let lines = (identities * BITS).div_ceil(64 * WORDS_A_LINE).max(1);
        Filter {
            lines: (0..lines).map(|_| Default::default()).collect(),
        }
    }

    /// The same filter: what is added to one is in the other.
    pub(crate) fn share(&self) -> Filter {
        Filter {
            lines: Arc::clone(&self.lines),
        }
    }

    /// How many identities it is made for.
    pub(crate) fn identities(&self) -> usize {
        self.lines.len() * 64 * WORDS_A_LINE / BITS
    }

    /// Adds the identity `key` of the product `id`.
    pub(crate) fn insert(&self, id: i64, key: EventKey) {
        let (line, bits) = self.place(id, key);
        for (word, bit) in bits {
            line[word].fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether the identity may have been added.
    pub(crate) fn may_have(&self, id: i64, key: EventKey) -> bool {
        let (line, mut bits) = self.place(id, key);
        bits.all(|(word, bit)| line[word].load(Ordering::Relaxed) & bit != 0)
    }

    /// One bit in each word of one line.
    fn place(
        &self,
        id: i64,
        key: EventKey,
    ) -> (
        &[AtomicU64; WORDS_A_LINE],
        impl Iterator<Item = (usize, u64)>,
    ) {
        let hash = mix(id, key);
        // The line is chosen by the highest bits, the bits in its words by the lowest 48.
        let line = (u128::from(hash) * self.lines.len() as u128) >> 64;
        let line = usize::try_from(line).expect("smaller than the number of lines");
        let mut rest = hash;
        let bits = (0..WORDS_A_LINE).map(move |word| {
            let bit = 1_u64 << (rest & 63);
            rest >>= 6;
            (word, bit)
        });
        (&self.lines[line], bits)
    }
}

/// 64 bits that depend on every bit of both (the finalizer of MurmurHash3).
fn mix(id: i64, key: EventKey) -> u64 {
    let halves = key.0.to_le_bytes();
    let half = |from: usize| halves[from..from + 8].try_into().map(u64::from_le_bytes);
    let (low, high) = (half(0).expect("8 bytes"), half(8).expect("8 bytes"));
    let mut hash =
        low ^ high.rotate_left(29) ^ id.cast_unsigned().wrapping_mul(0xff51_afd7_ed55_8ccd);
    for factor in [0xff51_afd7_ed55_8ccd_u64, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ (hash >> 33)).wrapping_mul(factor);
    }
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests;
