//! Made-up events for one rule: plausible ones, and with them the values that its golden cases
//! name and their neighbours, since that is where rules decide. Judges nothing.

use std::borrow::Cow;
use std::fmt;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_abi::{Fact, Shape};

use super::random::Random;
use crate::bundle::{Bundle, GivenAttribute, Manifest};
use crate::facts::{Attribute, Facts};

/// Units that no real event goes beyond; sums of a few of them are far from the end of numbers.
const UNITS_MAX: i64 = 1_000_000_000;
/// From 2000 to 2100, in microseconds since 1970.
const TIMES: (i64, i64) = (946_684_800_000_000, 4_102_444_800_000_000);
const SECOND: i64 = 1_000_000;
/// Texts that an event may have, besides those of the cases.
const TEXTS: [&str; 4] = ["web", "store", "Größe 42", "2026-11-24/7"];

/// A made-up event.
pub(super) struct Event {
    sku: String,
    kind: Kind,
    nature: Nature,
    numbers: Numbers,
    /// Source, channel, location, reason, reference.
    texts: [Option<String>; 5],
    attributes: Vec<(Cow<'static, str>, Attribute<'static>)>,
}

struct Numbers {
    stock: i64,
    floor: i64,
    version: i64,
    occurred_at_us: i64,
}

/// Values that are worth trying.
#[derive(Default)]
struct Pool {
    units: Vec<i64>,
    times: Vec<i64>,
    texts: Vec<String>,
    integers: Vec<i64>,
}

impl Event {
    pub(super) fn facts(&self) -> Facts<'_> {
        let [source, channel, location, reason, reference] = &self.texts;
        Facts {
            sku: &self.sku,
            kind: self.kind,
            nature: self.nature,
            stock: self.numbers.stock,
            floor: self.numbers.floor,
            version: self.numbers.version,
            source: source.as_deref(),
            channel: channel.as_deref(),
            location: location.as_deref(),
            reason: reason.as_deref(),
            reference: reference.as_deref(),
            occurred_at_us: self.numbers.occurred_at_us,
            attributes: &self.attributes,
        }
    }
}

/// What a person needs to make a golden case of it.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.facts();
        write!(
            f,
            "sku = {:?}, {:?}, {:?}",
            facts.sku, self.kind, self.nature
        )?;
        write!(f, ", stock = {}, floor = {}", facts.stock, facts.floor)?;
        write!(f, ", occurred_at = {} us", facts.occurred_at_us)?;
        let names = ["source", "channel", "location", "reason", "reference"];
        for (name, text) in names.iter().zip(&self.texts) {
            if let Some(text) = text {
                write!(f, ", {name} = {text:?}")?;
            }
        }
        for (name, value) in &self.attributes {
            write!(f, ", {name} = {value:?}")?;
        }
        Ok(())
    }
}

/// So many events for the rule of `bundle`.
pub(super) fn events(bundle: &Bundle, random: &mut Random, count: usize) -> Vec<Event> {
    let pool = Pool::of(bundle);
    let facts = bundle.manifest().facts();
    (0..count).map(|_| pool.event(&facts, random)).collect()
}

/// Parameters in their ranges, often at an end.
pub(super) fn parameters(manifest: &Manifest, random: &mut Random) -> Vec<i64> {
    let all = manifest.parameters.iter();
    all.map(|parameter| match random.below(4) {
        0 => parameter.min,
        1 => parameter.max,
        2 => parameter.default,
        _ => random.within(parameter.min, parameter.max),
    })
    .collect()
}

impl Pool {
    fn of(bundle: &Bundle) -> Pool {
        let mut pool = Pool {
            units: vec![0],
            times: vec![0],
            texts: TEXTS.map(str::to_owned).to_vec(),
            integers: vec![0, 1],
        };
        for case in &bundle.cases().case {
            let given = &case.given;
            pool.units.extend([given.stock, given.change, given.floor]);
            pool.units.extend(case.parameters.values());
            case.with_facts(|facts| pool.times.push(facts.occurred_at_us));
            let texts = [
                &given.source,
                &given.channel,
                &given.location,
                &given.reason,
                &given.reference,
            ];
            pool.texts.extend(texts.into_iter().flatten().cloned());
            given.attributes.values().for_each(|value| pool.add(value));
        }
        pool
    }

    fn add(&mut self, value: &GivenAttribute) {
        match value {
            GivenAttribute::Boolean(_) => {}
            GivenAttribute::Integer(value) => self.integers.push(*value),
            GivenAttribute::Text(text) => self.texts.push(text.clone()),
        }
    }

    fn event(&self, facts: &[Fact<'_>], random: &mut Random) -> Event {
        let stock = self.units(random);
        Event {
            sku: format!("SKU-{}", random.below(1_000)),
            kind: match random.once_in(8) {
                true => Kind::Count(self.units(random).saturating_abs()),
                false => Kind::Adjust(self.change(stock, random)),
            },
            nature: match random.once_in(4) {
                true => Nature::Fact,
                false => Nature::Intent,
            },
            numbers: Numbers {
                stock,
                floor: self.units(random),
                version: random.within(0, UNITS_MAX),
                occurred_at_us: self.time(random),
            },
            texts: std::array::from_fn(|_| self.text(random)),
            attributes: facts
                .iter()
                .filter_map(|fact| self.attribute(*fact, random))
                .collect(),
        }
    }

    fn units(&self, random: &mut Random) -> i64 {
        let units = match random.below(4) {
            0 => random
                .pick(&self.units)
                .saturating_add(random.within(-1, 1)),
            1 => random.within(-20, 20),
            2 => random.within(-1_000, 1_000),
            _ => random.within(-UNITS_MAX, UNITS_MAX),
        };
        units.clamp(-UNITS_MAX, UNITS_MAX)
    }

    /// Never 0, and sometimes about all there is.
    fn change(&self, stock: i64, random: &mut Random) -> i64 {
        let change = match random.once_in(4) {
            true => random.within(-1, 1) - stock,
            false => self.units(random),
        };
        if change == 0 { -1 } else { change }
    }

    fn time(&self, random: &mut Random) -> i64 {
        match random.once_in(4) {
            true => random.pick(&self.times) + SECOND * random.within(-1, 1),
            false => random.within(TIMES.0, TIMES.1),
        }
    }

    fn text(&self, random: &mut Random) -> Option<String> {
        (!random.once_in(3)).then(|| random.pick(&self.texts).clone())
    }

    fn attribute(
        &self,
        fact: Fact<'_>,
        random: &mut Random,
    ) -> Option<(Cow<'static, str>, Attribute<'static>)> {
        let Fact::Attribute(name, shape) = fact else {
            return None;
        };
        if random.once_in(4) {
            return None;
        }
        let value = match shape {
            Shape::Text => Attribute::Text(random.pick(&self.texts).clone().into()),
            Shape::Boolean => Attribute::Boolean(random.once_in(2)),
            Shape::Number | Shape::Integer => Attribute::Integer(match random.once_in(2) {
                true => random
                    .pick(&self.integers)
                    .saturating_add(random.within(-1, 1)),
                false => self.units(random),
            }),
        };
        Some((name.to_owned().into(), value))
    }
}
