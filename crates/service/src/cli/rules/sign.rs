//! `plimsoll rules sign`: adds a signature. A key is made from the randomness of the operating
//! system and never leaves its file.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use plimsoll_rule_host::bundle::NEVER;
use plimsoll_rule_host::keys::SigningKey;
use rand::TryRng as _;
use rand::rngs::SysRng;

use super::{Sign, build, folder, verify};
use crate::exit::{Failure, Verdict};
use crate::say;

const DAY_SECONDS: i64 = 86_400;

pub(super) fn run(options: &Sign) -> Result<Verdict, Failure> {
    let (path, bundle) = match &options.which.file {
        Some(path) => (path.clone(), folder::open(path)?),
        // What is signed should be what the folder says now.
        None => build::written(&options.which.place, None)?,
    };
    let key = match (&options.key.key, &options.key.key_new) {
        (Some(path), _) => read(path)?,
        (None, Some(path)) => make(path)?,
        (None, None) => unreachable!("clap asks for one of them"),
    };
    let not_after = options
        .days
        .map_or(NEVER, |days| folder::now() + i64::from(days) * DAY_SECONDS);
    let signed = bundle
        .sign(&key, not_after)
        .map_err(|error| Failure::failed(folder::chain(&error), ""))?;
    folder::write(&path, &signed.to_bytes())?;
    say::line(format_args!("signed  {}", path.display()));
    say::line(format_args!("digest  {}", signed.digest()));
    say::line(format_args!("by      {}", key.public()));
    say::line(format_args!("valid   {}", verify::valid(not_after)));
    Ok(Verdict::Done)
}

fn read(path: &Path) -> Result<SigningKey, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::failed(
            format!("cannot read the key {}: {error}", path.display()),
            "--key-new FILE makes one",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| cannot(&error))?;
    text.parse().map_err(|error| cannot(&error))
}

/// A new key, kept in a file that was not there and that only its owner can read.
fn make(path: &Path) -> Result<SigningKey, Failure> {
    let mut seed = [0; 32];
    SysRng
        .try_fill_bytes(&mut seed)
        .map_err(|error| Failure::environment(format!("no randomness: {error}"), ""))?;
    let key = SigningKey::from_seed(&seed);
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|error| folder::cannot_write(path, &error))?;
    writeln!(file, "{}", key.secret_text()).map_err(|error| folder::cannot_write(path, &error))?;
    say::note(format_args!(
        "made the key {}: keep it secret, and give the service its public half in rules.trusted_keys",
        path.display()
    ));
    Ok(key)
}
