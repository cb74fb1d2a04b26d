//! Every refusal of a configuration: it names the key, where it was written, why, and what to do.

mod rules;

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};
use plimsoll_core::kafka::{Protocol, Start};
use plimsoll_domain::{Nature, OnUnknownSku};

use super::{Config, Sources};

/// A configuration from a file of this text, these variables and these flags.
fn load(
    toml: &str,
    variables: &[(&str, &str)],
    flags: &[&str],
) -> Result<Config, Vec<super::Finding>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plimsoll.toml");
    std::fs::write(
        &file,
        toml.replace("FOLDER", &folder.path().display().to_string()),
    )
    .expect("a file");
    std::fs::write(folder.path().join("secret"), "0123456789abcdef\n").expect("a file");
    std::fs::write(folder.path().join("short"), "abc\n").expect("a file");
    std::fs::write(folder.path().join("empty"), "\n").expect("a file");
    Config::load(&Sources {
        file: Some(file),
        variables: variables
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
    })
    .map_err(|findings| {
        findings
            .into_iter()
            .map(|finding| without_folder(finding, folder.path()))
            .collect()
    })
}

fn without_folder(mut finding: super::Finding, folder: &Path) -> super::Finding {
    let folder = format!("{}/", folder.display());
    for text in [&mut finding.key, &mut finding.origin, &mut finding.reason] {
        *text = text.replace(&folder, "");
    }
    finding
}

fn check(toml: &str, expected: Expect) {
    check_all(toml, &[], &[], expected);
}

fn check_all(toml: &str, variables: &[(&str, &str)], flags: &[&str], expected: Expect) {
    let findings = load(toml, variables, flags).expect_err("something is wrong");
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("{finding}\n"))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn nothing_written_is_a_configuration() {
    let config = Config::load(&Sources::default()).expect("defaults are valid");
    assert_eq!(
        (config.kafka.start, config.kafka.protocol),
        (Start::Beginning, Protocol::Classic)
    );
    assert_eq!(
        (config.stock.policy.unknown_sku, config.stock.nature),
        (OnUnknownSku::Park, Nature::Intent)
    );
    assert_eq!(config.stock.id_window, Duration::from_secs(7 * 86_400));
    assert_eq!(
        (config.consumer.lanes, config.consumer.batch_bytes_max),
        (2, 8 << 20)
    );
    assert_eq!((config.ledger.keep, config.admin.token), (None, None));
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let toml = "[kafka]\nbrokers = 'file:1'\ntopic = 'file'\ngroup = 'file'";
    let variables = [
        ("PLIMSOLL_KAFKA__TOPIC", "variable"),
        ("PLIMSOLL_KAFKA__GROUP", "variable"),
        ("PLIMSOLL_CACHE", "/x"),
        ("HOME", "/"),
    ];
    let config = load(toml, &variables, &["kafka.group=flag"]).expect("nothing is wrong");
    assert_eq!(
        (
            config.kafka.brokers.as_str(),
            config.kafka.topic.as_str(),
            config.kafka.group.as_str()
        ),
        ("file:1", "variable", "flag")
    );
}

#[test]
fn unknown_keys_and_an_empty_address_are_refused_wherever_they_are_written() {
    check_all(
        "brokers = 'a:1'\n[kafka]\nbroker = 'a:1'\n[rules]\nfolders = ''",
        &[
            ("PLIMSOLL_CONSUMER__LANE", "2"),
            ("PLIMSOLL_NOTHING__AT_ALL", ""),
            ("PLIMSOLL_STOCK_NATURE", "fact"),
            ("PLIMSOLL_DATABASE__URL", ""),
        ],
        &["stock.window=1", "kafka.brokers"],
        expect![[r#"
            brokers (plimsoll.toml): there is no such key. The sections are kafka, database, consumer, stock, ledger, rules, admin and telemetry.
            kafka.broker (plimsoll.toml): there is no such key. The keys of kafka are brokers, topic, group, start, protocol, properties.
            rules.folders (plimsoll.toml): there is no such key. The keys of rules are folder, unsigned, trusted_keys.
            consumer.lane (PLIMSOLL_CONSUMER__LANE): there is no such key. The keys of consumer are lanes, batch_records_max, batch_bytes_max, drain_limit.
            nothing.at_all (PLIMSOLL_NOTHING__AT_ALL): there is no such key. The sections are kafka, database, consumer, stock, ledger, rules, admin and telemetry.
            stock.nature (PLIMSOLL_STOCK_NATURE): two underscores follow the section. Write PLIMSOLL_STOCK__NATURE.
            stock.window (--set): there is no such key. The keys of stock are unknown_sku, nature, floor_default, id_window.
            kafka.brokers (--set): has no value. Write --set KEY=VALUE.
            database.url (PLIMSOLL_DATABASE__URL): is empty. Write postgres://user@host:5432/database?sslmode=verify-full.
        "#]],
    );
}

#[test]
fn a_file_that_is_none_is_refused() {
    check(
        "[kafka\nbrokers = 1",
        expect![[r#"
        plimsoll.toml: line 1 is not TOML: unclosed table, expected `]`. Correct that line.
    "#]],
    );
    check(
        "[kafka]\nbrokers = ['a:1']\ntopic = ['a']\n[consumer]\nlanes = 2.0",
        expect![[r#"
            kafka.topic (plimsoll.toml): a value of type array means nothing here. Write a text or a number.
        "#]],
    );
    let missing = Config::load(&Sources {
        file: Some("/nowhere/plimsoll.toml".into()),
        ..Sources::default()
    });
    let findings = missing.expect_err("there is no such file");
    expect!["/nowhere/plimsoll.toml: cannot be read: No such file or directory (os error 2). Name a file that is there with --config."].assert_eq(&findings[0].to_string());
}

#[test]
fn kafka_is_checked_as_far_as_it_can_be_without_kafka() {
    check(
        "[kafka]\nbrokers = 'a:1, :2'\ntopic = 'a b'\ngroup = ' '\nstart = 'latest'\nprotocol = 'kip848'",
        expect![[r#"
            kafka.brokers (plimsoll.toml): `a:1, :2` names a broker without a host. Write host:port, with commas between several.
            kafka.topic (plimsoll.toml): `a b` is no name of a topic. Write 1 to 249 of the characters a-z, A-Z, 0-9, `.`, `_`, `-`.
            kafka.group (plimsoll.toml): is empty. Write a text.
            kafka.start (plimsoll.toml): `latest` is not one of its words. Write beginning or end.
            kafka.protocol (plimsoll.toml): `kip848` is not one of its words. Write classic or consumer.
        "#]],
    );
    check(
        "[kafka]\nbrokers = 'a:0'",
        expect![[r#"
        kafka.brokers (plimsoll.toml): `0` is not a port. Write host:port, with commas between several.
    "#]],
    );
}

#[test]
fn keys_of_librdkafka_are_handed_over_or_refused_with_the_reason() {
    check_all(
        "[kafka.properties]\nisolation.level = 'read_uncommitted'\n'group.id' = 'x'\n'sesion.timeout.ms' = 1\n'session.timeout.ms' = 'x'\n'sasl.password_file' = 'FOLDER/nothing'",
        &[("PLIMSOLL_KAFKA__PROPERTIES__AUTO_OFFSET_RESET", "latest")],
        &[],
        expect![[r#"
            kafka.properties.auto.offset.reset (PLIMSOLL_KAFKA__PROPERTIES__AUTO_OFFSET_RESET): Plimsoll sets auto.offset.reset itself: a position outside the log halts the partition; jumping would lose or repeat records. Remove it.
            kafka.properties.group.id (plimsoll.toml): Plimsoll sets group.id itself: set kafka.group instead. Remove it.
            kafka.properties.isolation.level (plimsoll.toml): Plimsoll sets isolation.level itself: aborted transactions must not change stock. Remove it.
            kafka.properties.sasl.password_file (plimsoll.toml): nothing cannot be read: No such file or directory (os error 2). Name a file that this process may read.
            kafka.properties.sesion.timeout.ms (plimsoll.toml): librdkafka refuses it: No such configuration property: "sesion.timeout.ms". Correct it after librdkafka's CONFIGURATION.md, or remove it.
            kafka.properties.session.timeout.ms (plimsoll.toml): librdkafka refuses it: Invalid value for configuration property "session.timeout.ms". Correct it after librdkafka's CONFIGURATION.md, or remove it.
        "#]],
    );
    let variables = [
        ("PLIMSOLL_KAFKA__PROPERTIES__SASL_USERNAME", "u"),
        ("PLIMSOLL_KAFKA__PROPERTIES__SESSION_TIMEOUT_MS", "9000"),
    ];
    let toml = "[kafka.properties]\nssl.ca.location = '/x'\n'sasl.password_file' = 'FOLDER/secret'\nclient.id = 'c'";
    let config = load(toml, &variables, &[]).expect("nothing is wrong");
    let properties: Vec<(&str, &str)> = config
        .kafka
        .properties
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        properties,
        [
            ("client.id", "c"),
            ("sasl.password", "0123456789abcdef"),
            ("sasl.username", "u"),
            ("session.timeout.ms", "9000"),
            ("ssl.ca.location", "/x")
        ]
    );
}

#[test]
fn plain_text_to_another_machine_must_be_asked_for() {
    check(
        "[database]\nurl = 'postgres://u@db.example/d'",
        expect![[r#"
        database.url (plimsoll.toml): db.example is another machine and sslmode is not stated: the connection would fall back to plain text. Add ?sslmode=verify-full (or ?sslmode=disable, if plain text is what you want).
    "#]],
    );
    for url in [
        "postgres://u@db.example/d?sslmode=verify-full",
        "postgres://u@db.example/d?sslmode=disable",
        "postgres://u@localhost/d",
        "postgres://u@127.0.0.7/d",
        "postgres://u@[::1]/d",
        "postgres:///d?host=/run/postgresql",
    ] {
        assert!(
            load(&format!("[database]\nurl = '{url}'"), &[], &[]).is_ok(),
            "{url}"
        );
    }
}

#[test]
fn a_database_that_cannot_be_named_so_is_refused_and_no_password_is_repeated() {
    check(
        "[database]\nurl = 'localhost:5432'\ndurability = 'fast'",
        expect![[r#"
        database.url (plimsoll.toml): its scheme is localhost. Write postgres://user@host:5432/database?sslmode=verify-full.
        database.durability (plimsoll.toml): `fast` is not one of its words. Write strict or relaxed.
    "#]],
    );
    check(
        "[database]\nurl = 'mysql://u:hush@localhost/d'",
        expect![[r#"
        database.url (plimsoll.toml): its scheme is mysql. Write postgres://user@host:5432/database?sslmode=verify-full.
    "#]],
    );
    check(
        "[database]\nurl = 'postgres://u:hush@localhost:99999/d'",
        expect![[r#"
        database.url (plimsoll.toml): is not a URL: invalid port number. Write postgres://user@host:5432/database?sslmode=verify-full.
    "#]],
    );
    for broken in ["5/hush", "5?hush", "5#hush"] {
        check(
            &format!("[database]\nurl = 'postgres://u:{broken}@localhost/d'"),
            expect![[r#"
            database.url (plimsoll.toml): an @ follows its host: a password holds a /, ? or # that is not escaped. Write them as %2F, %3F and %23, or give database.password.
        "#]],
        );
    }
    check(
        "[database]\nurl = 'postgres://u:hush@localhost/d?sslmod=disable'",
        expect![[r#"
        database.url (plimsoll.toml): there is no parameter sslmod. Remove it; there are sslmode, ssl-mode, sslrootcert, ssl-root-cert, ssl-ca, sslcert, ssl-cert, sslkey, ssl-key, host, hostaddr, port, dbname, user, password, application_name, options, statement-cache-capacity.
    "#]],
    );
}

#[test]
fn secrets_may_lie_in_files() {
    let config = load(
        "[database]\nurl = 'postgres://u@localhost/d'\npassword_file = 'FOLDER/secret'",
        &[],
        &[],
    )
    .expect("nothing is wrong");
    assert_eq!(
        config.database.url,
        "postgres://u:0123456789abcdef@localhost/d"
    );
    let config = load("[database]\npassword = 'a/b'", &[], &[]).expect("nothing is wrong");
    assert_eq!(
        config.database.url,
        "postgres://plimsoll:a%2Fb@localhost/plimsoll"
    );
    let config = load(
        "[database]\nurl_file = 'FOLDER/nothing'",
        &[("PLIMSOLL_DATABASE__URL", "postgres://u@localhost/later")],
        &[],
    );
    assert_eq!(
        config.expect("the later layer wins").database.url,
        "postgres://u@localhost/later"
    );
    check(
        "[database]\nurl = 'postgres://u@localhost/d'\nurl_file = 'FOLDER/secret'",
        expect![[r#"
        database.url_file (plimsoll.toml): both database.url and database.url_file are given. Give one of the two.
    "#]],
    );
    check(
        "[database]\npassword_file = 'FOLDER/nothing'",
        expect![[r#"
        database.password_file (plimsoll.toml): nothing cannot be read: No such file or directory (os error 2). Name a file that this process may read.
    "#]],
    );
    check(
        "[database]\npassword_file = 'FOLDER/empty'",
        expect![[r#"
        database.password_file (plimsoll.toml): empty is empty. Write the secret into it.
    "#]],
    );
    check(
        "[database]\nurl = 'postgres://u:hush@localhost/d'\npassword = 'hush'",
        expect![[r#"
        database.url (plimsoll.toml): holds a password, and database.password gives another. Remove one of the two.
    "#]],
    );
}

#[test]
fn what_others_can_reach_needs_a_token() {
    check(
        "[admin]\nlisten = '0.0.0.0:8090'",
        expect![[r#"
        admin.token_file: admin.listen is 0.0.0.0:8090, which others can reach, and nothing keeps them out. Name a file with a token, or listen on 127.0.0.1.
    "#]],
    );
    check(
        "[admin]\nlisten = 'localhost:8090'",
        expect![[r#"
        admin.listen (plimsoll.toml): `localhost:8090` is not an address and a port. Write an IP address and a port, such as 127.0.0.1:8090 or [::1]:8090.
    "#]],
    );
    check(
        "[admin]\nlisten = '0.0.0.0:8090'\ntoken_file = 'FOLDER/short'",
        expect![[r#"
        admin.token_file (plimsoll.toml): the token has 3 bytes and could be guessed. Write 16 bytes or more into the file.
    "#]],
    );
    let config = load(
        "[admin]\nlisten = '0.0.0.0:8090'\ntoken_file = 'FOLDER/secret'",
        &[],
        &[],
    )
    .expect("nothing is wrong");
    assert_eq!(config.admin.token.as_deref(), Some("0123456789abcdef"));
}

#[test]
fn numbers_sizes_and_times_have_limits() {
    check(
        "[consumer]\nlanes = 0\nbatch_records_max = 'many'\nbatch_bytes_max = '9 GiB'\ndrain_limit = 20\n[stock]\nunknown_sku = 'drop'\nnature = ''\nfloor_default = 1\nid_window = '0 s'\n[ledger]\nkeep = '1 h'\npart_bytes_max = '1 KiB'\n[telemetry]\nlog_format = 'xml'\nlog_level = 'loud'\notlp_endpoint = 'http://user:secret@localhost:4318'",
        expect![[r#"
            stock.unknown_sku (plimsoll.toml): `drop` is not one of its words. Write park or reject or create.
            stock.floor_default (plimsoll.toml): `1` is too high. Write a whole number from -9223372036854775808 to 0.
            stock.nature (plimsoll.toml): `` is not one of its words. Write intent or fact.
            stock.id_window (plimsoll.toml): `0 s` is too low. Write a time from 1 s to 3650 days.
            consumer.lanes (plimsoll.toml): `0` is too low. Write a whole number from 1 to 64.
            consumer.batch_records_max (plimsoll.toml): `many` is not a whole number. Write a whole number from 1 to 50000.
            consumer.batch_bytes_max (plimsoll.toml): `9 GiB` is too high. Write a size from 1 KiB to 256 MiB.
            consumer.drain_limit (plimsoll.toml): `20` is not a length of time (units: ms, s, min, h, days). Write a time from 1 s to 10 min.
            ledger.keep (plimsoll.toml): `1 h` is too low. Write a time from 1 days to 36500 days.
            ledger.part_bytes_max (plimsoll.toml): `1 KiB` is too low. Write a size from 1 MiB to 1024 GiB.
            telemetry.log_format (plimsoll.toml): `xml` is not one of its words. Write human or json.
            telemetry.log_level (plimsoll.toml): `loud` is not one of its words. Write error or warn or info or debug.
            telemetry.otlp_endpoint (plimsoll.toml): an address with a user or password is written to logs. Take them out, and give them by the variable OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Basic%20dXNlcjpwYXNz.
        "#]],
    );
}

#[test]
fn every_key_stands_in_the_readme_with_its_default() {
    let readme = include_str!("../../README.md");
    for (key, default) in super::keys::KEYS {
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{key}` |")));
        let row =
            row.unwrap_or_else(|| panic!("{key} is not in the table of crates/service/README.md"));
        let written = if default.is_empty() {
            "none".to_owned()
        } else {
            format!("`{default}`")
        };
        assert!(
            row.contains(&format!("| {written} |")),
            "{key}: the README does not say that its default is {default}: {row}"
        );
    }
}
