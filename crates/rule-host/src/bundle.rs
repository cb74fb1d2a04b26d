//! One rule in one file: manifest, component, golden cases, signatures. Whoever reads one
//! verifies it, because there is no other way to read one. Compiles nothing.

mod cases;
mod digest;
mod format;
mod manifest;
mod signature;

use std::fmt;
use std::sync::Arc;

use plimsoll_rule_abi::ABI;

pub use cases::{Case, Cases, Expected, Given, GivenAttribute, GivenKind, GivenNature};
pub use digest::Digest;
pub use format::{COMPONENT_BYTES_MAX, FormatError};
pub use manifest::{Budget, CodeText, LowestFloor, Manifest, ManifestError, Parameter};
pub use signature::{NEVER, Signature, SignatureError, Trust, Unsigned};

use crate::keys::{PublicKey, SigningKey};
use format::Parts;

/// A verified bundle. Cheap to clone.
#[derive(Clone)]
pub struct Bundle(Arc<Content>);

struct Content {
    parts: Parts,
    digest: Digest,
    manifest: Manifest,
    cases: Cases,
    signatures: Vec<Signature>,
    signer: Option<PublicKey>,
}

/// Why a file is not a bundle to be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not laid out as one, or too large.
    #[error("the file is not a bundle")]
    Format(#[from] FormatError),
    /// Nobody trusted answers for it.
    #[error("the signature is refused")]
    Signature(#[from] SignatureError),
    /// It was built for a packing that this service does not speak.
    #[error("it was built for ABI {0}, this service speaks {ABI}")]
    Abi(u32),
    /// Its manifest contradicts itself.
    #[error("the manifest is refused")]
    Manifest(#[from] ManifestError),
    /// Its manifest or its cases are not what they should be.
    #[error("the {0} cannot be read")]
    Json(&'static str, #[source] serde_json::Error),
}

impl Bundle {
    /// Reads and verifies a bundle at `now`, in seconds since 1970.
    ///
    /// # Errors
    /// In this order: layout and sizes, signatures, ABI, manifest, cases. Nothing of a bundle
    /// is interpreted before its signatures hold.
    pub fn open(file: &[u8], trust: &Trust, now: i64) -> Result<Bundle, Error> {
        let parts = Parts::read(file)?;
        let digest = Digest::of(&parts);
        let signatures: Vec<Signature> =
            serde_json::from_slice(&parts.signatures).map_err(|e| Error::Json("signatures", e))?;
        let signer = trust.signer(&digest, &signatures, now)?;
        Bundle::read(parts, digest, signatures, signer)
    }

    /// A bundle that nobody has signed yet.
    ///
    /// # Errors
    /// As for [`Bundle::open`].
    pub fn pack(manifest: &Manifest, component: Vec<u8>, cases: &Cases) -> Result<Bundle, Error> {
        let json =
            |what, value: serde_json::Result<Vec<u8>>| value.map_err(|e| Error::Json(what, e));
        let parts = Parts {
            manifest: json("manifest", serde_json::to_vec(manifest))?,
            component,
            cases: json("cases", serde_json::to_vec(cases))?,
            signatures: b"[]".to_vec(),
        };
        parts.check()?;
        let digest = Digest::of(&parts);
        Bundle::read(parts, digest, Vec::new(), None)
    }

    fn read(
        parts: Parts,
        digest: Digest,
        signatures: Vec<Signature>,
        signer: Option<PublicKey>,
    ) -> Result<Bundle, Error> {
        let manifest: Manifest =
            serde_json::from_slice(&parts.manifest).map_err(|e| Error::Json("manifest", e))?;
        if manifest.abi != ABI {
            return Err(Error::Abi(manifest.abi));
        }
        manifest.check()?;
        let cases: Cases =
            serde_json::from_slice(&parts.cases).map_err(|e| Error::Json("cases", e))?;
        Ok(Bundle(Arc::new(Content {
            parts,
            digest,
            manifest,
            cases,
            signatures,
            signer,
        })))
    }

    /// The same bundle with one more signature, valid until `not_after` (seconds since 1970).
    ///
    /// # Errors
    /// If it has as many as fit.
    pub fn sign(&self, key: &SigningKey, not_after: i64) -> Result<Bundle, Error> {
        let mut signatures = self.0.signatures.clone();
        signatures.push(Signature::make(&self.0.digest, key, not_after));
        let mut parts = self.0.parts.clone();
        parts.signatures =
            serde_json::to_vec(&signatures).map_err(|e| Error::Json("signatures", e))?;
        parts.check()?;
        Bundle::read(parts, self.0.digest, signatures, Some(key.public()))
    }

    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.parts.write()
    }

    /// What names it, for ever.
    pub fn digest(&self) -> Digest {
        self.0.digest
    }

    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }

    /// Examples that it must decide as written.
    pub fn cases(&self) -> &Cases {
        &self.0.cases
    }

    /// The WebAssembly component.
    pub fn component(&self) -> &[u8] {
        &self.0.parts.component
    }

    /// Who signed it, trusted or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.0.signatures
    }

    /// The trusted key that answers for it; `None` if it was taken unsigned.
    pub fn signer(&self) -> Option<PublicKey> {
        self.0.signer
    }
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manifest { name, version, .. } = self.manifest();
        write!(f, "{name} {version} ({})", self.0.digest)
    }
}
