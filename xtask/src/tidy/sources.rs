//! Rules that one file keeps or breaks by itself. Works on text, so that
//! each rule can be seen to fail.

/// A longer file does more than one thing.
const LINES_MAX: usize = 400;

/// The guarantee, the same words everywhere.
const GUARANTEE: &str = "delivered at least once, applied exactly once, in order per SKU";
/// Documents that must state it.
const STATE_THE_GUARANTEE: [&str; 2] = ["README.md", "crates/README.md"];

// The words below are put together, or this file would break its own rules.

/// Work that was put off. It belongs into an issue.
const PUT_OFF: [&str; 3] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];
const STUBS: [&str; 2] = [concat!("to", "do!("), concat!("unimple", "mented!(")];
/// A test that is switched off proves nothing.
const SWITCHED_OFF: &str = concat!("#[ig", "nore");
/// Waiting a while and hoping, unless it is the pause of a loop that polls a
/// condition until a deadline: then one of these words stands shortly before.
const SLEEP: &str = concat!("sle", "ep(");
const ENDS_A_POLL: [&str; 3] = ["deadline", "limit", "timeout"];
/// How far above the pause a polling loop may name its end.
const POLL_LINES_MAX: usize = 12;
/// Folders of the machine that something was written on.
const MACHINE_PATHS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/tmp/bash", "_jobs"),
];

/// All that `text`, the file at `path` from the root, breaks. A finding
/// starts with `:LINE: ` or `: `, to be put behind the path.
pub(super) fn check(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let rust = path.ends_with(".rs");
    if rust && !opens_with_its_purpose(path, text) {
        findings
            .push(":1: does not open with `//!`: what it is, and what it does not know".to_owned());
    }
    if rust && text.lines().count() > LINES_MAX {
        findings.push(format!(
            ": {} lines, {LINES_MAX} are the most",
            text.lines().count()
        ));
    }
    if STATE_THE_GUARANTEE.contains(&path) && !one_line(text).contains(GUARANTEE) {
        findings.push(format!(": does not say “{GUARANTEE}”"));
    }
    let lines: Vec<&str> = text.lines().collect();
    // A bench waits because it keeps a pace.
    let mut in_test = path.split('/').any(|folder| folder == "tests") && !path.contains("/bench/");
    for (at, line) in lines.iter().enumerate() {
        in_test |= line.trim() == "#[cfg(test)]";
        let mut broken = broken_by(line, rust);
        let before = &lines[at.saturating_sub(POLL_LINES_MAX)..=at];
        if rust && in_test && begins_somewhere(line, SLEEP) && !names_an_end(before) {
            broken.push("a test that sleeps: poll a condition until a deadline".to_owned());
        }
        findings.extend(
            broken
                .into_iter()
                .map(|what| format!(":{}: {what}", at + 1)),
        );
    }
    findings
}

fn names_an_end(lines: &[&str]) -> bool {
    lines
        .iter()
        .any(|line| ENDS_A_POLL.iter().any(|word| line.contains(word)))
}

fn broken_by(line: &str, rust: bool) -> Vec<String> {
    let mut broken = Vec::new();
    if let Some(word) = PUT_OFF.iter().find(|word| has_word(line, word)) {
        broken.push(format!("{word}: put it into an issue"));
    }
    if let Some(path) = MACHINE_PATHS
        .iter()
        .find(|path| begins_somewhere(line, path))
    {
        broken.push(format!("{path} is a folder of one machine"));
    }
    if rust && let Some(stub) = STUBS.iter().find(|stub| line.contains(*stub)) {
        broken.push(format!("{stub}…): finish it or leave it out"));
    }
    if rust && line.contains(SWITCHED_OFF) {
        broken.push("a test that is switched off".to_owned());
    }
    broken
}

/// A crate's root may be its README instead.
fn opens_with_its_purpose(path: &str, text: &str) -> bool {
    let root = path.ends_with("/lib.rs") || path.ends_with("/main.rs");
    text.starts_with("//!") || root && text.starts_with("#![doc = include_str!(")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `word` stands in `line`, and is not a piece of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !ends_in_word(&line[..at]) && !starts_with_word(&line[at + word.len()..]))
}

/// `start` stands in `line`, and is not the tail of something longer.
fn begins_somewhere(line: &str, start: &str) -> bool {
    line.match_indices(start)
        .any(|(at, _)| !ends_in_word(&line[..at]))
}

fn ends_in_word(text: &str) -> bool {
    text.chars().next_back().is_some_and(is_of_a_word)
}

fn starts_with_word(text: &str) -> bool {
    text.chars().next().is_some_and(is_of_a_word)
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file of one line after a proper opening breaks.
    fn line(path: &str, line: &str) -> Vec<String> {
        check(path, &format!("//! A file.\n{line}\n"))
    }

    fn breaks(path: &str, text: &str, finding: &str) {
        let found = line(path, text);
        assert!(
            found.len() == 1 && found[0].contains(finding),
            "{path}: {text}: {found:?}"
        );
    }

    fn keeps(path: &str, text: &str) {
        assert_eq!(line(path, text), Vec::<String>::new(), "{path}: {text}");
    }

    #[test]
    fn a_file_opens_with_its_purpose() {
        assert_eq!(check("a/src/x.rs", "use b;\n").len(), 1);
        assert_eq!(check("a/src/x.rs", "").len(), 1);
        assert_eq!(
            check("a/src/x.rs", "#![doc = include_str!(\"../README.md\")]\n").len(),
            1
        );
        assert!(check("a/src/x.rs", "//! X.\n").is_empty());
        assert!(check("a/src/lib.rs", "#![doc = include_str!(\"../README.md\")]\n").is_empty());
        assert!(check("a/README.md", "# A\n").is_empty());
    }

    #[test]
    fn a_file_has_at_most_400_lines() {
        let of = |lines: usize| check("a/src/x.rs", &"//!\n".repeat(lines));
        assert!(of(400).is_empty());
        assert_eq!(of(401), [": 401 lines, 400 are the most"]);
    }

    #[test]
    fn nothing_is_put_off() {
        for word in PUT_OFF {
            breaks("a/src/x.rs", &format!("// {word}: later"), "issue");
            breaks("a/README.md", &format!("({word})"), "issue");
            keeps("a/src/x.rs", &format!("let {word}S = 1; let _{word} = 2;"));
        }
        for stub in STUBS {
            breaks("a/src/x.rs", &format!("    {stub})"), "finish it");
        }
    }

    #[test]
    fn no_test_is_switched_off() {
        breaks(
            "a/src/x.rs",
            &format!("    {SWITCHED_OFF}]"),
            "switched off",
        );
        breaks(
            "a/src/x.rs",
            &format!("    {SWITCHED_OFF} = \"slow\"]"),
            "switched off",
        );
    }

    #[test]
    fn tests_do_not_sleep_but_shells_may() {
        let asleep = format!("std::thread::{SLEEP}STEP);");
        breaks("tests/tests/x.rs", &asleep, "sleeps");
        keeps("tests/src/bench/x.rs", &asleep);
        breaks(
            "crates/a/tests/x.rs",
            &format!("{SLEEP}STEP).await;"),
            "sleeps",
        );
        breaks(
            "crates/a/src/x.rs",
            &format!("#[cfg(test)]\nmod tests {{ {asleep} }}"),
            "sleeps",
        );
        keeps("crates/a/src/x.rs", &format!("{asleep}\n#[cfg(test)]"));
        keeps(
            "tests/tests/x.rs",
            &format!("while now() < deadline {{\n{asleep}\n}}"),
        );
        let far = "\n".repeat(POLL_LINES_MAX + 1);
        breaks(
            "tests/tests/x.rs",
            &format!("let limit = 1;{far}{asleep}"),
            "sleeps",
        );
        keeps(
            "tests/tests/x.rs",
            &format!("let sql = \"select pg_{SLEEP}1)\";"),
        );
    }

    #[test]
    fn no_folder_of_one_machine_is_named() {
        for path in MACHINE_PATHS {
            breaks(
                "a/src/x.rs",
                &format!("let p = \"{path}x\";"),
                "one machine",
            );
            breaks(".ci/run", &format!("cd {path}x"), "one machine");
            keeps("a/src/x.rs", &format!("let p = \"net{path}x\";"));
        }
    }

    #[test]
    fn the_readmes_state_the_guarantee_word_for_word() {
        let stated =
            "# Plimsoll\n*delivered at least once, applied exactly\nonce, in order per SKU.*\n";
        let changed = "# Plimsoll\n*delivered at least once, applied once, in order per SKU.*\n";
        for path in STATE_THE_GUARANTEE {
            assert!(check(path, stated).is_empty());
            assert_eq!(check(path, changed).len(), 1);
        }
        assert!(check("tests/README.md", changed).is_empty());
    }
}
