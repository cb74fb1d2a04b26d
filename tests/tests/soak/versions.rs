//! The same traffic and the same faults on each major version of PostgreSQL that is here.

use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::tools;
use plimsoll_tests::ours::Settings;
use plimsoll_tests::servers::{broker, topic};
use plimsoll_tests::skipped;

use crate::load::Load;
use crate::scene::{
    IMPATIENT, SMALL_BATCHES, all_is_applied, ends_well, goes_on, laid_out, mixed, start,
};

const PARTITIONS: i32 = 4;

/// Beside the one of the machine, which all other tests run on.
const NEWEST: u32 = 18;

#[tokio::test(flavor = "multi_thread")]
async fn each_version_of_postgresql_keeps_the_guarantee() {
    let versions = tools::postgres_versions();
    for (major, bin) in &versions {
        let started = Cluster::start_from(bin, &[]);
        judged(
            *major,
            started.unwrap_or_else(|error| panic!("{major}: {error:#}")),
        )
        .await;
    }
    if !versions.contains_key(&NEWEST) {
        skipped(format_args!(
            "PostgreSQL {NEWEST} is not here: `cargo xtask soak` fetches it where it can"
        ));
    }
}

async fn judged(major: u32, mut cluster: Cluster) {
    cluster.create_database("it", None).expect("a database");
    let (bootstrap, shape) = (broker().bootstrap(), mixed(PARTITIONS, true));
    let topic = topic(PARTITIONS).await.expect("a topic");
    let settings = Settings {
        more: format!("{IMPATIENT}{SMALL_BATCHES}"),
        ..Settings::new(&cluster.url("it"), &bootstrap, &topic)
    };
    let settings = laid_out(settings, &shape).await;
    let (dies, stays) = (start(&settings), start(&settings));
    let load = Load::start(&bootstrap, &topic, &shape, u64::from(major));
    goes_on(&settings, 5_000, &[&dies, &stays]).await;
    dies.kill().expect("it is killed");
    goes_on(&settings, 5_000, &[&stays]).await;
    cluster.stop_immediate().expect("it crashes");
    cluster.start_again().expect("it comes back");
    goes_on(&settings, 5_000, &[&stays]).await;
    load.stop();
    all_is_applied(&settings, &[&stays]).await;
    ends_well(&settings, &shape, vec![stays]).await;
}
