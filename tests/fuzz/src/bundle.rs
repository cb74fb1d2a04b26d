//! The file of a bundle, as it comes from a stranger: an input that begins as one is the file, any
//! other is a list of changes to a signed one, each a place in two bytes and what to flip there. It
//! is refused, or it is exactly what it says: written again it is the same file, and what the one
//! key signed that is trusted here is the one bundle that it signed.

use std::sync::LazyLock;

use plimsoll_rule_host::bundle::{NEVER, Trust};
use plimsoll_rule_host::keys::SigningKey;
use plimsoll_rule_host::{Bundle, activate};

use crate::input::Input;

/// A moment before every end of a signature.
const NOW: i64 = 1_800_000_000;

/// How every bundle begins.
const MARK: &[u8] = b"plimsoll-bundle";

/// What the key signed.
static SIGNED: LazyLock<Bundle> = LazyLock::new(|| {
    let unsigned = include_bytes!("../kept/bundle/unsigned");
    let unsigned = Bundle::open(unsigned, &Trust::anyone(), NOW).expect("it is kept");
    unsigned.sign(&key(), NEVER).expect("one signature fits")
});

/// Checks one file.
pub fn check(input: &[u8]) {
    match input.starts_with(MARK) {
        true => file(input),
        false => file(&changed(input)),
    }
}

fn changed(input: &[u8]) -> Vec<u8> {
    let (mut input, mut file) = (Input(input), SIGNED.to_bytes());
    while !input.0.is_empty() {
        let at = usize::from(input.byte()) << 8 | usize::from(input.byte());
        let place = at % file.len();
        file[place] ^= input.byte();
    }
    file
}

fn file(file: &[u8]) {
    let opened = Bundle::open(file, &Trust::anyone(), NOW);
    if let Ok(bundle) = &opened {
        is_what_it_says(bundle, file);
    }
    let trust = Trust {
        keys: vec![key().public()],
        ..Trust::default()
    };
    if let Ok(believed) = Bundle::open(file, &trust, NOW) {
        let opened = opened.expect("who trusts a key is no less strict");
        assert_eq!(believed.digest(), opened.digest());
        is_the_signed_one(&believed);
    }
}

/// The key that is trusted. Everybody can have it, and it signed one bundle.
fn key() -> SigningKey {
    SigningKey::from_seed(&[1; 32])
}

fn is_what_it_says(bundle: &Bundle, file: &[u8]) {
    assert_eq!(bundle.to_bytes(), file);
    let manifest = bundle.manifest();
    let defaults = manifest.parameters(&[].into());
    assert_eq!(defaults.map(|all| all.len()), Ok(manifest.parameters.len()));
    // Made anew from what was read it makes sense again; its text need not be the same.
    let component = bundle.component().to_vec();
    let again = Bundle::pack(manifest, component, bundle.cases()).expect("it was a bundle");
    assert_eq!(
        (again.manifest(), again.cases()),
        (manifest, bundle.cases())
    );
    activate::inspect(bundle).ok();
}

fn is_the_signed_one(bundle: &Bundle) {
    assert_eq!(bundle.digest(), SIGNED.digest());
    assert_eq!(bundle.manifest(), SIGNED.manifest());
    assert_eq!(bundle.component(), SIGNED.component());
    assert_eq!(bundle.cases(), SIGNED.cases());
}
