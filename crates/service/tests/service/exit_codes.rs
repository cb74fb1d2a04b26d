//! Exit codes as the contract has them, and what is said beside each.

use crate::history;
use crate::support::{empty, migrated, plimsoll, sql};

/// A port on which nobody listens.
const NOBODY: &str = "postgres://plimsoll@127.0.0.1:1/plimsoll";

fn ends(url: &str, arguments: &[&str], code: i32, says: &str) {
    let answer = plimsoll(url, arguments);
    assert_eq!(answer.code, code, "{arguments:?}: {answer:?}");
    assert!(answer.stderr.contains(says), "{arguments:?}: {answer:?}");
}

#[test]
fn wrong_usage_exits_2() {
    ends(NOBODY, &["explode"], 2, "unrecognized subcommand");
    ends(NOBODY, &["explain"], 2, "required");
    ends(NOBODY, &["products", "set-floor", "0"], 2, "required");
    ends(
        &migrated(),
        &["parked", "reject"],
        2,
        "give --sku, --code or --rule, or --all",
    );
}

#[test]
fn a_wrong_configuration_exits_2_with_a_line_for_each_finding() {
    for command in [
        &["check"][..],
        &["run"],
        &["verify"],
        &["migrate", "up"],
        &["demo"],
    ] {
        let wrong = ["--set", "consumer.lanes=0", "--set", "kafka.topics=x"];
        let answer = plimsoll(NOBODY, &[command, &wrong].concat());
        assert_eq!(answer.code, 2, "{answer:?}");
        let lines: Vec<&str> = answer.stderr.lines().collect();
        assert_eq!(lines.len(), 2, "{answer:?}");
        assert!(
            lines[0].starts_with("kafka.topics (--set): ")
                && lines[1].starts_with("consumer.lanes (--set): "),
            "{answer:?}"
        );
    }
}

#[test]
fn a_database_that_is_not_there_exits_3() {
    for command in [
        &["verify"][..],
        &["migrate", "status"],
        &["products", "show", "A"],
        &["explain", "x"],
        &["parked", "list"],
        &["positions", "list"],
    ] {
        ends(
            NOBODY,
            command,
            3,
            "cannot reach PostgreSQL (plimsoll at 127.0.0.1:1): Connection refused",
        );
    }
}

#[test]
fn pending_migrations_exit_3_with_the_command_to_type() {
    let url = empty();
    for command in [
        &["verify"][..],
        &["migrate", "status"],
        &["products", "show", "A"],
        &["positions", "list"],
    ] {
        ends(
            &url,
            command,
            3,
            "migrations are pending: 0001_schema, 0002_rules, 0003_bounds\n  fix: run `plimsoll migrate up`",
        );
    }
}

#[test]
fn missing_privileges_exit_3() {
    let url = migrated();
    sql(
        &url,
        "DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$; GRANT SELECT ON plimsoll_migrations TO stranger",
    );
    let stranger = url.replace("plimsoll@", "stranger@");
    ends(
        &stranger,
        &["positions", "list"],
        3,
        "permission denied for view positions\n  fix: grant the role plimsoll_runtime",
    );
}

#[test]
fn a_finding_exits_1() {
    let url = history::database();
    ends(&url, &["verify"], 0, "");
    sql(
        &url,
        "UPDATE products SET current_stock = 0 WHERE sku = 'A'",
    );
    ends(&url, &["verify"], 1, "");
    ends(
        &url,
        &["explain", "never-seen"],
        1,
        "Nothing with this identity",
    );
    ends(
        &url,
        &["products", "show", "NOTHING"],
        1,
        "there is no product NOTHING",
    );
}

#[test]
fn check_names_each_thing_that_is_missing_with_its_key() {
    let broker =
        plimsoll_sandbox::broker::InProcess::start(&[("inventory-events", 4)]).expect("a broker");
    let brokers = format!("kafka.brokers={}", broker.bootstrap());
    let check = ["check", "--connect", "--set", &brokers];
    let good = plimsoll(&migrated(), &check);
    assert_eq!(good.code, 0, "{good:?}");
    assert!(
        good.stdout.contains("has 4 partitions.")
            && good.stdout.contains("privileges are complete."),
        "{good:?}"
    );
    ends(
        &empty(),
        &check,
        3,
        "database.url: migrations are pending: 0001_schema, 0002_rules, 0003_bounds. Run `plimsoll migrate up`.",
    );
    ends(
        &migrated(),
        &[&check[..], &["--set", "kafka.topic=other"]].concat(),
        3,
        "kafka.topic: other cannot be used: ",
    );
    let url = migrated();
    sql(&url, "DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader; GRANT USAGE ON SCHEMA plimsoll_internal TO reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA plimsoll_internal TO reader");
    let reader = url.replace("plimsoll@", "reader@");
    ends(
        &reader,
        &check,
        3,
        "database.url: the user lacks UPDATE on products. Grant the role plimsoll_runtime to it.",
    );
    sql(&url, "GRANT plimsoll_runtime TO reader");
    ends(&reader, &check, 0, "");
}
