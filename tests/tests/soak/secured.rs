//! Kafka by TLS and SCRAM-SHA-512: with the right authority and password the service runs; with a
//! wrong one it is refused, says why, and can be ended.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use plimsoll_sandbox::kafka::secured::{PASSWORD, Secured, USER};
use plimsoll_sandbox::topics;
use plimsoll_sandbox::workload::{Traffic, produce};
use plimsoll_tests::ours::{self, Settings};
use plimsoll_tests::servers::database;

use crate::scene::{all_is_applied, ends_well, laid_out, mixed, or_quote, start};

const TOPIC: &str = "secured";
const PARTITIONS: i32 = 4;
const WRONG_PASSWORD: &str = "wrong-and-as-secret";

/// Within which `plimsoll check --connect` has its finding.
const CHECK_LIMIT: Duration = Duration::from_secs(30);

/// Exit code of what is wrong outside the configuration.
const SURROUNDINGS: i32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn tls_and_scram_let_in_who_knows_the_authority_and_the_password_and_nobody_else() {
    let kafka = Secured::start().expect("a broker with TLS starts");
    let plain = kafka.broker().bootstrap();
    let shape = mixed(PARTITIONS, true);
    let created = topics::create(&plain, TOPIC, PARTITIONS).await;
    created.expect("a topic");
    let traffic = Traffic::new(shape.clone(), 26).take(20_000);
    produce(&plain, TOPIC, traffic).expect("the records arrive");
    let outside = Settings::new(&database(None).expect("a database"), &plain, TOPIC);
    let outside = laid_out(outside, &shape).await;
    let settings = |authority: PathBuf, password| Settings {
        bootstrap: kafka.bootstrap(),
        more: credentials(&authority, password),
        ..outside.clone()
    };

    let stranger = settings(kafka.stranger(), PASSWORD);
    is_refused(&stranger, "certificate verify failed");
    let guessed = settings(kafka.authority(), WRONG_PASSWORD);
    is_refused(&guessed, "authentication");
    let right = settings(kafka.authority(), PASSWORD);
    ours::succeed(&right, &["check", "--connect"]).expect("there is no finding");
    let plimsoll = start(&right);
    all_is_applied(&outside, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    ends_well(&outside, &shape, Vec::new()).await;
}

fn credentials(authority: &Path, password: &str) -> String {
    format!(
        "[kafka.properties]\n'security.protocol' = 'sasl_ssl'\n'sasl.mechanisms' = 'SCRAM-SHA-512'\n\
         'sasl.username' = '{USER}'\n'sasl.password' = '{password}'\n'ssl.ca.location' = '{}'\n",
        authority.display()
    )
}

/// By `check` in bounded time and with the right exit code; by `run`, which waits for somebody to
/// mend it, in its log and at `/readyz`. Neither repeats the password.
fn is_refused(settings: &Settings, reason: &str) {
    let asked = Instant::now();
    let output = ours::command(settings, &["check", "--connect"]).expect("it ends");
    assert!(asked.elapsed() < CHECK_LIMIT, "{:?}", asked.elapsed());
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let said = said.concat();
    assert_eq!(output.status.code(), Some(SURROUNDINGS), "{said}");
    says(&said, reason);

    let mut plimsoll = start(settings);
    let heard = plimsoll.until(reason, |plimsoll| Ok(plimsoll.log_tail().contains(reason)));
    or_quote(heard, &[&plimsoll]);
    assert!(plimsoll.get("/readyz").is_err(), "it is not ready");
    says(&plimsoll.log_tail(), reason);
    plimsoll.stop().expect("it ends with 0");
}

fn says(text: &str, reason: &str) {
    assert!(text.contains(reason), "{reason}:\n{text}");
    let secret = [PASSWORD, WRONG_PASSWORD]
        .iter()
        .any(|password| text.contains(password));
    assert!(!secret, "a password in:\n{text}");
}
