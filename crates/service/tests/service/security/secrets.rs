//! Planted secrets: whatever goes wrong, at whatever level, none of them is ever said.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use plimsoll_sandbox::broker::InProcess;
use plimsoll_sandbox::postgres::Cluster;
use tempfile::TempDir;

use crate::service::Service;
use crate::support::{plimsoll, sql, until};

const PASSWORD: &str = "planted-database-password";
const WRONG: &str = "planted-wrong-password";
const TOKEN: &str = "planted-token-of-the-api";
const SASL: &str = "planted-sasl-password";

/// A server that asks its users for passwords, and a broker that knows nothing of SASL.
struct Servers {
    cluster: Cluster,
    broker: InProcess,
    folder: TempDir,
}

fn servers() -> &'static Servers {
    static SERVERS: OnceLock<Servers> = OnceLock::new();
    SERVERS.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        // PostgreSQL may run as somebody else, who has to read this.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let file = folder.path().join("hba");
        let lines = "host all guarded all scram-sha-256\nhost all plimsoll all trust\n";
        fs::write(&file, lines).expect("a file");
        fs::write(folder.path().join("token"), TOKEN).expect("a file");
        let file = file.display().to_string();
        let cluster = Cluster::start(&[("hba_file", &file)]).expect("PostgreSQL starts");
        cluster
            .create_database("guarded", None)
            .expect("a database");
        let owner = cluster.url("guarded");
        assert_eq!(plimsoll(&owner, &["migrate", "up"]).code, 0);
        let role =
            format!("CREATE ROLE guarded LOGIN PASSWORD '{PASSWORD}' IN ROLE plimsoll_runtime");
        sql(&owner, &role);
        let broker = InProcess::start(&[("inventory-events", 1)]).expect("a broker");
        Servers {
            cluster,
            broker,
            folder,
        }
    })
}

/// Keys of a configuration that has every secret, with the database's as given.
fn keys(password: &str, format: &str) -> Vec<String> {
    let Servers { broker, folder, .. } = servers();
    vec![
        format!("kafka.brokers={}", broker.bootstrap()),
        "kafka.properties.security.protocol=sasl_plaintext".into(),
        "kafka.properties.sasl.mechanisms=PLAIN".into(),
        "kafka.properties.sasl.username=u".into(),
        format!("kafka.properties.sasl.password={SASL}"),
        "kafka.properties.debug=all".into(),
        format!("database.password={password}"),
        format!("admin.token_file={}", folder.path().join("token").display()),
        "telemetry.log_level=debug".into(),
        format!("telemetry.log_format={format}"),
    ]
}

fn url() -> String {
    servers()
        .cluster
        .url("guarded")
        .replace("plimsoll@", "guarded@")
}

#[track_caller]
fn says_none(text: &str) {
    for secret in [PASSWORD, WRONG, TOKEN, SASL] {
        assert!(!text.contains(secret), "{secret} is said:\n{text}");
    }
}

#[test]
fn commands_say_no_secret_with_the_right_password_nor_with_a_wrong_one() {
    // The two ways to tell what a check found take their turns: each waits for a broker.
    for (password, refused, check) in [
        (PASSWORD, false, &["check", "--connect"][..]),
        (WRONG, true, &["check", "--connect", "--json"]),
    ] {
        let keys = keys(password, "human");
        let set: Vec<&str> = keys.iter().flat_map(|key| ["--set", key]).collect();
        for command in [
            &["check"][..],
            check,
            &["migrate", "status"],
            &["verify"],
            &["positions", "list"],
            &["products", "show", "A"],
            &["explain", "x"],
        ] {
            let answer = plimsoll(&url(), &[command, &set].concat());
            let said = answer.stdout + &answer.stderr;
            says_none(&said);
            let tried = said.contains("password authentication failed");
            assert_eq!(
                tried,
                refused && command != ["check"],
                "{command:?}: {said}"
            );
        }
    }
}

#[test]
fn a_running_service_logs_no_secret_whatever_refuses_it() {
    for (password, format, until_said) in [
        (PASSWORD, "human", "Kafka"),
        (PASSWORD, "json", "Kafka"),
        (WRONG, "human", "password authentication failed"),
        (WRONG, "json", "password authentication failed"),
    ] {
        let keys = keys(password, format);
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let service = Service::start(&url(), &keys);
        until(until_said, || {
            service.log().contains(until_said).then_some(())
        });
        for path in ["/livez", "/readyz", "/metrics", "/api/v1/positions"] {
            says_none(&service.get(path).1);
            says_none(&service.get_with_token(path, TOKEN).1);
        }
        service.signal("TERM");
        until("the last line", || {
            service.log().contains("drained and done").then_some(())
        });
        says_none(&service.log());
    }
}

#[test]
fn a_configuration_that_is_refused_repeats_no_secret() {
    let file = servers().folder.path().join("wrong.toml");
    for text in [
        format!("[database]\npassword = \"{PASSWORD}\nurl = 1"),
        format!("[database]\npasswort = \"{PASSWORD}\""),
        format!("[database]\nurl = \"postgres://u:{PASSWORD}@localhost:99999/d\""),
        format!("[database]\nurl = \"postgres://u:5/{PASSWORD}@db.example/d\""),
        format!("[database]\nurl = \"postgres://u:5?{PASSWORD}@localhost/d\""),
        format!("[database]\nurl = \"postgres://u:5?a={PASSWORD}@localhost/d\""),
        format!("[database]\nurl = \"postgres://u:5#{PASSWORD}@db.example/d\""),
        format!("[database]\nurl = \"u:{PASSWORD}@localhost/d\""),
        format!("[database]\nurl = \"postgres://u:x@localhost/d\"\npassword = \"{PASSWORD}\""),
        format!("[kafka.properties]\nsasl.passwort = \"{SASL}\""),
        format!("[kafka.properties]\nssl.key.pem = \"{SASL}\"\nacks = \"x\""),
        format!(
            "[kafka.properties]\nsecurity.protocol = \"sasl_ssl\"\nsasl.mechanism = \"PLAIN\"\nsasl.password = \"{SASL}\""
        ),
    ] {
        fs::write(&file, &text).expect("a file");
        let config = file.display().to_string();
        let mut command = crate::support::command("", &["check", "--config", &config]);
        command.env_remove("PLIMSOLL_DATABASE__URL");
        let answer = command.output().expect("the binary starts");
        let said = [answer.stdout, answer.stderr].concat();
        let said = String::from_utf8(said).expect("UTF-8");
        assert_eq!(answer.status.code(), Some(2), "{text}: {said}");
        says_none(&said);
    }
}
