//! Whether programs and tests are made of the same crates. A dev-dependency may ask a crate that
//! both use for another feature; then that crate, and all that use it, are compiled twice.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::process;

/// Every crate that programs have with other features than tests.
///
/// # Errors
/// When cargo cannot tell.
pub(super) fn check() -> Result<Vec<String>> {
    let programs = tree("normal,no-proc-macro")?;
    let tests = tree("normal,dev,no-proc-macro")?;
    Ok(doubled(&programs, &tests))
}

/// Each crate with its features, one a line. What build scripts and procedural macros use may have
/// other features, which these lines could not tell from a program's; it is left out.
fn tree(edges: &str) -> Result<String> {
    let shape = ["tree", "--workspace", "--prefix=none", "--format={p} {f}"];
    process::read(process::cargo(shape)?.args(["--edges", edges]))
}

fn doubled(programs: &str, tests: &str) -> Vec<String> {
    let finding = |form: &&str| {
        format!(
            "{form}: tests have it with other features, so it and all that use it are compiled twice; \
             the dev-dependency that asks for them has to be a normal one of plimsoll-tests"
        )
    };
    forms(programs)
        .difference(&forms(tests))
        .map(finding)
        .collect()
}

fn forms(tree: &str) -> BTreeSet<&str> {
    let seen_before = " (*)";
    tree.lines()
        .map(|it| it.trim_end_matches(seen_before))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_that_only_tests_ask_for_doubles_a_crate() {
        let programs = "ours v1 \nlibm v2 default\nlog v3 \nlog v3  (*)\n";
        let tests = "ours v1 \nlibm v2 default,std\nlog v3 \nproptest v4 std\n";
        let found = doubled(programs, tests);
        assert!(
            matches!(&found[..], [it] if it.starts_with("libm v2 default: ")),
            "{found:?}"
        );
    }
}
