//! Which of our crates may use which. Knows packages and edges, not code.

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// Each room and what it may use in normal builds; tests and build scripts
/// may use more. A room that is not built yet has its line all the same.
const MAY_USE: &[(&str, &[&str])] = &[
    ("plimsoll-domain", &[]),
    ("plimsoll-wire", &["plimsoll-domain"]),
    ("plimsoll-rule-abi", &[]),
    ("plimsoll-rule-sdk", &["plimsoll-rule-abi"]),
    ("plimsoll-telemetry", &[]),
    (
        "plimsoll-rule-host",
        &["plimsoll-domain", "plimsoll-rule-abi", "plimsoll-telemetry"],
    ),
    (
        "plimsoll-core",
        &[
            "plimsoll-domain",
            "plimsoll-wire",
            "plimsoll-rule-host",
            "plimsoll-telemetry",
        ],
    ),
    ("plimsoll-migrations", &[]),
    (
        "plimsoll-sandbox",
        &["plimsoll-domain", "plimsoll-wire", "plimsoll-migrations"],
    ),
    (
        "plimsoll-service",
        &[
            "plimsoll-domain",
            "plimsoll-wire",
            "plimsoll-rule-abi",
            "plimsoll-rule-sdk",
            "plimsoll-telemetry",
            "plimsoll-rule-host",
            "plimsoll-core",
            "plimsoll-migrations",
            "plimsoll-sandbox",
        ],
    ),
    (
        "plimsoll-tests",
        &[
            "plimsoll-domain",
            "plimsoll-wire",
            "plimsoll-rule-abi",
            "plimsoll-rule-sdk",
            "plimsoll-telemetry",
            "plimsoll-rule-host",
            "plimsoll-core",
            "plimsoll-migrations",
            "plimsoll-sandbox",
            "plimsoll-service",
        ],
    ),
    (
        "plimsoll-fuzz",
        &[
            "plimsoll-domain",
            "plimsoll-wire",
            "plimsoll-telemetry",
            "plimsoll-rule-host",
            "plimsoll-core",
        ],
    ),
    ("plimsoll-schedules", &["plimsoll-domain"]),
    ("plimsoll-sim", &["plimsoll-domain"]),
    ("plimsoll-tsan", &[]),
    ("xtask", &[]),
];

/// The pure middle uses nothing at all, whoever wrote it.
const PURE: &str = "plimsoll-domain";

/// What cargo says about the workspace, without looking at other packages.
pub(super) fn metadata() -> Result<Value> {
    let shape = ["metadata", "--no-deps", "--format-version", "1"];
    let told = process::read(&mut process::cargo(shape)?)?;
    serde_json::from_str(&told).context("reading what cargo metadata says")
}

/// Every edge between our packages that the table does not allow, every
/// package that is not in the table, and whatever the pure middle uses.
///
/// # Errors
/// When `metadata` is not cargo's format, version 1.
pub(super) fn check(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let ours: Vec<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"]
            .as_str()
            .context("a package without a name")?;
        let Some((_, may_use)) = MAY_USE.iter().find(|(room, _)| *room == name) else {
            findings.push(format!(
                "{name} is not in the table of rooms: decide what it may use"
            ));
            continue;
        };
        for used in normal_dependencies(package)? {
            if ours.contains(&used) && !may_use.contains(&used) {
                findings.push(format!(
                    "{name} uses {used}, which the table of rooms does not allow"
                ));
            } else if name == PURE {
                findings.push(format!(
                    "{name} uses {used}, but the pure middle uses nothing"
                ));
            }
        }
    }
    Ok(findings)
}

fn normal_dependencies(package: &Value) -> Result<Vec<&str>> {
    let all = package["dependencies"]
        .as_array()
        .context("a package without dependencies")?;
    let normal = all.iter().filter(|dependency| dependency["kind"].is_null());
    normal
        .map(|dependency| {
            dependency["name"]
                .as_str()
                .context("a dependency without a name")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// A package as cargo describes it; its dependencies with their kinds.
    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Value {
        let uses = uses
            .iter()
            .map(|(name, kind)| json!({"name": name, "kind": kind}));
        json!({"name": name, "dependencies": uses.collect::<Vec<_>>()})
    }

    fn findings(packages: &[Value]) -> Vec<String> {
        check(&json!({"packages": packages})).expect("well formed")
    }

    #[test]
    fn an_edge_of_the_table_is_allowed() {
        let wire = package(
            "plimsoll-wire",
            &[("plimsoll-domain", None), ("serde", None)],
        );
        assert!(findings(&[package("plimsoll-domain", &[]), wire]).is_empty());
    }

    #[test]
    fn any_other_edge_names_both_crates() {
        let wire = package("plimsoll-wire", &[("plimsoll-core", None)]);
        assert_eq!(
            findings(&[wire, package("plimsoll-core", &[])]),
            ["plimsoll-wire uses plimsoll-core, which the table of rooms does not allow"]
        );
    }

    #[test]
    fn only_normal_dependencies_are_edges() {
        let uses = [
            ("plimsoll-core", Some("dev")),
            ("plimsoll-core", Some("build")),
        ];
        let wire = package("plimsoll-wire", &uses);
        assert!(findings(&[wire, package("plimsoll-core", &[])]).is_empty());
    }

    #[test]
    fn the_pure_middle_uses_nothing() {
        let domain = package(
            "plimsoll-domain",
            &[("serde", None), ("proptest", Some("dev"))],
        );
        assert_eq!(
            findings(&[domain]),
            ["plimsoll-domain uses serde, but the pure middle uses nothing"]
        );
    }

    #[test]
    fn a_package_outside_the_table_needs_a_decision() {
        assert_eq!(
            findings(&[package("plimsoll-new", &[])]),
            ["plimsoll-new is not in the table of rooms: decide what it may use"]
        );
    }

    #[test]
    fn the_table_names_only_its_own_rooms_and_has_no_circle() {
        for (at, (room, may_use)) in MAY_USE.iter().enumerate() {
            for used in *may_use {
                let before = MAY_USE[..at].iter().any(|(earlier, _)| earlier == used);
                assert!(before, "{room} uses {used}, which must stand above it");
            }
        }
    }
}
