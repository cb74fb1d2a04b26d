//! Who answers for a bundle, until when, and whom this service believes. Reads no clock.

use serde::{Deserialize, Serialize};

use super::Digest;
use crate::keys::{PublicKey, SignatureBytes, SigningKey};

/// The end of a signature that has none.
pub const NEVER: i64 = i64::MAX;

/// One signature over a bundle's digest and its own end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Whose it is.
    pub key: PublicKey,
    /// Last second that it is valid, since 1970; [`NEVER`] if it has no end.
    pub not_after: i64,
    /// The signature itself.
    pub signature: SignatureBytes,
}

/// Whom this service believes.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys whose signature is enough.
    pub keys: Vec<PublicKey>,
    /// What becomes of a bundle without a signature of theirs.
    pub unsigned: Unsigned,
}

/// What becomes of a bundle that no trusted key has signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// It is refused.
    #[default]
    Refuse,
    /// It is taken, for development. A signature that is wrong is refused all the same.
    Allow,
}

/// Why nobody answers for a bundle, in order of precedence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature is not one of this content: the file was changed.
    #[error("the signature of {0} does not fit the content: the file was changed")]
    Broken(PublicKey),
    /// It has none.
    #[error("it is not signed")]
    Missing,
    /// A trusted key signed it, but that is over.
    #[error("the signature of {0} has expired")]
    Expired(PublicKey),
    /// None of its keys is trusted.
    #[error("it is signed by {0}, which is not trusted")]
    Unknown(PublicKey),
}

impl Signature {
    pub(super) fn make(digest: &Digest, key: &SigningKey, not_after: i64) -> Signature {
        Signature {
            key: key.public(),
            not_after,
            signature: key.sign(&message(digest, not_after)),
        }
    }

    fn holds(&self, digest: &Digest) -> bool {
        self.key
            .verify(&message(digest, self.not_after), &self.signature)
    }
}

impl Trust {
    /// Takes every bundle whose signatures, if it has any, fit its content: for looking at it.
    pub fn anyone() -> Trust {
        Trust {
            keys: Vec::new(),
            unsigned: Unsigned::Allow,
        }
    }

    /// The trusted key that answers for a digest; `None` if none needs to.
    pub(super) fn signer(
        &self,
        digest: &Digest,
        signatures: &[Signature],
        now: i64,
    ) -> Result<Option<PublicKey>, SignatureError> {
        if let Some(broken) = signatures.iter().find(|signature| !signature.holds(digest)) {
            return Err(SignatureError::Broken(broken.key));
        }
        let trusted = |signature: &&Signature| self.keys.contains(&signature.key);
        let valid = |signature: &&Signature| signature.not_after >= now;
        if let Some(signature) = signatures.iter().filter(trusted).find(valid) {
            return Ok(Some(signature.key));
        }
        match (
            self.unsigned,
            signatures.iter().find(trusted),
            signatures.first(),
        ) {
            (Unsigned::Allow, _, _) => Ok(None),
            (Unsigned::Refuse, Some(expired), _) => Err(SignatureError::Expired(expired.key)),
            (Unsigned::Refuse, None, Some(unknown)) => Err(SignatureError::Unknown(unknown.key)),
            (Unsigned::Refuse, None, None) => Err(SignatureError::Missing),
        }
    }
}

fn message(digest: &Digest, not_after: i64) -> Vec<u8> {
    let mut message = b"plimsoll-signature-1\0".to_vec();
    message.extend_from_slice(&digest.0);
    message.extend_from_slice(&not_after.to_le_bytes());
    message
}
