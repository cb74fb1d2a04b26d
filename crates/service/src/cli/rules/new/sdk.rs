//! The sources that a rule is compiled with, as they were when this binary was: the SDK, and in
//! it the packing it speaks. Only their `Cargo.toml` is another, since they leave our workspace.

use std::path::PathBuf;

const SDK: [(&str, &str); 9] = [
    ("Cargo.toml", include_str!("../template/sdk.toml")),
    (
        "README.md",
        include_str!("../../../../../rule-sdk/README.md"),
    ),
    (
        "src/bump.rs",
        include_str!("../../../../../rule-sdk/src/bump.rs"),
    ),
    (
        "src/facts.rs",
        include_str!("../../../../../rule-sdk/src/facts.rs"),
    ),
    (
        "src/guest.rs",
        include_str!("../../../../../rule-sdk/src/guest.rs"),
    ),
    (
        "src/lib.rs",
        include_str!("../../../../../rule-sdk/src/lib.rs"),
    ),
    (
        "src/rule.rs",
        include_str!("../../../../../rule-sdk/src/rule.rs"),
    ),
    (
        "src/tests.rs",
        include_str!("../../../../../rule-sdk/src/tests.rs"),
    ),
    (
        "src/verdict.rs",
        include_str!("../../../../../rule-sdk/src/verdict.rs"),
    ),
];

const ABI: [(&str, &str); 8] = [
    ("Cargo.toml", include_str!("../template/abi.toml")),
    (
        "README.md",
        include_str!("../../../../../rule-abi/README.md"),
    ),
    (
        "src/columns.rs",
        include_str!("../../../../../rule-abi/src/columns.rs"),
    ),
    (
        "src/declaration.rs",
        include_str!("../../../../../rule-abi/src/declaration.rs"),
    ),
    (
        "src/fact.rs",
        include_str!("../../../../../rule-abi/src/fact.rs"),
    ),
    (
        "src/lib.rs",
        include_str!("../../../../../rule-abi/src/lib.rs"),
    ),
    (
        "src/verdict.rs",
        include_str!("../../../../../rule-abi/src/verdict.rs"),
    ),
    (
        "wit/rule.wit",
        include_str!("../../../../../rule-abi/wit/rule.wit"),
    ),
];

/// Every file, by its path in the rule's folder.
pub(super) fn files() -> impl Iterator<Item = (PathBuf, String)> {
    let below = |folder: &'static str, files: &'static [(&str, &str)]| {
        let files = files.iter();
        files.map(move |(path, text)| {
            let text = text.replace("{version}", env!("CARGO_PKG_VERSION"));
            (PathBuf::from(folder).join(path), text)
        })
    };
    below("sdk", &SDK).chain(below("sdk/abi", &ABI))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Files below `folder`, by their paths in it.
    fn there(folder: &Path, below: &str) -> Vec<String> {
        let entries = folder.join(below).read_dir().expect("our own sources");
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.expect("our own sources");
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = Path::new(below).join(name).to_string_lossy().into_owned();
            match entry.path().is_dir() {
                true => found.extend(there(folder, &path)),
                false => found.push(path),
            }
        }
        found.sort();
        found
    }

    #[test]
    fn every_file_of_the_sdk_is_written() {
        let crates = Path::new("..");
        for (name, files) in [("rule-sdk", &SDK[..]), ("rule-abi", &ABI[..])] {
            let ours: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
            assert_eq!(ours, there(&crates.join(name), ""), "{name}");
        }
    }
}
