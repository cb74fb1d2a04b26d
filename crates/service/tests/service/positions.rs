//! `positions`: a halt is cleared, a gap accepted, nothing moves back.

use sea_orm::sqlx::Row;

use crate::history;
use crate::support::{done, json, plimsoll, row};

#[test]
fn a_halt_is_cleared_once() {
    let url = history::database();
    let said = done(&url, &["positions", "resume", "t/2"]);
    assert_eq!(
        said,
        "t/2 may go on at offset 40; it was halted: retention deleted offsets 40 to 49\n"
    );
    let position = &json(&url, &["positions", "list", "--json"])["positions"][2];
    assert_eq!(
        (&position["status"], &position["halt_reason"]),
        (&"idle".into(), &serde_json::Value::Null)
    );
    let again = plimsoll(&url, &["positions", "resume", "t/2"]);
    assert_eq!(again.code, 1);
    assert!(
        again.stderr.contains("t/2 is not halted but idle"),
        "{again:?}"
    );
    assert!(
        plimsoll(&url, &["positions", "resume", "t/9"])
            .stderr
            .contains("t/9 was never claimed")
    );
}

#[test]
fn a_gap_is_accepted_forward_only_and_written_down() {
    let url = history::database();
    let gap = |to| {
        [
            "positions",
            "accept-gap",
            "t/2",
            "--to",
            to,
            "--reason",
            "deleted by retention",
            "--by",
            "me@here",
        ]
    };
    for back in ["40", "39", "0"] {
        let answer = plimsoll(&url, &gap(back));
        assert_eq!(answer.code, 1, "{answer:?}");
        assert!(
            answer.stderr.contains("positions never go back"),
            "{answer:?}"
        );
    }
    let said = done(&url, &gap("50"));
    assert!(
        said.starts_with("t/2 gives up 10 offsets, 40 to 49, accepted by me@here\n"),
        "{said}"
    );
    let written = row(
        &url,
        "SELECT format('%s %s %s %s %s', from_offset, to_offset, reason, accepted_by, next_offset) FROM gaps JOIN positions USING (topic, partition) WHERE from_offset = 40",
    );
    assert_eq!(
        written.get::<String, _>(0),
        "40 50 deleted by retention me@here 50"
    );
    assert_eq!(
        json(&url, &["positions", "list", "--json"])["positions"][2]["status"],
        "halted"
    );
    assert_eq!(plimsoll(&url, &["verify"]).code, 0);
}

#[test]
fn a_partition_that_runs_gives_nothing_up() {
    let url = history::database();
    let answer = plimsoll(
        &url,
        &[
            "positions",
            "accept-gap",
            "t/0",
            "--to",
            "99",
            "--reason",
            "impatience",
        ],
    );
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains("t/0 is not halted but running"),
        "{answer:?}"
    );
    assert_eq!(
        plimsoll(
            &url,
            &[
                "positions",
                "accept-gap",
                "t/2",
                "--to",
                "99",
                "--reason",
                " "
            ]
        )
        .code,
        2
    );
}
