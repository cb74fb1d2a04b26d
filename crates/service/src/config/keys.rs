//! Every key there is, with its default as one would write it. What a key may hold is said where
//! it is read, in the sections.

/// Keys and their defaults.
pub(crate) const KEYS: &[(&str, &str)] = &[
    ("kafka.brokers", "localhost:9092"),
    ("kafka.topic", "inventory-events"),
    ("kafka.group", "plimsoll"),
    ("kafka.start", "beginning"),
    ("kafka.protocol", "classic"),
    ("database.url", "postgres://plimsoll@localhost/plimsoll"),
    ("database.url_file", ""),
    ("database.password", ""),
    ("database.password_file", ""),
    ("database.durability", "strict"),
    ("consumer.lanes", "2"),
    ("consumer.batch_records_max", "5000"),
    ("consumer.batch_bytes_max", "8 MiB"),
    ("consumer.drain_limit", "20 s"),
    ("stock.unknown_sku", "park"),
    ("stock.nature", "intent"),
    ("stock.floor_default", "0"),
    ("stock.id_window", "7 days"),
    ("ledger.keep", "forever"),
    ("ledger.part_bytes_max", "1 GiB"),
    ("rules.folder", ""),
    ("rules.unsigned", "refuse"),
    ("rules.trusted_keys", ""),
    ("admin.listen", "127.0.0.1:8090"),
    ("admin.token_file", ""),
    ("telemetry.log_format", "human"),
    ("telemetry.log_level", "info"),
    ("telemetry.otlp_endpoint", ""),
    ("telemetry.sample_ratio", "0.01"),
    ("telemetry.event_parent", "batch"),
    ("telemetry.trace_url", ""),
];

/// The one key that is a table of its own, whose keys are librdkafka's.
pub(crate) const PROPERTIES: &str = "kafka.properties";

/// Keys that may be written as a list of texts, too; commas join them.
const LISTS: &[&str] = &["kafka.brokers", "rules.trusted_keys"];

/// Whether a key may be written as a list.
pub(super) fn is_list(key: &str) -> bool {
    LISTS.contains(&key)
}

/// The default of a key.
///
/// # Panics
/// If there is no such key.
pub(super) fn default_of(key: &str) -> &'static str {
    let found = KEYS.iter().find(|(name, _)| *name == key);
    found.expect("a key that is read is in the table").1
}

/// The name of librdkafka's key, if this is one.
pub(super) fn property(key: &str) -> Option<&str> {
    key.strip_prefix(PROPERTIES)?
        .strip_prefix('.')
        .filter(|name| !name.is_empty())
}

/// Whether a key may be written.
pub(super) fn is_known(key: &str) -> bool {
    property(key).is_some() || KEYS.iter().any(|(name, _)| *name == key)
}

/// The key that a variable means whose section ends in one underscore.
pub(super) fn meant(variable: &str) -> Option<&'static str> {
    let mut names = KEYS.iter().map(|&(name, _)| name);
    names.find(|name| name.replace('.', "_").to_uppercase() == variable)
}

/// What could have been meant: the keys of the section, or the sections.
pub(super) fn neighbours(key: &str) -> String {
    let section = key.split('.').next().unwrap_or_default();
    let in_section = KEYS
        .iter()
        .filter_map(|(name, _)| Some((name, name.strip_prefix(section)?.strip_prefix('.')?)));
    let names: Vec<&str> = in_section.map(|(_, name)| name).collect();
    if names.is_empty() {
        return "The sections are kafka, database, consumer, stock, ledger, rules, admin and telemetry"
            .to_owned();
    }
    let table = if section == "kafka" {
        ", properties"
    } else {
        ""
    };
    format!("The keys of {section} are {}{table}", names.join(", "))
}
