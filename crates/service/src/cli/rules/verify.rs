//! `plimsoll rules verify`: who answers for a bundle, asked as the service asks. Runs nothing of it.

use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::bundle::{NEVER, Signature, Trust, Unsigned};
use plimsoll_rule_host::keys::PublicKey;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Verify, folder};
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::say;

pub(super) fn run(
    configured: impl FnOnce() -> Result<Config, Failure>,
    options: &Verify,
) -> Result<Verdict, Failure> {
    let trust = trust(configured, &options.key)?;
    let (path, file) = options.which.read()?;
    let opened = Bundle::open(&file, &trust, folder::now());
    if options.json {
        say::json(&match &opened {
            Ok(bundle) => said(bundle),
            Err(error) => json!({ "ok": false, "refused": folder::chain(error) }),
        });
        return Ok(Verdict::finding_if(opened.is_err()));
    }
    match opened {
        Ok(bundle) => {
            print(&bundle);
            Ok(Verdict::Done)
        }
        Err(error) => {
            say::line(format_args!(
                "{}: {}",
                path.display(),
                folder::chain(&error)
            ));
            Ok(Verdict::Finding)
        }
    }
}

/// The keys that are given, or those of the configuration.
fn trust(
    configured: impl FnOnce() -> Result<Config, Failure>,
    keys: &[String],
) -> Result<Trust, Failure> {
    if keys.is_empty() {
        return Ok(configured()?.rules.trust);
    }
    let keys: Result<Vec<PublicKey>, _> = keys.iter().map(|key| key.parse()).collect();
    Ok(Trust {
        keys: keys.map_err(|error| Failure::usage(format!("--key: {error}"), ""))?,
        unsigned: Unsigned::Refuse,
    })
}

fn print(bundle: &Bundle) {
    say::line(format_args!("{:?}", bundle));
    match signature(bundle) {
        Some(signature) => say::line(format_args!(
            "signed by {}, {}",
            signature.key,
            valid(signature.not_after)
        )),
        None => say::line("taken without a trusted signature, since rules.unsigned = \"allow\""),
    }
}

fn said(bundle: &Bundle) -> Value {
    let signature = signature(bundle);
    json!({
        "ok": true,
        "name": bundle.manifest().name,
        "version": bundle.manifest().version,
        "digest": bundle.digest().to_string(),
        "signed_by": signature.map(|it| it.key.to_string()),
        "until": signature.and_then(|it| until(it.not_after)),
    })
}

/// The signature that counts: the longest of the trusted key's.
fn signature(bundle: &Bundle) -> Option<&Signature> {
    let theirs = bundle
        .signatures()
        .iter()
        .filter(|signature| Some(signature.key) == bundle.signer());
    theirs.max_by_key(|signature| signature.not_after)
}

/// How long a signature is valid, for people.
pub(super) fn valid(not_after: i64) -> String {
    match until(not_after) {
        Some(end) => format!("until {end}"),
        None => "without end".to_owned(),
    }
}

/// The last second of a signature that has an end.
pub(super) fn until(not_after: i64) -> Option<String> {
    let end = OffsetDateTime::from_unix_timestamp(not_after).ok();
    let text = end.and_then(|end| end.format(&Rfc3339).ok());
    (not_after != NEVER).then(|| text.unwrap_or_else(|| format!("second {not_after} since 1970")))
}
