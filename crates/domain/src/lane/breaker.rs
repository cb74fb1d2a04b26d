//! When malformed records are no accident any more. Counts one partition while one lane owns
//! it, over what was committed; an operator who resumes the partition starts the count anew.

/// Malformed records in a row, with no event between them, that halt a partition. Ordinary
/// poison is single records among events. A thousand and nothing else is a producer that speaks
/// another format: applying goes on only to fill `refusals`, and nobody looks.
pub const MALFORMED_IN_A_ROW_MAX: u32 = 1_000;

/// Watches the records of one partition. Only malformed ones count: an event breaks the row
/// whatever became of it, so a sold-out sale, a replay or a hold never trips it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Breaker {
    malformed_in_a_row: u32,
}

impl Breaker {
    /// Takes note of the next record that was committed. True for the one that trips it, and
    /// never again.
    pub fn trips_on(&mut self, malformed: bool) -> bool {
        if self.malformed_in_a_row == MALFORMED_IN_A_ROW_MAX {
            return false;
        }
        self.malformed_in_a_row = match malformed {
            true => self.malformed_in_a_row.saturating_add(1),
            false => 0,
        };
        self.malformed_in_a_row == MALFORMED_IN_A_ROW_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::{Breaker, MALFORMED_IN_A_ROW_MAX};

    fn malformed(records: u32) -> impl Iterator<Item = bool> {
        (0..records).map(|_| true)
    }

    #[test]
    fn a_thousand_malformed_records_in_a_row_trip_it_once() {
        let mut breaker = Breaker::default();
        let tripped: Vec<u32> = (1..)
            .zip(malformed(3 * MALFORMED_IN_A_ROW_MAX))
            .filter_map(|(n, malformed)| breaker.trips_on(malformed).then_some(n))
            .collect();
        assert_eq!(tripped, [MALFORMED_IN_A_ROW_MAX]);
    }

    #[test]
    fn one_event_between_them_starts_the_count_anew() {
        let mut breaker = Breaker::default();
        let almost = MALFORMED_IN_A_ROW_MAX - 1;
        let records = (0..9).flat_map(|_| malformed(almost).chain([false]));
        assert!(!records.into_iter().any(|it| breaker.trips_on(it)));
        assert!(!malformed(almost).any(|it| breaker.trips_on(it)));
        assert!(breaker.trips_on(true));
    }
}
