//! Small things that scenarios do with futures. Knows nothing of what they wait for.

use std::pin::{Pin, pin};
use std::task::Poll;

use shuttle::future::JoinHandle;
use shuttle::rand::Rng;

/// What came first.
pub(crate) enum First<A, B> {
    Left(A),
    Right(B),
}

/// Polls once, as whoever starts to wait does.
pub(crate) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
    std::future::poll_fn(|context| match Pin::new(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// `tokio::select!` of two: polled in a random order, the other one is dropped.
pub(crate) async fn first<A: Future + Unpin, B: Future>(
    left: &mut A,
    right: B,
) -> First<A::Output, B::Output> {
    let mut right = pin!(right);
    std::future::poll_fn(|context| {
        let left_goes_first = shuttle::rand::thread_rng().r#gen::<bool>();
        if left_goes_first && let Poll::Ready(output) = Pin::new(&mut *left).poll(context) {
            return Poll::Ready(First::Left(output));
        }
        if let Poll::Ready(output) = right.as_mut().poll(context) {
            return Poll::Ready(First::Right(output));
        }
        if !left_goes_first && let Poll::Ready(output) = Pin::new(&mut *left).poll(context) {
            return Poll::Ready(First::Left(output));
        }
        Poll::Pending
    })
    .await
}

/// Waits for all; if one is never done, shuttle says so.
pub(crate) async fn all<T>(tasks: Vec<JoinHandle<T>>) {
    for task in tasks {
        task.await.expect("no task is cancelled");
    }
}
