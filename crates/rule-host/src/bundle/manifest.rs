//! What a bundle says about its rule, and the checks that it makes sense. Knows no component.

mod reserved;

use std::collections::{BTreeMap, HashSet};

use plimsoll_rule_abi::Fact;
use plimsoll_rule_abi::verdict::CODES_MAX;
use serde::{Deserialize, Serialize};

/// Most facts that one rule may read, and most parameters that it may have.
const COLUMNS_MAX: usize = 64;
/// Longest name, version or owner, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// Longest text for people, in bytes.
const TEXT_BYTES_MAX: usize = 500;
/// Largest budget that a bundle may ask for: some milliseconds a call, some microseconds an event.
const FUEL_BASE_MAX: u64 = 10_000_000;
const FUEL_PER_EVENT_MAX: u64 = 100_000;

/// What a bundle says about its rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the rule: lower-case letters, digits and dashes.
    pub name: String,
    /// Its version, for people; the digest is what counts.
    pub version: String,
    /// The team that answers for it.
    pub owner: String,
    /// What it does, in one sentence.
    pub description: String,
    /// The packing that it was built for.
    pub abi: u32,
    /// Columns that it is sent, in this order.
    pub reads: Vec<String>,
    /// Parameters that it is sent, in this order.
    pub parameters: Vec<Parameter>,
    /// Codes that it can answer with, by their position.
    pub codes: Vec<CodeText>,
    /// What a call may cost.
    pub budget: Budget,
    /// The lowest floor that products must have for it to be of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest_floor: Option<LowestFloor>,
}

/// A number that a binding can set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name, `snake_case`.
    pub name: String,
    /// Its value unless a binding sets another.
    pub default: i64,
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
    /// What it means, with its unit.
    pub text: String,
}

/// A code and what people read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeText {
    /// Its name, stable, `snake_case`.
    pub name: String,
    /// What people read.
    pub message: String,
}

/// What a call may cost, in units of fuel: about one for each WebAssembly instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// For the call.
    pub fuel_base: u64,
    /// For each event of it.
    pub fuel_per_event: u64,
}

/// The lowest floor that products must have for a rule to be of use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum LowestFloor {
    /// Always the same, in units.
    Units(i64),
    /// The opposite of a parameter, written `-name`.
    Opposite(String),
}

/// What is wrong with a manifest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// A name that cannot be one.
    #[error("`{0}` cannot be a name")]
    Name(String),
    /// A text that is too long, or empty.
    #[error("a text of {0} bytes: 1 to {TEXT_BYTES_MAX} are allowed")]
    Text(usize),
    /// A column that this service does not have.
    #[error("there is no fact `{0}`")]
    Fact(String),
    /// The same name twice.
    #[error("`{0}` is there twice")]
    Twice(String),
    /// A code that the platform answers with itself.
    #[error("`{0}` is a code of the platform: choose another name")]
    Reserved(String),
    /// More of something than allowed.
    #[error("{0}")]
    Many(String),
    /// A default outside of its own range.
    #[error("the default of `{0}` is not in its range")]
    Default(String),
    /// A budget beyond what one rule may ask for.
    #[error("the budget is 0 or above {FUEL_BASE_MAX} and {FUEL_PER_EVENT_MAX} an event")]
    Budget,
    /// A value outside of the range.
    #[error("`{name}` is {value}, but it goes from {min} to {max}")]
    Range {
        /// Which parameter.
        name: String,
        /// The value given.
        value: i64,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
    },
    /// A parameter that the rule does not have.
    #[error("there is no parameter `{0}`")]
    Parameter(String),
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            fuel_base: 100_000,
            fuel_per_event: 10_000,
        }
    }
}

impl Budget {
    /// The fuel of a call.
    pub fn fuel(self, rows: usize) -> u64 {
        self.fuel_base + self.fuel_per_event * rows as u64
    }
}

impl Manifest {
    /// Parameters in the order they are sent: defaults, but for those that are set.
    ///
    /// # Errors
    /// If one is unknown, or outside its range.
    pub fn parameters(&self, set: &BTreeMap<String, i64>) -> Result<Vec<i64>, ManifestError> {
        let known = |name: &String| self.parameters.iter().any(|known| known.name == *name);
        if let Some(unknown) = set.keys().find(|name| !known(name)) {
            return Err(ManifestError::Parameter(unknown.clone()));
        }
        let values = self.parameters.iter().map(|parameter| {
            parameter.checked(
                set.get(&parameter.name)
                    .copied()
                    .unwrap_or(parameter.default),
            )
        });
        values.collect()
    }

    /// The lowest floor that products must have, in units, under these parameters.
    pub fn floor_needed(&self, parameters: &[i64]) -> Option<i64> {
        match self.lowest_floor.as_ref()? {
            LowestFloor::Units(units) => Some(*units),
            LowestFloor::Opposite(minus) => {
                let at = self.opposite_of(minus)?;
                parameters.get(at)?.checked_neg()
            }
        }
    }

    /// The columns that it is sent.
    pub(crate) fn facts(&self) -> Vec<Fact<'_>> {
        let reads = self.reads.iter().map(|name| Fact::parse(name));
        reads
            .map(|fact| fact.expect("a manifest is checked when it is read"))
            .collect()
    }

    pub(crate) fn codes_count(&self) -> u16 {
        u16::try_from(self.codes.len()).expect("a manifest is checked when it is read")
    }

    /// Whether it makes sense in itself.
    pub(super) fn check(&self) -> Result<(), ManifestError> {
        self.check_names()?;
        self.check_reads()?;
        self.parameters.iter().try_for_each(Parameter::check)?;
        for code in &self.codes {
            name(&code.name, '_')?;
            if reserved::CODES.contains(&code.name.as_str()) {
                return Err(ManifestError::Reserved(code.name.clone()));
            }
            text(&code.message)?;
        }
        twice(self.codes.iter().map(|code| &code.name))?;
        twice(self.parameters.iter().map(|parameter| &parameter.name))?;
        self.check_numbers()
    }

    fn check_names(&self) -> Result<(), ManifestError> {
        name(&self.name, '-')?;
        text(&self.description)?;
        for printed in [&self.version, &self.owner] {
            if printed.is_empty() || printed.len() > NAME_BYTES_MAX {
                return Err(ManifestError::Name(printed.clone()));
            }
        }
        Ok(())
    }

    fn check_reads(&self) -> Result<(), ManifestError> {
        let unknown = self.reads.iter().find(|name| Fact::parse(name).is_none());
        if let Some(unknown) = unknown {
            return Err(ManifestError::Fact(unknown.clone()));
        }
        twice(self.reads.iter())
    }

    fn check_numbers(&self) -> Result<(), ManifestError> {
        for (what, count, max) in [
            ("facts", self.reads.len(), COLUMNS_MAX),
            ("parameters", self.parameters.len(), COLUMNS_MAX),
            ("codes", self.codes.len(), usize::from(CODES_MAX)),
        ] {
            if count > max {
                return Err(ManifestError::Many(format!(
                    "{count} {what}, {max} are the most"
                )));
            }
        }
        let Budget {
            fuel_base,
            fuel_per_event,
        } = self.budget;
        let fits = |fuel, max| (1..=max).contains(&fuel);
        if !fits(fuel_base, FUEL_BASE_MAX) || !fits(fuel_per_event, FUEL_PER_EVENT_MAX) {
            return Err(ManifestError::Budget);
        }
        match &self.lowest_floor {
            Some(LowestFloor::Opposite(minus)) if self.opposite_of(minus).is_none() => {
                Err(ManifestError::Parameter(minus.clone()))
            }
            _ => Ok(()),
        }
    }

    fn opposite_of(&self, minus: &str) -> Option<usize> {
        let name = minus.strip_prefix('-')?;
        self.parameters
            .iter()
            .position(|parameter| parameter.name == name)
    }
}

impl Parameter {
    fn check(&self) -> Result<(), ManifestError> {
        name(&self.name, '_')?;
        text(&self.text)?;
        self.checked(self.default)
            .map(|_| ())
            .map_err(|_| ManifestError::Default(self.name.clone()))
    }

    fn checked(&self, value: i64) -> Result<i64, ManifestError> {
        if (self.min..=self.max).contains(&value) {
            return Ok(value);
        }
        Err(ManifestError::Range {
            name: self.name.clone(),
            value,
            min: self.min,
            max: self.max,
        })
    }
}

fn name(name: &str, joint: char) -> Result<(), ManifestError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == joint;
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    match begins && name.len() <= NAME_BYTES_MAX && name.chars().all(fits) {
        true => Ok(()),
        false => Err(ManifestError::Name(name.into())),
    }
}

fn text(text: &str) -> Result<(), ManifestError> {
    match (1..=TEXT_BYTES_MAX).contains(&text.len()) {
        true => Ok(()),
        false => Err(ManifestError::Text(text.len())),
    }
}

fn twice<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ManifestError> {
    let mut seen = HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ManifestError::Twice(name.clone()));
        }
    }
    Ok(())
}
