//! Spans as a real Jaeger received them, asked over its stable API: from a producer's span to the
//! ledger row, refusals whoever samples, and a receiver that dies under load. Judges no stock.

mod jaeger;
mod receivers;
mod record;
mod shown;

use std::sync::OnceLock;
use std::time::Duration;

use plimsoll_sandbox::jaeger::Jaeger;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::record::adjust;
use plimsoll_tests::servers::{broker, database, topic};
use plimsoll_tests::skipped;
use sea_orm::sqlx::{self, Connection, PgConnection};

use jaeger::{Span, trace};
use record::{STATE, followed, send};

const PATIENCE: Duration = Duration::from_secs(60);
const SHOP: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SALE: &str = "00f067aa0ba902b7";

/// Names that the conventions have given up, by their beginnings.
const DEPRECATED: [&str; 9] = [
    "messaging.operation",
    "messaging.kafka.consumer.group",
    "messaging.kafka.destination.partition",
    "messaging.kafka.message.offset",
    "messaging.client_id",
    "db.system",
    "db.statement",
    "db.name",
    "db.operation",
];
/// Of those, what begins like them and is current.
const CURRENT: [&str; 5] = [
    "db.namespace",
    "messaging.operation.name",
    "messaging.operation.type",
    "db.system.name",
    "db.operation.name",
];

/// The Jaeger of all tests but one; `None`, said loudly, where it is not installed.
fn jaeger() -> Option<&'static Jaeger> {
    static JAEGER: OnceLock<Option<Jaeger>> = OnceLock::new();
    JAEGER.get_or_init(started).as_ref()
}

fn started() -> Option<Jaeger> {
    let started = Jaeger::start();
    if let Err(error) = &started {
        skipped(format_args!("{error:#}"));
    }
    started.ok()
}

async fn laid_out(jaeger: &Jaeger, more: &str) -> Settings {
    laid_out_at(&jaeger.otlp_url(), more).await
}

async fn laid_out_at(receiver: &str, more: &str) -> Settings {
    let settings = Settings {
        more: format!("[telemetry]\notlp_endpoint = '{receiver}'\n{more}"),
        ..Settings::new(
            &database(None).expect("a database"),
            &broker().bootstrap(),
            &topic(4).await.expect("a topic"),
        )
    };
    ours::prepare(&settings, 10, 5).await.expect("products");
    settings
}

/// Runs until all is applied, and ends, so that every span is sent.
async fn run_through(settings: &Settings) {
    let plimsoll = Plimsoll::start(settings).expect("it starts");
    ours::until_applied(settings, PATIENCE)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", plimsoll.log_tail()));
    plimsoll.stop().expect("it drains");
}

async fn trace_of(settings: &Settings, sql: &'static str) -> Option<String> {
    let mut connection = PgConnection::connect(&settings.database_url)
        .await
        .expect("a connection");
    let id = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    id.expect("one row")
}

fn the_only<'s>(spans: &'s [Span], name: &str) -> &'s Span {
    let mut named = spans.iter().filter(|span| span.name.starts_with(name));
    let found = named
        .next()
        .unwrap_or_else(|| panic!("no span {name} in {spans:#?}"));
    assert!(named.next().is_none(), "more than one {name} in {spans:#?}");
    found
}

/// Every stage of a batch, and the statements of its transaction.
fn stages_stand_within(all: &[Span], batch: &Span) {
    let attempt = the_only(all, "attempt");
    for stage in ["decode", "lock SKUs", "attempt"] {
        assert_eq!(the_only(all, stage).parent, batch.id, "{stage}");
    }
    for stage in ["read stock", "look up ids", "fold", "transaction"] {
        assert_eq!(the_only(all, stage).parent, attempt.id, "{stage}");
    }
    let transaction = the_only(all, "transaction");
    for statement in [
        "BEGIN",
        "UPDATE positions",
        "UPDATE products",
        "INSERT ledger",
        "COMMIT",
    ] {
        let statement = all
            .iter()
            .find(|span| span.name == statement && span.parent == transaction.id);
        let statement = statement.unwrap_or_else(|| panic!("no such statement in {all:#?}"));
        assert_eq!(statement.kind, "SPAN_KIND_CLIENT");
        assert_eq!(statement.attribute("db.system.name"), Some("postgresql"));
        for name in [
            "db.namespace",
            "db.query.text",
            "server.address",
            "server.port",
        ] {
            assert!(statement.attribute(name).is_some(), "{name}");
        }
    }
}

fn names_are_current(all: &[Span]) {
    for name in all.iter().flat_map(Span::names) {
        let deprecated = DEPRECATED.iter().any(|old| name.starts_with(old));
        let current = CURRENT.contains(&name) || name.starts_with("db.query");
        assert!(!deprecated || current, "{name} is given up");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_followed_from_its_producers_span_to_its_ledger_row() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0").await;
    jaeger::receive_sale(jaeger, SHOP, SALE);
    send(
        &settings,
        [
            followed(adjust("SKU1", 3, "first"), SHOP, SALE, true),
            followed(
                adjust("SKU2", 3, "second"),
                "0af7651916cd43dd8448eb211c80319c",
                SALE,
                false,
            ),
        ],
    );
    run_through(&settings).await;

    let row = trace_of(
        &settings,
        "SELECT trace_id::text FROM ledger WHERE sku = 'SKU1' AND kind = 'adjust'",
    )
    .await;
    assert_eq!(row.map(|id| id.replace('-', "")).as_deref(), Some(SHOP));
    let spans = jaeger::spans_linked_to(jaeger, SHOP).await;
    let event = the_only(&spans, &format!("process {}", settings.topic));
    assert_eq!(event.kind, "SPAN_KIND_CONSUMER");
    let sale = [SHOP, SALE, STATE].map(str::to_owned);
    assert_eq!(event.links, std::slice::from_ref(&sale));
    for (name, value) in [
        ("messaging.system", "kafka"),
        ("messaging.operation.type", "process"),
        ("messaging.destination.name", settings.topic.as_str()),
        ("messaging.consumer.group.name", settings.group.as_str()),
        ("plimsoll.sku", "SKU1"),
        ("plimsoll.outcome", "applied"),
        ("plimsoll.version.before", "0"),
        ("plimsoll.version.after", "1"),
        ("plimsoll.stock.before", "5"),
        ("plimsoll.stock.after", "8"),
        ("plimsoll.ruleset_revision", "0"),
    ] {
        assert_eq!(event.attribute(name), Some(value), "{name} of {event:#?}");
    }

    let all = trace(jaeger, &event.trace)
        .await
        .expect("the batch's trace");
    let batch = the_only(&all, &format!("apply {}", settings.topic));
    assert_eq!(batch.kind, "SPAN_KIND_CONSUMER");
    assert_eq!(event.parent, batch.id);
    assert!(batch.links.contains(&sale), "{batch:#?}");
    let followed = batch.attribute("plimsoll.sampled_by.producer");
    assert_eq!(followed, Some("true"));
    stages_stand_within(&all, batch);
    names_are_current(&all);
    let unsampled = |span: &&Span| span.attribute("plimsoll.sku") == Some("SKU2");
    assert!(all.iter().find(unsampled).is_none(), "nobody follows it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_seen_whoever_samples_and_its_row_names_the_trace() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0").await;
    send(
        &settings,
        [
            adjust("SKU1", -3, "a sale"),
            adjust("SKU1", -3, "one too many"),
        ],
    );
    run_through(&settings).await;

    let row = trace_of(
        &settings,
        "SELECT trace_id::text FROM refusals WHERE outcome = 'rejected'",
    )
    .await;
    let id = row.expect("a trace").replace('-', "");
    let spans = trace(jaeger, &id).await.expect("it was sent");
    let (refusals, others): (Vec<&Span>, Vec<&Span>) = spans
        .iter()
        .filter(|span| span.name == format!("process {}", settings.topic))
        .partition(|span| span.attribute("plimsoll.outcome") == Some("rejected"));
    let [event] = refusals[..] else {
        panic!("one refusal, seen once: {spans:#?}")
    };
    assert_eq!(event.attribute("plimsoll.code"), Some("below_floor"));
    assert_eq!(event.attribute("plimsoll.stock.before"), Some("2"));
    let batch = the_only(&spans, &format!("apply {}", settings.topic));
    let followed = batch.attribute("plimsoll.sampled_by.rejected");
    assert_eq!(followed, Some("true"));
    // Of a batch that had to be tried again, or was slow, the sale is shown, too.
    let tried_again = ["conflict", "retry", "slow"].map(|why| format!("plimsoll.sampled_by.{why}"));
    let exceptional = tried_again.iter().any(|why| batch.attribute(why).is_some());
    assert!(others.is_empty() || exceptional, "{spans:#?}");
    let ledger = trace_of(
        &settings,
        "SELECT trace_id::text FROM ledger WHERE kind = 'adjust'",
    )
    .await;
    assert_eq!(ledger, None, "nobody follows the sale");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_says_in_the_trace_what_it_said() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0\n[rules]\nunsigned = 'allow'").await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let bundle = file("no-negative-stock.bundle");
    let rule = ours::shipped_rule("no-negative-stock");
    let says = |arguments: &[&str]| ours::succeed(&settings, arguments).expect("it is done");
    says(&["rules", "build", "--path", &rule, "--out", &bundle]);
    let pushed = says(&["rules", "push", &bundle]);
    let digest = pushed.split(' ').next().expect("it begins with the digest");
    let ruleset = file("ruleset.toml");
    let asks = format!("[[rules]]\nbundle = '{digest}'\nmode = 'enforce'\n");
    std::fs::write(&ruleset, asks).expect("it is written");
    says(&["rules", "activate", &ruleset]);
    send(&settings, [adjust("SKU1", -9, "too many")]);
    run_through(&settings).await;

    let sql = "SELECT trace_id::text FROM refusals WHERE outcome = 'rejected'";
    let id = trace_of(&settings, sql)
        .await
        .expect("a trace")
        .replace('-', "");
    let spans = trace(jaeger, &id).await.expect("it was sent");
    let event = the_only(&spans, &format!("process {}", settings.topic));
    for (name, value) in [
        ("plimsoll.rule", "no-negative-stock"),
        ("plimsoll.bundle.digest", digest),
        ("plimsoll.ruleset_revision", "1"),
        (
            "plimsoll.verdicts",
            "no-negative-stock: reject insufficient_stock",
        ),
    ] {
        assert_eq!(event.attribute(name), Some(value), "{name} of {event:#?}");
    }
    let rule = the_only(&spans, "rule no-negative-stock");
    assert_eq!(rule.parent, the_only(&spans, "fold").id);
    assert!(
        rule.attribute("plimsoll.rule.fuel")
            .is_some_and(|fuel| fuel != "0")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_joins_its_producers_trace_where_that_is_asked_for() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0\nevent_parent = 'producer'").await;
    let shop = "7bf92f3577b34da6a3ce929d0e0e4736";
    send(
        &settings,
        [followed(adjust("SKU1", 3, "first"), shop, SALE, true)],
    );
    run_through(&settings).await;

    let spans = trace(jaeger, shop).await.expect("the producer's trace");
    let event = the_only(&spans, &format!("process {}", settings.topic));
    assert_eq!(event.parent, SALE);
    let [batch, ..] = &event.links[0];
    let batch = trace(jaeger, batch).await.expect("the batch's trace");
    assert_eq!(the_only(&batch, "COMMIT").kind, "SPAN_KIND_CLIENT");
}
