//! A broker that clients reach by TLS and a password (SCRAM-SHA-512), with a certificate of an
//! authority of its own, and a second authority that nobody should trust. The harness has a plain
//! listener beside it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::{Broker, Listener};
use crate::account::Account;
use crate::house::House;
use crate::ports;

/// The one user.
pub const USER: &str = "plimsoll";

/// Its password.
pub const PASSWORD: &str = "right-and-secret";

/// What the certificate is good for.
const EXTENSIONS: &str = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n";

/// A running broker. Dropping it ends it and removes all keys.
pub struct Secured {
    broker: Broker,
    keys: House,
    port: u16,
}

impl Secured {
    /// Makes keys and certificates with the program `openssl`, starts the broker and makes its user:
    /// ten seconds.
    ///
    /// # Errors
    /// `openssl` is missing, or as [`Broker::start`].
    pub fn start() -> Result<Secured> {
        let keys = House::new("keys", "KILL", Account::ours())?;
        for authority in ["ca", "stranger"] {
            make_authority(&keys, authority)?;
        }
        sign_server(&keys)?;
        let port = ports::free()?;
        let broker = ports::start_on(ports::free()?, |plain| start(plain, port, &keys))?;
        let secured = Secured { broker, keys, port };
        secured.make_user()?;
        Ok(secured)
    }

    /// The broker, with its plain listener.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// `bootstrap.servers` of clients that come by TLS.
    pub fn bootstrap(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// The certificate of the authority that signed the broker's.
    pub fn authority(&self) -> PathBuf {
        self.keys.folder().join("ca.pem")
    }

    /// The certificate of another authority.
    pub fn stranger(&self) -> PathBuf {
        self.keys.folder().join("stranger.pem")
    }

    fn make_user(&self) -> Result<()> {
        let password = format!("SCRAM-SHA-512=[password={PASSWORD}]");
        let arguments = ["--alter", "--entity-type", "users", "--entity-name", USER];
        let arguments = [&arguments[..], &["--add-config", &password]].concat();
        let made = self.broker.tool("kafka.admin.ConfigCommand", &arguments);
        made.map(drop)
    }
}

fn start(plain: u16, port: u16, keys: &House) -> Result<Broker> {
    let at = format!("localhost:{port}");
    let listener = Listener {
        name: "SASL_SSL",
        protocol: "SASL_SSL",
        bound: &at,
        advertised: &at,
    };
    let file = |name: &str| keys.folder().join(name).display().to_string();
    let (keystore, truststore) = (file("server.chain"), file("ca.pem"));
    let security = [
        ("sasl.enabled.mechanisms", "SCRAM-SHA-512"),
        (
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        ),
        ("ssl.keystore.type", "PEM"),
        ("ssl.keystore.location", &keystore),
        ("ssl.truststore.type", "PEM"),
        ("ssl.truststore.location", &truststore),
    ];
    listener.start(plain, &security)
}

fn make_authority(keys: &House, name: &str) -> Result<()> {
    openssl(
        keys,
        &format!(
            "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={name} -keyout {name}.key \
             -out {name}.pem -addext basicConstraints=critical,CA:TRUE"
        ),
    )
}

/// Kafka reads key, certificate and authority from one file.
fn sign_server(keys: &House) -> Result<()> {
    let file = |name: &str| keys.folder().join(name);
    fs::write(file("extensions"), EXTENSIONS)?;
    openssl(
        keys,
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    )?;
    openssl(
        keys,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile extensions -out server.pem",
    )?;
    let parts = ["server.key", "server.pem", "ca.pem"].map(|name| fs::read_to_string(file(name)));
    let chain = parts.into_iter().collect::<Result<String, _>>()?;
    Ok(fs::write(file("server.chain"), chain)?)
}

fn openssl(keys: &House, words: &str) -> Result<()> {
    let mut command = Command::new("openssl");
    command
        .args(words.split_whitespace())
        .current_dir(keys.folder());
    let answer = command.output().context("cannot run `openssl`")?;
    ensure!(
        answer.status.success(),
        "openssl {words}: {}",
        String::from_utf8_lossy(&answer.stderr)
    );
    Ok(())
}
