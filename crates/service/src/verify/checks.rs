//! The checks, each one statement that finds what breaks it. A statement answers places and what
//! is wrong there, the first broken row of each, at most as many as it is asked for.

/// One thing that must hold.
pub(super) struct Check {
    /// The invariants it belongs to.
    pub(super) invariant: &'static str,
    /// What holds, as a sentence.
    pub(super) claim: &'static str,
    /// Finds where it does not; `$1` is how many to name.
    pub(super) sql: &'static str,
    /// Of which products, where the statement asks: the ends of their ids, `$2` and `$3`.
    pub(super) products: &'static [i64],
}

const ALL: &[i64] = &[i64::MIN, i64::MAX];

/// In the order in which a person would look.
pub(super) const CHECKS: [Check; 8] = [
    Check {
        invariant: "I1",
        claim: "stock is the opening plus all changes",
        sql: include_str!("sql/sum.sql"),
        products: &[],
    },
    Check {
        invariant: "I2",
        claim: "no stock is below its floor",
        sql: include_str!("sql/floor.sql"),
        products: &[],
    },
    Check {
        invariant: "I3 I4",
        claim: "from its opening on, each line continues the one before; the last one is the product",
        sql: plimsoll_core::CHAIN,
        products: ALL,
    },
    Check {
        invariant: "I7",
        claim: "no record has two rows",
        sql: include_str!("sql/doubles.sql"),
        products: &[],
    },
    Check {
        invariant: "I7",
        claim: "no row lies in an accepted gap",
        sql: include_str!("sql/gaps.sql"),
        products: &[],
    },
    Check {
        invariant: "I8",
        claim: "per SKU and partition, ledger order is offset order",
        sql: include_str!("sql/order.sql"),
        products: &[],
    },
    Check {
        invariant: "I14",
        claim: "exactly the SKUs with parked events are held",
        sql: include_str!("sql/holds.sql"),
        products: &[],
    },
    Check {
        invariant: "I18",
        claim: "no session of ours is idle in a transaction",
        sql: include_str!("sql/sessions.sql"),
        products: &[],
    },
];

/// How much was looked at.
pub(super) const COUNTS: &str = "
SELECT row_to_json(q) FROM (
    SELECT now() AS taken_at, (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM plimsoll_internal.lines) AS ledger_lines
) q";

/// Rows by partition.
pub(super) const PARTITIONS: &str = include_str!("sql/partitions.sql");

/// Lines that today's floor would not allow. The floor may have been lower when they were written,
/// so they are told and not held against anybody.
pub(super) const BELOW_TODAYS_FLOOR: &str = "
SELECT count(*) FROM plimsoll_internal.lines l JOIN products p ON p.id = l.product_id WHERE l.stock_after < p.stock_floor";
