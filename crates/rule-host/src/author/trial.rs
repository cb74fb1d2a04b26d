//! A rule on trial: its golden cases, and what the service relies on without asking: that an
//! answer depends on the event and the parameters alone. Under the limits of the service.

mod made;

pub use made::EVENTS;

use crate::activate::{self, CASES_FUEL_MAX, Refused};
use crate::author::random::Random;
use crate::bundle::{Bundle, Cases, Expected};
use crate::engine::Engine;
use crate::rule::{Rule, Unavailable};

/// What was tried, in order.
#[derive(Debug)]
pub struct Trial {
    /// Each thing that was tried.
    pub checks: Vec<Check>,
    /// Codes that no golden case expects.
    pub unshown: Vec<String>,
}

/// One thing that was tried.
#[derive(Debug)]
pub struct Check {
    /// What should be so.
    pub name: String,
    /// What is different, if anything.
    pub finding: Option<String>,
}

/// Why a bundle could not be tried.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be made ready.
    #[error("the bundle is refused")]
    Refused(#[from] Refused),
    /// The rule could not be asked.
    #[error("the rule could not be asked")]
    Unavailable(#[from] Unavailable),
}

impl Trial {
    /// Whether nothing was different.
    pub fn passed(&self) -> bool {
        self.checks.iter().all(|check| check.finding.is_none())
    }
}

/// Tries a bundle with made-up events; the same `seed` makes the same events.
///
/// # Errors
/// If it cannot be made ready: that is no finding about its cases.
pub fn run(engine: &Engine, bundle: &Bundle, seed: u64) -> Result<Trial, Error> {
    let rule = ready(engine, bundle)?;
    let mut checks = cases(&rule, bundle);
    checks.extend(made::tried(&rule, bundle, &mut Random::new(seed))?);
    Ok(Trial {
        checks,
        unshown: unshown(bundle),
    })
}

/// The rule without its cases, which would otherwise stop it at the first that fails.
fn ready(engine: &Engine, bundle: &Bundle) -> Result<Rule, Refused> {
    let component = bundle.component().to_vec();
    let bare = Bundle::pack(bundle.manifest(), component, &Cases::default())?;
    activate::load(engine, bare)
}

fn cases(rule: &Rule, bundle: &Bundle) -> Vec<Check> {
    let mut fuel = 0;
    let finding = |case| match activate::check(rule, case) {
        Ok(burnt) => {
            fuel += burnt;
            (fuel > CASES_FUEL_MAX).then(|| Refused::CasesFuel.to_string())
        }
        Err(error) => Some(causes(&error)),
    };
    let all = &bundle.cases().case;
    let findings = all.iter().map(finding);
    let named = all.iter().zip(findings).map(|(case, finding)| Check {
        name: case.name.clone(),
        finding,
    });
    named.collect()
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

fn unshown(bundle: &Bundle) -> Vec<String> {
    let shown = |name: &String| {
        let mut cases = bundle.cases().case.iter();
        cases.any(|case| match &case.expect {
            Expected::Flag(code) | Expected::Reject(code) | Expected::Park(code) => code == name,
            Expected::Accept | Expected::Clamp(_) => false,
        })
    };
    let codes = bundle.manifest().codes.iter().map(|code| &code.name);
    codes.filter(|name| !shown(name)).cloned().collect()
}
