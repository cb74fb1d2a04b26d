//! From a plan that fails to a smaller one that fails in the same way: fewer records, fewer features.
//! Knows no invariant by name.

use crate::plan::Plan;
use crate::world::run;

/// The smallest plan found that breaks the same invariant. Takes a few hundred runs at most.
pub fn shrink(plan: &Plan, invariant: &str) -> Plan {
    let breaks = |plan: &Plan| {
        run(plan, false)
            .broken
            .is_some_and(|it| it.invariant == invariant)
    };
    let mut smallest = *plan;
    loop {
        let before = smallest;
        for feature in before.features() {
            let plan = smallest.without(feature);
            if breaks(&plan) {
                smallest = plan;
            }
        }
        for records in 1..smallest.records {
            let mut plan = smallest;
            plan.records = records;
            if breaks(&plan) {
                smallest = plan;
                break;
            }
        }
        if smallest == before {
            return smallest;
        }
    }
}
