//! What must hold once everything is done: every record has exactly one row and the right one, in
//! order, and the whole database is what the oracle says. Reads rows, changes none.

mod sights;

use std::collections::BTreeMap;

use plimsoll_domain::{EventKey, Hold, Refusal, Said};

use crate::oracle::{Fate, Oracle};
use crate::outside::Outside;
use crate::rows::{Code, Line, Parked, Place, Refused, Tables};
use crate::traffic::Content;

/// The row of a record.
#[derive(Clone, Copy)]
enum Row<'a> {
    Line(&'a Line),
    Refused(&'a Refused),
    Parked(&'a Parked),
}

/// What a topic has or had at a place.
pub(crate) fn content(out: &Outside, (partition, offset): Place) -> Option<Content> {
    out.broker.log(partition).at(offset)
}

/// Everything. The first that is broken is noted.
pub(crate) fn all(out: &mut Outside) {
    sights::note(out);
    type Check = fn(&Outside) -> Option<String>;
    let checks: [(&'static str, Check); 6] = [
        ("I5", every_record_has_one_row),
        ("I6", each_identity_is_decided_once),
        ("I8", rows_are_in_order),
        ("I12", revisions_only_rise),
        ("I14", nothing_waits_or_is_held),
        ("I11", all_is_as_the_oracle_says),
    ];
    for (invariant, check) in checks {
        let broken = check(out);
        out.must(broken.is_none(), invariant, || broken.unwrap_or_default());
    }
}

fn rows(tables: &Tables) -> impl Iterator<Item = (Place, Row<'_>)> {
    let lines = tables.lines.iter();
    let lines = lines.filter_map(|line| Some((line.record?, Row::Line(line))));
    let refused = tables
        .refused
        .iter()
        .map(|it| (it.record, Row::Refused(it)));
    let parked = tables.parked.iter().map(|it| (it.record, Row::Parked(it)));
    lines.chain(refused).chain(parked)
}

fn every_record_has_one_row(out: &Outside) -> Option<String> {
    let tables = &out.db.tables;
    let mut found = BTreeMap::<Place, usize>::new();
    for (place, _) in rows(tables) {
        *found.entry(place).or_default() += 1;
    }
    if let Some((place, times)) = found.iter().find(|(_, times)| **times > 1) {
        return Some(format!("record {place:?} has {times} rows"));
    }
    for partition in 0..out.broker.partitions() {
        let position = tables.position(partition);
        let next = position.map_or(0, |row| row.next_offset);
        let given_up = |offset: i64| {
            let never_seen = position.is_some_and(|row| offset < row.retained_from);
            let mut gaps = tables.gaps.iter();
            never_seen
                || gaps.any(|&(it, from, to)| it == partition && (from..to).contains(&offset))
        };
        for &(offset, _) in out.broker.log(partition).all() {
            let row = found.remove(&(partition, offset)).is_some();
            if offset < next && !row && !given_up(offset) {
                return Some(format!("record {:?} has no row", (partition, offset)));
            }
            if offset >= next && row {
                return Some(format!(
                    "record {:?} has a row, but the position is {next}",
                    (partition, offset)
                ));
            }
        }
    }
    let (place, _) = found.first_key_value()?;
    Some(format!("there is a row of {place:?}, where no record is"))
}

fn each_identity_is_decided_once(out: &Outside) -> Option<String> {
    let mut decided = BTreeMap::<(usize, EventKey), (i64, Place)>::new();
    for (place, row) in rows(&out.db.tables) {
        let (sku, key, decided_at) = match row {
            Row::Line(line) => (line.sku, line.key, line.at),
            Row::Refused(refused) if refused.answers() => match refused.wish {
                Some(wish) => (wish.sku, wish.key, refused.at),
                None => continue,
            },
            Row::Parked(parked) => (parked.wish.sku, parked.wish.key, parked.at),
            Row::Refused(_) => continue,
        };
        let Some(key) = key else { continue };
        if let Some((former, other)) = decided.insert((sku, key), (decided_at, place))
            && (former - decided_at).abs() < out.window - TRANSACTION_MS_MAX
        {
            return Some(format!(
                "{place:?} and {other:?} are the same event of SKU {sku}, decided twice"
            ));
        }
    }
    None
}

/// A transaction writes when it began; what it looked up may be so much older.
const TRANSACTION_MS_MAX: i64 = 400_000;

/// Lines of one SKU and partition are in the order of their offsets, unless some waited meanwhile.
fn rows_are_in_order(out: &Outside) -> Option<String> {
    let mut last = BTreeMap::<(usize, i32), i64>::new();
    for line in &out.db.tables.lines {
        let Some((partition, offset)) = line.record else {
            continue;
        };
        let former = last.insert((line.sku, partition), offset);
        if former.is_some_and(|former| former >= offset) {
            return Some(format!(
                "SKU {}: {:?} comes after {former:?}",
                line.sku,
                (partition, offset)
            ));
        }
    }
    None
}

fn revisions_only_rise(out: &Outside) -> Option<String> {
    let of = |row: Row<'_>| match row {
        Row::Line(line) => (!line.released).then_some(line.revision),
        Row::Refused(refused) => (!refused.released).then_some(refused.revision),
        Row::Parked(_) => None,
    };
    let mut all: Vec<(Place, i32)> = rows(&out.db.tables)
        .filter_map(|(place, row)| Some((place, of(row)?)))
        .collect();
    all.sort_unstable();
    let falls = |pair: &&[(Place, i32)]| pair[0].0.0 == pair[1].0.0 && pair[0].1 > pair[1].1;
    let pair = all.windows(2).find(falls)?;
    Some(format!(
        "revision {} decided {:?}, after {} had {:?}",
        pair[1].1, pair[1].0, pair[0].1, pair[0].0
    ))
}

fn nothing_waits_or_is_held(out: &Outside) -> Option<String> {
    let tables = &out.db.tables;
    let held = tables
        .products
        .iter()
        .position(|row| row.is_some_and(|row| row.stock.held));
    let unknown = tables
        .unknown
        .iter()
        .position(|row| row.is_some_and(|row| row.sku.held));
    let sku = held.or(unknown)?;
    Some(format!("SKU {sku} is held, and nothing of it is parked"))
}

fn all_is_as_the_oracle_says(out: &Outside) -> Option<String> {
    let rows: BTreeMap<Place, Row<'_>> = rows(&out.db.tables).collect();
    let repeats = |place: Place| match rows.get(&place) {
        // One that waited first was no repeat when it came.
        Some(Row::Refused(refused)) if !refused.released => match refused.code {
            Code::Refused(it @ (Refusal::Duplicate | Refusal::EventIdConflict)) => Some(code(it)),
            Code::Refused(_) | Code::Malformed | Code::ByOperator => None,
        },
        Some(Row::Line(_) | Row::Refused(_) | Row::Parked(_)) | None => None,
    };
    let mut oracle = Oracle::new(out, out.db.first(), &repeats);
    oracle.fold();
    for (place, fate) in &oracle.fates {
        let row = rows.get(place).map(|row| told(*row));
        if row.as_ref() != Some(fate) {
            return Some(format!(
                "record {place:?} is {row:?} and should be {fate:?}"
            ));
        }
    }
    let missing = rows.keys().find(|place| !oracle.fates.contains_key(place));
    if let Some(place) = missing {
        return Some(format!(
            "record {place:?} was never decided, says the oracle"
        ));
    }
    (0..oracle.skus.len()).find_map(|sku| product_differs(out, &oracle, sku))
}

fn product_differs(out: &Outside, oracle: &Oracle<'_>, sku: usize) -> Option<String> {
    let state = &oracle.skus[sku];
    let row = out.db.tables.products[sku].map(|it| it.stock);
    let has = row.map(|it| (it.units, it.version, it.floor, it.ledger));
    let should = state
        .product
        .map(|it| (it.units, it.version, it.floor, it.ledger));
    if has != should {
        return Some(format!(
            "SKU {sku} has {has:?} and should have {should:?} (units, version, floor, ledger)"
        ));
    }
    let lines = out.db.tables.lines.iter().filter(|line| line.sku == sku);
    let lines: Vec<crate::oracle::Entry> = lines.map(entry).collect();
    let differs =
        (0..lines.len().max(state.lines.len())).find(|&n| lines.get(n) != state.lines.get(n))?;
    let (line, should) = (lines.get(differs), state.lines.get(differs));
    Some(format!(
        "line {differs} of SKU {sku} is {line:?} and should be {should:?}"
    ))
}

fn entry(line: &Line) -> crate::oracle::Entry {
    crate::oracle::Entry {
        place: line.record,
        change: line.change,
        units: line.stock_after,
        version: line.version,
        flags: line.flags.clone(),
        revision: line.revision,
    }
}

fn told(row: Row<'_>) -> Fate {
    match row {
        Row::Line(line) => Fate::Line(entry(line)),
        Row::Refused(refused) => match refused.code {
            Code::Malformed => Fate::Refused("malformed", None, None),
            Code::ByOperator => Fate::Refused("rejected_by_operator", None, None),
            Code::Refused(it @ (Refusal::Duplicate | Refusal::EventIdConflict)) => {
                Fate::Refused(code(it), None, None)
            }
            Code::Refused(it) => Fate::Refused(code(it), it.said(), refused.seen),
        },
        Row::Parked(parked) => Fate::Parked(match parked.hold {
            Hold::Behind => "behind",
            Hold::UnknownSku => "unknown_sku",
            Hold::Rule(_) => "rule",
            Hold::BelowFloor => "below_floor",
        }),
    }
}

fn code(refusal: Refusal) -> &'static str {
    refusal.code(|_: Said| "rule")
}
