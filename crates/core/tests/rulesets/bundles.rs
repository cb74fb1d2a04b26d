//! Bundles that need no toolchain: a guest by hand that accepts everything.

use std::collections::BTreeMap;

use plimsoll_core::rules::Settings;
use plimsoll_rule_host::bundle::{
    Budget, Case, Cases, Expected, Given, LowestFloor, Manifest, NEVER, Parameter, Trust,
};
use plimsoll_rule_host::keys::SigningKey;
use plimsoll_rule_host::{Bundle, author};

/// Accepts each row: two numbers, both 0.
const GUEST: &str = r#"(module
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "plimsoll:rules/rule@1.0.0#evaluate")
    (param $rows i32) (param i32 i32 i32 i32 i32 i32) (result i32)
    (i32.store (i32.const 0) (call $realloc (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.mul (local.get $rows) (i32.const 16))))
    (i32.store (i32.const 4) (i32.mul (local.get $rows) (i32.const 2)))
    (i32.const 0)))"#;

/// A rule that allows backorders down to `-limit`, 5 unless it is set, and accepts.
pub(crate) fn named(name: &str) -> Bundle {
    made(name, Expected::Accept)
}

/// One whose own case says that it rejects, which it does not.
pub(crate) fn contradicting_itself() -> Bundle {
    made("contradicting", Expected::Reject("never".into()))
}

fn made(name: &str, expect: Expected) -> Bundle {
    let manifest = Manifest {
        name: name.into(),
        version: "1.0.0".into(),
        owner: "tests".into(),
        description: "Accepts.".into(),
        abi: 1,
        reads: vec!["change".into()],
        parameters: vec![Parameter {
            name: "limit".into(),
            default: 0,
            min: 0,
            max: 100,
            text: "Units.".into(),
        }],
        codes: Vec::new(),
        budget: Budget::default(),
        lowest_floor: Some(LowestFloor::Opposite("-limit".into())),
    };
    let case = Case {
        name: "any".into(),
        parameters: BTreeMap::new(),
        given: Given::default(),
        expect,
    };
    let component = author::wrap(&wat::parse_str(GUEST).expect("it is WAT"));
    let component = component.expect("it has the interface of rules");
    Bundle::pack(&manifest, component, &Cases { case: vec![case] }).expect("it is a bundle")
}

/// The key that tests believe.
pub(crate) fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

pub(crate) fn trust() -> Trust {
    Trust {
        keys: vec![key().public()],
        ..Trust::default()
    }
}

/// A replica that believes it.
pub(crate) fn settings() -> Settings {
    Settings {
        trust: trust(),
        ..Settings::default()
    }
}

/// The file, signed for ever.
pub(crate) fn signed(bundle: &Bundle) -> Vec<u8> {
    signed_until(bundle, NEVER)
}

/// The file, signed until then, in seconds since 1970.
pub(crate) fn signed_until(bundle: &Bundle, not_after: i64) -> Vec<u8> {
    bundle.sign(&key(), not_after).expect("it fits").to_bytes()
}

/// One rule of a ruleset in TOML.
pub(crate) fn rule(bundle: plimsoll_rule_host::Digest, mode: &str) -> String {
    format!("[[rules]]\nbundle = '{bundle}'\nmode = '{mode}'\n")
}
