//! How a rule's crate is compiled to a module: with rustup's WebAssembly target where there
//! is one, otherwise with the distribution's compiler and the sources of its library.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Error;

const TARGET: &str = "wasm32-unknown-unknown";
/// Where Debian's `rustc-web` and `lld-19` put what they bring; `rust-web-src` has the sources.
const DISTRIBUTION_RUSTC: &str = "/usr/bin/rustc";
const DISTRIBUTION_LINKER: &str = "/usr/bin/wasm-ld-19";
const DISTRIBUTION_SOURCES: &str = "/usr/lib/rustlib/src/rust/library";

/// Compiles the crate in `folder`; the module.
pub(super) fn compile(folder: &Path, name: &str, target: &Path) -> Result<Vec<u8>, Error> {
    let mut cargo = Command::new("cargo");
    cargo
        .args(["build", "--release", "--target", TARGET, "--target-dir"])
        .arg(target)
        .current_dir(folder)
        // Cargo may have started us with a choice of its own.
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTC");
    if !has_target() {
        use_distribution(&mut cargo)?;
    }
    let status = cargo
        .status()
        .map_err(|error| Error::Compiler(format!("cannot run cargo: {error}")))?;
    if !status.success() {
        return Err(Error::Compiler(format!("cargo failed: {status}")));
    }
    let file = format!("{}.wasm", name.replace('-', "_"));
    let path: PathBuf = [
        target,
        Path::new(TARGET),
        Path::new("release"),
        Path::new(&file),
    ]
    .iter()
    .collect();
    std::fs::read(&path).map_err(|error| Error::Read(path, error))
}

/// Whether the compiler that cargo would use has the target's library.
fn has_target() -> bool {
    let asked = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
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
        return Err(Error::Compiler(format!(
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
