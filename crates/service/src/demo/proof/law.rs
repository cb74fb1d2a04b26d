//! What the shipped rules must say about an event, worked out here from their description alone:
//! no bundle is asked, and no code of theirs is used.

use crate::demo::terms::{FROZEN, Group, Terms, USUAL_MAX, watched};

/// What an event asks for, and what it met.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) sku: u32,
    pub(super) change: i64,
    /// Whether it came through a sales channel.
    pub(super) channel: bool,
    /// Units on hand before it.
    pub(super) stock: i64,
}

/// What must have become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Right {
    pub(super) outcome: &'static str,
    pub(super) code: &'static str,
    pub(super) rule: Option<&'static str>,
    /// What is marked on a movement.
    pub(super) flag: Option<&'static str>,
}

type Reason = (&'static str, &'static str);

/// Under the terms of its revision; by the floor alone without any. `skus` is how many there are.
pub(super) fn judge(terms: Option<Terms>, skus: u32, asked: Asked) -> Right {
    let by_rule = |outcome, (rule, code): Reason| Right {
        outcome,
        code,
        rule: Some(rule),
        flag: None,
    };
    if let Some(terms) = terms {
        if watched(skus).contains(&asked.sku) && asked.change.unsigned_abs() > USUAL_MAX as u64 {
            return by_rule("parked", ("unusual-change", "above_limit"));
        }
        if let Some(reason) = refused(terms, asked) {
            return by_rule("rejected", reason);
        }
    }
    let floor = terms.map_or(0, |_| Group::of(asked.sku).floor());
    let after = asked.stock.checked_add(asked.change);
    let (outcome, code) = match after {
        None => ("rejected", "overflow"),
        Some(after) if after < floor => ("rejected", "below_floor"),
        Some(_) => ("movement", ""),
    };
    let owed = terms.is_some() && Group::of(asked.sku) == Group::Oversell;
    let backordered = owed && asked.change < 0 && after.is_some_and(|after| after < 0);
    Right {
        outcome,
        code,
        rule: None,
        flag: (backordered && outcome == "movement").then_some("backordered"),
    }
}

/// The first rule that refuses it, in the order of the ruleset.
fn refused(terms: Terms, asked: Asked) -> Option<Reason> {
    if asked.change >= 0 {
        return None;
    }
    if asked.sku == FROZEN {
        return Some(("frozen-skus", "frozen"));
    }
    if asked.change < -terms.maximum {
        return Some(("order-quantity-limits", "above_maximum"));
    }
    let after = asked.stock.saturating_add(asked.change);
    match Group::of(asked.sku) {
        Group::NoNegative if after < 0 => Some(("no-negative-stock", "insufficient_stock")),
        Group::Oversell if after < -terms.allowance => {
            Some(("oversell-allowance", "allowance_used_up"))
        }
        Group::Safety if asked.channel && after < terms.kept_back => {
            Some(("safety-stock", "safety_stock"))
        }
        Group::NoNegative | Group::Oversell | Group::Safety | Group::Floor => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SKU, change, whether through a channel, stock; and what is right, of a thousand SKUs.
    #[test]
    fn every_rule_has_its_say() {
        let terms = Some(Terms::first());
        for (sku, change, channel, stock, right) in [
            (950, 51, false, 0, "parked unusual-change above_limit"),
            (950, -51, false, 0, "parked unusual-change above_limit"),
            (950, 50, false, 0, "movement"),
            (FROZEN, -1, false, 9, "rejected frozen-skus frozen"),
            (FROZEN, 1, false, 9, "movement"),
            (
                1,
                -51,
                false,
                99,
                "rejected order-quantity-limits above_maximum",
            ),
            (1, -50, false, 50, "movement"),
            (
                1,
                -5,
                false,
                4,
                "rejected no-negative-stock insufficient_stock",
            ),
            (4, -5, false, 4, "movement backordered"),
            (4, -5, false, 5, "movement"),
            (
                4,
                -5,
                false,
                -6,
                "rejected oversell-allowance allowance_used_up",
            ),
            (6, -5, true, 9, "rejected safety-stock safety_stock"),
            (6, -5, false, 9, "movement"),
            (6, -5, false, 4, "rejected below_floor"),
            (9, -5, true, 4, "rejected below_floor"),
            (9, -5, true, 5, "movement"),
        ] {
            let asked = Asked {
                sku,
                change,
                channel,
                stock,
            };
            let Right {
                outcome,
                code,
                rule,
                flag,
            } = judge(terms, 1_000, asked);
            let told = [outcome, rule.unwrap_or(""), code, flag.unwrap_or("")];
            let told: Vec<&str> = told.into_iter().filter(|word| !word.is_empty()).collect();
            assert_eq!(told.join(" "), right, "{asked:?}");
        }
    }

    #[test]
    fn without_rules_the_floor_decides() {
        let asked = |change| Asked {
            sku: FROZEN,
            change,
            channel: true,
            stock: 5,
        };
        let outcome = |change| {
            let right = judge(None, 1_000, asked(change));
            (right.outcome, right.code, right.rule)
        };
        assert_eq!(outcome(-5), ("movement", "", None));
        assert_eq!(outcome(-6), ("rejected", "below_floor", None));
    }
}
