//! Copies files of `crates/core` that need no socket.

use std::path::Path;
use std::{env, fs};

#[path = "../schedules/shipped.rs"]
mod shipped;

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script so")]
fn main() {
    let copies = ["filter", "knowledge"]
        .map(|file| format!("pub(crate) mod {file} {{\n{}}}\n", shipped::text(file)));
    let out = env::var_os("OUT_DIR").expect("cargo says where");
    fs::write(Path::new(&out).join("real.rs"), copies.concat()).expect("cargo made that folder");
    for file in ["build.rs", "../schedules/shipped.rs"] {
        println!("cargo::rerun-if-changed={file}");
    }
}
