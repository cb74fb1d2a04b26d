//! `tokio::sync::Notify`: at most one permit; a waiter is given its wake-up by name, and one who
//! goes away with it passes it on. Of the rest (`notify_waiters`, `enable`) it knows nothing.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::Mutex;

/// Wakes one task, or the next that comes.
#[derive(Default)]
pub struct Notify(Mutex<State>);

#[derive(Default)]
struct State {
    permit: bool,
    next_ticket: usize,
    waiting: VecDeque<(usize, Waker)>,
    /// Woken by name, and not back yet.
    woken: Vec<usize>,
}

/// Returns once woken.
pub struct Notified<'a> {
    notify: &'a Notify,
    ticket: Option<usize>,
}

impl State {
    /// Whom to wake.
    fn notify(&mut self) -> Option<Waker> {
        let Some((ticket, waker)) = self.waiting.pop_front() else {
            self.permit = true;
            return None;
        };
        self.woken.push(ticket);
        Some(waker)
    }

    /// Whether this ticket was woken; it is not woken again.
    fn was_woken(&mut self, ticket: usize) -> bool {
        let at = self.woken.iter().position(|&it| it == ticket);
        at.map(|at| self.woken.swap_remove(at)).is_some()
    }

    /// Uses the permit, or queues.
    fn first_poll(&mut self, waker: &Waker) -> Option<usize> {
        if std::mem::take(&mut self.permit) {
            return None;
        }
        self.next_ticket += 1;
        self.waiting.push_back((self.next_ticket, waker.clone()));
        Some(self.next_ticket)
    }
}

impl Notify {
    /// Without a permit.
    pub fn new() -> Notify {
        Notify::default()
    }

    /// Wakes the first who waits; or else the next who comes does not wait.
    pub fn notify_one(&self) {
        let waker = self.0.lock().notify();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits, from the first poll on.
    pub fn notified(&self) -> Notified<'_> {
        Notified {
            notify: self,
            ticket: None,
        }
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.notify.0.lock();
        let Some(ticket) = self.ticket else {
            let ticket = state.first_poll(context.waker());
            drop(state);
            self.ticket = ticket;
            return if ticket.is_none() {
                Poll::Ready(())
            } else {
                Poll::Pending
            };
        };
        if state.was_woken(ticket) {
            drop(state);
            self.ticket = None;
            return Poll::Ready(());
        }
        for (_, waker) in state.waiting.iter_mut().filter(|(it, _)| *it == ticket) {
            waker.clone_from(context.waker());
        }
        Poll::Pending
    }
}

impl Drop for Notified<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else {
            return;
        };
        let mut state = self.notify.0.lock();
        state.waiting.retain(|(it, _)| *it != ticket);
        let passed_on = state.was_woken(ticket).then(|| state.notify()).flatten();
        drop(state);
        if let Some(waker) = passed_on {
            waker.wake();
        }
    }
}
