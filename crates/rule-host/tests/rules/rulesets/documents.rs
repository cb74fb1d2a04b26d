//! Rulesets as people write them: what they may say, what their digest depends on, and what
//! they read when one is refused.

use plimsoll_rule_host::ruleset::{BINDINGS_MAX, Binding, Mode};
use plimsoll_rule_host::{Digest, Document, Rule};

use super::{assembled, enforced, reason, ruleset};
use crate::support::named;

const BUNDLE: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn read(rest: &str) -> Result<Document, String> {
    let text = format!("[[rules]]\nbundle = '{BUNDLE}'\n{rest}");
    Document::from_toml(&text).map_err(|error| reason(&error))
}

#[test]
fn a_document_survives_its_json() {
    let document = read(
        "mode = 'canary 5%'
         priority = -2
         parameters = { limit = 3 }
         on_fault = 'reject'
         [rules.select]
         sku = ['A-*']
         kind = ['adjust']
         channel = ['web']
         attributes = { gift = [true], lines = [1, 2], campaign = ['summer'] }",
    )
    .expect("it is a ruleset");
    assert_eq!(document.rules[0].mode, Mode::Canary { percent: 5 });
    let again = Document::from_json(document.to_json().as_bytes()).expect("its own JSON");
    assert_eq!((again.digest(), &again), (document.digest(), &document));
}

#[test]
fn a_digest_depends_on_what_is_said_and_not_on_how() {
    let digest = |rest: &str| read(rest).expect("it is a ruleset").digest();
    let plain = digest("mode = 'enforce'");
    let same = digest(
        "on_fault = 'park'\n mode = 'enforce' # decides\npriority = 0\nparameters = {}\nselect = { sku = [] }",
    );
    assert_eq!(same, plain);
    for other in [
        "mode = 'shadow'",
        "mode = 'enforce'\npriority = 1",
        "mode = 'enforce'\nselect.sku = ['A']",
    ] {
        assert_ne!(digest(other), plain, "{other}");
    }
    assert_eq!(
        read("mode = 'enforce'").expect("it is a ruleset").to_json(),
        format!(r#"{{"rules":[{{"bundle":"{BUNDLE}","mode":"enforce"}}]}}"#),
    );
    assert_eq!(Document::default().to_json(), r#"{"rules":[]}"#);
}

#[test]
fn what_is_no_ruleset_is_refused_with_the_fix() {
    let long = format!("mode = 'enforce'\nselect.channel = ['{}']", "x".repeat(201));
    let many = format!(
        "mode = 'enforce'\nselect.sku = [{}]",
        "'A-1',".repeat(1_001)
    );
    for (rest, expected) in [
        ("", "missing field `mode`"),
        (
            "mode = 'on'",
            "`on` is no mode: write `off`, `shadow`, `canary 10%` (0 to 100)",
        ),
        ("mode = 'canary 130%'", "`canary 130%` is no mode"),
        ("mode = 'off'\ncolour = 'red'", "unknown field `colour`"),
        (
            "mode = 'off'\nselect.colour = ['red']",
            "unknown field `colour`",
        ),
        (
            "mode = 'off'\nselect.kind = ['move']",
            "unknown variant `move`",
        ),
        ("mode = 'off'\non_fault = 'skip'", "unknown variant `skip`"),
        (
            "mode = 'enforce'\nselect.sku = ['A', '']",
            "rule 1 of the ruleset, bundle 0011",
        ),
        (
            "mode = 'enforce'\nselect.sku = ['A', '']",
            "`select.sku` has an empty entry: leave",
        ),
        (
            "mode = 'enforce'\nselect.attributes.gift = []",
            "`select.attributes.gift` has an empty",
        ),
        (
            &long,
            "`select.channel` has an entry of 201 bytes, 200 are the most",
        ),
        (
            &many,
            "`select.sku` has 1001 entries, 1000 are the most: use patterns",
        ),
    ] {
        let error = read(rest).expect_err(rest);
        assert!(error.contains(expected), "{error}");
    }
    let error = Document::from_toml("[[rules]]\nbundle = 'abc'\nmode = 'off'").expect_err("short");
    assert!(
        reason(&error).contains("not a digest: 64 hexadecimal digits"),
        "{}",
        reason(&error)
    );
}

#[test]
fn a_binding_that_does_not_fit_its_bundle_is_refused_with_the_fix() {
    let rules = named(&[("first", ""), ("second", "")]);
    let digest = rules[1].bundle().digest();
    let parameter = |binding: &mut Binding, name: &str, value| {
        binding.parameters.insert(name.into(), value);
    };
    let refused = |change: &dyn Fn(&mut Binding)| {
        let mut bindings: Vec<_> = rules.iter().map(enforced).collect();
        change(&mut bindings[1]);
        reason(&assembled(&rules, bindings).expect_err("it does not fit"))
    };
    let named = format!("rule 2 of the ruleset, bundle second ({digest}): ");
    assert_eq!(
        refused(&|binding| parameter(binding, "limt", 1)),
        format!("{named}it has no parameter `limt`: it has `limit`")
    );
    assert_eq!(
        refused(&|binding| parameter(binding, "limit", 11)),
        format!("{named}`limit` is 11, but it goes from 0 to 10")
    );
    let percent = refused(&|binding| binding.mode = Mode::Canary { percent: 101 });
    assert!(
        percent.ends_with("its canary has 101 percent: write 0 to 100"),
        "{percent}"
    );
    let unknown = refused(&|binding| binding.bundle = Digest([7; 32]));
    assert!(
        unknown.starts_with("rule 2 of the ruleset, bundle 0707"),
        "{unknown}"
    );
    assert!(unknown.contains("push it first"), "{unknown}");
}

#[test]
fn what_is_off_needs_no_bundle() {
    let rules: Vec<Rule> = Vec::new();
    let document = read("mode = 'off'").expect("it is a ruleset");
    assert!(ruleset(&rules, document.rules).is_silent());
}

#[test]
fn a_ruleset_has_a_bounded_number_of_rules() {
    let rules = named(&[("only", "")]);
    let bindings = |count| vec![enforced(&rules[0]); count];
    assert!(assembled(&rules, bindings(BINDINGS_MAX)).is_ok());
    let error = assembled(&rules, bindings(BINDINGS_MAX + 1)).expect_err("too many");
    assert!(
        error
            .to_string()
            .starts_with("the ruleset has 33 rules, 32 are the most"),
        "{error}"
    );
}
