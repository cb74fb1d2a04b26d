#![doc = include_str!("../README.md")]

mod schema;

mod rules;

mod bounds;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, TransactionTrait};

/// The migrations, oldest first.
struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(schema::Migration),
            Box::new(rules::Migration),
            Box::new(bounds::Migration),
        ]
    }

    fn migration_table_name() -> DynIden {
        Alias::new("plimsoll_migrations").into_iden()
    }
}

/// Brings the schema up to this version. Many replicas may call it at once: the first does the
/// work in one transaction, the others wait for it. Answers how many migrations were applied.
pub async fn up(db: &DatabaseConnection) -> Result<usize, DbErr> {
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody cancels a migration and goes on"
    )]
    let tx = db.begin().await?;
    tx.execute_unprepared("SELECT pg_advisory_xact_lock(hashtextextended('plimsoll.migrate', 0))")
        .await?;
    let pending = Migrator::get_pending_migrations(&tx).await?.len();
    if pending > 0 {
        Migrator::up(&tx, None).await?;
    }
    tx.commit().await?;
    Ok(pending)
}

/// Names of the migrations that are not applied yet, oldest first. Writes nothing.
pub async fn pending(db: &DatabaseConnection) -> Result<Vec<String>, DbErr> {
    let pending = Migrator::get_pending_migrations_read_only(db).await?;
    Ok(pending.iter().map(|m| m.name().to_owned()).collect())
}
