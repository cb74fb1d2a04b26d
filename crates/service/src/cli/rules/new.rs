//! `plimsoll rules new`: a rule's folder that builds, tests and signs as it is. The SDK is not in
//! a registry: its few sources are in this binary and are written beside the rule, so that nothing
//! but a Rust toolchain is needed. In a workspace that has the SDK already, the rule joins that.

mod sdk;

use std::fs;
use std::path::{Path, PathBuf};

use super::{New, folder};
use crate::exit::{Failure, Verdict};
use crate::say;

/// Longest name of a rule, as bundles have it.
const NAME_BYTES_MAX: usize = 64;

const LIB: &str = include_str!("template/lib.rs");
const RULE: &str = include_str!("template/rule.toml");
const CASES: &str = include_str!("template/cases.toml");
const IGNORE: &str = include_str!("template/gitignore");
/// `Cargo.toml` of a rule that stands alone.
const ALONE: &str = include_str!("template/alone.toml");
/// `Cargo.toml` of a rule in a workspace that has the SDK.
const MEMBER: &str = include_str!("template/member.toml");

pub(super) fn run(options: &New) -> Result<Verdict, Failure> {
    check(&options.name)?;
    let rule = match options.path == Path::new(".") {
        true => PathBuf::from(&options.name),
        false => options.path.join(&options.name),
    };
    let member = workspace_has_sdk(&options.path);
    create(&rule)?;
    for (path, text) in files(&options.name, &options.owner, member) {
        write(&rule.join(path), &text)?;
    }
    say::line(format_args!("made {}/", rule.display()));
    say::line("  src/lib.rs   decides, with its own tests: cargo test");
    say::line("  rule.toml    says who answers for it");
    say::line("  cases.toml   examples that it must decide as written");
    say::line(format_args!(
        "next: cd {} && plimsoll rules test",
        rule.display()
    ));
    Ok(Verdict::Done)
}

/// Whether a bundle can have this name.
fn check(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    match begins && !name.ends_with('-') && name.len() <= NAME_BYTES_MAX && name.chars().all(fits) {
        true => Ok(()),
        false => Err(Failure::usage(
            format!("`{name}` cannot be the name of a rule"),
            "lower-case letters, digits and dashes, such as low-stock",
        )),
    }
}

/// Whether the folder is the root of a workspace that takes every folder in it as a member, and
/// whose members can write `plimsoll-rule-sdk.workspace = true`.
fn workspace_has_sdk(folder: &Path) -> bool {
    let text = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
    let manifest: toml::Table = text.parse().unwrap_or_default();
    let Some(workspace) = manifest.get("workspace") else {
        return false;
    };
    let dependencies = workspace.get("dependencies");
    let members = workspace.get("members").and_then(toml::Value::as_array);
    dependencies.is_some_and(|all| all.get("plimsoll-rule-sdk").is_some())
        && members.is_some_and(|all| all.iter().any(|it| it.as_str() == Some("*")))
}

fn create(rule: &Path) -> Result<(), Failure> {
    fs::create_dir(rule).map_err(|error| {
        Failure::usage(
            format!("cannot make {}: {error}", rule.display()),
            "choose a name that is not taken, in a folder that is there",
        )
    })
}

/// The files of a rule, by their paths in its folder.
fn files(name: &str, owner: &str, member: bool) -> Vec<(PathBuf, String)> {
    let filled = |template: &str| {
        template
            .replace("{name}", name)
            .replace("{owner}", &owner.replace(['"', '\\'], ""))
    };
    let mut files = vec![
        (
            "Cargo.toml".into(),
            filled(if member { MEMBER } else { ALONE }),
        ),
        ("src/lib.rs".into(), filled(LIB)),
        ("rule.toml".into(), filled(RULE)),
        ("cases.toml".into(), filled(CASES)),
        (".gitignore".into(), filled(IGNORE)),
    ];
    if !member {
        files.extend(sdk::files());
    }
    files
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let parent = path.parent().expect("every file is in the rule's folder");
    fs::create_dir_all(parent).map_err(|error| folder::cannot_write(parent, &error))?;
    folder::write(path, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_bundle_can_have() {
        for name in ["low-stock", "x", "limit2"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in [
            "",
            "Low",
            "low_stock",
            "2low",
            "-low",
            "low-",
            "../low",
            "löw",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_rule_beside_the_shipped_ones_joins_them() {
        let root = Path::new("../..");
        assert!(workspace_has_sdk(&root.join("rules")));
        assert!(!workspace_has_sdk(root));
        assert!(!workspace_has_sdk(&root.join("rules/frozen-skus")));
    }

    #[test]
    fn nothing_is_left_to_fill_in() {
        for member in [false, true] {
            for (path, text) in files("low-stock", "a \"team\"", member) {
                let ours = !path.starts_with("sdk");
                assert!(!ours || !text.contains("{name}"), "{}", path.display());
                assert!(!ours || !text.contains("{owner}"), "{}", path.display());
            }
        }
    }
}
