//! `rules push`, `activate`, `rollback`, `status`: what they say, and their exit codes.

use std::path::PathBuf;

use plimsoll_rule_host::bundle::{
    Budget, Case, Cases, Expected, Given, LowestFloor, Manifest, NEVER,
};
use plimsoll_rule_host::keys::SigningKey;
use plimsoll_rule_host::{Bundle, author};

use crate::support::{Answer, json, migrated, plimsoll, sql};

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

fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

/// A rule that accepts, and needs a floor of -5.
fn bundle() -> Bundle {
    let manifest = Manifest {
        name: "accepting".into(),
        version: "1.0.0".into(),
        owner: "tests".into(),
        description: "Accepts.".into(),
        abi: 1,
        reads: vec!["change".into()],
        parameters: Vec::new(),
        codes: Vec::new(),
        budget: Budget::default(),
        lowest_floor: Some(LowestFloor::Units(-5)),
    };
    let case = Case {
        name: "any".into(),
        parameters: Default::default(),
        given: Given::default(),
        expect: Expected::Accept,
    };
    let component = author::wrap(&wat::parse_str(GUEST).expect("it is WAT"));
    let component = component.expect("it has the interface of rules");
    Bundle::pack(&manifest, component, &Cases { case: vec![case] }).expect("it is a bundle")
}

/// A database, and a folder for files.
struct Desk {
    url: String,
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        Desk {
            url: migrated(),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, content).expect("a file");
        path.display().to_string()
    }

    /// A command of `rules` that believes our key.
    fn rules(&self, arguments: &[&str]) -> Answer {
        let trusted = format!("rules.trusted_keys={}", key().public());
        let all = [&["rules"], arguments, &["--set", &trusted]].concat();
        plimsoll(&self.url, &all)
    }

    fn ruleset(&self, mode: &str) -> String {
        let toml = format!(
            "[[rules]]\nbundle = '{}'\nmode = '{mode}'\n",
            bundle().digest()
        );
        self.file(&format!("{mode}.toml"), toml)
    }
}

#[test]
fn a_bundle_is_pushed_activated_and_taken_back() {
    let desk = Desk::new();
    let signed = bundle().sign(&key(), NEVER).expect("it fits").to_bytes();
    let file = desk.file("accepting.bundle", signed);
    for done in ["pushed", "was there"] {
        let said = desk.rules(&["push", &file]).stdout;
        assert_eq!(
            said,
            format!("{} accepting 1.0.0 {done}\n", bundle().digest())
        );
    }
    for (revision, mode) in [(1, "shadow"), (2, "enforce")] {
        let said = desk.rules(&["activate", &desk.ruleset(mode), "--reason", "a test"]);
        let expected = format!("Revision {revision} is desired: 1 rule. ");
        assert!(said.stdout.starts_with(&expected), "{said:?}");
    }
    let said = desk.rules(&["rollback"]);
    assert!(
        said.stdout
            .starts_with("Revision 3 is desired: it repeats revision 1. "),
        "{said:?}"
    );
    let status = json(&desk.url, &["rules", "status", "--json"]);
    assert_eq!(status["desired"]["revision"], 3);
    assert_eq!(status["desired"]["reason"], "roll-back to revision 1");
    assert_eq!(status["desired"]["rules"][0]["name"], "accepting");
    assert_eq!(status["desired"]["rules"][0]["mode"], "shadow");
}

/// A refusal that the rules of revision 1 are said to have made.
const DECIDED: &str = "
INSERT INTO products (sku, current_stock) VALUES ('A', 10);
INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ('t', 1);
INSERT INTO plimsoll_internal.refused (record_offset, partition, topic_id, kind, quantity, occurred_ms, sku, outcome,
    code, rule, ruleset_revision, version_seen, stock_seen, floor_seen)
SELECT 0, 0, id, 0, -3, 0, 'A', 'rejected', 'once_refused', 'accepting', 1, 4, 10, 0 FROM plimsoll_internal.topics";

#[test]
fn a_decision_is_repeated_by_its_bundle_and_replayed_under_another_ruleset() {
    let desk = Desk::new();
    let signed = bundle().sign(&key(), NEVER).expect("it fits").to_bytes();
    desk.rules(&["push", &desk.file("accepting.bundle", signed)]);
    desk.rules(&["activate", &desk.ruleset("shadow")]);
    sql(&desk.url, DECIDED);
    let row = &json(&desk.url, &["explain", "--record", "t/0/0", "--json"])["rows"][0];
    assert_eq!(row["rule"], "accepting");
    assert_eq!(row["rules"][0]["says"], "accept");
    assert_eq!(row["rules"][0]["enforced"], false);
    assert_eq!(row["rules"][0]["bundle"], bundle().digest().to_string());

    let replayed = desk.rules(&["replay", &desk.ruleset("enforce"), "--json"]);
    let replayed: serde_json::Value =
        serde_json::from_str(&replayed.stdout).expect("it prints JSON");
    assert_eq!(replayed["events"], 1);
    let change = &replayed["changes"][0];
    assert_eq!(change["then"], "rejected by accepting: once_refused");
    assert_eq!(
        (&change["now"], &change["units"]),
        (&"applied".into(), &(-3).into())
    );
}

#[test]
fn a_running_replica_that_does_not_follow_is_a_finding() {
    let desk = Desk::new();
    let status = desk.rules(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
    assert!(
        status.stdout.starts_with("No ruleset was activated yet"),
        "{status:?}"
    );
    sql(
        &desk.url,
        "INSERT INTO plimsoll_internal.replicas (instance, desired, active, error) VALUES ('here/1', 2, 1, 'revision 2: so it is')",
    );
    let status = desk.rules(&["status"]);
    assert_eq!(status.code, 1, "{status:?}");
    assert!(status.stdout.contains("here/1  "), "{status:?}");
    assert!(status.stdout.contains("revision 2: so it is"), "{status:?}");
    sql(
        &desk.url,
        "UPDATE plimsoll_internal.replicas SET updated_at = now() - interval '1 hour'",
    );
    assert_eq!(desk.rules(&["status"]).code, 0);
}

#[test]
fn what_is_refused_says_why_and_what_to_type() {
    let desk = Desk::new();
    let unsigned = desk.file("unsigned.bundle", bundle().to_bytes());
    let refused = desk.rules(&["push", &unsigned]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains(
            "unsigned.bundle: the file is refused: the signature is refused: it is not signed"
        ),
        "{refused:?}"
    );
    assert_eq!(desk.rules(&["push", "/nowhere/x.bundle"]).code, 2);

    let refused = desk.rules(&["activate", &desk.ruleset("enforce")]);
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .contains("its bundle is not here: push it first, with `plimsoll rules push FILE`"),
        "{refused:?}"
    );

    let signed = bundle().sign(&key(), NEVER).expect("it fits").to_bytes();
    assert_eq!(
        desk.rules(&["push", &desk.file("a.bundle", signed)]).code,
        0
    );
    sql(
        &desk.url,
        "INSERT INTO products (sku, current_stock) VALUES ('A', 5)",
    );
    let refused = desk.rules(&["activate", &desk.ruleset("enforce")]);
    assert_eq!(refused.code, 1);
    let command = "plimsoll products set-floor -5 --all";
    assert!(refused.stderr.contains(command), "{refused:?}");
    let typed: Vec<&str> = command.split(' ').skip(1).collect();
    assert_eq!(plimsoll(&desk.url, &typed).code, 0);
    let expecting =
        |revision| desk.rules(&["activate", &desk.ruleset("enforce"), "--expected", revision]);
    assert_eq!(expecting("0").code, 0);
    let refused = expecting("0");
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("revision 1 is desired now, not 0"),
        "{refused:?}"
    );
    assert_eq!(desk.rules(&["rollback", "--to", "9"]).code, 1);
    assert_eq!(
        desk.rules(&["activate", &desk.file("x.toml", "[[rules")])
            .code,
        1
    );
}

#[test]
fn a_rule_is_refused_where_products_that_the_service_makes_would_stand_higher() {
    let desk = Desk::new();
    let signed = bundle().sign(&key(), NEVER).expect("it fits").to_bytes();
    desk.rules(&["push", &desk.file("a.bundle", signed)]);
    let ruleset = desk.ruleset("enforce");
    let activate = |settings: &[&str]| desk.rules(&[&["activate", &ruleset], settings].concat());
    let create = ["--set", "stock.unknown_sku=create"];
    let refused = activate(&create);
    assert_eq!(refused.code, 1);
    let fix = "write `stock.floor_default = -5` into the configuration";
    assert!(refused.stderr.contains(fix), "{refused:?}");
    let lower = [&create[..], &["--set", "stock.floor_default=-5"]].concat();
    assert_eq!(activate(&lower).code, 0);
    // Nobody is made here.
    assert_eq!(activate(&[]).code, 0);
}
