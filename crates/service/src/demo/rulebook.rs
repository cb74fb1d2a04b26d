//! The rules of a demo: read from a folder, signed with a key that is thrown away, pushed,
//! activated, and swapped while events flow, as any operator would. What they decide is theirs.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use plimsoll_core::rules::{self, Settings, Shelf, Wish};
use plimsoll_rule_host::bundle::{NEVER, Trust, Unsigned};
use plimsoll_rule_host::keys::SigningKey;
use plimsoll_rule_host::{Bundle, Digest};
use rand::TryRng as _;
use rand::rngs::SysRng;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use super::terms::{History, RULES, Terms};
use crate::exit::Failure;

const BY: &str = "demo";

/// Signed bundles of the shipped rules, by name, and who believes in them.
pub(super) struct Bundles {
    files: BTreeMap<String, Vec<u8>>,
    pub(super) settings: Settings,
}

/// What is active, and what was.
pub(super) struct Rulebook {
    db: DatabaseConnection,
    shelf: Arc<Shelf>,
    digests: BTreeMap<String, Digest>,
    history: History,
}

/// Where `cargo xtask rules` puts bundles, as seen from this program; nothing if there are none.
pub(super) fn usual_folder() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let folder = program.parent()?.parent()?.join("rules");
    folder.join(file(RULES[0])).is_file().then_some(folder)
}

fn file(rule: &str) -> String {
    format!("{rule}.bundle")
}

impl Bundles {
    /// Reads all six and signs them.
    pub(super) fn read(folder: &Path) -> Result<Bundles, Failure> {
        let key = throw_away_key()?;
        let mut files = BTreeMap::new();
        for name in RULES {
            files.insert(name.to_owned(), signed(&folder.join(file(name)), &key)?);
        }
        let trust = Trust {
            keys: vec![key.public()],
            unsigned: Unsigned::Refuse,
        };
        Ok(Bundles {
            files,
            settings: Settings {
                trust,
                ..Settings::default()
            },
        })
    }
}

fn throw_away_key() -> Result<SigningKey, Failure> {
    let mut seed = [0; 32];
    SysRng
        .try_fill_bytes(&mut seed)
        .map_err(|error| Failure::environment(format!("no randomness: {error}"), ""))?;
    Ok(SigningKey::from_seed(&seed))
}

fn signed(path: &Path, key: &SigningKey) -> Result<Vec<u8>, Failure> {
    let unusable = |why: String| {
        Failure::usage(
            format!("the bundle {} cannot be used: {why}", path.display()),
            "`cargo xtask rules` builds it; --rules names the folder",
        )
    };
    let file = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    // Its end is not looked at: the key of the demo answers for it now.
    let bundle = Bundle::open(&file, &Trust::anyone(), 0);
    let signed = bundle.and_then(|bundle| bundle.sign(key, NEVER));
    let signed = signed.map_err(|error| unusable(rules::Error::File(error).reason()))?;
    Ok(signed.to_bytes())
}

impl Rulebook {
    /// Pushes the bundles and activates the first ruleset.
    pub(super) async fn open(db: &PgPool, bundles: Bundles, skus: u32) -> Result<Self, Failure> {
        let db = SqlxPostgresConnector::from_sqlx_postgres_pool(db.clone());
        let shelf = Shelf::new(bundles.settings.trust.clone()).map_err(failure)?;
        let mut digests = BTreeMap::new();
        for (name, file) in bundles.files {
            let pushed = rules::push(&db, &shelf, &file, BY).await.map_err(failure)?;
            digests.insert(name, pushed.digest);
        }
        let mut rulebook = Rulebook {
            db,
            shelf,
            digests,
            history: History {
                skus,
                revisions: Vec::new(),
            },
        };
        let named = RULES.join(", ");
        rulebook.activate(Terms::first(), &named).await?;
        Ok(rulebook)
    }

    /// Activates the same rules with one number changed; says which.
    pub(super) async fn swap(&mut self) -> Result<String, Failure> {
        let revisions = &self.history.revisions;
        let newest = revisions.last().expect("one was activated at first");
        let (terms, what) = newest.swapped(revisions.len() - 1);
        self.activate(terms, &what).await?;
        Ok(what)
    }

    async fn activate(&mut self, terms: Terms, reason: &str) -> Result<(), Failure> {
        let wish = Wish {
            by: BY,
            reason,
            expected: i32::try_from(self.history.revisions.len()).ok(),
        };
        let document = terms.document(&self.digests, self.history.skus);
        let activated = rules::activate(&self.db, &self.shelf, &document, None, wish).await;
        activated.map_err(failure)?;
        self.history.revisions.push(terms);
        Ok(())
    }

    /// The terms of every revision that was activated.
    pub(super) fn history(&self) -> &History {
        &self.history
    }
}

fn failure(error: rules::Error) -> Failure {
    Failure::failed(error.reason(), "")
}
