//! A run followed to its end: how it goes, told once a second, and that it is asked to stop.

use std::io::Write;
use std::sync::Arc;
use std::task::Poll;

use super::report;
use crate::load::engine::Sample;
use crate::names::Problem;
use crate::perf::{Finished, Handle};
use crate::results::Interval;

/// Once it has come it has come for whoever asks again: a verb that does several runs may be asked to stop just as one of them ends.
pub(super) fn lasting(stop: impl Future<Output = ()>) -> impl Future<Output = ()> {
    let (mut stop, mut come) = (Box::pin(stop), false);
    std::future::poll_fn(move |context| {
        come = come || stop.as_mut().poll(context).is_ready();
        if come { Poll::Ready(()) } else { Poll::Pending }
    })
}

/// Says how it goes once a second; ends it when `stop` comes.
pub(super) async fn to_its_end(handle: Handle, stop: impl Future<Output = ()>, err: &mut dyn Write) -> Result<Finished, Problem> {
    let stopper = handle.stopper();
    let stop = async {
        stop.await;
        stopper.stop();
        std::future::pending().await
    };
    to_its_end_unless(handle, stop, err)
        .await
        .unwrap_or_else(|| Err(Problem::new("perf.lost", "the load test has no result", "nobody waited for it")))
}

/// Says how it goes once a second; none where `leave` came first.
pub(super) async fn to_its_end_unless(mut handle: Handle, leave: impl Future<Output = ()>, err: &mut dyn Write) -> Option<Result<Finished, Problem>> {
    let mut samples = handle.samples();
    let mut told: Option<Arc<Sample>> = None;
    let mut leave = std::pin::pin!(leave);
    loop {
        tokio::select! {
            biased;
            outcome = handle.finished() => return Some(outcome),
            () = &mut leave => return None,
            Ok(()) = samples.changed() => {
                let sample = samples.borrow_and_update().clone();
                // Who comes later first sees how far it is.
                let before = told.as_ref().map_or(0, |told| told.elapsed.as_secs());
                if sample.elapsed.as_secs() > before && sample.ended.is_none() {
                    _ = writeln!(err, "{}", report::progress(&Interval::between(told.as_deref(), &sample)));
                    told = Some(sample);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_asked_to_stop_as_a_run_ends_is_asked_still() {
        let mut stop = std::pin::pin!(lasting(async {}));
        stop.as_mut().await;
        stop.as_mut().await;
    }
}
