//! One call of a rule: a fresh instance, the arguments in, the answer out and checked.

use plimsoll_rule_abi::verdict::WIDTH;
use plimsoll_rule_abi::{Fact, Verdict};
use wasmtime::component::WasmList;
use wasmtime::{Error, PoolConcurrencyLimitError, Store};

use super::{Rule, Unavailable};
use crate::engine::Cap;
use crate::facts::{self, Facts};
use crate::fault::Fault;
use crate::inspect;

/// What a call gave and cost.
pub(super) struct Called {
    /// One verdict for each row, or the fault of all of them together.
    pub(super) verdicts: Result<Vec<Verdict>, Fault>,
    /// Fuel burnt.
    pub(super) fuel: u64,
}

/// Calls `rule` for `rows`.
pub(super) fn call(
    rule: &Rule,
    reads: &[Fact<'_>],
    rows: &[&Facts<'_>],
    parameters: &[i64],
) -> Result<Called, Unavailable> {
    let budget = rule.bundle.manifest().budget.fuel(rows.len());
    let mut store = rule.engine.store(budget);
    let answer = ask(rule, &mut store, reads, rows, parameters);
    let verdicts = match answer {
        Ok(list) => check(rule, list.as_le_slice(&store), rows),
        Err(error) if error.is::<PoolConcurrencyLimitError>() => return Err(Unavailable(error)),
        Err(error) => Err(Fault::of(&error, store.data().reached)),
    };
    let left = store.get_fuel().expect("fuel is configured");
    Ok(Called {
        verdicts,
        fuel: budget - left,
    })
}

fn ask(
    rule: &Rule,
    store: &mut Store<Cap>,
    reads: &[Fact<'_>],
    rows: &[&Facts<'_>],
    parameters: &[i64],
) -> Result<WasmList<i64>, Error> {
    let (columns, text) = facts::pack(reads, rows).expect("a cut of a batch is short");
    let count = u32::try_from(rows.len()).expect("a cut of a batch is short");
    let instance = rule.pre.instantiate(&mut *store)?;
    let evaluate = inspect::function(&instance, &mut *store, &rule.exported)?;
    let (list,) = evaluate.call(store, (count, &columns, &text, parameters))?;
    Ok(list)
}

fn check(rule: &Rule, answer: &[i64], rows: &[&Facts<'_>]) -> Result<Vec<Verdict>, Fault> {
    let wanted = rows.len() * WIDTH;
    if answer.len() != wanted {
        let detail = format!("answered with {} numbers, not {wanted}", answer.len());
        return Err(Fault::contract(detail));
    }
    let codes = rule.bundle.manifest().codes_count();
    let (pairs, _) = answer.as_chunks::<WIDTH>();
    let verdict = |(pair, row): (&[i64; WIDTH], &&Facts<'_>)| {
        Verdict::decode(pair.map(i64::from_le), codes, row.change())
    };
    let verdicts: Result<_, _> = pairs.iter().zip(rows).map(verdict).collect();
    verdicts.map_err(|invalid| Fault::contract(invalid.to_string()))
}
