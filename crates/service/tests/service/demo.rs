//! `demo` as a stranger would run it, and shorter.

use crate::support::plimsoll;

#[test]
fn a_demo_proves_itself() {
    // Where the user's database is does not matter to a demo.
    let answer = plimsoll(
        "postgres://plimsoll@127.0.0.1:1/nothing",
        &["demo", "--seconds", "3", "--skus", "50"],
    );
    assert_eq!(answer.code, 0, "{answer:?}");
    assert!(
        answer
            .stdout
            .contains("It held: delivered at least once, applied exactly once, in order per SKU."),
        "{answer:?}"
    );
}
