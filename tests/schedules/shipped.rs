//! Files of `crates/core` for build scripts: the text as it is shipped, without its unit tests, which
//! are run where it is.

use std::fs;

/// From a package in `tests`.
const CORE: &str = "../../crates/core/src";

/// The text of `file`, named without folder and ending; the script runs again when it changes.
pub(crate) fn text(file: &str) -> String {
    let path = format!("{CORE}/{file}.rs");
    println!("cargo::rerun-if-changed={path}");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    assert!(
        !text.contains("#[cfg(test)]"),
        "{file}.rs: its tests belong in a file of their own"
    );
    text
}
