//! The HTTP side of a service whose Kafka is away: it reads, it says why it is not ready, and it
//! lets nobody in who has no token.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::history;
use crate::service::Service;
use crate::support::{empty, until};

const NO_KAFKA: &str = "kafka.brokers=127.0.0.1:1";
const NO_DATABASE: &str = "postgres://plimsoll@127.0.0.1:1/plimsoll";

fn reading() -> Service {
    Service::start(&history::database(), &[NO_KAFKA])
}

#[test]
fn products_are_paged_by_sku() {
    let service = reading();
    let page = |query: &str| {
        let (status, page) = service.json(&format!("/api/v1/products?{query}"));
        assert_eq!(status, 200, "{page}");
        let skus: Vec<String> = page["products"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|product| product["sku"].to_string())
            .collect();
        (skus.join(" ").replace('"', ""), page["next"].clone())
    };
    assert_eq!(page(""), ("A B NEW".to_owned(), Value::Null));
    assert_eq!(page("limit=2"), ("A B".to_owned(), json!("B")));
    assert_eq!(page("limit=2&after=B"), ("NEW".to_owned(), Value::Null));
    assert_eq!(page("sku_prefix=N"), ("NEW".to_owned(), Value::Null));
    assert_eq!(page("sku_prefix=%25"), (String::new(), Value::Null));
    let (status, product) = service.json("/api/v1/products/A");
    assert_eq!(
        (status, &product["current_stock"], &product["version"]),
        (200, &json!(12), &json!(3))
    );
    assert_eq!(service.json("/api/v1/products/NOTHING").0, 404);
}

#[test]
fn a_ledger_is_paged_from_the_newest_line_to_the_opening() {
    let service = reading();
    let page = |query: &str| {
        let (status, page) = service.json(&format!("/api/v1/products/A/ledger?{query}"));
        assert_eq!(status, 200, "{page}");
        let lines = page["ledger"].as_array().expect("a list").iter();
        let lines: Vec<String> = lines
            .map(|line| {
                format!(
                    "{} {} {}",
                    line["version"],
                    line["kind"].as_str().unwrap_or(""),
                    line["stock_after"]
                )
            })
            .collect();
        (lines.join(", "), page["next"].clone())
    };
    assert_eq!(
        page(""),
        (
            "3 count 12, 2 adjust 11, 1 adjust 15, 0 opening 10".to_owned(),
            Value::Null
        )
    );
    assert_eq!(
        page("limit=2"),
        ("3 count 12, 2 adjust 11".to_owned(), json!(2))
    );
    assert_eq!(
        page("limit=2&before=2"),
        ("1 adjust 15, 0 opening 10".to_owned(), json!(0))
    );
    assert_eq!(page("before=0"), (String::new(), Value::Null));
    assert_eq!(service.json("/api/v1/products/NOTHING/ledger").0, 404);
}

#[test]
fn parked_events_and_positions_are_listed() {
    let service = reading();
    let (_, page) = service.json("/api/v1/parked?code=unknown_sku");
    assert_eq!(
        (
            &page["parked"][0]["sku"],
            &page["parked"][0]["quantity"],
            &page["next"]
        ),
        (&json!("C"), &json!(6), &Value::Null)
    );
    assert_eq!(service.json("/api/v1/parked?sku=A").1["parked"], json!([]));
    let (_, page) = service.json("/api/v1/positions");
    let positions = page["positions"].as_array().expect("a list");
    assert_eq!(
        (positions.len(), &positions[2]["halt_reason"]),
        (3, &json!("retention deleted offsets 40 to 49"))
    );
}

#[test]
fn what_cannot_be_answered_is_refused_in_json() {
    let service = reading();
    for (path, status, code) in [
        ("/api/v1/products?limit=0", 400, "bad_request"),
        ("/api/v1/products?limit=1001", 400, "bad_request"),
        ("/api/v1/products?limit=many", 400, "bad_request"),
        ("/api/v1/parked?colour=red", 400, "bad_request"),
        ("/api/v1/products/%ff", 400, "bad_request"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/", 404, "not_found"),
    ] {
        let (answered, body) = service.json(path);
        assert_eq!(
            (answered, &body["error"]["code"]),
            (status, &json!(code)),
            "{path}"
        );
        assert!(body["error"]["message"].is_string(), "{path}: {body}");
    }
}

#[test]
fn bodies_long_headers_and_other_methods_are_refused() {
    let service = reading();
    let ask = |request: &str| {
        let mut stream = TcpStream::connect(service.address()).expect("it listens");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok();
        answer.lines().next().unwrap_or_default().to_owned()
    };
    let head = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    assert_eq!(
        ask(&format!("POST /api/v1/positions {head}\r\n")),
        "HTTP/1.1 405 Method Not Allowed"
    );
    assert_eq!(
        ask(&format!(
            "GET /api/v1/positions {head}Content-Length: 5\r\n\r\nhello"
        )),
        "HTTP/1.1 413 Payload Too Large"
    );
    let long = "x".repeat(20_000);
    assert_eq!(
        ask(&format!("GET /livez {head}Long: {long}\r\n\r\n")),
        "HTTP/1.1 431 Request Header Fields Too Large"
    );
    assert_eq!(ask(&format!("GET /livez {head}\r\n")), "HTTP/1.1 200 OK");
}

#[test]
fn the_document_names_the_routes_that_there_are() {
    let service = reading();
    let (status, document) = service.json("/api/v1/openapi.json");
    assert_eq!(status, 200);
    let paths: Vec<&String> = document["paths"]
        .as_object()
        .expect("paths")
        .keys()
        .collect();
    assert_eq!(
        paths,
        [
            "/api/v1/parked",
            "/api/v1/positions",
            "/api/v1/products",
            "/api/v1/products/{sku}",
            "/api/v1/products/{sku}/ledger"
        ]
    );
    for path in paths {
        let (status, body) = service.json(&path.replace("{sku}", "A"));
        assert_eq!(status, 200, "{path}");
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
            ["schema"]["$ref"];
        let name = schema
            .as_str()
            .and_then(|reference| reference.rsplit('/').next())
            .expect("a named schema");
        let properties = document["components"]["schemas"][name]["properties"]
            .as_object()
            .expect("properties");
        let answered = body.as_object().expect("an object");
        assert!(
            answered.keys().all(|key| properties.contains_key(key)),
            "{path}: {body} is no {name}"
        );
    }
}

#[test]
fn a_token_keeps_strangers_out_of_the_api_but_not_probes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("token");
    std::fs::write(&file, "0123456789abcdef\n").expect("a file");
    let service = Service::start(
        &history::database(),
        &[NO_KAFKA, &format!("admin.token_file={}", file.display())],
    );
    for path in ["/api/v1/products", "/api/v1/openapi.json"] {
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789abcdeF",
        ] {
            assert_eq!(service.get_with_token(path, wrong).0, 401, "{path} {wrong}");
        }
        assert_eq!(
            service.get_with_token(path, "0123456789abcdef").0,
            200,
            "{path}"
        );
    }
    assert_eq!(service.get("/livez").0, 200);
    assert_eq!(service.get("/metrics").0, 200);
    assert_ne!(service.get("/readyz").0, 401);
}

#[test]
fn metrics_are_there_before_anything_was_consumed() {
    let (status, metrics) = reading().get("/metrics");
    assert_eq!(status, 200);
    assert!(
        metrics.contains("\nplimsoll_conflicts_total 0\n"),
        "{metrics}"
    );
}

#[test]
fn a_service_that_cannot_start_yet_is_alive_and_says_why_it_is_not_ready() {
    let why = |service: &Service, part: &str, says: &str| {
        until(says, || {
            let (status, body) = service.json("/readyz");
            let found = body[part]["why"]
                .as_str()
                .is_some_and(|why| why.contains(says));
            found.then(|| assert_eq!((status, &body["ready"]), (503, &json!(false))))
        });
        assert_eq!(service.get("/livez").0, 200);
    };
    let no_database = Service::start(NO_DATABASE, &[NO_KAFKA]);
    why(&no_database, "database", "Connection refused");
    assert_eq!(no_database.json("/api/v1/positions").0, 503);
    no_database.signal("TERM");
    assert_eq!(no_database.ends(), 0);

    why(
        &Service::start(&empty(), &[NO_KAFKA]),
        "migrations",
        "pending: 0001_schema, 0002_rules, 0003_bounds; run `plimsoll migrate up`",
    );

    let no_kafka = reading();
    why(&no_kafka, "kafka", "Kafka");
    no_kafka.signal("INT");
    assert_eq!(no_kafka.ends(), 0);
}
