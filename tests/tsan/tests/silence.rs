//! The service's own tests under ThreadSanitizer, lanes, coordinator and polling thread on real
//! servers among them, and not a word from it.

mod toolchain;

use toolchain::{Toolchain, skipped};

/// It is about numbers, and too much for a program that is watched.
const TOO_MUCH: &str = "a_hundred_thousand_skus";

#[test]
fn the_sanitizer_is_silent_on_the_services_own_tests() {
    let Some(toolchain) = Toolchain::here() else {
        return;
    };
    // What the other needs for a linker would have to reach every build script, too.
    if !toolchain.link.is_empty() {
        return skipped("rustup's compiler, where it is about the service itself");
    }
    let tested = toolchain
        .cargo("test")
        .args(["--package", "plimsoll-core", "--lib", "--test", "guarantee"])
        .args(["--", "--test-threads", "2", "--skip", TOO_MUCH])
        .status();
    let tested = tested.expect("cargo runs");
    // A failed test's code is another than that of a report, and both stand above.
    assert!(
        tested.success(),
        "a test failed, or something was reported: {tested}"
    );
}
