//! The lock table by itself.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::*;

fn skus(names: &[&str]) -> Arc<[Sku]> {
    names.iter().map(|&name| Sku::from(name)).collect()
}

/// A lock that is never handed over fails the test, instead of keeping it for ever.
async fn taken(locks: &Arc<SkuLocks>, skus: Arc<[Sku]>) -> Held {
    let taken = tokio::time::timeout(Duration::from_secs(10), locks.take(skus));
    taken.await.expect("its owners go")
}

#[tokio::test]
async fn a_sku_has_one_owner_and_is_handed_over_in_order() {
    let locks = Arc::new(SkuLocks::default());
    let first = taken(&locks, skus(&["a", "b"])).await;
    let (done, mut order) = tokio::sync::mpsc::channel(2);
    for name in ["second", "third"] {
        let (locks, done) = (Arc::clone(&locks), done.clone());
        tokio::spawn(async move {
            let held = taken(&locks, skus(&["b"])).await;
            done.send(name).await.expect("the test listens");
            drop(held);
        });
        tokio::task::yield_now().await;
    }
    drop(done);
    assert!(order.try_recv().is_err(), "nobody passes the owner");
    drop(first);
    assert_eq!(order.recv().await, Some("second"));
    assert_eq!(order.recv().await, Some("third"));
    assert!(locks.waiters.lock().is_empty());
}

#[tokio::test]
async fn a_waiter_that_gives_up_leaves_nothing_behind() {
    let locks = Arc::new(SkuLocks::default());
    let owner = taken(&locks, skus(&["b"])).await;
    let mut waiter = Box::pin(locks.take(skus(&["a", "b", "c"])));
    assert!(futures_poll(waiter.as_mut()).is_none());
    // Handed over to the waiter, which never looks.
    drop(owner);
    drop(waiter);
    let all = taken(&locks, skus(&["a", "b", "c"])).await;
    drop(all);
    assert!(locks.waiters.lock().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn crossing_batches_never_share_a_sku_and_never_deadlock() {
    let locks = Arc::new(SkuLocks::default());
    let inside: Arc<[AtomicUsize]> = (0..8).map(|_| AtomicUsize::new(0)).collect();
    let tasks = (0..8_usize).map(|task| {
        let (locks, inside) = (Arc::clone(&locks), Arc::clone(&inside));
        tokio::spawn(async move {
            for round in 0..500_usize {
                let mut mine: Vec<usize> =
                    (0..4).map(|i| (task * 3 + round * 5 + i * i) % 8).collect();
                mine.sort_unstable();
                mine.dedup();
                let mine_named = mine.iter().map(|i| Sku::from(i.to_string())).collect();
                let held = taken(&locks, mine_named).await;
                for &i in &mine {
                    assert_eq!(
                        inside[i].fetch_add(1, Ordering::SeqCst),
                        0,
                        "SKU {i} has two owners"
                    );
                }
                tokio::task::yield_now().await;
                for &i in &mine {
                    inside[i].fetch_sub(1, Ordering::SeqCst);
                }
                drop(held);
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.expect("no owner met another");
    }
    assert!(locks.waiters.lock().is_empty());
}

#[tokio::test]
#[should_panic(expected = "ascending")]
async fn a_planted_swap_of_the_lock_order_is_refused() {
    Arc::new(SkuLocks::default()).take(skus(&["b", "a"])).await;
}

fn futures_poll<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
