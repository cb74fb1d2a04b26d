//! Guests that mean harm: what each does when it meets a guilty event, and what is to come of it.

use std::time::Duration;

use plimsoll_rule_host::bundle::{Budget, Cases, Manifest};
use plimsoll_rule_host::{Bundle, Engine, FaultKind, Limits, Rule};

use crate::support::{GUILTY, accepts, answer, component, manifest, module, rule_of};

/// What a guest does, the fault that is, and a part of the detail.
pub(crate) fn hostile() -> Vec<(String, FaultKind, &'static str)> {
    let bomb = "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))";
    let length = |numbers: &str| format!("(local.set $length (i32.const {numbers}))");
    vec![
        ("unreachable".into(), FaultKind::Trap, "unreachable"),
        (
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))".into(),
            FaultKind::Trap,
            "divide by zero",
        ),
        (
            "(drop (call $deeper (i32.const 0)))".into(),
            FaultKind::Trap,
            "stack",
        ),
        (
            "(loop $forever (br $forever))".into(),
            FaultKind::Fuel,
            "fuel",
        ),
        (bomb.into(), FaultKind::Memory, "memory"),
        (length("3"), FaultKind::Contract, "3 numbers, not 2"),
        (length("0"), FaultKind::Contract, "0 numbers, not 2"),
        (length("20000"), FaultKind::Contract, "20000 numbers"),
        (length("0x0fffffff"), FaultKind::Contract, "out of bounds"),
        (
            "(local.set $answer (i32.const 1025))".into(),
            FaultKind::Contract,
            "aligned",
        ),
        (answer(5, 0), FaultKind::Contract, "tag 5"),
        (answer(0, 1), FaultKind::Contract, "operand 1"),
        (answer(3, 1), FaultKind::Contract, "no code 1"),
        (answer(2, 14), FaultKind::Contract, "14 units"),
        (answer(2, -1), FaultKind::Contract, "-1 units"),
    ]
}

/// A guest whose fuel lasts several times as long as the clock: roots are slow work for it.
pub(crate) fn slow() -> Rule {
    let roots = "(f64.sqrt ".repeat(100) + "(f64.load (i32.const 8))" + &")".repeat(100);
    let slow = format!(
        "(f64.store (i32.const 8) (f64.const 7))
         (loop $slow (f64.store (i32.const 8) (f64.add (f64.const 2) {roots})) (br $slow))"
    );
    let limits = Limits {
        deadline: Duration::from_millis(1),
        ..Limits::default()
    };
    let most = Budget {
        fuel_base: 10_000_000,
        fuel_per_event: 100_000,
    };
    rule_of(&Engine::new(limits).expect("an engine"), &slow, most)
}

/// A module whose functions are far more work to compile than to read: each of their many joins
/// has to settle where each of their many locals is. None of them alone is too large.
pub(crate) fn compile_bomb() -> String {
    const FUNCTIONS: usize = 3;
    const LOCALS: usize = 1_000;
    const JOINS: usize = 2_700;
    let locals = "(local i64)".repeat(LOCALS);
    let joins: String = (0..JOINS)
        .map(|n| {
            let (to, from) = (8 + n % LOCALS, 8 + (n * 7 + 1) % LOCALS);
            format!("(if (local.get 0) (then (local.set {to} (local.get {from}))))")
        })
        .collect();
    let function =
        format!("(func (param i32 i32 i32 i32 i32 i32 i32) (local i64) {locals} (loop {joins}))");
    with(&function.repeat(FUNCTIONS))
}

/// A module with a function of so many locals and empty loops: 3 bytes each, and several blocks to
/// the compiler.
pub(crate) fn loops(locals: usize, loops: usize) -> String {
    let (locals, loops) = ("(local i64)".repeat(locals), "(loop)".repeat(loops));
    with(&format!("(func {locals} {loops})"))
}

/// A module with these functions, too, which nobody calls.
fn with(functions: &str) -> String {
    module("").replacen("(func $deeper", &format!("{functions} (func $deeper"), 1)
}

/// A bundle of so many cases that are right, and burn 450,000 fuel each.
pub(crate) fn busy(cases: usize) -> Bundle {
    let busy = "(i32.store (i32.const 8) (i32.const 50000))
         (loop $busy
           (i32.store (i32.const 8) (i32.sub (i32.load (i32.const 8)) (i32.const 1)))
           (br_if $busy (i32.load (i32.const 8))))";
    let budget = Budget {
        fuel_base: 500_000,
        fuel_per_event: 100_000,
    };
    let manifest = Manifest {
        budget,
        ..manifest()
    };
    let case = accepts(GUILTY).case.remove(0);
    let cases = Cases {
        case: vec![case; cases],
    };
    let bundle = Bundle::pack(&manifest, component(&module(busy)), &cases);
    bundle.expect("the fixture is a bundle")
}
