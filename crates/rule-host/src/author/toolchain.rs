//! How a rule's crate is compiled to a module: with rustup's WebAssembly target where there
//! is one, otherwise with the distribution's compiler and the sources of its library.

mod places;

use std::path::Path;
use std::process::{Command, Stdio};

use super::Error;

const TARGET: &str = "wasm32-unknown-unknown";
/// Where Debian's `rustc-web` and `lld-19` put what they bring; `rust-web-src` has the sources.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_LINKER: &str = "/usr/bin/wasm-ld-19";
const DISTRIBUTION_SOURCES: &str = "/usr/lib/rustlib/src/rust/library";

/// Compiles the crate in `folder`; the module.
pub(super) fn compile(folder: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let mut cargo = cargo(folder);
    cargo.args(["build", "--quiet", "--lib", "--release", "--target", TARGET]);
    use_the_same_everywhere(&mut cargo);
    if !has_target(folder) {
        use_distribution(&mut cargo)?;
    }
    let status = cargo.status().map_err(no_cargo)?;
    if !status.success() {
        return Err(Error::Compiler(format!(
            "cargo could not build it: {status}"
        )));
    }
    let file = format!("{}.wasm", name.replace('-', "_"));
    let path = places::target(folder)?
        .join(TARGET)
        .join("release")
        .join(file);
    std::fs::read(&path).map_err(|error| Error::Read(path, error))
}

/// Cargo in the rule's folder, as if a person had typed it there.
fn cargo(folder: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    // Another cargo may have started us, with a compiler of its own.
    cargo.current_dir(folder).env_remove("RUSTC");
    cargo
}

/// The same sources make the same module, in any folder. Of what lies in its workspace cargo tells
/// the compiler where it is in there; of what was downloaded, where it is on this machine. Symbols
/// carry hashes, and nobody reads them. What flags a person likes for their own programs is none of a
/// rule's business; what is written beside the rule is.
fn use_the_same_everywhere(cargo: &mut Command) {
    let home = places::home().map(|home| format!("--remap-path-prefix={}=/cargo", home.display()));
    // A list of texts is the same in JSON and in TOML.
    let flags = serde_json::Value::from_iter(home);
    cargo
        .arg("--config")
        .arg(format!("target.{TARGET}.rustflags={flags}"))
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
}

/// Whether the compiler that cargo would use has the target's library.
fn has_target(folder: &Path) -> bool {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .current_dir(folder)
        .stderr(Stdio::null())
        .output();
    asked.is_ok_and(|output| {
        let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success() && Path::new(&folder).is_dir()
    })
}

fn use_distribution(cargo: &mut Command) -> Result<(), Error> {
    let needed = [
        DISTRIBUTION_RUSTC,
        DISTRIBUTION_LINKER,
        DISTRIBUTION_SOURCES,
    ];
    if !needed.iter().all(|path| Path::new(path).exists()) {
        return Err(Error::Toolchain(format!(
            "nothing here compiles for {TARGET}: `rustup target add {TARGET}`, \
             or on Debian `apt-get install rustc-web rust-web-src lld-19`"
        )));
    }
    cargo
        .arg("-Zbuild-std=core,alloc")
        .env("RUSTC", DISTRIBUTION_RUSTC)
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER",
            DISTRIBUTION_LINKER,
        );
    Ok(())
}

fn no_cargo(error: std::io::Error) -> Error {
    Error::Toolchain(format!(
        "cannot run cargo ({error}): install Rust from https://rustup.rs"
    ))
}
