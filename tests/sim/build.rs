//! Copies files of `crates/core` that need no socket, as they are but for their unit tests.

use std::path::Path;
use std::{env, fs};

const CORE: &str = "../../crates/core/src";
const TESTS: &str = "#[cfg(test)]\nmod tests;\n";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() {
    let copies = ["filter", "knowledge"].map(|file| {
        let path = format!("{CORE}/{file}.rs");
        println!("cargo::rerun-if-changed={path}");
        let text = fs::read_to_string(path)
            .expect("it is there")
            .replace(TESTS, "");
        assert!(
            !text.contains("#[cfg(test)]"),
            "{file}.rs has tests that are not left out"
        );
        format!("pub(crate) mod {file} {{\n{text}}}\n")
    });
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    fs::write(Path::new(&out).join("real.rs"), copies.concat()).expect("cargo made that folder");
}
