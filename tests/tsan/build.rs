//! Copies the lock table of `crates/core`, without its tests, which are run where it is.

use std::path::Path;
use std::{env, fs};

const LOCKS: &str = "../../crates/core/src/locks.rs";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() {
    let text = fs::read_to_string(LOCKS).expect("the lock table is there");
    let text = text.replace("#[cfg(test)]\nmod tests;\n", "");
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    let module = format!("pub mod locks {{\n{text}}}\n");
    fs::write(Path::new(&out).join("locks.rs"), module).expect("cargo made that folder");
    println!("cargo::rerun-if-changed={LOCKS}");
}
