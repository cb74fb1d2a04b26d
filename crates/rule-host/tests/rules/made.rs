//! From code and a few lines beside it to a manifest: nothing is said twice.

use plimsoll_rule_host::author::{self, Package, RuleToml};
use plimsoll_rule_host::bundle::{Budget, LowestFloor, Manifest};

fn made(declaration: &str) -> Result<Manifest, author::Error> {
    let module = format!(r#"(module (@custom "plimsoll-rule" "{declaration}"))"#);
    let module = wat::parse_str(module).expect("the fixture is WAT");
    let package = Package {
        name: "allowance".into(),
        version: "1.2.3".into(),
    };
    let rule = RuleToml {
        description: "Allows some.".into(),
        owner: "stock".into(),
        budget: Budget::default(),
        lowest_floor: Some(LowestFloor::Opposite("-limit".into())),
    };
    author::manifest(&package, &rule, &module)
}

#[test]
fn a_manifest_says_what_the_code_declares() {
    let declaration = r"abi 1\nread stock\nread attribute:text:campaign\nparameter limit 5 0 1_000 Units.\ncode too_low Too low.\n";
    let manifest = made(declaration).expect("it is well declared");
    assert_eq!(
        (manifest.name.as_str(), manifest.version.as_str()),
        ("allowance", "1.2.3")
    );
    assert_eq!(manifest.abi, 1);
    assert_eq!(manifest.reads, ["stock", "attribute:text:campaign"]);
    assert_eq!(manifest.parameters[0].max, 1_000);
    assert_eq!(manifest.codes[0].message, "Too low.");
}

#[test]
fn the_lowest_floor_follows_its_parameter() {
    let manifest = made(r"abi 1\nparameter limit 5 0 1_000 Units.\n").expect("well declared");
    let floor = |set: &[(String, i64)]| {
        let parameters = manifest.parameters(&set.iter().cloned().collect());
        manifest.floor_needed(&parameters.expect("in range"))
    };
    assert_eq!(floor(&[]), Some(-5));
    assert_eq!(floor(&[("limit".into(), 70)]), Some(-70));
}

#[test]
fn what_the_code_does_not_declare_well_is_named() {
    for (declaration, expected) in [
        (r"abi 1\nwish everything\n", "`wish everything`"),
        (
            r"parameter limit five 0 9 Units.\n",
            "`parameter limit five 0 9 Units.`",
        ),
    ] {
        let error = made(declaration)
            .expect_err("it cannot be read")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
    let package = Package {
        name: "x".into(),
        version: "1".into(),
    };
    let rule = RuleToml {
        description: "None.".into(),
        owner: "nobody".into(),
        budget: Budget::default(),
        lowest_floor: None,
    };
    let bare = wat::parse_str("(module)").expect("WAT");
    let error = author::manifest(&package, &rule, &bare).expect_err("no declaration");
    assert!(error.to_string().contains("missing"), "{error}");
}
