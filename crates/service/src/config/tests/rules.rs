//! The section [rules]: whom a service believes.

use std::path::Path;

use expect_test::expect;
use plimsoll_rule_host::bundle::Unsigned;

use super::{Config, Sources, check, load};

#[test]
fn nobody_is_trusted_unless_it_is_said() {
    let config = Config::load(&Sources::default()).expect("defaults are valid");
    assert_eq!(config.rules.trust.unsigned, Unsigned::Refuse);
    assert!(config.rules.trust.keys.is_empty() && config.rules.folder.is_none());
    let (one, other) = ("11".repeat(32), "22".repeat(32));
    for keys in [
        format!("['ed25519:{one}', 'ed25519:{other}']"),
        format!("'ed25519:{one}, ed25519:{other}'"),
    ] {
        let toml = format!("[rules]\nfolder = 'x'\nunsigned = 'allow'\ntrusted_keys = {keys}");
        let rules = load(&toml, &[], &[]).expect("nothing is wrong").rules;
        let texts: Vec<String> = rules.trust.keys.iter().map(|key| key.to_string()).collect();
        assert_eq!(
            texts,
            [format!("ed25519:{one}"), format!("ed25519:{other}")]
        );
        assert_eq!(rules.folder.as_deref(), Some(Path::new("x")));
    }
    check(
        "[rules]\nunsigned = 'maybe'\ntrusted_keys = ['ed25519:12']",
        expect![[r#"
        rules.trusted_keys (plimsoll.toml): `ed25519:12` is not a public key. Write ed25519: and 64 hexadecimal digits, as `plimsoll rules sign` prints it.
        rules.unsigned (plimsoll.toml): `maybe` is not one of its words. Write refuse or allow.
    "#]],
    );
    check(
        "[rules]\ntrusted_keys = [1]",
        expect![[r#"
        rules.trusted_keys (plimsoll.toml): not everything in the list is a text. Write texts only.
    "#]],
    );
}
