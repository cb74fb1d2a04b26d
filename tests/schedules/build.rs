//! Copies files of `crates/core`, once as they are, and once for each bug with a piece of their text
//! replaced. The piece must be there exactly once; if it is not, the file has changed, and so must
//! `planted/bugs.rs`. What a bug breaks is known to the tests, not here.

use std::path::Path;
use std::{env, fs};

#[path = "planted/bugs.rs"]
mod bugs;
mod shipped;

use bugs::{BUGS, Bug};

/// What cargo-mutants writes beside a mistake of its own: that one is to be found, so none is planted there.
const MISTAKEN: &str = "~ changed by cargo-mutants ~";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() {
    let real =
        ["locks", "inbox", "knowledge", "filter"].map(|file| copy(file, shipped::text(file)));
    let mut code = module("real", "The code as it is shipped.", &real.concat());
    for bug in BUGS {
        code += &module(bug.name, bug.what, &copy(bug.file, planted(bug)));
    }
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    fs::write(Path::new(&out).join("copies.rs"), code).expect("cargo made that folder");
    for file in ["build.rs", "shipped.rs", "planted", "src/batch.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
}

fn module(name: &str, what: &str, content: &str) -> String {
    format!("/// {what}\npub mod {name} {{\n{content}}}\n")
}

/// A file with what it needs beside it, and the adapter over it.
fn copy(file: &str, text: String) -> String {
    let text = text
        .replace("use crate::batch::", "use super::batch::")
        .replace("use std::sync::atomic::", "use loom::sync::atomic::");
    let (adapter, beside) = match file {
        "locks" => ("table", String::new()),
        "inbox" => (
            "queue",
            format!("mod batch {{ {} }}\n", read("src/batch.rs")),
        ),
        "knowledge" => ("known", String::new()),
        _ => ("set", String::new()),
    };
    format!("{beside}pub mod {file} {{\n{text}}}\ncrate::adapters::{adapter}!();\n")
}

fn planted(bug: &Bug) -> String {
    let mut text = shipped::text(bug.file);
    if text.contains(MISTAKEN) {
        return text;
    }
    for (right, wrong) in bug.swaps {
        let (name, found) = (bug.name, text.matches(right).count());
        assert!(
            found == 1,
            "`{name}` goes where {found} times stands:\n{right}"
        );
        text = text.replace(right, wrong);
    }
    text
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{file}: {error}"))
}
