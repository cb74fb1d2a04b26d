//! Where values come from: a TOML file, then the environment, then flags; the later wins. Only
//! text comes out, under dotted keys. What the text means is not known here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::finding::{Finding, Wrong};
use super::keys;

/// Everything a configuration is made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    /// `--config`.
    pub(crate) file: Option<PathBuf>,
    /// The environment of the process.
    pub(crate) variables: Vec<(OsString, OsString)>,
    /// `--set`, as `key=value`.
    pub(crate) flags: Vec<String>,
}

/// Who wrote a value, in the order in which they win.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Origin {
    /// A file.
    File(String),
    /// A variable of the environment.
    Variable(String),
    /// A flag.
    Flag,
}

impl Origin {
    /// The later wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Origin::File(_) => 0,
            Origin::Variable(_) => 1,
            Origin::Flag => 2,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::File(name) | Origin::Variable(name) => f.write_str(name),
            Origin::Flag => f.write_str("--set"),
        }
    }
}

/// One value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// What was written, by key; of two for one key the later.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) written: BTreeMap<String, Written>,
    pub(super) findings: Vec<Finding>,
}

impl Layers {
    pub(super) fn read(sources: &Sources) -> Layers {
        let mut layers = Layers::default();
        if let Some(path) = &sources.file {
            layers.file(path);
        }
        for (name, value) in &sources.variables {
            layers.variable(name, value);
        }
        for flag in &sources.flags {
            layers.flag(flag);
        }
        layers
    }

    fn file(&mut self, path: &Path) {
        let origin = Origin::File(path.display().to_string());
        let table = std::fs::read_to_string(path)
            .map_err(|error| {
                Wrong::new(
                    format!("cannot be read: {error}"),
                    "Name a file that is there with --config",
                )
            })
            .and_then(|text| {
                toml::from_str::<toml::Table>(&text).map_err(|error| not_toml(&text, &error))
            });
        match table {
            Ok(table) => self.table("", table, &origin),
            Err(wrong) => self.findings.push(wrong.at(origin.to_string(), "")),
        }
    }

    /// Keys of nested tables are joined by dots, so that `ssl.ca.location = …` needs no quotes.
    fn table(&mut self, above: &str, table: toml::Table, origin: &Origin) {
        for (name, value) in table {
            let key = if above.is_empty() {
                name
            } else {
                format!("{above}.{name}")
            };
            match value {
                toml::Value::Table(inner) => self.table(&key, inner, origin),
                toml::Value::String(text) => self.put(key, text, origin.clone()),
                toml::Value::Integer(number) => self.put(key, number.to_string(), origin.clone()),
                toml::Value::Float(number) => self.put(key, number.to_string(), origin.clone()),
                toml::Value::Boolean(flag) => self.put(key, flag.to_string(), origin.clone()),
                toml::Value::Array(list) if keys::is_list(&key) => self.list(key, &list, origin),
                toml::Value::Datetime(_) | toml::Value::Array(_) => {
                    let wrong = Wrong::new(
                        format!("a value of type {} means nothing here", value.type_str()),
                        "Write a text or a number",
                    );
                    self.findings.push(wrong.at(key, origin));
                }
            }
        }
    }

    /// A list of texts, as one text with commas.
    fn list(&mut self, key: String, list: &[toml::Value], origin: &Origin) {
        let texts: Option<Vec<&str>> = list.iter().map(toml::Value::as_str).collect();
        match texts {
            Some(texts) => self.put(key, texts.join(","), origin.clone()),
            None => {
                let wrong = Wrong::new("not everything in the list is a text", "Write texts only");
                self.findings.push(wrong.at(key, origin));
            }
        }
    }

    /// `PLIMSOLL_KAFKA__BROKERS`. Without two underscores in a row a variable is not ours, unless it
    /// is a key's name but for that.
    fn variable(&mut self, name: &OsString, value: &OsString) {
        let Some(ours) = name.to_str().and_then(|it| it.strip_prefix("PLIMSOLL_")) else {
            return;
        };
        let origin = Origin::Variable(name.to_string_lossy().into_owned());
        let Some((section, rest)) = ours.split_once("__") else {
            if let Some(key) = keys::meant(ours) {
                let fix = format!("Write PLIMSOLL_{}", key.replace('.', "__").to_uppercase());
                let wrong = Wrong::new("two underscores follow the section", fix);
                self.findings.push(wrong.at(key, origin));
            }
            return;
        };
        let key = format!("{}.{}", section.to_lowercase(), key_of_variable(rest));
        match value.to_str() {
            Some(text) => self.put(key, text.to_owned(), origin),
            None => self
                .findings
                .push(Wrong::new("the value is not UTF-8", "Write it as UTF-8").at(key, origin)),
        }
    }

    fn flag(&mut self, flag: &str) {
        match flag.split_once('=') {
            Some((key, value)) => {
                self.put(key.trim().to_owned(), value.trim().to_owned(), Origin::Flag)
            }
            None => self
                .findings
                .push(Wrong::new("has no value", "Write --set KEY=VALUE").at(flag, Origin::Flag)),
        }
    }

    fn put(&mut self, key: String, text: String, origin: Origin) {
        if keys::is_known(&key) {
            self.written.insert(key, Written { text, origin });
        } else {
            self.findings
                .push(Wrong::new("there is no such key", keys::neighbours(&key)).at(key, origin));
        }
    }
}

/// librdkafka's keys have dots where a variable cannot: `PROPERTIES__SASL_USERNAME`. Only the
/// suffix that names a file keeps its underscore.
fn key_of_variable(rest: &str) -> String {
    let rest = rest.to_lowercase();
    match rest.split_once("__") {
        Some(("properties", name)) => match name.strip_suffix("_file") {
            Some(stem) if super::kafka::is_secret(&stem.replace('_', ".")) => {
                format!("properties.{}_file", stem.replace('_', "."))
            }
            _ => format!("properties.{}", name.replace('_', ".")),
        },
        _ => rest,
    }
}

fn not_toml(text: &str, error: &toml::de::Error) -> Wrong {
    let start = error.span().map_or(0, |span| span.start);
    let line = text
        .bytes()
        .take(start)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1;
    let message = error
        .message()
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    Wrong::new(
        format!("line {line} is not TOML: {message}"),
        "Correct that line",
    )
}
