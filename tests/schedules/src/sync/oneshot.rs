//! `tokio::sync::oneshot`: one value, once. A value is either taken or handed back to its sender:
//! closing and sending have an order, and the loser sees the winner.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::Mutex;

/// The sender is gone, or has sent nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nothing;

/// The end that a value is given to.
pub struct Sender<T>(Arc<Mutex<State<T>>>);

/// The end that waits for it.
pub struct Receiver<T>(Arc<Mutex<State<T>>>);

struct State<T> {
    value: Option<T>,
    sender_is_gone: bool,
    closed: bool,
    waker: Option<Waker>,
}

/// Both ends.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let state = Arc::new(Mutex::new(State {
        value: None,
        sender_is_gone: false,
        closed: false,
        waker: None,
    }));
    (Sender(Arc::clone(&state)), Receiver(state))
}

impl<T> Sender<T> {
    /// # Errors
    /// The value, if nobody can receive it any more.
    pub fn send(self, value: T) -> Result<(), T> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(value);
        }
        state.value = Some(value);
        Ok(())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.sender_is_gone = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Receiver<T> {
    /// Nothing can be sent from now on; what was, can be taken.
    pub fn close(&mut self) {
        self.0.lock().closed = true;
    }

    /// # Errors
    /// If there is nothing.
    pub fn try_recv(&mut self) -> Result<T, Nothing> {
        self.0.lock().value.take().ok_or(Nothing)
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Nothing>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.0.lock();
        if let Some(value) = state.value.take() {
            return Poll::Ready(Ok(value));
        }
        if state.sender_is_gone {
            return Poll::Ready(Err(Nothing));
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
    }
}
