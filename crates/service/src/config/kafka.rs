//! The sections [kafka] and [kafka.properties].

use plimsoll_core::kafka::{OWNED, Protocol, Settings, Start};
use rdkafka::ClientConfig;
use rdkafka::error::KafkaError;

use super::finding::{Finding, Wrong};
use super::keys::PROPERTIES;
use super::layers::Written;
use super::reader::Reader;
use super::values::{choice, text};

/// librdkafka's keys whose values are secrets; each may also be given as `…_file`.
const SECRETS: [&str; 5] = [
    "sasl.password",
    "ssl.key.password",
    "ssl.key.pem",
    "ssl.keystore.password",
    "sasl.oauthbearer.client.secret",
];

const TOPIC_BYTES_MAX: usize = 249;

pub(super) fn is_secret(property: &str) -> bool {
    SECRETS.contains(&property)
}

pub(super) fn read(reader: &mut Reader) -> Settings {
    Settings {
        brokers: reader.read("kafka.brokers", brokers),
        topic: reader.read("kafka.topic", topic),
        group: reader.read("kafka.group", text),
        start: reader.read(
            "kafka.start",
            choice(&[("beginning", Start::Beginning), ("end", Start::End)]),
        ),
        protocol: reader.read(
            "kafka.protocol",
            choice(&[
                ("classic", Protocol::Classic),
                ("consumer", Protocol::Consumer),
            ]),
        ),
        properties: properties(reader),
    }
}

fn properties(reader: &mut Reader) -> Vec<(String, String)> {
    let mut properties = Vec::new();
    for (name, written) in reader.properties() {
        let key = format!("{PROPERTIES}.{name}");
        let stem = name.strip_suffix("_file").filter(|stem| is_secret(stem));
        let property = match stem {
            Some(stem) => reader.in_file(&key, written).map(|secret| {
                (
                    stem.to_owned(),
                    Written {
                        text: secret.text,
                        origin: secret.origin,
                    },
                )
            }),
            None => Some((name, written)),
        };
        let Some((name, written)) = property else {
            continue;
        };
        match refused(&name, &written.text) {
            Some(wrong) => reader.finding(wrong.at(key, written.origin)),
            None => properties.push((name, written.text)),
        }
    }
    properties
}

/// Why a key of librdkafka cannot be set.
fn refused(name: &str, value: &str) -> Option<Wrong> {
    if let Some((_, why)) = OWNED.iter().find(|(owned, _)| *owned == name) {
        return Some(Wrong::new(
            format!("Plimsoll sets {name} itself: {why}"),
            "Remove it",
        ));
    }
    let config = ClientConfig::new().set(name, value).create_native_config();
    config.err().map(|error| {
        Wrong::new(
            format!("librdkafka refuses it: {}", why(error)),
            "Correct it after librdkafka's CONFIGURATION.md, or remove it",
        )
    })
}

/// In librdkafka's words, without the value, which may be a secret.
fn why(error: KafkaError) -> String {
    match error {
        KafkaError::ClientConfig(_, why, _, _) => why,
        other => other.to_string(),
    }
}

fn brokers(list: &str) -> Result<String, Wrong> {
    let fix = "Write host:port, with commas between several";
    for broker in list.split(',') {
        let broker = broker.trim();
        let (host, port) = broker.rsplit_once(':').unwrap_or((broker, "9092"));
        if host.is_empty() || host.contains(char::is_whitespace) {
            return Err(Wrong::new(
                format!("`{list}` names a broker without a host"),
                fix,
            ));
        }
        if !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(Wrong::new(format!("`{port}` is not a port"), fix));
        }
    }
    Ok(list.to_owned())
}

/// As Kafka itself checks it.
fn topic(name: &str) -> Result<String, Wrong> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty()
        || name.len() > TOPIC_BYTES_MAX
        || name == "."
        || name == ".."
        || !name.chars().all(legal)
    {
        let fix =
            format!("Write 1 to {TOPIC_BYTES_MAX} of the characters a-z, A-Z, 0-9, `.`, `_`, `-`");
        return Err(Wrong::new(format!("`{name}` is no name of a topic"), fix));
    }
    Ok(name.to_owned())
}

/// Keys that make sense alone but not together, by asking librdkafka for a client.
pub(super) fn together(settings: &Settings) -> Option<Finding> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    let client = config.create::<rdkafka::producer::BaseProducer>();
    let error = client.err()?;
    Some(
        Wrong::new(
            format!("librdkafka refuses them together: {error}"),
            "Correct them after librdkafka's CONFIGURATION.md",
        )
        .at(PROPERTIES, ""),
    )
}
