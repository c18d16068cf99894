//! What each of many runs is worth, and the day it belongs to. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::load::audit::Stamp;
use crate::results::{Run, State as RunState};

/// What a run is worth, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// It may be believed.
    Valid,
    /// It ended before its time, or nobody judged it.
    Cut,
    /// It runs.
    Running,
    /// Something may have bent its figures.
    Suspect,
    /// It failed, or measured something else than was planned.
    Bad,
}

/// What a run is worth.
pub fn worth(run: &Run) -> Worth {
    match (run.state, run.stamp) {
        (RunState::Running, _) => Worth::Running,
        _ if run.trouble().is_some() => Worth::Bad,
        (_, Some(Stamp::Invalid)) => Worth::Bad,
        (_, Some(Stamp::Suspect)) => Worth::Suspect,
        (RunState::Done, _) => Worth::Valid,
        _ => Worth::Cut,
    }
}

/// The day a run began, in UTC.
pub fn day(run: &Run) -> Date {
    run.started.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::Subject;

    #[test]
    fn what_failed_is_worth_less_than_what_was_cut_off() {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let mut run = Run::begin("r1".into(), Subject::default(), &plan, jiff::Timestamp::from_second(3_600).unwrap());
        (run.state, run.requests) = (RunState::Done, 1_000);
        assert_eq!(worth(&run), Worth::Valid);
        run.stamp = Some(Stamp::Suspect);
        assert_eq!(worth(&run), Worth::Suspect);
        run.errors.insert("status_5xx".into(), 1_000);
        assert_eq!(worth(&run), Worth::Bad);
        assert_eq!(day(&run), jiff::civil::date(1970, 1, 1));
    }
}
