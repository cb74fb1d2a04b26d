//! What is known, by one thread alone.

use super::*;

fn sku(number: usize) -> Sku {
    Sku::from(number.to_string())
}

fn row(units: i64) -> Row {
    let stock = Stock {
        units,
        version: 0,
        floor: 0,
        decisions: 0,
        ledger: None,
        held: false,
    };
    Row {
        id: 1,
        stock,
        refused: false,
    }
}

fn units(knowledge: &Knowledge, number: usize) -> Option<i64> {
    let (_, rows) = knowledge.of([&sku(number)].into_iter());
    rows[0].map(|row| row.stock.units)
}

#[test]
fn what_is_kept_is_known_until_it_is_forgotten_or_an_epoch_begins() {
    let knowledge = Knowledge::default();
    knowledge.keep(0, (0..3).map(|n| (sku(n), row(7))));
    assert_eq!(units(&knowledge, 0), Some(7));
    knowledge.forget([&sku(0)].into_iter());
    assert_eq!(units(&knowledge, 0), None);
    assert_eq!(units(&knowledge, 1), Some(7));
    knowledge.start_epoch();
    knowledge.keep(0, [(sku(2), row(8))].into_iter());
    assert_eq!(knowledge.epoch(), 1);
    assert_eq!((units(&knowledge, 1), units(&knowledge, 2)), (None, None));
}

#[test]
fn beyond_so_many_rows_everything_is_forgotten() {
    let knowledge = Knowledge::default();
    knowledge.keep(0, (0..ROWS_MAX).map(|n| (sku(n), row(7))));
    knowledge.keep(0, [(sku(ROWS_MAX), row(8))].into_iter());
    assert_eq!(units(&knowledge, 0), Some(7));
    knowledge.keep(0, [(sku(ROWS_MAX + 1), row(9))].into_iter());
    assert_eq!(units(&knowledge, 0), None);
    assert_eq!(units(&knowledge, ROWS_MAX + 1), Some(9));
}
