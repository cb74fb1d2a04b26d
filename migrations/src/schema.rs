//! The first schema. Knows the order in which its parts build on each other.

use sea_orm_migration::prelude::*;

pub(crate) struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "0001_schema"
    }
}

const SCRIPTS: [&str; 6] = [
    include_str!("sql/products.sql"),
    include_str!("sql/positions.sql"),
    include_str!("sql/ledger.sql"),
    include_str!("sql/refusals.sql"),
    include_str!("sql/views.sql"),
    include_str!("sql/runtime_role.sql"),
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        for script in SCRIPTS {
            db.execute_unprepared(script).await?;
        }
        Ok(())
    }
}
