//! The private PostgreSQL.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use plimsoll_sandbox::postgres::Cluster;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};

async fn number(database: &DatabaseConnection, query: &str) -> Result<i64> {
    let row = database
        .query_one_raw(Statement::from_string(DbBackend::Postgres, query))
        .await?;
    Ok(row.context("no row")?.try_get_by_index(0)?)
}

#[tokio::test]
async fn data_survives_a_crash_of_the_server() -> Result<()> {
    let mut cluster = Cluster::start(&[("work_mem", "5MB")])?;
    cluster.create_database("it's", None)?;
    let database = Database::connect(cluster.url("it's")).await?;
    let setting = "select setting::int8 from pg_settings where name = 'work_mem'";
    assert_eq!(number(&database, setting).await?, 5 * 1024);

    database
        .execute_unprepared("create table t as select generate_series(1, 1000) as n")
        .await?;
    let (port, process) = (cluster.port(), cluster.pid());
    cluster.stop_immediate()?;
    assert!(
        TcpStream::connect(("127.0.0.1", port)).is_err(),
        "a stopped server answers nobody"
    );
    cluster.start_again()?;
    assert_eq!(cluster.port(), port);
    assert_ne!(cluster.pid(), process);

    cluster.kill9()?;
    cluster.start_again()?;
    let database = Database::connect(cluster.url("it's")).await?;
    assert_eq!(number(&database, "select count(*) from t").await?, 1_000);
    Ok(())
}

#[tokio::test]
async fn a_database_is_a_copy_of_its_template() -> Result<()> {
    let cluster = Cluster::start(&[])?;
    cluster.create_database("model", None)?;
    let model = Database::connect(cluster.url("model")).await?;
    model
        .execute_unprepared("create table t as select 42::int8 as n")
        .await?;
    model.close().await?;
    cluster.create_database("copy", Some("model"))?;
    let copy = Database::connect(cluster.url("copy")).await?;
    assert_eq!(number(&copy, "select n from t").await?, 42);
    assert!(
        cluster.create_database("copy", None).is_err(),
        "the name is taken"
    );
    Ok(())
}

#[tokio::test]
async fn processor_time_of_ended_sessions_is_counted() -> Result<()> {
    let cluster = Cluster::start(&[])?;
    let before = cluster.server_cpu();
    let database = Database::connect(cluster.url("postgres")).await?;
    number(
        &database,
        "select sum(n)::int8 from generate_series(1, 3000000) as n",
    )
    .await?;
    let during = cluster.server_cpu();
    database.close().await?;
    assert!(
        during - before > Duration::from_millis(50),
        "{before:?} to {during:?}"
    );
    assert!(cluster.server_cpu() >= during - Duration::from_millis(20));
    Ok(())
}

#[test]
fn a_setting_the_server_refuses_is_reported_with_its_log() {
    let refused = Cluster::start(&[("work_mem", "plenty")])
        .map(drop)
        .expect_err("not a size");
    assert!(refused.to_string().contains("work_mem"), "{refused}");
}
