//! `parking_lot`'s mutex and condition variable, as far as the real files use them, over
//! shuttle's. A wait never ends because its limit passed, so that whoever is only saved by a limit
//! is found as a deadlock; a limit of zero passes at once.

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

use shuttle::sync;

/// A mutex without poisoning.
#[derive(Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// A locked [`Mutex`].
pub struct MutexGuard<'a, T>(Option<sync::MutexGuard<'a, T>>);

/// Waits for a change of what a [`Mutex`] guards.
pub struct Condvar(sync::Condvar);

impl<T> Mutex<T> {
    /// An unlocked one.
    pub fn new(value: T) -> Mutex<T> {
        Mutex(sync::Mutex::new(value))
    }

    /// Waits for it.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        MutexGuard(Some(self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("empty only inside a wait")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("empty only inside a wait")
    }
}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl Condvar {
    /// Nobody waits.
    pub fn new() -> Condvar {
        Condvar(sync::Condvar::new())
    }

    /// Wakes one who waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Unlocks, waits to be woken, and locks again.
    pub fn wait_for<T>(&self, guard: &mut MutexGuard<'_, T>, limit: Duration) {
        if !limit.is_zero() {
            let locked = guard.0.take().expect("empty only inside a wait");
            let locked = self.0.wait(locked);
            guard.0 = Some(locked.unwrap_or_else(PoisonError::into_inner));
        }
    }
}
