//! Scenarios of the lock table. Batches are tasks that take SKUs, work a while, and give them back.

use std::sync::Arc;
use std::sync::Mutex;

use shuttle::future::{block_on, spawn, yield_now};

use crate::locks::Sku;
use crate::tasks::{all, poll_once};
use crate::variants::Table;

const A: &[&str] = &["a"];
const B: &[&str] = &["b"];
const ALL: &[&str] = &["a", "b", "c"];

fn skus(names: &[&str]) -> Arc<[Sku]> {
    names.iter().map(|&name| Sku::from(name)).collect()
}

/// Who has what, beside the table. Std's mutex: not a point where others come between.
#[derive(Clone, Default)]
struct Owners(Arc<Mutex<Vec<String>>>);

impl Owners {
    fn enter(&self, names: &[&str]) {
        let mut owned = self.0.lock().expect("nobody panics inside");
        for name in names {
            let is_owned = owned.iter().any(|it| it == name);
            if is_owned {
                drop(owned);
                panic!("SKU {name} has two owners");
            }
            owned.push((*name).to_owned());
        }
    }

    fn leave(&self, names: &[&str]) {
        let mut owned = self.0.lock().expect("nobody panics inside");
        owned.retain(|it| !names.contains(&it.as_str()));
    }
}

async fn batch<T: Table>(locks: T, owners: Owners, names: &'static [&'static str]) {
    let held = locks.take(skus(names)).await;
    owners.enter(names);
    yield_now().await;
    owners.leave(names);
    drop(held);
}

fn crossing<T: Table>(sets: &[&'static [&'static str]]) {
    let (locks, owners) = (T::default(), Owners::default());
    let tasks = sets.iter().map(|&names| {
        let (locks, owners) = (locks.clone(), owners.clone());
        spawn(async move {
            batch(locks.clone(), owners.clone(), names).await;
            batch(locks, owners, names).await;
        })
    });
    let tasks = tasks.collect();
    block_on(async {
        all(tasks).await;
        // Whatever was left locked is waited for in vain.
        batch(locks, owners, ALL).await;
    });
}

/// A SKU has one owner, everybody gets what they want, and nothing stays locked.
pub fn batches_that_cross<T: Table>() {
    crossing::<T>(&[&["a", "b"], &["b", "c"], &["a", "c"], ALL]);
}

/// The same where two batches name their SKUs in opposite orders, which the real table refuses.
pub fn batches_in_opposite_orders<T: Table>() {
    crossing::<T>(&[&["a", "b"], &["b", "a"]]);
}

/// Two that wait for a SKU get it in the order they came, also if one between them gives up.
pub fn a_queue_for_one_sku<T: Table>() {
    let (locks, order) = (T::default(), Arc::new(Mutex::new(Vec::new())));
    block_on(async {
        let owner = locks.take(skus(B)).await;
        let owner = spawn(async move { drop(owner) });
        let mut tasks = vec![owner];
        for (name, gives_up) in [("first", false), ("nobody", true), ("second", false)] {
            let mut taking = Box::pin(locks.take(skus(B)));
            let at_once = poll_once(&mut taking).await;
            let order = Arc::clone(&order);
            tasks.push(spawn(async move {
                if gives_up {
                    return drop((at_once, taking));
                }
                let held = match at_once {
                    Some(held) => held,
                    None => taking.await,
                };
                order.lock().expect("nobody panics inside").push(name);
                drop(held);
            }));
        }
        all(tasks).await;
    });
    let order = order.lock().expect("nobody panics inside").clone();
    assert_eq!(
        order,
        ["first", "second"],
        "served in another order than they came"
    );
}

/// A batch that gives up while it waits leaves nothing locked, wherever the hand-over meets it.
pub fn a_waiter_that_gives_up<T: Table>() {
    let (locks, owners) = (T::default(), Owners::default());
    block_on(async {
        let owner = locks.take(skus(B)).await;
        let mut waiter = Box::pin(locks.take(skus(ALL)));
        assert!(poll_once(&mut waiter).await.is_none(), "it is owned");
        let tasks = vec![
            spawn(async move { drop(owner) }),
            spawn(async move { drop(waiter) }),
            spawn(batch(locks.clone(), owners.clone(), A)),
            spawn(batch(locks.clone(), owners.clone(), B)),
        ];
        all(tasks).await;
        batch(locks, owners, ALL).await;
    });
}
