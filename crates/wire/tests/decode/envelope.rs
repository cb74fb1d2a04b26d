//! Structured CloudEvents, and the producer's trace.

use expect_test::expect;

use crate::{PLAIN, UUID, check, check_record};

#[test]
fn a_structured_cloud_event_is_unwrapped() {
    let envelope = |rest: &str| format!(r#"{{"specversion": "1.0", "type": "t", {rest}}}"#);
    let data =
        r#""data": {"product_id": "A", "quantity_change": +1, "event_id": "inner", "source": "i"}"#;
    check(
        &envelope(&format!(r#""id": "{UUID}", "source": "", {data}"#)),
        expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"],
    );
    check(
        &envelope(&format!(
            r#""id": "o", "source": "s", "time": "1970-01-01T00:00:01Z", {data}"#
        )),
        expect![[
            r#"A Adjust(1) Intent key=094549a49a2004bedfb6fae70683d11c at=1000 facts={"source":"s"}"#
        ]],
    );
    check(
        &envelope(data),
        expect![[
            r#"A Adjust(1) Intent key=3d060737ada4f1507ad182d4468e04dc facts={"source":"i"}"#
        ]],
    );
    check(
        &envelope(r#""source": "s", "data": {"product_id": "A", "quantity_change": 1}"#),
        expect![[r#"A Adjust(1) Intent facts={"source":"s"}"#]],
    );
    check(
        &envelope(
            r#""source": "s", "data": {"product_id": "A", "quantity_change": 1, "source": "i"}"#,
        ),
        expect![[r#"A Adjust(1) Intent facts={"source":"s"}"#]],
    );
    check(
        &envelope(r#""data": {"product_id": "A", "quantity_change": 1, "source": "i"}"#),
        expect![[r#"A Adjust(1) Intent facts={"source":"i"}"#]],
    );
    let timed = r#""data": {"product_id": "A", "quantity_change": 1, "occurred_at": "1970-01-01T00:00:02Z"}"#;
    check(
        &envelope(&format!(r#""time": "1970-01-01T00:00:01Z", {timed}"#)),
        expect!["A Adjust(1) Intent at=2000"],
    );
    check_record(
        &[("ce_source", "cs"), ("ce_id", "ci")],
        &envelope(&format!(r#""id": "o", {data}"#)),
        expect![[
            r#"A Adjust(1) Intent key=e4b724547795e0b892cd9afb38da9520 facts={"source":"cs"}"#
        ]],
    );
}

#[test]
fn an_envelope_without_an_event_is_malformed() {
    let envelope = |rest: &str| format!(r#"{{"specversion": "1.0", "id": "o", {rest}}}"#);
    check(
        &envelope(r#""product_id": "A", "quantity_change": 1"#),
        expect!["missing_field: data is missing"],
    );
    check(
        &envelope(r#""data": "{}""#),
        expect!["wrong_type: data must be an object, not text"],
    );
    check(
        &envelope(r#""data": {}"#),
        expect!["missing_field: product_id is missing"],
    );
    check(
        &envelope(r#""id": "p", "data": {}"#),
        expect!["repeated_field: id is there more than once"],
    );
    check(
        &envelope(r#""time": "now", "data": {"product_id": "A", "quantity_change": 1}"#),
        expect![[r#"bad_time: time is not a time by RFC 3339: "now""#]],
    );
    check(
        &envelope(
            r#""data": {"specversion": "1.0", "data": {"product_id": "A", "quantity_change": 1}}"#,
        ),
        expect!["missing_field: product_id is missing"],
    );
}

#[test]
fn a_trace_is_told_and_never_refused() {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    check_record(
        &[("traceparent", trace)],
        PLAIN,
        expect!["A Adjust(1) Intent trace=af7651916cd43dd8448eb211c80319c"],
    );
    check_record(
        &[("traceparent", "nonsense"), ("tracestate", "")],
        PLAIN,
        expect!["A Adjust(1) Intent"],
    );
}
