//! `demo` as a stranger would run it, and shorter.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Answer, command, done, plimsoll};

/// Where the user's database is does not matter to a demo.
const NO_DATABASE: &str = "postgres://plimsoll@127.0.0.1:1/nothing";

const HELD: &str = "It held: delivered at least once, applied exactly once, in order per SKU.";

fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// The shipped rules, built where the guests of other tests are.
fn shipped_rules() -> PathBuf {
    let folder = scratch().join("shipped-rules");
    fs::create_dir_all(&folder).expect("a folder");
    let rules = fs::read_dir("../../rules").expect("the rules are there");
    for rule in rules.map(|entry| entry.expect("it can be read").path()) {
        if !rule.join("rule.toml").is_file() {
            continue;
        }
        let name = rule.file_name().expect("a rule has a name");
        let built = command(NO_DATABASE, &["rules", "build", "--path"])
            .arg(&rule)
            .arg("--out")
            .arg(folder.join(name).with_extension("bundle"))
            .env("CARGO_TARGET_DIR", scratch().parent().expect("the target"))
            .output()
            .expect("the binary starts");
        assert!(built.status.success(), "{built:?}");
    }
    folder
}

#[test]
fn a_demo_swaps_the_shipped_rules_and_proves_what_they_said() {
    let rules = shipped_rules();
    let rules = rules.to_str().expect("UTF-8");
    let demo = ["demo", "--seconds", "6", "--skus", "50", "--rules", rules];
    let said = done(NO_DATABASE, &demo);
    for part in [
        HELD,
        "revision 1 active: 6 rules decide",
        "revision 2 active: oversell-allowance: allowance 10 → 20",
        "by revision 2",
        "no-negative-stock: insufficient_stock",
        "order-quantity-limits: above_maximum",
        "frozen-skus: frozen",
    ] {
        assert!(said.contains(part), "{part} is missing: {said}");
    }
}

/// The program alone in a folder, so that it finds no bundles that somebody built.
#[test]
fn without_the_shipped_rules_a_demo_says_so_and_proves_itself() {
    let folder = scratch().join("demo-alone").join("bin");
    fs::create_dir_all(&folder).expect("a folder");
    let program = folder.join("plimsoll");
    fs::remove_file(&program).ok();
    fs::hard_link(env!("CARGO_BIN_EXE_plimsoll"), &program).expect("a second name");
    let output = Command::new(program)
        .args(["demo", "--seconds", "3", "--skus", "50"])
        .output()
        .expect("the binary starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}{stderr}");
    assert!(stdout.contains(HELD), "{stdout}");
    assert!(stderr.contains("NO RULES: floors alone decide"), "{stderr}");
}

#[test]
fn a_folder_that_lacks_a_bundle_is_wrong_usage() {
    let Answer { code, stderr, .. } = plimsoll(NO_DATABASE, &["demo", "--rules", "/nowhere"]);
    assert_eq!(code, 2, "{stderr}");
    assert!(
        stderr.contains("unusual-change.bundle cannot be used"),
        "{stderr}"
    );
}
