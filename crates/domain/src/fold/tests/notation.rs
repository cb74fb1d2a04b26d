//! Batches as text: what is known of the SKUs, and the events. Knows no rule of the fold.
//!
//! ```text
//! policy: create, floor -5, units_max 127, version_max 9
//! A: 10 v4 floor 2 d7 ledger 8 v3 held
//! B: 10 v4 unadopted
//! C: unknown d2
//! known: A#1 -3, A#2 =7
//! A -3 #1, A =7, C +5 fact, A +5 @4
//! ```
//!
//! A product that says no more is at version 0, its floor at 0, its row changed once, and its
//! ledger agrees with it. `#1` is an identity, `=7` a count, `@4` an expected version.

use std::fmt::{self, Display, Formatter};
use std::str::SplitWhitespace;

use crate::{
    Answered, Event, EventKey, Kind, Limits, Nature, OnUnknownSku, Policy, Slot, Stock, UnknownSku,
};

/// One call of `fold`.
#[derive(Clone, PartialEq)]
pub(super) struct Case {
    pub(super) policy: Policy,
    pub(super) slots: Vec<Slot>,
    pub(super) answered: Answered,
    pub(super) events: Vec<Event>,
}

/// The name of a slot.
pub(super) fn name(slot: u32) -> char {
    char::from_u32(u32::from('A') + slot).expect("a test has few SKUs")
}

impl Case {
    /// Reads the notation; the text is written by us, so a mistake in it is a panic.
    pub(super) fn parse(text: &str) -> Case {
        let mut case = Case {
            policy: Policy {
                unknown_sku: OnUnknownSku::Park,
                floor_default: 0,
                limits: Limits::default(),
            },
            slots: Vec::new(),
            answered: Answered::new(),
            events: Vec::new(),
        };
        for line in text.lines().map(str::trim) {
            match line.split_once(": ") {
                Some(("policy", words)) => words
                    .split(',')
                    .for_each(|word| set(&mut case.policy, word)),
                Some(("known", ids)) => case.answered.extend(ids.split(',').map(answered)),
                Some((sku, words)) => {
                    assert_eq!(
                        slot_number(sku),
                        case.slots.len().try_into().expect("few SKUs"),
                        "SKUs in order"
                    );
                    case.slots.push(slot(words));
                }
                None if line.is_empty() => {}
                None => case.events.extend(line.split(',').map(event)),
            }
        }
        case
    }
}

fn set(policy: &mut Policy, text: &str) {
    let mut words = text.split_whitespace();
    match words.next().expect("a policy") {
        "park" => policy.unknown_sku = OnUnknownSku::Park,
        "reject" => policy.unknown_sku = OnUnknownSku::Reject,
        "create" => policy.unknown_sku = OnUnknownSku::Create,
        "floor" => policy.floor_default = number(words.next()),
        "units_max" => policy.limits.units_max = number(words.next()),
        "version_max" => policy.limits.version_max = number(words.next()),
        other => panic!("no such policy: {other}"),
    }
}

fn slot(text: &str) -> Slot {
    let mut words = text.split_whitespace();
    match words.next().expect("a stock, or that it is unknown") {
        "unknown" => Slot::Unknown(unknown(words)),
        units => Slot::Product(product(number(Some(units)), words)),
    }
}

fn unknown(words: SplitWhitespace<'_>) -> UnknownSku {
    let mut unknown = UnknownSku::default();
    for word in words {
        match word {
            "held" => unknown.held = true,
            decisions => unknown.decisions = marked('d', Some(decisions)),
        }
    }
    unknown
}

fn product(units: i64, mut words: SplitWhitespace<'_>) -> Stock {
    let mut stock = Stock {
        units,
        version: 0,
        floor: 0,
        decisions: 1,
        ledger: None,
        held: false,
    };
    let mut ledger = None;
    let mut adopted = true;
    while let Some(word) = words.next() {
        match word {
            "held" => stock.held = true,
            "unadopted" => (adopted, stock.decisions) = (false, 0),
            "floor" => stock.floor = number(words.next()),
            "ledger" => ledger = Some((number(words.next()), marked('v', words.next()))),
            _ if word.starts_with('v') => stock.version = marked('v', Some(word)),
            _ => stock.decisions = marked('d', Some(word)),
        }
    }
    if adopted {
        stock.ledger = ledger.or(Some((stock.units, stock.version)));
    }
    stock
}

fn answered(text: &str) -> ((u32, EventKey), Kind) {
    let (id, quantity) = text
        .trim()
        .split_once(' ')
        .expect("an identity and what it asked for");
    let (sku, key_text) = id.split_at(1);
    ((slot_number(sku), key(key_text)), kind(quantity))
}

fn event(text: &str) -> Event {
    let mut words = text.split_whitespace();
    let slot = slot_number(words.next().expect("a SKU"));
    let kind = kind(words.next().expect("a quantity"));
    let nature = if matches!(kind, Kind::Count(_)) {
        Nature::Fact
    } else {
        Nature::Intent
    };
    let mut event = Event {
        slot,
        kind,
        key: None,
        nature,
        expected_version: None,
    };
    for word in words {
        match word {
            "fact" => event.nature = Nature::Fact,
            _ if word.starts_with('@') => event.expected_version = Some(marked('@', Some(word))),
            _ => event.key = Some(key(word)),
        }
    }
    event
}

fn kind(text: &str) -> Kind {
    match text.strip_prefix('=') {
        Some(units) => Kind::Count(number(Some(units))),
        None => Kind::Adjust(number(Some(text))),
    }
}

fn key(text: &str) -> EventKey {
    EventKey(
        u128::from_str_radix(text.trim_start_matches('#'), 16).expect("a hexadecimal identity"),
    )
}

fn slot_number(name: &str) -> u32 {
    u32::from(name.chars().next().expect("a SKU")) - u32::from('A')
}

fn marked(mark: char, word: Option<&str>) -> i64 {
    number(word.map(|word| word.strip_prefix(mark).expect("the mark of this number")))
}

fn number(word: Option<&str>) -> i64 {
    match word.expect("a number") {
        "max" => i64::MAX,
        "min" => i64::MIN,
        word => word.parse().expect("a number"),
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Policy {
            unknown_sku,
            floor_default,
            limits: Limits {
                units_max,
                version_max,
            },
        } = self.policy;
        let unknown_sku = format!("{unknown_sku:?}").to_lowercase();
        writeln!(
            f,
            "policy: {unknown_sku}, floor {floor_default}, units_max {units_max}, version_max {version_max}"
        )?;
        for (slot, known) in (0..).zip(&self.slots) {
            writeln!(f, "{}: {known}", name(slot))?;
        }
        if !self.answered.is_empty() {
            let ids = self
                .answered
                .iter()
                .map(|((slot, key), kind)| format!("{}#{:x} {kind}", name(*slot), key.0));
            writeln!(f, "known: {}", joined(ids))?;
        }
        writeln!(f, "{}", joined(self.events.iter().map(Event::to_string)))
    }
}

/// What a failing law prints can be pasted into a table.
impl fmt::Debug for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

impl Display for Slot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let held = match self {
            Slot::Unknown(unknown) => {
                write!(f, "unknown d{}", unknown.decisions)?;
                unknown.held
            }
            Slot::Product(stock) => {
                write!(f, "{stock}")?;
                stock.held
            }
        };
        f.write_str(if held { " held" } else { "" })
    }
}

impl Display for Stock {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} v{}", self.units, self.version)?;
        if self.floor != 0 {
            write!(f, " floor {}", self.floor)?;
        }
        match self.ledger {
            None => f.write_str(" unadopted")?,
            Some((units, version)) if (units, version) != (self.units, self.version) => {
                write!(f, " ledger {units} v{version}")?;
            }
            Some(_) => {}
        }
        write!(f, " d{}", self.decisions)
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", name(self.slot), self.kind)?;
        if let Some(key) = self.key {
            write!(f, " #{:x}", key.0)?;
        }
        if let (Kind::Adjust(_), Nature::Fact) = (self.kind, self.nature) {
            f.write_str(" fact")?;
        }
        self.expected_version
            .map_or(Ok(()), |version| write!(f, " @{version}"))
    }
}

impl Display for Kind {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Adjust(change) => write!(f, "{change:+}"),
            Kind::Count(units) => write!(f, "={units}"),
        }
    }
}
