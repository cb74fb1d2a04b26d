//! A configuration file. Whatever it says, it is a configuration or a list of findings, each with
//! its key and what to do; and a secret that stands where secrets belong is in none of them.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use tempfile::TempDir;
use toml::{Table, Value};

/// The service's own reader; a program's modules cannot be had otherwise.
#[path = "../../../crates/service/src"]
#[expect(
    dead_code,
    unused_imports,
    reason = "only the reader is called, and not what it is read for"
)]
mod service {
    pub(crate) mod config;
}

use service::config::{Config, Sources};

/// What stands for a secret in the kept files.
const SECRET: &str = "hunter2hunter2hunter2";

/// Where the keys are that hold nothing but secrets.
const SECRET_PLACES: [&[&str]; 6] = [
    &["database", "password"],
    &["kafka", "properties", "sasl.password"],
    &["kafka", "properties", "ssl.key.password"],
    &["kafka", "properties", "ssl.key.pem"],
    &["kafka", "properties", "ssl.keystore.password"],
    &["kafka", "properties", "sasl.oauthbearer.client.secret"],
];

/// Names of files that must not be opened here: some never end, and libraries are run.
const UNSAFE: [&str; 3] = ["/", "plugin", ".."];

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// Checks one file.
pub fn check(file: &[u8]) {
    let text = String::from_utf8_lossy(file);
    let outside = text.replace("postgres://", "").replace("http://", "");
    if UNSAFE.iter().any(|unsafe_| outside.contains(unsafe_)) {
        return;
    }
    let Err(findings) = Config::load(&source(file)) else {
        return;
    };
    assert!(!findings.is_empty(), "refused for nothing");
    let hidden = hides_its_secrets(&text);
    for finding in &findings {
        assert!(!finding.key.is_empty() && !finding.reason.is_empty());
        assert!(!finding.fix.is_empty(), "{finding}");
        assert!(
            !hidden || !finding.to_string().contains(SECRET),
            "{finding}"
        );
    }
}

fn source(file: &[u8]) -> Sources {
    let path: PathBuf = FOLDER.path().join("plimsoll.toml");
    fs::write(&path, file).expect("the folder is ours");
    Sources {
        file: Some(path),
        ..Sources::default()
    }
}

/// Whether the secret stands nowhere but where secrets belong. In what is not TOML it does, too:
/// who mistypes a line must not see the next one in a log.
fn hides_its_secrets(text: &str) -> bool {
    let Ok(table) = text.parse::<Table>() else {
        return true;
    };
    let table = Value::Table(table);
    let value = |place: &[&str]| {
        let found = place.iter().try_fold(&table, |value, name| value.get(name));
        found.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let url = value(&["database", "url"]);
    let password = password(&url).map(str::to_owned);
    let places = SECRET_PLACES.into_iter().map(value).chain(password);
    let hidden: usize = places.map(|text| text.matches(SECRET).count()).sum();
    hidden == text.matches(SECRET).count()
}

/// What a person means by the password of a URL, whether it is one or not: all between the first
/// colon behind its scheme and the last at sign.
fn password(url: &str) -> Option<&str> {
    let (user, _) = url.strip_prefix("postgres://")?.rsplit_once('@')?;
    Some(user.split_once(':')?.1)
}
