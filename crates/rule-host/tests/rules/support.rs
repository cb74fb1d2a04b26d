//! Hand-made guests, one for each way to misbehave, and bundles around them. A guest accepts
//! every event but those with the guilty change.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::bundle::{
    Budget, Case, Cases, CodeText, Expected, Given, Manifest, NEVER, Parameter, Trust,
};
use plimsoll_rule_host::keys::SigningKey;
use plimsoll_rule_host::{Bundle, Engine, Facts, Limits, Rule, activate, author};

/// The change of the events that a guest misbehaves on.
pub(crate) const GUILTY: i64 = -13;
/// A time at which every test takes place, in seconds since 1970.
pub(crate) const NOW: i64 = 1_800_000_000;

/// A module that does `misbehave` when it meets a guilty event. There, `$verdict` is where
/// the row's two numbers go, and `$length` how many numbers the answer claims to have.
pub(crate) fn module(misbehave: &str) -> String {
    format!(
        r#"(module
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func $realloc (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func $deeper (param i32) (result i32)
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "plimsoll:rules/rule@1.0.0#evaluate")
    (param $rows i32) (param $columns i32) (param i32 i32 i32 i32 i32) (result i32)
    (local $row i32) (local $verdict i32) (local $answer i32) (local $length i32)
    (local.set $length (i32.mul (local.get $rows) (i32.const 2)))
    (local.set $answer (call $realloc (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.mul (local.get $rows) (i32.const 16))))
    (local.set $verdict (local.get $answer))
    (loop $each
      (if (i64.eq (i64.load (local.get $columns)) (i64.const {GUILTY})) (then {misbehave}))
      (local.set $columns (i32.add (local.get $columns) (i32.const 8)))
      (local.set $verdict (i32.add (local.get $verdict) (i32.const 16)))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $each (i32.lt_u (local.get $row) (local.get $rows))))
    (i32.store (i32.const 0) (local.get $answer))
    (i32.store (i32.const 4) (local.get $length))
    (i32.const 0)))"#
    )
}

/// WAT that answers the guilty row with these two numbers.
pub(crate) fn answer(tag: i64, operand: i64) -> String {
    format!(
        "(i64.store (local.get $verdict) (i64.const {tag}))
         (i64.store offset=8 (local.get $verdict) (i64.const {operand}))"
    )
}

/// The component of a module in WAT.
pub(crate) fn component(module: &str) -> Vec<u8> {
    let module = wat::parse_str(module).expect("the fixture is WAT");
    author::wrap(&module).expect("the fixture has the interface of rules")
}

/// A manifest that makes sense: it reads `change` and has one code and one parameter.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "fixture".into(),
        version: "1.0.0".into(),
        owner: "tests".into(),
        description: "Misbehaves.".into(),
        abi: 1,
        reads: vec!["change".into()],
        parameters: vec![Parameter {
            name: "limit".into(),
            default: 5,
            min: 0,
            max: 10,
            text: "Units.".into(),
        }],
        codes: vec![CodeText {
            name: "refused".into(),
            message: "It is refused.".into(),
        }],
        budget: Budget::default(),
        lowest_floor: None,
    }
}

/// One case: an event with this change is accepted.
pub(crate) fn accepts(change: i64) -> Cases {
    Cases {
        case: vec![Case {
            name: "accepted".into(),
            parameters: BTreeMap::new(),
            given: Given {
                change,
                ..Given::default()
            },
            expect: Expected::Accept,
        }],
    }
}

/// An unsigned bundle of this component.
pub(crate) fn bundle(component: Vec<u8>) -> Bundle {
    Bundle::pack(&manifest(), component, &accepts(1)).expect("the fixture is a bundle")
}

/// The rule of a guest that misbehaves like this.
pub(crate) fn rule(misbehave: &str) -> Rule {
    rule_of(&engine(), misbehave, Budget::default())
}

/// The same, with limits and a budget of its own.
pub(crate) fn rule_of(engine: &Engine, misbehave: &str, budget: Budget) -> Rule {
    let manifest = Manifest {
        budget,
        ..manifest()
    };
    let bundle = Bundle::pack(&manifest, component(&module(misbehave)), &accepts(1));
    activate::load(engine, bundle.expect("the fixture is a bundle"))
        .expect("it behaves unless it meets a guilty event")
}

/// Rules of these names on one engine, each of a guest that does this when it meets a guilty
/// event. The first is called by the first name, and so on.
pub(crate) fn named(rules: &[(&str, &str)]) -> Vec<Rule> {
    let engine = engine();
    let make = |&(name, misbehave): &(&str, &str)| {
        let manifest = Manifest {
            name: name.into(),
            ..manifest()
        };
        let bundle = Bundle::pack(&manifest, component(&module(misbehave)), &accepts(1));
        activate::load(&engine, bundle.expect("the fixture is a bundle"))
            .expect("it behaves unless it meets a guilty event")
    };
    rules.iter().map(make).collect()
}

/// An engine with the limits of the service.
pub(crate) fn engine() -> Engine {
    Engine::new(Limits::default()).expect("an engine")
}

/// A key that is always the same.
pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

/// Believes this key alone.
pub(crate) fn trusting(key: &SigningKey) -> Trust {
    Trust {
        keys: vec![key.public()],
        ..Trust::default()
    }
}

/// The file of a well-behaved bundle, signed by `key` for ever.
pub(crate) fn signed(key: &SigningKey) -> Vec<u8> {
    let bundle = bundle(component(&module("")));
    bundle
        .sign(key, NEVER)
        .expect("one signature fits")
        .to_bytes()
}

/// An order for `-change` units of a product that has plenty.
pub(crate) fn event(change: i64) -> Facts<'static> {
    Facts {
        sku: "SKU123",
        kind: Kind::Adjust(change),
        nature: Nature::Intent,
        stock: 1_000,
        floor: 0,
        version: 1,
        source: None,
        channel: Some("web"),
        location: None,
        reason: None,
        reference: None,
        occurred_at_us: 0,
        attributes: const { &[] as &[(Cow<'static, str>, _)] },
    }
}
