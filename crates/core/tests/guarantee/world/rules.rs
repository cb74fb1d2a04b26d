//! Rules for a test, made by hand: each decides by stock and change, in a few lines of WAT.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use plimsoll_core::rules::{self, Shelf, Wish};
use plimsoll_rule_host::bundle::{Budget, Cases, CodeText, Manifest, Trust, Unsigned};
use plimsoll_rule_host::ruleset::{Binding, Mode, OnFault, Selector};
use plimsoll_rule_host::{Bundle, Document, author};

use super::World;

/// Believes everybody, as in development.
pub(super) fn settings() -> rules::Settings {
    rules::Settings {
        trust: Trust {
            keys: Vec::new(),
            unsigned: Unsigned::Allow,
        },
        ..rules::Settings::default()
    }
}

/// WAT that gives a verdict: its tag as in `rule-abi`, and its code or amount.
pub(crate) fn verdict(tag: i64, operand: i64) -> String {
    format!("(local.set $tag (i64.const {tag})) (local.set $operand (i64.const {operand}))")
}

/// WAT that does something for a decrease that would leave less than `units`.
pub(crate) fn below(units: i64, then: &str) -> String {
    format!(
        "(if (i32.and (i64.lt_s (local.get $change) (i64.const 0))
                      (i64.lt_s (i64.add (local.get $stock) (local.get $change)) (i64.const {units})))
             (then {then}))"
    )
}

/// WAT that does something for one change.
pub(crate) fn meeting(change: i64, then: &str) -> String {
    format!("(if (i64.eq (local.get $change) (i64.const {change})) (then {then}))")
}

/// WAT of every way to give no valid answer, each with the kind of its fault.
pub(crate) fn misbehaviours() -> [(&'static str, String); 8] {
    [
        ("trap", "(unreachable)".to_owned()),
        ("trap", "(drop (call $deeper (i32.const 0)))".to_owned()),
        ("fuel", "(loop $for_ever (br $for_ever))".to_owned()),
        ("memory", "(drop (memory.grow (i32.const 4096)))".to_owned()),
        ("contract", "(local.set $too_many (i32.const 2))".to_owned()),
        ("contract", verdict(9, 0)),
        ("contract", verdict(3, 7)),
        ("contract", verdict(2, 1_000_000)),
    ]
}

/// A bundle of a rule with the codes `first` and `second`.
pub(crate) fn bundle(name: &str, decide: &str) -> Bundle {
    let module = wat::parse_str(module(decide)).expect("it is WAT");
    let component = author::wrap(&module).expect("it has the interface of rules");
    let code = |name: &str| CodeText {
        name: name.to_owned(),
        message: format!("It is the {name} code."),
    };
    let manifest = Manifest {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        owner: "tests".to_owned(),
        description: "Decides by stock and change.".to_owned(),
        abi: 1,
        reads: vec!["stock".to_owned(), "change".to_owned()],
        parameters: Vec::new(),
        codes: vec![code("first"), code("second")],
        budget: Budget::default(),
        lowest_floor: None,
    };
    Bundle::pack(&manifest, component, &Cases::default()).expect("it is a bundle")
}

fn module(decide: &str) -> String {
    format!(
        r#"(module
  (memory (export "memory") 8)
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
    (local $row i32) (local $answer i32) (local $at i32) (local $too_many i32)
    (local $stock i64) (local $change i64) (local $tag i64) (local $operand i64)
    (local.set $answer (call $realloc (i32.const 0) (i32.const 0) (i32.const 8)
      (i32.mul (local.get $rows) (i32.const 16))))
    (loop $each
      (local.set $at (i32.add (local.get $columns) (i32.mul (local.get $row) (i32.const 8))))
      (local.set $stock (i64.load (local.get $at)))
      (local.set $change (i64.load (i32.add (local.get $at) (i32.mul (local.get $rows) (i32.const 8)))))
      (local.set $tag (i64.const 0))
      (local.set $operand (i64.const 0))
      {decide}
      (local.set $at (i32.add (local.get $answer) (i32.mul (local.get $row) (i32.const 16))))
      (i64.store (local.get $at) (local.get $tag))
      (i64.store offset=8 (local.get $at) (local.get $operand))
      (local.set $row (i32.add (local.get $row) (i32.const 1)))
      (br_if $each (i32.lt_u (local.get $row) (local.get $rows))))
    (i32.store (i32.const 0) (local.get $answer))
    (i32.store (i32.const 4) (i32.add (local.get $too_many) (i32.mul (local.get $rows) (i32.const 2))))
    (i32.const 0)))"#
    )
}

/// Enforces this bundle, whatever happens.
pub(crate) fn enforce(bundle: &Bundle) -> Binding {
    Binding {
        bundle: bundle.digest(),
        mode: Mode::Enforce,
        priority: 0,
        parameters: BTreeMap::new(),
        select: Selector::default(),
        on_fault: OnFault::Park,
    }
}

impl World {
    /// Pushes bundles and activates a ruleset that enforces all of them. Answers its revision.
    pub(crate) async fn enforce(&self, bundles: &[Bundle]) -> Result<i32> {
        let shelf = Shelf::new(self.settings.rules.trust.clone())?;
        self.enforce_from(&shelf, bundles).await
    }

    /// The same with rules that may be compiled already.
    pub(crate) async fn enforce_from(&self, shelf: &Arc<Shelf>, bundles: &[Bundle]) -> Result<i32> {
        let bindings = bundles.iter().map(enforce).collect();
        self.bind_from(shelf, bindings, bundles).await
    }

    /// Pushes bundles and activates a ruleset of these bindings. Answers its revision.
    pub(crate) async fn bind(&self, bindings: Vec<Binding>, bundles: &[Bundle]) -> Result<i32> {
        let shelf = Shelf::new(self.settings.rules.trust.clone())?;
        self.bind_from(&shelf, bindings, bundles).await
    }

    async fn bind_from(
        &self,
        shelf: &Arc<Shelf>,
        bindings: Vec<Binding>,
        bundles: &[Bundle],
    ) -> Result<i32> {
        for bundle in bundles {
            rules::push(&self.db, shelf, &bundle.to_bytes(), "test").await?;
        }
        let document = Document { rules: bindings };
        let wish = Wish {
            by: "test",
            reason: "",
            expected: None,
        };
        Ok(rules::activate(&self.db, shelf, &document, None, wish).await?)
    }
}
