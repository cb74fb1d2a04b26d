//! Files that never become a rule: each is refused at a named step, with a reason.

use crate::hostile::{busy, compile_bomb, loops};
use crate::support::{
    NOW, accepts, bundle as packed, component, engine, key, manifest, module, signed, trusting,
};
use std::time::Duration;

use plimsoll_rule_host::activate::{self, Refused};
use plimsoll_rule_host::bundle::{self, COMPONENT_BYTES_MAX, NEVER, Trust};
use plimsoll_rule_host::keys::{PublicKey, SigningKey};
use plimsoll_rule_host::{Bundle, Engine, Limits, author};

/// The step and all reasons behind it, as a person would read them.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes}")
}

#[track_caller]
fn refused(component: Vec<u8>, expected: &str) {
    let error = activate::load(&engine(), packed(component)).expect_err("it is refused");
    let reason = reason(&error);
    assert!(reason.starts_with(expected), "{reason}");
}

#[track_caller]
fn not_opened(file: &[u8], trust: &Trust, expected: &str) {
    let error = Bundle::open(file, trust, NOW).expect_err("it is refused");
    let reason = reason(&error);
    assert!(reason.contains(expected), "{reason}");
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the fixture is WAT")
}

#[test]
fn a_good_bundle_becomes_a_rule() {
    let signer = key(1);
    let rule = activate::activate(&engine(), &signed(&signer), &trusting(&signer), NOW)
        .expect("nothing is wrong with it");
    assert_eq!(rule.bundle().signer(), Some(signer.public()));
    assert_eq!(rule.bundle().manifest(), &manifest());
}

#[test]
fn imports_are_refused_whatever_they_are() {
    refused(
        wat(r#"(component (import "wasi:clocks/now" (func)))"#),
        "inspect: it imports `wasi:clocks/now`",
    );
    let importing = wat(r#"(module (import "env" "now" (func (result i64))))"#);
    assert!(author::wrap(&importing).is_err());
}

#[test]
fn nothing_runs_before_it_is_asked() {
    let module = module("").replacen("(func $deeper", "(start $s) (func $s) (func $deeper", 1);
    refused(component(&module), "inspect: it has a start function");
}

#[test]
fn what_is_not_the_interface_is_refused() {
    refused(wat("(module)"), "inspect: it is not a component");
    refused(b"hello".to_vec(), "inspect: it is not a component");
    refused(wat("(component)"), "instantiate: it does not export");
    let other_type = r#"(component
        (core module $m (func (export "f") (param i32) (result i32) local.get 0))
        (core instance $i (instantiate $m))
        (func $f (param "rows" u32) (result u32) (canon lift (core func $i "f")))
        (instance $r (export "evaluate" (func $f)))
        (export "plimsoll:rules/rule@1.0.0" (instance $r)))"#;
    refused(wat(other_type), "instantiate: ");
}

#[test]
fn a_module_that_is_too_large_is_refused() {
    let error = Bundle::pack(&manifest(), vec![0; COMPONENT_BYTES_MAX + 1], &accepts(1));
    let reason = reason(&error.expect_err("it is too large"));
    assert!(
        reason.contains("its component has 1048577 bytes"),
        "{reason}"
    );
    // A memory that could never be had is found before any batch needs it.
    refused(
        component(&module("").replacen("\"memory\") 4", "\"memory\") 4000", 1)),
        "compile: ",
    );
}

#[test]
fn a_function_that_takes_much_memory_to_compile_is_refused_before() {
    let inspect = |locals: usize, count: usize| {
        let bundle = packed(component(&loops(locals, count)));
        activate::inspect(&bundle).map_err(|error| reason(&error))
    };
    for (locals, count, expected) in [
        (1_000, 40_000, "locals and parameters and 120"),
        (250, 43_600, "one times the other is 33554432 at most"),
        (0, 43_691, "has 131075 bytes, 131072 are the most"),
    ] {
        let reason = inspect(locals, count).expect_err("it is refused");
        let told = reason.starts_with("inspect: a function has ") && reason.contains(expected);
        assert!(told, "{reason}");
    }
    for (locals, count) in [(250, 43_000), (0, 43_690)] {
        assert_eq!(inspect(locals, count), Ok(()));
    }
}

#[test]
fn a_bundle_that_compiles_for_long_is_refused_in_time() {
    let compile_deadline = Duration::from_millis(50);
    let limits = Limits {
        compile_deadline,
        ..Limits::default()
    };
    let engine = Engine::new(limits).expect("an engine");
    let bomb = component(&compile_bomb());
    assert!(bomb.len() < COMPONENT_BYTES_MAX / 10, "it is not its size");
    let error = activate::load(&engine, packed(bomb)).expect_err("too late");
    assert!(matches!(error, Refused::CompileDeadline(deadline) if deadline == compile_deadline));
}

#[test]
fn a_rule_that_breaks_its_own_cases_is_refused() {
    let cases = accepts(crate::support::GUILTY);
    for (misbehave, expected) in [
        (
            crate::support::answer(3, 0),
            "case `accepted`: it answers Reject(\"refused\"), expected is Accept",
        ),
        ("unreachable".into(), "case `accepted`: fault: trap: "),
        ("(loop $l (br $l))".into(), "case `accepted`: fault: fuel: "),
    ] {
        let bundle = Bundle::pack(&manifest(), component(&module(&misbehave)), &cases);
        let error = activate::load(&engine(), bundle.expect("a bundle")).expect_err("refused");
        assert!(matches!(error, Refused::Case { .. }));
        assert!(reason(&error).starts_with(expected), "{}", reason(&error));
    }
}

#[test]
fn cases_that_burn_too_much_together_are_refused() {
    assert!(activate::load(&engine(), busy(2)).is_ok());
    let error = activate::load(&engine(), busy(2_300)).expect_err("it is too much");
    assert_eq!(
        error.to_string(),
        "cases: they burn more than 1000000000 fuel together"
    );
}

#[test]
fn a_file_with_any_byte_changed_is_refused() {
    let signer = key(1);
    let file = signed(&signer);
    for at in 0..file.len() {
        let mut tampered = file.clone();
        tampered[at] ^= 1;
        let opened = Bundle::open(&tampered, &trusting(&signer), NOW);
        assert!(
            opened.is_err(),
            "byte {at} of {} can be changed",
            file.len()
        );
    }
    let mut longer = file.clone();
    longer.push(0);
    not_opened(&longer, &trusting(&signer), "1 bytes follow");
    not_opened(
        &file[..file.len() - 1],
        &trusting(&signer),
        "ends inside of its signatures",
    );
}

#[test]
fn somebody_trusted_must_have_signed_it_and_not_too_long_ago() {
    let (ours, theirs) = (key(1), key(2));
    let unsigned = packed(component(&module("")));
    not_opened(&unsigned.to_bytes(), &trusting(&ours), "it is not signed");
    not_opened(&signed(&theirs), &trusting(&ours), "which is not trusted");

    let sign = |not_after| unsigned.sign(&ours, not_after).expect("fits").to_bytes();
    not_opened(&sign(NOW - 1), &trusting(&ours), "has expired");
    assert!(Bundle::open(&sign(NOW), &trusting(&ours), NOW).is_ok());

    let both = unsigned
        .sign(&theirs, NEVER)
        .expect("fits")
        .sign(&ours, NEVER)
        .expect("fits");
    let opened = Bundle::open(&both.to_bytes(), &trusting(&ours), NOW).expect("one is enough");
    assert_eq!(opened.digest(), unsigned.digest());
    assert!(Bundle::open(&unsigned.to_bytes(), &Trust::anyone(), NOW).is_ok());
}

#[test]
fn another_abi_is_refused() {
    for other in [0, 2] {
        let mut manifest = manifest();
        manifest.abi = other;
        let packed = Bundle::pack(&manifest, component(&module("")), &accepts(1));
        let error = packed.expect_err("refused");
        assert!(matches!(error, bundle::Error::Abi(abi) if abi == other));
    }
}

#[test]
fn a_manifest_must_make_sense() {
    let change = |change: fn(&mut bundle::Manifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        let packed = Bundle::pack(&manifest, component(&module("")), &accepts(1));
        reason(&packed.expect_err("it makes no sense"))
    };
    for (reason, expected) in [
        (
            change(|m| m.name = "No Name".into()),
            "`No Name` cannot be a name",
        ),
        (
            change(|m| m.reads.push("price".into())),
            "there is no fact `price`",
        ),
        (
            change(|m| m.reads.push("change".into())),
            "`change` is there twice",
        ),
        (
            change(|m| m.parameters[0].default = 11),
            "the default of `limit`",
        ),
        (change(|m| m.codes[0].message.clear()), "a text of 0 bytes"),
        (
            change(|m| m.codes[0].name = "event_id_conflict".into()),
            "`event_id_conflict` is a code of the platform: choose another name",
        ),
        (
            change(|m| m.codes = vec![m.codes[0].clone(); 2]),
            "`refused` is there twice",
        ),
        (change(|m| m.budget.fuel_per_event = 1 << 40), "the budget"),
        (
            change(|m| m.lowest_floor = Some(bundle::LowestFloor::Opposite("-x".into()))),
            "there is no parameter `-x`",
        ),
    ] {
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn parameters_are_known_and_in_range() {
    let set = |name: &str, value| manifest().parameters(&[(name.to_owned(), value)].into());
    assert_eq!(set("limit", 10), Ok(vec![10]));
    assert_eq!(manifest().parameters(&[].into()), Ok(vec![5]));
    assert!(
        set("limit", 11)
            .expect_err("out of range")
            .to_string()
            .contains("from 0 to 10")
    );
    assert!(set("other", 1).is_err());
}

#[test]
fn keys_survive_their_text() {
    let key = key(7);
    let again: SigningKey = key.secret_text().parse().expect("a key");
    assert_eq!(again.public(), key.public());
    assert_eq!(key.public().to_string().parse(), Ok(key.public()));
    assert!(key.secret_text().parse::<PublicKey>().is_err());
    assert!(!format!("{key:?}").contains("plimsoll-signing-key"));
}
