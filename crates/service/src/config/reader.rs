//! Takes values out of the layers one by one and collects what is wrong with them, so that all of
//! it is told at once.

use std::path::Path;

use super::finding::{Finding, Wrong};
use super::keys;
use super::layers::{Layers, Origin, Written};

pub(super) struct Reader {
    layers: Layers,
}

/// A secret, and who wrote it.
pub(super) struct Secret {
    pub(super) text: String,
    pub(super) origin: Origin,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Reader {
        Reader { layers }
    }

    /// The value of a key. One that is wrong becomes a finding, and the default stands in for it.
    pub(super) fn read<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, Wrong>) -> T {
        if let Some(written) = self.take(key) {
            match parse(&written.text) {
                Ok(value) => return value,
                Err(wrong) => self.finding(wrong.at(key, &written.origin)),
            }
        }
        parse(keys::default_of(key))
            .unwrap_or_else(|wrong| panic!("the default of {key} is valid: {wrong:?}"))
    }

    /// Who wrote nothing for a key.
    pub(super) fn is_empty(&self, key: &str) -> Option<Origin> {
        let written = self.layers.written.get(key)?;
        (!is_set(written)).then(|| written.origin.clone())
    }

    /// A secret, written down itself under `key` or in a file named under `key_file`. The later
    /// layer wins; both in one layer are one too many. An empty one counts as none.
    pub(super) fn secret(&mut self, key: &str) -> Option<Secret> {
        let key_file = format!("{key}_file");
        let (plain, file) = (
            self.take(key).filter(is_set),
            self.take(&key_file).filter(is_set),
        );
        match (plain, file) {
            (Some(plain), Some(file)) if plain.origin.rank() == file.origin.rank() => {
                let wrong = Wrong::new(
                    format!("both {key} and {key_file} are given"),
                    "Give one of the two",
                );
                self.finding(wrong.at(key_file, file.origin));
                None
            }
            (Some(plain), Some(file)) if plain.origin.rank() < file.origin.rank() => {
                self.in_file(&key_file, file)
            }
            (Some(plain), _) => Some(Secret {
                text: plain.text,
                origin: plain.origin,
            }),
            (None, Some(file)) => self.in_file(&key_file, file),
            (None, None) => None,
        }
    }

    /// The secret in the file named under `key_file`, if one is.
    pub(super) fn secret_in_file(&mut self, key_file: &str) -> Option<Secret> {
        let file = self.take(key_file).filter(is_set)?;
        self.in_file(key_file, file)
    }

    /// What was written for librdkafka, by its own keys.
    pub(super) fn properties(&mut self) -> Vec<(String, Written)> {
        let all = std::mem::take(&mut self.layers.written);
        let (ours, others): (Vec<_>, Vec<_>) = all
            .into_iter()
            .partition(|(key, _)| keys::property(key).is_some());
        self.layers.written = others.into_iter().collect();
        ours.into_iter()
            .map(|(key, written)| (keys::property(&key).unwrap_or_default().to_owned(), written))
            .collect()
    }

    pub(super) fn finding(&mut self, finding: Finding) {
        self.layers.findings.push(finding);
    }

    /// All that was wrong.
    ///
    /// # Panics
    /// If a key that may be written was not read.
    pub(super) fn into_findings(self) -> Vec<Finding> {
        assert!(
            self.layers.written.is_empty(),
            "nobody reads {:?}",
            self.layers.written.keys()
        );
        self.layers.findings
    }

    pub(super) fn in_file(&mut self, key_file: &str, file: Written) -> Option<Secret> {
        match secret_of(Path::new(&file.text)) {
            Ok(text) => Some(Secret {
                text,
                origin: file.origin,
            }),
            Err(wrong) => {
                self.finding(wrong.at(key_file, file.origin));
                None
            }
        }
    }

    fn take(&mut self, key: &str) -> Option<Written> {
        self.layers.written.remove(key)
    }
}

fn is_set(written: &Written) -> bool {
    !written.text.is_empty()
}

/// Line ends behind a secret are an editor's, not the secret's.
fn secret_of(path: &Path) -> Result<String, Wrong> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        Wrong::new(
            format!("{name} cannot be read: {error}"),
            "Name a file that this process may read",
        )
    })?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        Err(Wrong::new(
            format!("{name} is empty"),
            "Write the secret into it",
        ))
    } else {
        Ok(text.to_owned())
    }
}
