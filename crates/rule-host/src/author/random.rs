//! Numbers that look random and are the same for the same seed, on every machine (SplitMix64).
//! Never for keys.

/// A stream of numbers.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `end`, which is not one of them. The bias of a remainder does not matter here.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let number = self.number() % end as u64;
        usize::try_from(number).expect("it is below a usize")
    }

    /// Once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// From `min` to `max`, both included.
    pub(super) fn within(&mut self, min: i64, max: i64) -> i64 {
        let width = i128::from(max) - i128::from(min) + 1;
        let number = i128::from(min) + i128::from(self.number()) % width;
        i64::try_from(number).expect("it is between two i64")
    }

    pub(super) fn pick<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[self.below(some.len())]
    }

    /// Another order of the same.
    pub(super) fn shuffle<T>(&mut self, some: &mut [T]) {
        for last in (1..some.len()).rev() {
            some.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let numbers = |seed| {
            let mut random = Random::new(seed);
            [random.number(), random.number()]
        };
        // As published with the algorithm.
        assert_eq!(numbers(0), [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
    }

    #[test]
    fn a_range_is_kept_to_its_ends() {
        let mut random = Random::new(1);
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[usize::try_from(random.within(-1, 1) + 1).expect("in range")] = true;
            random.within(i64::MIN, i64::MAX);
        }
        assert_eq!(seen, [true; 3]);
    }

    #[test]
    fn shuffled_is_the_same_in_another_order() {
        let mut some: Vec<_> = (0..100).collect();
        Random::new(1).shuffle(&mut some);
        assert_ne!(some, (0..100).collect::<Vec<_>>());
        some.sort_unstable();
        assert_eq!(some, (0..100).collect::<Vec<_>>());
    }
}
