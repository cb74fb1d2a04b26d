//! The name of something that never changes: SHA-256 over it, written as hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::format::Parts;
use crate::keys::{KeyError, unhex};

/// What names a bundle or a ruleset, for ever.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of a bundle: over the digests of manifest, component and cases. Signatures are not part
    /// of it: the same rule signed twice is the same rule.
    pub(super) fn of(parts: &Parts) -> Digest {
        let mut all = Sha256::new();
        all.update(b"plimsoll-bundle-1\0");
        for part in [&parts.manifest, &parts.component, &parts.cases] {
            all.update(Sha256::digest(part));
        }
        Digest(all.finalize().into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        unhex(text)
            .map(Digest)
            .ok_or(KeyError("a digest: 64 hexadecimal digits"))
    }
}

impl TryFrom<String> for Digest {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}
