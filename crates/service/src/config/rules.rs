//! The section [rules].

use std::path::PathBuf;

use plimsoll_core::rules::Settings;
use plimsoll_domain::{OnUnknownSku, Policy};
use plimsoll_rule_host::bundle::{Trust, Unsigned};
use plimsoll_rule_host::keys::PublicKey;

use super::finding::Wrong;
use super::reader::Reader;
use super::values::choice;

/// What becomes of unknown SKUs is read already.
pub(super) fn read(reader: &mut Reader, policy: Policy) -> Settings {
    let words = [("refuse", Unsigned::Refuse), ("allow", Unsigned::Allow)];
    let trust = Trust {
        keys: reader.read("rules.trusted_keys", keys),
        unsigned: reader.read("rules.unsigned", choice(&words)),
    };
    Settings {
        trust,
        folder: reader.read("rules.folder", folder),
        created_floor: match policy.unknown_sku {
            OnUnknownSku::Create => Some(policy.floor_default),
            OnUnknownSku::Park | OnUnknownSku::Reject => None,
        },
        ..Settings::default()
    }
}

fn folder(text: &str) -> Result<Option<PathBuf>, Wrong> {
    Ok((!text.is_empty()).then(|| PathBuf::from(text)))
}

/// Keys, with commas between several.
fn keys(text: &str) -> Result<Vec<PublicKey>, Wrong> {
    let written = text.split(',').map(str::trim).filter(|key| !key.is_empty());
    written.map(key).collect()
}

fn key(text: &str) -> Result<PublicKey, Wrong> {
    text.parse().map_err(|_| {
        Wrong::new(
            format!("`{text}` is not a public key"),
            "Write ed25519: and 64 hexadecimal digits, as `plimsoll rules sign` prints it",
        )
    })
}
