//! `run` on the in-process broker: from events to stock, and to its exit code.

use plimsoll_sandbox::broker::InProcess;
use plimsoll_sandbox::workload::{Event, Kind, Produced, produce};
use sea_orm::sqlx::Row;

use crate::service::Service;
use crate::support::{done, json, migrated, plimsoll, row, sql, until};

const TOPIC: &str = "inventory-events";

fn event(partition: i32, text: &str) -> Produced {
    // Nobody here asks the log what was sent.
    let event = Event {
        sku: 0,
        quantity_change: 0,
        id: None,
        kind: Kind::Fresh,
    };
    Produced {
        partition: Some(partition),
        key: None,
        headers: Vec::new(),
        payload: Some(text.into()),
        timestamp_ms: None,
        event,
    }
}

#[test]
fn events_become_stock_and_the_first_signal_drains() {
    let (url, broker) = (
        migrated(),
        InProcess::start(&[(TOPIC, 2)]).expect("a broker"),
    );
    sql(
        &url,
        "INSERT INTO products (sku, current_stock) VALUES ('A', 10)",
    );
    let events = [
        r#"{"product_id": "A", "quantity_change": +5}"#,
        r#"{"product_id": "A", "quantity_change": -12}"#,
        "nonsense",
    ];
    produce(
        &broker.bootstrap(),
        TOPIC,
        events.map(|text| event(1, text)),
    )
    .expect("it takes them");
    let service = Service::start(&url, &[&format!("kafka.brokers={}", broker.bootstrap())]);
    service.becomes_ready();
    let applied = "SELECT coalesce(sum(next_offset), 0)::bigint FROM positions";
    until("all to be applied", || {
        (row(&url, applied).get::<i64, _>(0) == 3).then_some(())
    });
    assert_eq!(service.json("/api/v1/products/A").1["current_stock"], 3);
    until("the metrics to follow", || {
        service
            .get("/metrics")
            .1
            .contains("outcome=\"malformed\"} 1")
            .then_some(())
    });
    service.signal("TERM");
    assert!(!service.log().contains("ERROR"), "{}", service.log());
    assert_eq!(service.ends(), 0);
    assert_eq!(
        json(&url, &["positions", "list", "--json"])["positions"][1]["status"],
        "idle"
    );
    done(&url, &["verify"]);
}

/// A trigger of somebody else's renames what Plimsoll inserts, which our code takes for impossible.
#[test]
fn a_bug_in_a_transaction_ends_the_process_and_nothing_of_it_is_written() {
    let (url, broker) = (
        migrated(),
        InProcess::start(&[(TOPIC, 1)]).expect("a broker"),
    );
    sql(
        &url,
        "CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN NEW.sku := NEW.sku || '!'; RETURN NEW; END $$;
         CREATE TRIGGER rename BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION rename()",
    );
    let text = r#"{"product_id": "A", "quantity_change": 5}"#;
    produce(&broker.bootstrap(), TOPIC, [event(0, text)]).expect("it takes it");
    let brokers = format!("kafka.brokers={}", broker.bootstrap());
    let service = Service::start(&url, &[&brokers, "stock.unknown_sku=create"]);
    assert_eq!(service.ends(), 101);
    let written = "SELECT (SELECT count(*) FROM products) + (SELECT count(*) FROM ledger)
        + (SELECT coalesce(sum(next_offset), 0)::bigint FROM positions)";
    assert_eq!(row(&url, written).get::<i64, _>(0), 0);
}

#[test]
fn the_run_time_role_is_enough_for_the_service_and_its_operator() {
    let owner = migrated();
    sql(
        &owner,
        "DO $$ BEGIN CREATE ROLE runner LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT plimsoll_runtime TO runner",
    );
    let url = owner.replace("plimsoll@", "runner@");
    sql(
        &url,
        "INSERT INTO products (sku, current_stock) VALUES ('A', 10)",
    );
    let broker = InProcess::start(&[(TOPIC, 1)]).expect("a broker");
    let events = [
        r#"{"product_id": "A", "quantity_change": -99}"#,
        r#"{"product_id": "B", "quantity_change": 2}"#,
    ];
    produce(
        &broker.bootstrap(),
        TOPIC,
        events.map(|text| event(0, text)),
    )
    .expect("it takes them");
    let service = Service::start(&url, &[&format!("kafka.brokers={}", broker.bootstrap())]);
    let parked = "SELECT count(*) FROM parked";
    until("an event to be parked", || {
        (row(&url, parked).get::<i64, _>(0) == 1).then_some(())
    });
    done(&url, &["parked", "reject", "--sku", "B"]);
    done(&url, &["products", "set-floor", "-5", "--all"]);
    done(&url, &["explain", "--record", "inventory-events/0/0"]);
    sql(
        &owner,
        "UPDATE plimsoll_internal.positions SET status = 'halted', halt_reason = 'a test'",
    );
    done(
        &url,
        &[
            "positions",
            "accept-gap",
            "inventory-events/0",
            "--to",
            "9",
            "--reason",
            "a test",
        ],
    );
    done(&url, &["positions", "resume", "inventory-events/0"]);
    done(&url, &["verify"]);
    service.signal("TERM");
    assert_eq!(service.ends(), 0);
}

#[test]
fn a_second_signal_ends_it_at_once_and_nothing_is_half_done() {
    let (url, broker) = (
        migrated(),
        InProcess::start(&[(TOPIC, 1)]).expect("a broker"),
    );
    sql(
        &url,
        "INSERT INTO products (sku, current_stock) VALUES ('A', 10)",
    );
    let service = Service::start(&url, &[&format!("kafka.brokers={}", broker.bootstrap())]);
    service.becomes_ready();
    // Somebody else holds the product, so the drain cannot end.
    let locker = url.clone();
    let held = std::thread::spawn(move || {
        sql(
            &locker,
            "BEGIN; SELECT FROM products WHERE sku = 'A' FOR UPDATE; SELECT pg_sleep(600)",
        )
    });
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
    until("the lock", || {
        (row(&url, waits).get::<i64, _>(0) == 1).then_some(())
    });
    produce(
        &broker.bootstrap(),
        TOPIC,
        [event(0, r#"{"product_id": "A", "quantity_change": 1}"#)],
    )
    .expect("it takes it");
    let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    until("the service to wait for it", || {
        (row(&url, blocked).get::<i64, _>(0) > 0).then_some(())
    });
    service.signal("TERM");
    until("the drain to begin", || {
        service.json("/readyz").1["draining"]
            .as_bool()
            .filter(|draining| *draining)
    });
    service.signal("TERM");
    assert_eq!(service.ends(), 143);
    sql(
        &url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'",
    );
    assert!(held.join().is_err(), "its session was ended");
    assert_eq!(
        json(&url, &["products", "show", "A", "--json"])["product"]["current_stock"],
        10
    );
    until("the sessions of the service to end", || {
        (plimsoll(&url, &["verify"]).code == 0).then_some(())
    });
}

#[test]
fn a_port_that_is_taken_is_the_environments_fault() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let listen = format!("admin.listen={}", taken.local_addr().expect("an address"));
    let answer = plimsoll(&migrated(), &["run", "--set", &listen]);
    assert_eq!(answer.code, 3, "{answer:?}");
    assert!(
        answer.stderr.contains("cannot listen on 127.0.0.1:"),
        "{answer:?}"
    );
}
