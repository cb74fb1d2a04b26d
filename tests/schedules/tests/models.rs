//! The models of tokio's `Notify` and `oneshot`, beside tokio's own: the same steps, the same answers.
//! What happens when steps come at the same time is not seen here; each is done under one lock.

use std::pin::pin;
use std::task::{Context, Waker};

macro_rules! answers {
    ($($sync:ident)::+) => {{
        use $($sync)::+::{Notify, oneshot};
        let mut context = Context::from_waker(Waker::noop());
        let mut answers = Vec::new();
        let mut note = |what: &'static str, answer: bool| answers.push((what, answer));

        let notify = Notify::new();
        notify.notify_one();
        notify.notify_one();
        note("a permit waits", pin!(notify.notified()).poll(&mut context).is_ready());
        note("two are one", pin!(notify.notified()).poll(&mut context).is_ready());

        let notify = Notify::new();
        let mut waits = pin!(notify.notified());
        note("nothing came", waits.as_mut().poll(&mut context).is_ready());
        notify.notify_one();
        note("woken", waits.as_mut().poll(&mut context).is_ready());
        note("without a permit", pin!(notify.notified()).poll(&mut context).is_ready());

        let notify = Notify::new();
        let (mut first, mut second) = (Box::pin(notify.notified()), pin!(notify.notified()));
        note("first waits", first.as_mut().poll(&mut context).is_ready());
        note("second waits", second.as_mut().poll(&mut context).is_ready());
        notify.notify_one();
        drop(first);
        note("passed on", second.as_mut().poll(&mut context).is_ready());

        let notify = Notify::new();
        let mut gone = Box::pin(notify.notified());
        note("waits", gone.as_mut().poll(&mut context).is_ready());
        notify.notify_one();
        drop(gone);
        note("kept for the next", pin!(notify.notified()).poll(&mut context).is_ready());

        let (sender, mut receiver) = oneshot::channel();
        note("sent", sender.send(()).is_ok());
        receiver.close();
        note("closed too late", receiver.try_recv().is_ok());
        note("once", receiver.try_recv().is_ok());

        let (sender, mut receiver) = oneshot::channel();
        receiver.close();
        note("closed in time", sender.send(()).is_ok());
        note("nothing to take", receiver.try_recv().is_ok());

        let (sender, receiver) = oneshot::channel();
        drop(receiver);
        note("nobody to receive", sender.send(()).is_ok());

        let (sender, receiver) = oneshot::channel();
        let mut receiver = pin!(receiver);
        note("nothing sent", receiver.as_mut().poll(&mut context).is_ready());
        note("sent to a waiter", sender.send(()).is_ok());
        note("received", matches!(receiver.as_mut().poll(&mut context), std::task::Poll::Ready(Ok(()))));

        let (sender, receiver) = oneshot::channel::<()>();
        drop(sender);
        note("sender is gone", matches!(pin!(receiver).poll(&mut context), std::task::Poll::Ready(Err(_))));
        answers
    }};
}

#[test]
fn the_models_answer_as_tokio_does() {
    let real = answers!(tokio::sync);
    assert!(real.contains(&("passed on", true)) && real.contains(&("two are one", false)));
    plimsoll_schedules::random(1, 1, || {
        assert_eq!(answers!(plimsoll_schedules::sync), answers!(tokio::sync));
    });
}
