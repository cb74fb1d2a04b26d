//! What libFuzzer calls, again and again, for the target that the environment names. Knows no
//! target itself.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static CHECK: LazyLock<plimsoll_fuzz::Check> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "libFuzzer owns the command line, so the target is named here"
    )]
    let name = std::env::var("PLIMSOLL_FUZZ").unwrap_or_default();
    plimsoll_fuzz::target(&name)
        .unwrap_or_else(|| panic!("PLIMSOLL_FUZZ names no target: `{name}`"))
});

fuzz_target!(|bytes: &[u8]| CHECK(bytes));
