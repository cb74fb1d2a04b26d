//! The life of a rule until it is pushed, with a real compiler: made, tested, signed, verified.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Answer, command};

/// No command of an author needs one.
const NO_DATABASE: &str = "postgres://plimsoll@127.0.0.1:1/plimsoll";

/// Where the guests of all tests are compiled, so that their libraries are compiled once.
fn target() -> &'static Path {
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    scratch.parent().expect("it is in the target folder")
}

/// `plimsoll rules` with these arguments, standing in `folder`.
fn rules(folder: &Path, arguments: &[&str]) -> Answer {
    let output = command(NO_DATABASE, &[&["rules"], arguments].concat())
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .expect("the binary starts");
    Answer {
        code: output.status.code().expect("no signal ends it"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn done(folder: &Path, arguments: &[&str]) -> String {
    let answer = rules(folder, arguments);
    assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
    answer.stdout
}

/// Where rules are made.
fn desk() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("rules")
}

/// A new rule in a folder of its own; always the same, so that little is compiled again.
fn new(name: &str) -> PathBuf {
    new_in(&desk(), name)
}

fn new_in(place: &Path, name: &str) -> PathBuf {
    fs::create_dir_all(place).expect("a folder");
    let folder = place.join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("what an earlier run left goes away");
    }
    done(place, &["new", name]);
    folder
}

/// A rule as `new` makes it, signed, and the public key.
fn signed() -> &'static (PathBuf, String) {
    static SIGNED: OnceLock<(PathBuf, String)> = OnceLock::new();
    SIGNED.get_or_init(|| {
        let folder = new("signed-rule");
        let said = done(&folder, &["sign", "--key-new", "team.key", "--days", "30"]);
        let key = said.lines().find_map(|line| line.strip_prefix("by "));
        (folder, key.expect("it says who signed").trim().to_owned())
    })
}

#[test]
fn a_new_rule_tests_builds_and_signs_as_it_is() {
    let folder = new("as-it-is");
    let native = Command::new("cargo")
        .args(["test", "--quiet", "--release"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target())
        .output();
    let native = native.expect("cargo starts");
    assert!(native.status.success(), "{native:?}");
    let tested = done(&folder, &["test"]);
    assert!(tested.contains(", 0 failed"), "{tested}");
    let built = done(&folder, &["build"]);
    assert!(built.contains("signed     no"), "{built}");
    done(&folder, &["sign", "--key-new", "team.key"]);
    let rebuilt = done(&folder, &["build"]);
    assert!(rebuilt.contains("signed     1 signature"), "{rebuilt}");
    assert_eq!(rules(&folder, &["sign", "--key-new", "team.key"]).code, 1);
}

/// The bundle of a new rule below `place`, where nothing is at hand that was compiled elsewhere.
fn built_in(place: &str) -> Vec<u8> {
    let place = desk().join(place);
    let folder = new_in(&place, "moved");
    let mut build = command(NO_DATABASE, &["rules", "build"]);
    build.env("CARGO_TARGET_DIR", place.join("target"));
    let built = build.current_dir(&folder).output();
    assert!(built.expect("the binary starts").status.success());
    fs::read(folder.join("moved.bundle")).expect("it was built")
}

#[test]
fn the_same_rule_is_the_same_bundle_wherever_and_however_often_it_was_built() {
    let bundle = built_in("here");
    assert_eq!(built_in("here"), bundle);
    assert_eq!(built_in("somewhere/further/away"), bundle);
}

#[test]
fn a_bundle_is_believed_by_the_key_that_signed_it_and_by_no_other() {
    let (folder, key) = signed();
    let believed = done(folder, &["verify", "--key", key]);
    assert!(believed.contains(key), "{believed}");
    let trusted = format!("rules.trusted_keys={key}");
    done(folder, &["verify", "--set", &trusted]);
    let other = format!("ed25519:{}", "11".repeat(32));
    let refused = rules(folder, &["verify", "--key", &other]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stdout.contains("which is not trusted"));
}

#[test]
fn a_bundle_that_was_changed_is_refused() {
    let (folder, key) = signed();
    let mut file = fs::read(folder.join("signed-rule.bundle")).expect("it was signed");
    let middle = file.len() / 2;
    file[middle] ^= 1;
    fs::write(folder.join("changed"), file).expect("a file");
    let refused = rules(folder, &["verify", "changed", "--key", key, "--json"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stdout.contains("the file was changed"));
}

#[test]
fn a_bundle_says_what_it_is() {
    let (folder, key) = signed();
    let said = done(folder, &["inspect", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["manifest"]["name"], "signed-rule");
    assert_eq!(said["manifest"]["parameters"][0]["max"], 1_000_000);
    assert_eq!(said["signatures"][0]["key"], *key);
    let read = done(folder, &["inspect"]);
    assert!(read.contains("reserved  The last units"), "{read}");
}

#[test]
fn what_a_rule_costs_is_compared_with_its_baseline() {
    let (folder, _) = signed();
    let bundle = "signed-rule.bundle";
    done(folder, &["bench", bundle, "--fuel", "--save", "costs.json"]);
    let text = fs::read_to_string(folder.join("costs.json")).expect("it was saved");
    let mut costs: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    costs["costs"][0]["fuel"] = 7.into();
    fs::write(folder.join("others.json"), costs.to_string()).expect("a file");
    let check = |baseline| rules(folder, &["bench", bundle, "--fuel", "--check", baseline]);
    assert_eq!(check("costs.json").code, 0);
    let other = check("others.json");
    assert_eq!(other.code, 1, "{other:?}");
    assert!(other.stdout.contains("7 fuel became"), "{other:?}");
    let renewing = format!("plimsoll rules bench {bundle} --fuel --save others.json");
    assert!(other.stdout.contains(&renewing), "{other:?}");
    done(folder, &renewing.split(' ').skip(2).collect::<Vec<_>>());
    assert_eq!(check("others.json").code, 0);
}

#[test]
fn a_rule_that_remembers_earlier_events_fails_its_test() {
    let folder = new("rule-with-memory");
    let lib = folder.join("src/lib.rs");
    let source = fs::read_to_string(&lib).expect("it was made");
    let remembers =
        "static SEEN: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(0);
        let seen = SEEN.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
        let short = event.change < 0 && seen % 7 == 3;
        let _ = (event.stock, parameters.reserve);\n";
    let (before, after) = source.split_once("    let short").expect("its first line");
    let (_, after) = after.split_once('\n').expect("the lines after it");
    fs::write(&lib, [before, remembers, after].concat()).expect("a file");
    fs::write(folder.join("cases.toml"), "").expect("a file");
    let tested = rules(&folder, &["test", "--json"]);
    assert_eq!(tested.code, 1, "{tested:?}");
    let said: serde_json::Value = serde_json::from_str(&tested.stdout).expect("JSON");
    let ok = |at: usize| said["checks"][at]["ok"] == true;
    assert!(ok(0) && ok(1) && !ok(2) && !ok(3), "{said:#}");
    assert_eq!(said["codes_without_case"][0], "reserved");
}

#[test]
fn what_cannot_be_a_rule_is_told_before_anything_is_made() {
    let desk = tempfile::tempdir().expect("a folder");
    for (arguments, says) in [
        (&["new", "Low_Stock"][..], "cannot be the name of a rule"),
        (&["new", "low", "--path", "nowhere"], "cannot make"),
        (&["build"], "is no rule's folder"),
        (&["test"], "is no rule's folder"),
        (&["inspect"], "is no rule's folder"),
        (&["sign"], "--key"),
    ] {
        let answer = rules(desk.path(), arguments);
        assert_eq!(answer.code, 2, "{arguments:?}: {answer:?}");
        assert!(answer.stderr.contains(says), "{arguments:?}: {answer:?}");
    }
}
