//! The words of load tests that nobody is born with: what each means on these screens, for help. What is exact stands where it is computed: stamps and their
//! limits in `load::audit`, stalls in `state::series`, verdicts in `stats`.

/// Words and their meanings, those of the first minute first.
pub const WORDS: &[(&str, &str)] = &[
    ("VALID", "the generator did as planned; the target may still be bad"),
    ("SUSPECT", "something may have bent the figures; the reason is told"),
    ("INVALID", "what was measured is not what was planned"),
    ("FAILED", "no request succeeded"),
    ("p99", "99 of 100 answers were as fast; · while too few are slower"),
    ("service time", "from the send to the last byte of the answer"),
    ("response time", "from when the plan wanted it sent: what users feel"),
    ("late", "how long after its time in the plan a request was sent"),
    ("missed", "slots of the plan that were due and never sent"),
    ("held up", "nothing was answered, or requests waited 100 ms to be sent"),
    ("waiting", "the backlog: due, while every connection is busy"),
    ("in flight", "sent and not answered yet"),
    ("unfinished", "under way when the run ended; no error of the target"),
    ("closed loop", "each connection sends when its last request is answered"),
    ("open", "requests are sent by a plan, whatever is answered"),
    ("generator CPU", "share of a core of its busiest thread; a limit from 85 %"),
    ("steal", "share of this machine that its hypervisor gave to others"),
    ("band", "a difference smaller than that is noise"),
    ("[95 %]", "where the true value lies in 95 of 100 such comparisons"),
];
