//! What the coordinator does about what it hears.

mod scene;

use std::future::pending;

use tokio::task::yield_now;
use tokio::time::timeout;

use super::claiming::Outcome;
use super::*;
use scene::{CLAIM, LIMIT, Scene};

/// What the polling thread is told of partition 3, where it is the first.
const FETCHED: &str = "fetch 3 from 5, generation 1, lane 0";

#[tokio::test]
async fn a_partition_that_is_claimed_goes_to_a_lane_and_is_fetched() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    assert!(scene.is_claiming(3));
    assert_eq!(scene.told(), [""; 0], "nothing is fetched without a claim");
    scene.task.react(scene.claimed(3));
    let own = Some(Order::Own {
        partition: 3,
        generation: 1,
        claim: CLAIM,
        next_offset: 5,
    });
    let ordered = scene.task.desk.inboxes[0].next_order();
    assert_eq!(format!("{ordered:?}"), format!("{own:?}"));
    assert_eq!(scene.told(), [FETCHED]);
}

#[tokio::test]
async fn partitions_go_to_the_lane_that_has_fewest() {
    let mut scene = Scene::new().await;
    scene.fetches([0, 1, 2, 3]);
    scene.revoke(&[1, 3]);
    assert_eq!(scene.orders(), [(1, "let go", 1), (1, "let go", 3)]);
    for partition in [4, 5] {
        scene.task.react(Heard::Assigned(vec![partition]));
        scene.task.react(scene.claimed(partition));
    }
    assert_eq!(scene.orders(), [(1, "own", 4), (1, "own", 5)]);
}

/// The polling thread does what it is told between two polls, so it may be told to fetch a
/// partition that the group took in the poll before. Assigned for ever, it could not be assigned again.
#[tokio::test]
async fn a_partition_that_the_group_took_is_not_fetched_although_its_claim_had_just_come() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    scene.task.react(scene.claimed(3));
    scene.revoke(&[3]);
    assert_eq!(scene.told(), [FETCHED, "leave [3]"]);
}

#[tokio::test]
async fn a_revocation_is_answered_when_every_lane_has_let_go() {
    let mut scene = Scene::new().await;
    scene.fetches([0, 1, 2]);
    let all_gone = scene.revoke(&[0, 1]);
    assert_eq!(scene.orders(), [(0, "let go", 0), (1, "let go", 1)]);
    let let_go = |partition| Heard::LetGo { partition };
    scene.task.react(let_go(0));
    all_gone.try_recv().expect_err("1 is still in flight");
    scene.task.react(let_go(1));
    all_gone.try_recv().expect("nothing is in flight");
    assert!(scene.task.places.get(0).is_none() && scene.task.places.get(2).is_some());
}

/// Otherwise each revocation waits as long as it may.
#[tokio::test]
async fn a_lane_that_has_nothing_of_a_partition_in_flight_says_that_it_has_let_go() {
    let mut scene = Scene::new().await;
    scene.fetches([0]);
    let all_gone = scene.revoke(&[0]);
    let lane = tokio::spawn(scene.lane(0).run());
    let said = timeout(LIMIT, scene.heard.recv()).await;
    let said = said.expect("it says something").expect("it is there");
    assert!(matches!(said, Heard::LetGo { partition: 0 }));
    scene.task.react(said);
    all_gone.try_recv().expect("nothing is in flight");
    scene.task.desk.inboxes[0].order(Order::End);
    timeout(LIMIT, lane).await.expect("it ends").expect("well");
}

#[tokio::test]
async fn a_revocation_of_what_nobody_works_on_is_answered_at_once() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![0]));
    scene
        .revoke(&[0, 1])
        .try_recv()
        .expect("nobody is waited for");
    assert_eq!(scene.told(), [""; 0]);
}

/// A claim that went on would take the partition from its next owner, again and again.
#[tokio::test]
async fn a_claim_ends_when_the_group_takes_its_partition() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    assert_eq!(scene.at_work().await, 1, "the database has not answered");
    scene.revoke(&[3]);
    assert_eq!(scene.at_work().await, 0);
}

#[tokio::test]
async fn a_claim_ends_when_its_partition_is_claimed_anew() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    scene.task.react(Heard::Assigned(vec![3]));
    assert_eq!(scene.at_work().await, 1);
}

#[tokio::test]
async fn an_answer_to_an_earlier_claim_is_dropped() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    let late = scene.claimed(3);
    scene.task.react(Heard::Assigned(vec![3]));
    scene.task.react(late);
    assert!(scene.is_claiming(3));
    assert_eq!((scene.told(), scene.orders()), (vec![], vec![]));
}

#[tokio::test]
async fn a_claim_that_finds_a_halt_fetches_nothing_and_is_resumed_by_an_operator() {
    let mut scene = Scene::new().await;
    scene.task.react(Heard::Assigned(vec![3]));
    scene.task.react(Heard::Claimed {
        generation: scene.generation(3),
        claimed: Outcome {
            partition: 3,
            claim: CLAIM,
            next_offset: 5,
            halted: Some("retention: it is gone".to_owned()),
        },
    });
    assert_eq!((scene.told(), scene.orders()), (vec![], vec![]));
    scene.task.react(Heard::Resumed(3));
    assert!(scene.is_claiming(3));
}

#[tokio::test]
async fn what_is_lost_is_fetched_no_more_and_claimed_anew() {
    let mut scene = Scene::new().await;
    scene.fetches([3]);
    let generation = scene.generation(3);
    let lost = |generation| Heard::Lost {
        partition: 3,
        generation,
    };
    scene.task.react(lost(generation + 1));
    assert_eq!(scene.told(), [""; 0], "that is another assignment");
    scene.task.react(lost(generation));
    assert_eq!(scene.told(), ["leave [3]"]);
    assert!(scene.is_claiming(3) && scene.generation(3) > generation);
}

/// The database does not know of it yet, so it calls the partition anything but halted.
#[tokio::test]
async fn a_halt_that_is_not_written_down_yet_is_not_taken_for_resumed() {
    let mut scene = Scene::new().await;
    scene.fetches([3, 4]);
    let generation = scene.generation(3);
    scene.task.react(scene.halt(3, "refused: no"));
    assert_eq!(scene.told(), ["leave [3]"]);
    scene.task.react(Heard::Resumed(3));
    assert!(!scene.is_claiming(3));
    let written = |generation| Heard::HaltWritten {
        partition: 3,
        generation,
    };
    scene.task.react(written(generation + 1));
    scene.task.react(Heard::Resumed(3));
    assert!(!scene.is_claiming(3), "that was another halt");
    scene.task.react(written(generation));
    assert_eq!(scene.task.places.known_halts(), [3]);
    scene.task.react(Heard::Resumed(3));
    assert!(scene.is_claiming(3) && scene.generation(3) > generation);
    scene.task.react(Heard::Resumed(4));
    assert!(!scene.is_claiming(4), "it was never halted");
}

#[tokio::test]
async fn a_halt_of_an_earlier_assignment_halts_nothing() {
    let mut scene = Scene::new().await;
    scene.fetches([3]);
    let late = scene.halt(3, "refused: no");
    scene.fetches([3]);
    scene.task.react(late);
    assert_eq!(scene.task.places.halts().count(), 0);
}

#[tokio::test]
async fn a_position_outside_the_log_is_claimed_anew_by_whoever_fetches_it() {
    let mut scene = Scene::new().await;
    scene.fetches([3, 4]);
    scene.task.react(scene.halt(4, "refused: no"));
    scene.told();
    for partition in [3, 4, 5] {
        scene.task.react(Heard::OutOfRange(partition));
    }
    assert_eq!(scene.orders(), [(0, "let go", 3)]);
    assert_eq!(scene.told(), ["leave [3]"]);
    assert!(scene.is_claiming(3) && !scene.is_claiming(4));
}

#[tokio::test]
async fn everything_is_claimed_anew_when_the_topic_is_another_one() {
    let mut scene = Scene::new().await;
    scene.fetches([3, 4]);
    scene.task.react(Heard::Recreated);
    assert_eq!(scene.told(), ["leave [3]", "leave [4]"]);
    assert!(scene.is_claiming(3) && scene.is_claiming(4));
}

#[tokio::test]
async fn a_log_is_asked_for_its_edges_once_its_position_is_about_it() {
    let mut scene = Scene::new().await;
    scene.fetches([0, 1, 2, 3]);
    scene.task.react(Heard::Assigned(vec![3]));
    scene.task.react(scene.halt(1, "refused: no"));
    scene.task.react(scene.halt(2, "recreated: another log"));
    assert_eq!(scene.task.places.measurable(), [0, 1]);
}

/// Headroom is what matters then, and a quarter of a minute is long.
#[tokio::test]
async fn a_halt_has_the_logs_asked_again_at_once() {
    let mut scene = Scene::new().await;
    scene.task.look_around();
    assert!(scene.task.measured.is_none(), "there is nothing to ask");
    scene.fetches([0]);
    scene.task.look_around();
    asked(&mut scene).await;
    let just_now = Some(Instant::now());
    scene.task.measured = just_now;
    scene.task.look_around();
    assert_eq!(scene.task.measured, just_now, "it is not due");
    scene.task.react(scene.halt(0, "refused: no"));
    scene.task.show();
    scene.task.look_around();
    asked(&mut scene).await;
    let shown = scene.task.desk.store.metrics.text();
    // Nothing was ever written to it, and its position is 7.
    for series in [
        "plimsoll_retention_headroom_records{partition=\"0\"} 7",
        "plimsoll_topic_partitions 8",
    ] {
        assert!(shown.contains(series), "{series} is not in\n{shown}");
    }
}

/// Waits until the broker has answered about all logs.
async fn asked(scene: &mut Scene) {
    assert!(scene.task.measured.is_some());
    let asking = scene.task.measuring.take().expect("they are asked");
    let answered = timeout(LIMIT, asking).await;
    answered.expect("in time").expect("no panic");
}

#[tokio::test]
async fn now_and_then_it_looks_whether_a_halt_was_resumed_and_the_topic_made_anew() {
    let mut scene = Scene::new().await;
    // No edges are asked for, which would be one more at work.
    scene.task.measured = Some(Instant::now());
    scene.task.look_around();
    assert_eq!(scene.at_work().await, 0, "there is nothing to look for");
    scene.fetches([3]);
    scene.task.look_around();
    assert_eq!(scene.at_work().await, 1, "the topic is looked at");
    scene.task.react(scene.halt(3, "refused: no"));
    scene.task.measured = Some(Instant::now());
    assert_eq!(scene.at_work().await, 2, "the halt is written down");
    scene.task.look_around();
    assert_eq!(scene.at_work().await, 2, "the database does not know of it");
    scene.task.places.halt_is_written(3);
    scene.task.look_around();
    assert_eq!(scene.at_work().await, 3, "the halt is looked at");
}

#[tokio::test]
async fn at_the_end_the_database_hears_that_nobody_owns_what_was_fetched() {
    let mut scene = Scene::new().await;
    scene.task.give_back().await;
    scene.fetches([3]);
    tokio::select! {
        () = scene.task.give_back() => panic!("the database was not told"),
        connected = scene.database.accept() => drop(connected.expect("it is told")),
    }
}

#[tokio::test]
async fn what_is_fetched_and_what_is_halted_is_shown() {
    let mut scene = Scene::new().await;
    let watch = Arc::clone(&scene.task.desk.watch);
    assert!(watch.readiness().kafka.is_some());
    scene.task.react(Heard::Assigned(Vec::new()));
    assert_eq!(watch.readiness().kafka, None, "the group has let us in");
    scene.fetches([0, 1]);
    scene.task.react(scene.halt(1, "refused: no"));
    let Scene { task, heard, .. } = &mut scene;
    let shown = async {
        while watch.readiness().assigned != [0] {
            yield_now().await;
        }
    };
    let ended = timeout(LIMIT, task.run(heard, shown)).await;
    assert_eq!(ended, Ok(Ok(())), "it runs until it is stopped");
    let halted = watch.readiness().halted;
    assert_eq!(halted, [(1, "refused: no".to_owned())]);
    let text = task.desk.store.metrics.text();
    let halt = "plimsoll_partition_halted{partition=\"1\",reason=\"refused\"} 1";
    assert!(text.contains(halt), "{text}");
}

/// Partitions that could not be assigned would be fetched by nobody, and the group believes that
/// we do.
#[tokio::test]
async fn a_client_that_gave_up_ends_the_run() {
    let mut scene = Scene::new().await;
    let Scene { task, heard, .. } = &mut scene;
    let why = "partitions could not be assigned".to_owned();
    task.desk.myself.hear(Heard::Failed(why.clone()));
    let ended = timeout(LIMIT, task.run(heard, pending())).await;
    assert_eq!(ended, Ok(Err(why)));
}
