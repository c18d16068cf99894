//! Waiting for a moment of a plan, to some ten microseconds: a timerfd on Linux, because tokio's own timer goes in whole milliseconds.

use std::io;
use std::time::{Duration, Instant};

/// A timer of one thread.
pub(super) struct Timer {
    #[cfg(target_os = "linux")]
    precise: Option<precise::Timer>,
}

impl Timer {
    /// Has to be made inside a runtime.
    pub(super) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            precise: precise::Timer::new().ok(),
        }
    }

    /// It waits in whole milliseconds.
    pub(super) fn coarse(&self) -> bool {
        #[cfg(target_os = "linux")]
        return self.precise.is_none();
        #[cfg(not(target_os = "linux"))]
        return true;
    }

    /// Waits until then.
    pub(super) async fn until(&self, moment: Instant) {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Others on this thread have their turn all the same.
            return tokio::task::yield_now().await;
        }
        if self.exactly(left).await.is_err() {
            tokio::time::sleep_until(moment.into()).await;
        }
    }

    #[cfg(target_os = "linux")]
    async fn exactly(&self, left: Duration) -> io::Result<()> {
        match &self.precise {
            Some(timer) => timer.after(left).await,
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    async fn exactly(&self, _: Duration) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(target_os = "linux")]
mod precise {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    pub(super) struct Timer(AsyncFd<OwnedFd>);

    impl Timer {
        #[allow(deprecated, reason = "the file is owned, so the unsoundness that it is deprecated for cannot be met; what stands for it is unsafe")]
        pub(super) fn new() -> io::Result<Self> {
            let file = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            AsyncFd::with_interest(file, Interest::READABLE).map(Self)
        }

        pub(super) async fn after(&self, left: Duration) -> io::Result<()> {
            let none = Timespec { tv_sec: 0, tv_nsec: 0 };
            let value = Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() };
            // Setting it also forgets that it had gone off (timerfd_create(2)), so it is never read.
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &Itimerspec { it_interval: none, it_value: value })?;
            self.0.readable().await?.clear_ready();
            Ok(())
        }
    }
}
