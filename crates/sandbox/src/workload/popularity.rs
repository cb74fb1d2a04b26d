//! How often each SKU is met: Zipf's law, drawn in constant time by Walker's alias method.
//! (M. D. Vose, "A Linear Algorithm for Generating Random Numbers with a Given Distribution", 1991.)

use rand::Rng;

/// Equally wide slots, each shared by at most two SKUs.
pub(super) struct Popularity {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    /// Draws below this stay with the SKU of the slot's own number, in parts of 2³².
    stay_below: u64,
    /// The others go to this SKU.
    other: u32,
}

/// All draws stay.
const WHOLE: f64 = 4_294_967_296.0;

impl Popularity {
    /// Of at least one SKU.
    pub(super) fn zipf(skus: u32, exponent: f64) -> Popularity {
        let weights: Vec<f64> = (0..skus)
            .map(|sku| (f64::from(sku) + 1.0).powf(-exponent))
            .collect();
        let scale = f64::from(skus) / weights.iter().sum::<f64>();
        Popularity {
            slots: share_out(weights.into_iter().map(|weight| weight * scale).collect()),
        }
    }

    /// The next SKU.
    pub(super) fn draw(&self, random: &mut impl Rng) -> u32 {
        let draw = random.next_u64();
        let number = ((draw >> 32) * self.slots.len() as u64) >> 32;
        let slot = self.slots[number as usize];
        if draw & 0xffff_ffff < slot.stay_below {
            number as u32
        } else {
            slot.other
        }
    }
}

/// Fills each slot of a light SKU (below the mean, 1) up with a part of a heavy one.
fn share_out(mut weights: Vec<f64>) -> Vec<Slot> {
    let mut slots: Vec<Slot> = (0..)
        .take(weights.len())
        .map(|other| Slot {
            stay_below: parts(1.0),
            other,
        })
        .collect();
    let (mut light, mut heavy): (Vec<u32>, Vec<u32>) = (0..)
        .take(weights.len())
        .partition(|&sku| weights[sku as usize] < 1.0);
    while let (Some(&small), Some(&large)) = (light.last(), heavy.last()) {
        light.pop();
        slots[small as usize] = Slot {
            stay_below: parts(weights[small as usize]),
            other: large,
        };
        weights[large as usize] -= 1.0 - weights[small as usize];
        if weights[large as usize] < 1.0 {
            heavy.pop();
            light.push(large);
        }
    }
    slots
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 2^32"
)]
fn parts(share: f64) -> u64 {
    (share * WHOLE) as u64
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn skus_are_met_as_often_as_zipf_says() {
        let (skus, exponent, draws) = (1_000, 1.1, 1_000_000);
        let popularity = Popularity::zipf(skus, exponent);
        let mut random = Xoshiro256PlusPlus::seed_from_u64(7);
        let mut met = vec![0_u32; skus as usize];
        for _ in 0..draws {
            met[popularity.draw(&mut random) as usize] += 1;
        }
        let total: f64 = (1..=skus).map(|rank| f64::from(rank).powf(-exponent)).sum();
        for rank in [1, 2, 10, 100, 1_000_u32] {
            let expected = f64::from(draws) * f64::from(rank).powf(-exponent) / total;
            let error = f64::from(met[rank as usize - 1]) - expected;
            assert!(
                error.abs() < 5.0 * expected.sqrt(),
                "rank {rank}: expected {expected}, off by {error}"
            );
        }
    }

    #[test]
    fn without_an_exponent_all_are_equal() {
        let popularity = Popularity::zipf(3, 0.0);
        assert!(
            popularity
                .slots
                .iter()
                .enumerate()
                .all(|(sku, slot)| slot.other as usize == sku)
        );
    }
}
