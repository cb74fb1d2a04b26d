//! Whether a rule's answers count, and for which SKUs: the same ones in every process, for as
//! long as it is bound. Knows no event.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::Wrong;
use crate::Digest;

/// Whether the answers of a rule count. Written `off`, `shadow`, `canary 10%`, `enforce`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Mode {
    /// It is not asked.
    Off,
    /// It is asked, and only compared.
    Shadow,
    /// It decides for this share of all SKUs, always the same ones, and is only compared for
    /// the others. A larger share holds all SKUs of a smaller one.
    Canary {
        /// From 0 to 100.
        percent: u8,
    },
    /// It decides.
    Enforce,
}

/// A text that is no mode.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no mode: write `off`, `shadow`, `canary 10%` (0 to 100) or `enforce`")]
pub struct ModeError(String);

impl Mode {
    pub(super) fn check(self) -> Result<(), Wrong> {
        match self {
            Mode::Canary { percent } if percent > 100 => Err(Wrong::Percent(percent)),
            Mode::Off | Mode::Shadow | Mode::Canary { .. } | Mode::Enforce => Ok(()),
        }
    }
}

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Mode, ModeError> {
        let share = || {
            let percent = text.strip_prefix("canary ")?.strip_suffix('%')?;
            let percent = percent.parse().ok()?;
            (percent <= 100).then_some(Mode::Canary { percent })
        };
        match text {
            "off" => Ok(Mode::Off),
            "shadow" => Ok(Mode::Shadow),
            "enforce" => Ok(Mode::Enforce),
            _ => share().ok_or_else(|| ModeError(text.into())),
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mode::Off => f.write_str("off"),
            Mode::Shadow => f.write_str("shadow"),
            Mode::Canary { percent } => write!(f, "canary {percent}%"),
            Mode::Enforce => f.write_str("enforce"),
        }
    }
}

impl TryFrom<String> for Mode {
    type Error = ModeError;

    fn try_from(text: String) -> Result<Self, ModeError> {
        text.parse()
    }
}

impl From<Mode> for String {
    fn from(mode: Mode) -> String {
        mode.to_string()
    }
}

/// For which SKUs the answers of a rule that is asked count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Enforced {
    Never,
    For(Canary),
    Always,
}

impl Enforced {
    /// Of a binding in this mode; nothing if it is off. `before` is how many earlier bindings of
    /// the ruleset have the same bundle.
    pub(super) fn of(mode: Mode, bundle: Digest, before: u64) -> Option<Enforced> {
        match mode {
            Mode::Off => None,
            Mode::Shadow => Some(Enforced::Never),
            Mode::Canary { percent } => Some(Enforced::For(Canary::new(percent, bundle, before))),
            Mode::Enforce => Some(Enforced::Always),
        }
    }

    pub(super) fn holds_for(self, sku: &str) -> bool {
        match self {
            Enforced::Never => false,
            Enforced::For(canary) => canary.has(sku),
            Enforced::Always => true,
        }
    }
}

/// A share of all SKUs: those whose hash is in the lowest `percent` of 2⁶⁴.
///
/// The hash is FNV-1a, 64 bits, over the bytes of the SKU, finished by the last mix of
/// MurmurHash3. It begins at the first 8 bytes, little-endian, of SHA-256 over the bundle's
/// digest and the number of earlier bindings with the same bundle (8 bytes, little-endian): so
/// two canaries have unrelated SKUs, and editing another binding moves none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canary {
    percent: u8,
    basis: u64,
}

impl Canary {
    fn new(percent: u8, bundle: Digest, before: u64) -> Canary {
        let mut salt = Sha256::new();
        salt.update(bundle.0);
        salt.update(before.to_le_bytes());
        let salt: [u8; 32] = salt.finalize().into();
        let (first, _) = salt.split_first_chunk().expect("32 bytes are more than 8");
        Canary {
            percent,
            basis: u64::from_le_bytes(*first),
        }
    }

    fn has(self, sku: &str) -> bool {
        let below = u128::from(self.percent) << 64;
        u128::from(self.hash(sku)) * 100 < below
    }

    fn hash(self, sku: &str) -> u64 {
        const PRIME: u64 = 0x0100_0000_01b3;
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        let hash = sku.bytes().fold(self.basis, step);
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^ (hash >> 33)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn skus() -> impl Iterator<Item = String> {
        (0..20_000).map(|n| format!("SKU-{n:05}"))
    }

    fn canary(percent: u8, bundle: u8, before: u64) -> Canary {
        Canary::new(percent, Digest([bundle; 32]), before)
    }

    /// How many of the SKUs lie in all of these.
    fn among(canaries: &[Canary]) -> usize {
        skus()
            .filter(|sku| canaries.iter().all(|canary| canary.has(sku)))
            .count()
    }

    #[test]
    fn a_mode_survives_its_text() {
        for (text, mode) in [
            ("off", Mode::Off),
            ("shadow", Mode::Shadow),
            ("canary 0%", Mode::Canary { percent: 0 }),
            ("canary 100%", Mode::Canary { percent: 100 }),
            ("enforce", Mode::Enforce),
        ] {
            assert_eq!(text.parse(), Ok(mode));
            assert_eq!(mode.to_string(), text);
        }
        for text in [
            "",
            "on",
            "canary",
            "canary 10",
            "canary 101%",
            "canary -1%",
            "Enforce",
        ] {
            assert_eq!(text.parse::<Mode>(), Err(ModeError(text.into())));
        }
    }

    #[test]
    fn a_canary_has_its_share_of_all_skus() {
        for (percent, from, to) in [
            (0, 0, 0),
            (5, 900, 1_100),
            (50, 9_700, 10_300),
            (100, 20_000, 20_000),
        ] {
            let count = among(&[canary(percent, 1, 0)]);
            assert!((from..=to).contains(&count), "{percent} %: {count}");
        }
    }

    #[test]
    fn a_larger_share_holds_the_smaller_one() {
        let small = among(&[canary(10, 1, 0)]);
        assert_eq!(among(&[canary(10, 1, 0), canary(30, 1, 0)]), small);
    }

    #[test]
    fn two_canaries_have_unrelated_skus() {
        for other in [canary(50, 2, 0), canary(50, 1, 1)] {
            let both = among(&[canary(50, 1, 0), other]);
            assert!((4_700..=5_300).contains(&both), "{both} of 20000 in both");
        }
    }

    #[test]
    fn the_share_of_a_sku_is_the_same_for_ever() {
        assert_eq!(canary(50, 1, 0).hash("SKU123"), 0xfa88_e25f_ff25_8791);
    }
}
