//! Whether a run may be believed: the generator's own figures held against limits, each with its reason. Pure.
//!
//! Every cause has a limit from which a run is suspect, and one, ten times as far unless said otherwise, from which it is invalid: what was measured then is
//! not what was planned.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{Path, Plan};
use super::record::Class;
use super::sample::Sample;

/// What may be said of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// The generator did what was planned.
    Valid,
    /// Something may have bent the figures.
    Suspect,
    /// Something was measured, but not what was planned.
    Invalid,
}

/// Why a run is not simply valid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What it is.
    pub cause: Cause,
    /// How bad.
    pub stamp: Stamp,
    /// What was measured, in the cause's unit.
    pub value: f64,
    /// From where on it counts.
    pub limit: f64,
}

/// What can bend the figures of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Requests were sent at another rate than planned: the share that is missing or too many.
    Rate,
    /// Slots of the plan were never sent: their share.
    Missed,
    /// Requests were sent late though connections were free: nanoseconds at the 99th percentile.
    Late,
    /// Requests were sent late because every connection was waiting for an answer: nanoseconds at the 99th percentile.
    Busy,
    /// A thread that sends had hardly any of its core left: its share.
    Cpu,
    /// The hypervisor gave the machine's time to others: its share.
    Steal,
    /// No file descriptor was left for a connection: how often.
    Descriptors,
    /// No port was left to connect from: how often.
    Ports,
    /// The wall clock jumped: nanoseconds.
    Clock,
    /// Latency rose or fell during the run: by which share of its median.
    Trend,
    /// The system has only a coarse timer: nanoseconds of its step.
    Timer,
    /// The target was reached through a forwarded port.
    Forwarded,
    /// Requests were cut off by the end of the run, the slowest of them most likely: their share.
    Cut,
    /// Nothing was answered.
    Nothing,
    /// A cause that a newer version knows.
    #[serde(other)]
    Other,
}

/// The final figures of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Slots that were due; 0 in a closed loop.
    pub planned: u64,
    /// Requests that were sent.
    pub sent: u64,
    /// Slots that were missed.
    pub missed: u64,
    /// Whole answers.
    pub answers: u64,
    /// Requests that were under way when it ended.
    pub cut: u64,
    /// 99th percentile of lateness, in nanoseconds; of few requests the latest one.
    pub late: u64,
    /// The most slots that ever waited for a connection.
    pub backlog: usize,
    /// Median of response time, in nanoseconds.
    pub median: u64,
    /// Share of its core that the busiest thread used.
    pub cpu: f64,
    /// Share of the machine's time that went to others.
    pub steal: f64,
    /// Connections that found no file descriptor.
    pub descriptors: u64,
    /// Connections that found no port.
    pub ports: u64,
    /// The farthest the wall clock jumped at once.
    pub jump: Duration,
    /// By which share of its median latency went up or down during the run, where that is more than chance.
    pub trend: Option<f64>,
    /// The timer has steps of a millisecond.
    pub coarse: bool,
    /// How the target was reached.
    pub path: Path,
}

/// One rule: a cause, its value, from where on it is suspect and from where on invalid.
type Rule = (Cause, f64, f64, f64);

const NEVER: f64 = f64::INFINITY;

impl Figures {
    /// What a sample says of a plan; whoever saw all of its seconds knows the `trend`.
    pub fn of(plan: &Plan, sample: &Sample, trend: Option<f64>) -> Self {
        let whole = &sample.whole;
        let errors = |class: Class| whole.errors().find(|(known, _)| *known == class).map_or(0, |(_, count)| count);
        let late = whole.lateness().and_then(|late| late.percentile(0.99).or(late.spread().map(|(_, _, most)| most)));
        Self {
            planned: if plan.pace.is_open() { sample.planned } else { 0 },
            sent: whole.lateness().map_or(0, super::record::Latency::count),
            missed: whole.missed,
            answers: whole.requests(),
            cut: sample.in_flight as u64,
            late: late.unwrap_or(0),
            backlog: sample.backlog_max,
            median: whole.percentile(0.5).unwrap_or(0),
            cpu: sample.generator.busiest(),
            steal: sample.generator.steal(),
            descriptors: errors(Class::Descriptors),
            ports: errors(Class::Ports),
            jump: Duration::from_nanos(sample.generator.clock_jump_ns),
            trend,
            coarse: sample.generator.coarse,
            path: plan.path,
        }
    }

    /// The stamp, and every reason for it, the worst first.
    pub fn judge(&self) -> (Stamp, Vec<Reason>) {
        let broken = |(cause, value, suspect, invalid): Rule| {
            let stamp = if value > invalid { Stamp::Invalid } else { Stamp::Suspect };
            (value > suspect).then_some(Reason { cause, stamp, value, limit: suspect })
        };
        let mut reasons: Vec<Reason> = self.rules().into_iter().filter_map(broken).collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.stamp));
        (reasons.first().map_or(Stamp::Valid, |worst| worst.stamp), reasons)
    }

    fn rules(&self) -> Vec<Rule> {
        let open = self.planned > 0;
        let (planned, sent) = (self.planned as f64, self.sent as f64);
        let share = |part: f64| if open { part / planned } else { 0.0 };
        // wrk2 and oha are a millisecond late at the median (they wait in whole milliseconds); what is small beside the latency itself bends nothing.
        let late = (self.median as f64 / 10.0).max(1e6);
        vec![
            // A plan of few requests cannot be met to a per cent.
            (Cause::Rate, share(((planned - sent).abs() - 1.0).max(0.0)), 0.01, 0.1),
            // The end of a run may cut off a slot or two.
            (Cause::Missed, share(self.missed as f64), 0.001, 0.01),
            (
                if self.backlog > 0 { Cause::Busy } else { Cause::Late },
                if open { self.late as f64 } else { 0.0 },
                late,
                if self.backlog > 0 { NEVER } else { late * 10.0 },
            ),
            // A closed loop takes all it can get; a plan needs room.
            (Cause::Cpu, if open { self.cpu } else { 0.0 }, 0.85, NEVER),
            // Pairs of runs with more steal than that were dropped when generators were measured against each other.
            (Cause::Steal, self.steal, 0.03, 0.3),
            (Cause::Descriptors, self.descriptors as f64, 0.0, 0.0),
            (Cause::Ports, self.ports as f64, 0.0, 0.0),
            // Time spans are not taken from that clock; but it was set, or the machine slept. NTP sets it from 128 ms on (RFC 5905, 11.3).
            (Cause::Clock, self.jump.as_nanos() as f64, 5e7, NEVER),
            (Cause::Trend, self.trend.map_or(0.0, f64::abs), 0.2, NEVER),
            (Cause::Timer, if open && self.coarse { 1e6 } else { 0.0 }, 0.0, NEVER),
            (Cause::Forwarded, f64::from(self.path == Path::PortForward), 0.0, NEVER),
            // Where a tenth is missing, so is what p90 would have been.
            (Cause::Cut, if self.answers == 0 { 0.0 } else { self.cut as f64 / (self.answers + self.cut) as f64 }, 0.1, NEVER),
            (Cause::Nothing, f64::from(self.answers == 0), 0.0, 0.0),
        ]
    }
}

impl Reason {
    /// One sentence without its full stop.
    pub fn text(&self) -> String {
        let percent = |share: f64| {
            let percent = share * 100.0;
            if percent < 0.1 { format!("{percent:.2} %") } else { format!("{percent:.1} %") }
        };
        let span = |ns: f64| crate::text::quantity::latency(ns.max(0.0) as u64);
        let Self { value, limit, .. } = *self;
        match self.cause {
            Cause::Rate => format!("the rate was {} off the plan (limit {})", percent(value), percent(limit)),
            Cause::Missed => format!("{} of the planned requests were never sent", percent(value)),
            Cause::Late => format!("requests were sent as much as {} late (p99, or the latest of few; limit {})", span(value), span(limit)),
            Cause::Busy => format!("all connections were busy, so requests were sent as much as {} late (p99); ask for more of them", span(value)),
            Cause::Cpu => format!("a generator thread used {} of its core (limit {})", percent(value), percent(limit)),
            Cause::Steal => format!("the hypervisor took {} of this machine (limit {})", percent(value), percent(limit)),
            Cause::Descriptors => format!("{value:.0} connections found no file descriptor on this machine; raise `ulimit -n`"),
            Cause::Ports => format!("{value:.0} connections found no free port on this machine; keep connections alive, or ask for fewer"),
            Cause::Clock => format!("the clock of this machine jumped by {}: it was set, or the machine slept", span(value)),
            Cause::Trend => format!("latency moved by {} during the run: it was not steady", percent(value)),
            Cause::Timer => "this system waits in whole milliseconds".to_owned(),
            Cause::Forwarded => "it went through a forwarded port, so the tunnel is measured as well".to_owned(),
            Cause::Cut => format!("{} of the requests were cut off at the end, the slowest most likely; let it run longer", percent(value)),
            Cause::Nothing => "nothing was answered".to_owned(),
            Cause::Other => "a newer version of this program had a reason that this one does not know".to_owned(),
        }
    }
}

impl Stamp {
    /// VALID, SUSPECT or INVALID.
    pub fn word(self) -> &'static str {
        ["VALID", "SUSPECT", "INVALID"][self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Figures {
        Figures { planned: 50_000, sent: 50_000, answers: 50_000, late: 200_000, median: 150_000, cpu: 0.3, ..Figures::default() }
    }

    fn judged(figures: Figures) -> (Stamp, Vec<Cause>) {
        let (stamp, reasons) = figures.judge();
        assert!(reasons.iter().all(|reason| !reason.text().is_empty() && reason.value > reason.limit));
        (stamp, reasons.iter().map(|reason| reason.cause).collect())
    }

    #[test]
    fn every_limit_has_a_side_that_is_fine_and_one_that_is_not() {
        use Stamp::{Invalid, Suspect, Valid};
        assert_eq!(judged(fine()), (Valid, vec![]));
        assert_eq!(judged(Figures { sent: 49_500, ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { sent: 49_400, ..fine() }), (Suspect, vec![Cause::Rate]));
        assert_eq!(judged(Figures { sent: 40_000, missed: 10_000, ..fine() }), (Invalid, vec![Cause::Rate, Cause::Missed]));
        assert_eq!(judged(Figures { missed: 50, ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { missed: 51, ..fine() }), (Suspect, vec![Cause::Missed]));
        assert_eq!(judged(Figures { late: 400_000_000, backlog: 9, ..fine() }), (Suspect, vec![Cause::Busy]));
        assert_eq!(judged(Figures { late: 1_000_000, ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { late: 1_100_000, ..fine() }), (Suspect, vec![Cause::Late]));
        assert_eq!(judged(Figures { late: 1_100_000, median: 20_000_000, ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { cpu: 0.86, ..fine() }), (Suspect, vec![Cause::Cpu]));
        assert_eq!(judged(Figures { steal: 0.031, ..fine() }), (Suspect, vec![Cause::Steal]));
        assert_eq!(judged(Figures { descriptors: 1, ..fine() }), (Invalid, vec![Cause::Descriptors]));
        assert_eq!(judged(Figures { ports: 1, ..fine() }), (Invalid, vec![Cause::Ports]));
        assert_eq!(judged(Figures { jump: Duration::from_secs(3_600), ..fine() }), (Suspect, vec![Cause::Clock]));
        assert_eq!(judged(Figures { jump: Duration::from_millis(50), ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { trend: Some(-0.3), ..fine() }), (Suspect, vec![Cause::Trend]));
        assert_eq!(judged(Figures { coarse: true, ..fine() }), (Suspect, vec![Cause::Timer]));
        assert_eq!(judged(Figures { path: Path::PortForward, ..fine() }), (Suspect, vec![Cause::Forwarded]));
        assert_eq!(judged(Figures { answers: 90, cut: 10, ..fine() }), (Valid, vec![]));
        assert_eq!(judged(Figures { answers: 89, cut: 11, ..fine() }), (Suspect, vec![Cause::Cut]));
        assert_eq!(judged(Figures { answers: 0, cut: 4, ..fine() }), (Invalid, vec![Cause::Nothing]));
    }

    #[test]
    fn a_closed_loop_plans_nothing_and_takes_all_it_can_get() {
        let closed = Figures { planned: 0, sent: 0, cpu: 1.0, late: 0, coarse: true, ..fine() };
        assert_eq!(judged(closed), (Stamp::Valid, vec![]));
    }

    #[test]
    fn a_cause_of_a_newer_version_is_read() {
        let reason: Reason = serde_json::from_str(r#"{"cause":"moon","stamp":"suspect","value":1.0,"limit":0.0}"#).unwrap();
        assert_eq!(reason.cause, Cause::Other);
    }
}
