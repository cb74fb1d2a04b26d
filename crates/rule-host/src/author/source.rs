//! The manifest from its three sources: the crate's name and version, `rule.toml`, and what
//! the code declares. None of them repeats another.

use std::path::Path;

use plimsoll_rule_abi::declaration::{Line, SECTION, lines};
use serde::Deserialize;
use wasmparser::{Parser, Payload};

use super::{Error, read_toml};
use crate::bundle::{Budget, CodeText, LowestFloor, Manifest, Parameter};

/// What is taken of `Cargo.toml`.
#[derive(Debug, Deserialize)]
pub struct Package {
    /// Name of the crate and of the rule.
    pub name: String,
    /// Version of both.
    pub version: String,
}

#[derive(Deserialize)]
struct CargoToml {
    package: Package,
}

/// `rule.toml`: what code cannot say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleToml {
    /// What the rule does, in one sentence.
    pub description: String,
    /// The team that answers for it.
    pub owner: String,
    /// What a call may cost.
    #[serde(default)]
    pub budget: Budget,
    /// The lowest floor that products must have.
    pub lowest_floor: Option<LowestFloor>,
}

pub(super) fn package(folder: &Path) -> Result<Package, Error> {
    read_toml::<CargoToml>(&folder.join("Cargo.toml")).map(|cargo| cargo.package)
}

/// Joins the three sources.
///
/// # Errors
/// If the module has no declaration, or one that cannot be read.
pub fn manifest(package: &Package, rule: &RuleToml, module: &[u8]) -> Result<Manifest, Error> {
    let section = section(module)?;
    let mut manifest = Manifest {
        name: package.name.clone(),
        version: package.version.clone(),
        owner: rule.owner.clone(),
        description: rule.description.clone(),
        abi: 0,
        reads: Vec::new(),
        parameters: Vec::new(),
        codes: Vec::new(),
        budget: rule.budget,
        lowest_floor: rule.lowest_floor.clone(),
    };
    for line in lines(&section) {
        declare(
            &mut manifest,
            line.map_err(|line| Error::Declaration(format!("`{line}`")))?,
        );
    }
    Ok(manifest)
}

fn declare(manifest: &mut Manifest, line: Line<'_>) {
    match line {
        Line::Abi(abi) => manifest.abi = abi,
        Line::Read(column) => manifest.reads.push(column.into()),
        Line::Parameter {
            name,
            default,
            min,
            max,
            text,
        } => manifest.parameters.push(Parameter {
            name: name.into(),
            default,
            min,
            max,
            text: text.into(),
        }),
        Line::Code { name, text } => manifest.codes.push(CodeText {
            name: name.into(),
            message: text.into(),
        }),
    }
}

fn section(module: &[u8]) -> Result<String, Error> {
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| Error::Declaration(error.to_string()))?;
        if let Payload::CustomSection(section) = payload
            && section.name() == SECTION
        {
            return String::from_utf8(section.data().to_vec())
                .map_err(|error| Error::Declaration(error.to_string()));
        }
    }
    Err(Error::Declaration(
        "missing: the crate has no `rule!`".into(),
    ))
}
