//! How a command ends: its exit code, and what is said about a failure.

use std::fmt;
use std::process::ExitCode;

use crate::config::Finding;

/// What a command that did its work found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing to complain about.
    Done,
    /// Something that should not be.
    Finding,
}

impl Verdict {
    /// A finding if `found`.
    pub(crate) fn finding_if(found: bool) -> Verdict {
        if found {
            Verdict::Finding
        } else {
            Verdict::Done
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It was tried and did not work.
    Failed(Complaint),
    /// It was asked for in a way that cannot be right.
    Usage(Complaint),
    /// The configuration is wrong.
    Configuration(Vec<Finding>),
    /// Something outside is missing: a server, a privilege, the schema.
    Environment(Complaint),
    /// The same, several at once, each with the key that names what is missing.
    Surroundings(Vec<Finding>),
}

/// What went wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    what: String,
    fix: String,
}

impl Failure {
    pub(crate) fn failed(what: impl Into<String>, fix: impl Into<String>) -> Failure {
        Failure::Failed(Complaint {
            what: what.into(),
            fix: fix.into(),
        })
    }

    pub(crate) fn usage(what: impl Into<String>, fix: impl Into<String>) -> Failure {
        Failure::Usage(Complaint {
            what: what.into(),
            fix: fix.into(),
        })
    }

    pub(crate) fn environment(what: impl Into<String>, fix: impl Into<String>) -> Failure {
        Failure::Environment(Complaint {
            what: what.into(),
            fix: fix.into(),
        })
    }

    /// What went wrong, without what to do about it.
    pub(crate) fn what(&self) -> String {
        match self {
            Failure::Failed(complaint)
            | Failure::Usage(complaint)
            | Failure::Environment(complaint) => complaint.what.clone(),
            Failure::Configuration(_) | Failure::Surroundings(_) => self.to_string(),
        }
    }

    /// What to do about it; empty where nobody knows.
    pub(crate) fn fix(&self) -> String {
        match self {
            Failure::Failed(complaint)
            | Failure::Usage(complaint)
            | Failure::Environment(complaint) => complaint.fix.clone(),
            Failure::Configuration(_) | Failure::Surroundings(_) => String::new(),
        }
    }

    fn code(&self) -> u8 {
        match self {
            Failure::Failed(_) => 1,
            Failure::Usage(_) | Failure::Configuration(_) => 2,
            Failure::Environment(_) | Failure::Surroundings(_) => 3,
        }
    }
}

/// One line, two where there is a fix; one for each finding of a configuration.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(complaint)
            | Failure::Usage(complaint)
            | Failure::Environment(complaint) => {
                write!(f, "plimsoll: {}", complaint.what)?;
                if complaint.fix.is_empty() {
                    Ok(())
                } else {
                    write!(f, "\n  fix: {}", complaint.fix)
                }
            }
            Failure::Configuration(findings) | Failure::Surroundings(findings) => {
                let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

/// The exit code of what a command answered.
pub(crate) fn code(answer: &Result<Verdict, Failure>) -> ExitCode {
    match answer {
        Ok(Verdict::Done) => ExitCode::SUCCESS,
        Ok(Verdict::Finding) => ExitCode::from(1),
        Err(failure) => ExitCode::from(failure.code()),
    }
}
