//! Why something about rules could not be done, and what to do about it. Logs nothing.

use std::sync::Arc;

use plimsoll_rule_host::activate::Refused;
use plimsoll_rule_host::ruleset;
use plimsoll_rule_host::{Digest, Unavailable};
use sea_orm::DbErr;

/// Why something about rules could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The outside failed, or lacks a privilege.
    #[error("PostgreSQL")]
    Database(#[from] DbErr),
    /// This machine cannot run WebAssembly.
    #[error("the engine for rules does not start: {0}")]
    Engine(String),
    /// A rule could not be asked, which says nothing about it.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// No service like this one would ask that bundle.
    #[error("the bundle {name} ({digest}) is refused")]
    Refused {
        /// What it is called; a question mark where that cannot be read.
        name: String,
        /// Which bundle.
        digest: Digest,
        /// The step that refuses it.
        #[source]
        source: Arc<Refused>,
    },
    /// A file that was given is no bundle to be used.
    #[error("the file is refused")]
    File(#[source] plimsoll_rule_host::bundle::Error),
    /// What the database has under one digest is something else.
    #[error("what is stored as bundle {0} is another: push it again")]
    Exchanged(Digest),
    /// The ruleset makes no sense, alone or with its bundles.
    #[error(transparent)]
    Ruleset(#[from] ruleset::Error),
    /// A stored ruleset is not the one that was activated.
    #[error("revision {0} is not what was activated: its digest is another. Activate it anew")]
    Altered(i32),
    /// There is no such revision.
    #[error("there is no revision {0}: see `plimsoll rules status`")]
    NoRevision(i32),
    /// There are rulesets, but none that this service may run with.
    #[error("no ruleset can be made ready: {0}")]
    NoneReady(String),
    /// Nothing else was ever active.
    #[error("there is no earlier ruleset to go back to: activate another one instead")]
    NothingBefore,
    /// What was left would come back.
    #[error(
        "revision {0} is a roll-back itself, and the one before it is what was left: name the \
         revision to repeat with `--to REVISION`"
    )]
    WentBack(i32),
    /// Somebody else was faster.
    #[error(
        "revision {found} is desired now, not {expected}: look at `plimsoll rules status`, and \
         then expect {found}"
    )]
    Moved {
        /// The revision that was expected.
        expected: i32,
        /// The one there is.
        found: i32,
    },
    /// A rule allows what floors do not.
    #[error(
        "{rule} needs floors of {units} or lower, but {products} of the products that it decides \
         for stand higher, {sku} among them; type\n{commands}"
    )]
    Floor {
        /// What the rule is called.
        rule: String,
        /// The lowest floor it needs.
        units: i64,
        /// Products with a higher one.
        products: i64,
        /// One of them.
        sku: String,
        /// What to type, one command a line.
        commands: String,
    },
    /// A rule allows what the floor of products does not that are still to come.
    #[error(
        "{rule} needs floors of {units} or lower, but a product that the service makes for an \
         unknown SKU gets {floor}: write `stock.floor_default = {units}` into the configuration and \
         restart the service, or let it make none with `stock.unknown_sku = \"park\"`"
    )]
    CreatedFloor {
        /// What the rule is called.
        rule: String,
        /// The lowest floor it needs.
        units: i64,
        /// The floor that a new product gets.
        floor: i64,
    },
}

impl Error {
    /// Whether it is the outside's, and trying again may help.
    pub fn is_outside(&self) -> bool {
        match self {
            Error::Database(_) | Error::Unavailable(_) => true,
            Error::Engine(_)
            | Error::Refused { .. }
            | Error::File(_)
            | Error::Exchanged(_)
            | Error::Ruleset(_)
            | Error::Altered(_)
            | Error::NoRevision(_)
            | Error::NoneReady(_)
            | Error::NothingBefore
            | Error::WentBack(_)
            | Error::Moved { .. }
            | Error::Floor { .. }
            | Error::CreatedFloor { .. } => false,
        }
    }

    /// All of it in one line: itself and what is behind it, the failing step included.
    pub fn reason(&self) -> String {
        let mut reason = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            reason = format!("{reason}: {error}");
            cause = error.source();
        }
        reason
    }
}
