//! `plimsoll rules build`: from the folder to its bundle. Signatures stay if the rule is the same.

use std::path::{Path, PathBuf};

use plimsoll_rule_host::Bundle;

use super::{Build, Place, folder};
use crate::exit::{Failure, Verdict};
use crate::say;

pub(super) fn run(options: &Build) -> Result<Verdict, Failure> {
    let (path, bundle) = written(&options.place, options.out.as_deref())?;
    let manifest = bundle.manifest();
    say::line(format_args!("{} {}", manifest.name, manifest.version));
    say::line(format_args!("digest     {}", bundle.digest()));
    say::line(format_args!(
        "component  {}",
        say::plural(bundle.component().len() as u64, "byte")
    ));
    say::line(format_args!(
        "signed     {}",
        match bundle.signatures().len() {
            0 => "no".to_owned(),
            signatures => say::plural(signatures as u64, "signature"),
        }
    ));
    say::line(format_args!("bundle     {}", path.display()));
    Ok(Verdict::Done)
}

/// Builds the rule and writes its bundle, by default where the other commands look for it.
pub(super) fn written(place: &Place, out: Option<&Path>) -> Result<(PathBuf, Bundle), Failure> {
    let built = place.build()?;
    let path = match out {
        Some(path) => path.to_owned(),
        None => place.bundle_file()?,
    };
    if let Ok(there) = folder::open(&path)
        && there.digest() == built.digest()
    {
        return Ok((path, there));
    }
    folder::write(&path, &built.to_bytes())?;
    Ok((path, built))
}
