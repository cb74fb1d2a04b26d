//! What a rule answers: the rows with their changes, then the numbers. A guest hands them back as
//! its answer, or takes the last two for the place and the length of it. The host believes nothing:
//! each row gets the verdict that stands there and is allowed, or a fault.

use std::sync::LazyLock;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::bundle::{Budget, Cases, CodeText, Manifest};
use plimsoll_rule_host::{
    Bundle, Engine, Facts, Fault, FaultKind, Limits, Rule, Verdict, activate, author,
};

use crate::input::Input;

const CODES: u16 = 3;
const ROWS_MAX: u8 = 6;

/// Guests that answer with their parameters, and with what their parameters point at.
static GUESTS: LazyLock<(Rule, Rule)> = LazyLock::new(|| {
    let engine = Engine::new(Limits::default()).expect("an engine");
    let pointing = "(i32.wrap_i64 (i64.load (i32.add (local.get $params) (i32.const OFFSET))))";
    let pointing = |offset| pointing.replace("OFFSET", offset);
    let echo = rule(&engine, "(local.get $params)", "(local.get $count)");
    (echo, rule(&engine, &pointing("0"), &pointing("8")))
});

/// Checks one answer.
pub fn check(input: &[u8]) {
    let mut input = Input(input);
    let (mode, rows) = (input.byte(), input.byte() % (ROWS_MAX + 1));
    let changes: Vec<i64> = (0..rows).map(|_| input.number()).collect();
    let mut numbers = Vec::new();
    while !input.0.is_empty() {
        numbers.push(input.number());
    }
    let batch: Vec<Facts<'_>> = changes.iter().map(|change| event(*change)).collect();
    let (echo, pointing) = &*GUESTS;
    if mode % 2 == 0 {
        let answers = answered(echo, &batch, &numbers);
        assert_eq!(answers, expected(&changes, &numbers));
    } else {
        numbers.resize(2, 0);
        let answers = answered(pointing, &batch, &numbers);
        let each = answers.iter().zip(&changes);
        each.for_each(|(answer, change)| assert!(answer.is_none_or(|it| allowed(it, *change))));
    }
}

/// What the host made of it: the verdict of each row, or `None` for a breach of contract.
fn answered(rule: &Rule, batch: &[Facts<'_>], numbers: &[i64]) -> Vec<Option<Verdict>> {
    let answers = rule
        .evaluate(batch, numbers)
        .expect("instances are free")
        .answers;
    assert_eq!(answers.len(), batch.len());
    let verdict = |answer: Result<Verdict, Fault>| match answer {
        Ok(verdict) => Some(verdict),
        Err(fault) => {
            assert_eq!(fault.kind, FaultKind::Contract, "{fault}");
            None
        }
    };
    answers.into_iter().map(verdict).collect()
}

/// The same by the words of the contract: all rows of a call, or else each half of them.
fn expected(changes: &[i64], numbers: &[i64]) -> Vec<Option<Verdict>> {
    let verdicts = (numbers.len() == 2 * changes.len()).then(|| {
        let pairs = numbers.chunks(2).zip(changes);
        pairs.map(|(pair, change)| read(pair[0], pair[1]).filter(|it| allowed(*it, *change)))
    });
    let verdicts = verdicts.and_then(|each| each.map(|it| it.map(Some)).collect());
    match verdicts {
        Some(verdicts) => verdicts,
        None if changes.len() < 2 => vec![None; changes.len()],
        None => {
            let (before, after) = changes.split_at(changes.len() / 2);
            [expected(before, numbers), expected(after, numbers)].concat()
        }
    }
}

fn read(tag: i64, operand: i64) -> Option<Verdict> {
    let code = u16::try_from(operand).ok();
    match tag {
        0 => (operand == 0).then_some(Verdict::Accept),
        1 => code.map(Verdict::Flag),
        2 => Some(Verdict::Clamp(operand)),
        3 => code.map(Verdict::Reject),
        4 => code.map(Verdict::Park),
        _ => None,
    }
}

/// A code that the manifest has; a clamp that takes part of a decrease, and no more than all of it.
fn allowed(verdict: Verdict, change: i64) -> bool {
    match verdict {
        Verdict::Accept => true,
        Verdict::Flag(code) | Verdict::Reject(code) | Verdict::Park(code) => code < CODES,
        Verdict::Clamp(units) => {
            change < 0 && units >= 0 && i128::from(units) <= -i128::from(change)
        }
    }
}

fn event(change: i64) -> Facts<'static> {
    Facts {
        sku: "SKU123",
        kind: Kind::Adjust(change),
        nature: Nature::Intent,
        stock: 0,
        floor: 0,
        version: 1,
        source: None,
        channel: None,
        location: None,
        reason: None,
        reference: None,
        occurred_at_us: 0,
        attributes: &[],
    }
}

/// The rule of a guest that answers with so many numbers from there.
fn rule(engine: &Engine, from: &str, count: &str) -> Rule {
    let module = format!(
        r#"(module
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
    (global.set $next (i32.add (local.get $at) (local.get 3)))
    (local.get $at))
  (func (export "plimsoll:rules/rule@1.0.0#evaluate")
    (param $rows i32) (param $columns i32) (param i32 i32 i32) (param $params i32)
    (param $count i32) (result i32)
    (i32.store (i32.const 0) {from})
    (i32.store (i32.const 4) {count})
    (i32.const 0)))"#
    );
    let module = wat::parse_str(module).expect("it is WAT");
    let component = author::wrap(&module).expect("it has the interface of rules");
    let bundle = Bundle::pack(&manifest(), component, &Cases::default()).expect("a bundle");
    activate::load(engine, bundle).expect("nothing is wrong with it")
}

fn manifest() -> Manifest {
    let code = |number| CodeText {
        name: format!("code_{number}"),
        message: "It is said.".into(),
    };
    Manifest {
        name: "answers".into(),
        version: "1.0.0".into(),
        owner: "tests".into(),
        description: "Answers what it is told to.".into(),
        abi: 1,
        reads: vec!["change".into()],
        parameters: Vec::new(),
        codes: (0..CODES).map(code).collect(),
        budget: Budget::default(),
        lowest_floor: None,
    }
}
