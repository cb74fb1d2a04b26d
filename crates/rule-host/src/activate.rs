//! From a file to a rule that is ready, step by step; the first step that fails is named and
//! nothing is left behind. Does not know which rules are active.

use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use plimsoll_rule_abi::Verdict;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::Bundle;
use crate::bundle::{self, Case, Expected, ManifestError, Trust};
use crate::engine::{Cap, Engine};
use crate::fault::Fault;
use crate::inspect::{self, Exported};
use crate::rule::{Rule, Unavailable};

/// Most fuel of all cases of a bundle together: about a second. Higher: who activates a ruleset, and
/// replicas that follow it, wait longer for a bundle of many dear cases.
pub(crate) const CASES_FUEL_MAX: u64 = 1_000_000_000;

/// At which step a bundle was refused, and why.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It is no bundle, or nobody trusted answers for it.
    #[error("verify")]
    Verify(#[from] bundle::Error),
    /// It imports something, runs before it is asked, or takes much memory to compile.
    #[error("inspect")]
    Inspect(#[source] wasmtime::Error),
    /// It does not compile.
    #[error("compile")]
    Compile(#[source] wasmtime::Error),
    /// It took too long to compile.
    #[error("compile: not done after {0:?}")]
    CompileDeadline(Duration),
    /// It cannot be instantiated, or its export has another type.
    #[error("instantiate")]
    Instantiate(#[source] wasmtime::Error),
    /// It does not decide as its own cases say.
    #[error("case `{name}`")]
    Case {
        /// Which case.
        name: String,
        /// What happened instead.
        source: CaseError,
    },
    /// All of its cases together are too much work.
    #[error("cases: they burn more than {CASES_FUEL_MAX} fuel together")]
    CasesFuel,
}

/// How a case went wrong.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// Another verdict.
    #[error("it answers {answered:?}, expected is {expected:?}")]
    Other {
        /// What the rule says.
        answered: Expected,
        /// What the case says.
        expected: Expected,
    },
    /// No verdict.
    #[error("fault: {0}")]
    Fault(Fault),
    /// The case sets parameters that cannot be.
    #[error("its parameters are refused")]
    Parameters(#[from] ManifestError),
    /// The rule could not be asked.
    #[error("not asked")]
    Unavailable(#[from] Unavailable),
}

/// Makes a bundle's file ready at `now`, in seconds since 1970. Blocks while it compiles:
/// never call it from where events flow.
///
/// # Errors
/// The first step that refuses it.
pub fn activate(engine: &Engine, file: &[u8], trust: &Trust, now: i64) -> Result<Rule, Refused> {
    load(engine, Bundle::open(file, trust, now)?)
}

/// Makes a verified bundle ready; otherwise as [`activate`].
///
/// # Errors
/// The first step that refuses it.
pub fn load(engine: &Engine, bundle: Bundle) -> Result<Rule, Refused> {
    inspect(&bundle)?;
    let component = compile(engine, &bundle)?;
    let (pre, exported) = instantiate(engine, &bundle, &component).map_err(Refused::Instantiate)?;
    let rule = Rule {
        engine: engine.clone(),
        bundle,
        pre,
        exported,
    };
    try_cases(&rule)?;
    Ok(rule)
}

/// Looks at the component and compiles nothing: the first step of [`load`].
///
/// # Errors
/// [`Refused::Inspect`] if it imports something, would run before it is asked, or has a function
/// that takes much memory to compile.
pub fn inspect(bundle: &Bundle) -> Result<(), Refused> {
    inspect::before_compiling(bundle.component()).map_err(Refused::Inspect)
}

/// Events go first: of a busy core this thread gets a fourth.
fn give_way() {
    // Elsewhere it would be the priority of the whole process. If it fails, events wait longer.
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, 5).ok();
}

/// Compiles in a thread of its own. One that passes its deadline goes on until it is done,
/// since a compiler cannot be stopped, and its result is dropped.
fn compile(engine: &Engine, bundle: &Bundle) -> Result<Component, Refused> {
    let (done, compiled) = sync_channel(1);
    let (wasm, input) = (engine.wasm().clone(), bundle.clone());
    let compiling = Builder::new().name("rule-compile".into()).spawn(move || {
        give_way();
        // Nobody may be waiting any more.
        done.send(Component::new(&wasm, input.component())).ok();
    });
    compiling.map_err(|error| Refused::Compile(error.into()))?;
    let (started, deadline) = (Instant::now(), engine.limits().compile_deadline);
    match compiled.recv_timeout(deadline) {
        Ok(_) if started.elapsed() > deadline => Err(Refused::CompileDeadline(deadline)),
        Ok(component) => component.map_err(Refused::Compile),
        Err(RecvTimeoutError::Timeout) => Err(Refused::CompileDeadline(deadline)),
        Err(RecvTimeoutError::Disconnected) => Err(Refused::Compile(wasmtime::format_err!(
            "the compiler panicked"
        ))),
    }
}

/// Links against nothing and instantiates once, so that no surprise is left for a batch.
fn instantiate(
    engine: &Engine,
    bundle: &Bundle,
    component: &Component,
) -> wasmtime::Result<(InstancePre<Cap>, Exported)> {
    let pre = Linker::new(engine.wasm()).instantiate_pre(component)?;
    let exported = inspect::exported(component)?;
    let mut store = engine.store(bundle.manifest().budget.fuel(1));
    let instance = pre.instantiate(&mut store)?;
    inspect::function(&instance, &mut store, &exported)?;
    Ok((pre, exported))
}

fn try_cases(rule: &Rule) -> Result<(), Refused> {
    let mut fuel = 0;
    for case in &rule.bundle.cases().case {
        fuel += check(rule, case).map_err(|source| Refused::Case {
            name: case.name.clone(),
            source,
        })?;
        if fuel > CASES_FUEL_MAX {
            return Err(Refused::CasesFuel);
        }
    }
    Ok(())
}

/// Tries one case under the limits of every call; the fuel it burnt.
pub(crate) fn check(rule: &Rule, case: &Case) -> Result<u64, CaseError> {
    let manifest = rule.bundle.manifest();
    let parameters = manifest.parameters(&case.parameters)?;
    let evaluation =
        case.with_facts(|facts| rule.evaluate(std::slice::from_ref(facts), &parameters))?;
    let named = |verdict: Verdict| Expected::of(verdict, manifest);
    match evaluation
        .answers
        .into_iter()
        .next()
        .expect("one row, one answer")
    {
        Err(fault) => Err(CaseError::Fault(fault)),
        Ok(verdict) if named(verdict) == case.expect => Ok(evaluation.fuel),
        Ok(verdict) => Err(CaseError::Other {
            answered: named(verdict),
            expected: case.expect.clone(),
        }),
    }
}
