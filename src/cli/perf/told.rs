//! Runs that are over, in every form: for people, as data, as rows, and as test cases.

use std::io::{self, Write};

use serde_json::json;

use super::form::{self, Form};
use super::report;
use crate::load::audit::Stamp;
use crate::perf::abort::Rule;
use crate::results::Run;
use crate::results::gate::{Check, Outcome};
use crate::text::quantity::{count, share};

/// Writes one run. `rules` are those that could have ended it.
pub(super) fn run(run: &Run, rules: &[Rule], form: Form, out: &mut dyn Write) -> io::Result<()> {
    match form {
        Form::Text => write!(out, "{}", report::text(run)),
        Form::Json => serde_json::to_string_pretty(run).map_err(io::Error::from).and_then(|text| writeln!(out, "{text}")),
        Form::Yaml => form::value(form, &json!(run), out),
        Form::Csv | Form::Markdown => form::runs(form, std::slice::from_ref(run), out),
        Form::Junit => form::junit(run.named(), &cases(run, rules), out),
    }
}

/// What could have gone wrong with it: nothing was answered, a rule ended it, or it cannot be believed.
pub(super) fn cases(run: &Run, rules: &[Rule]) -> Vec<Check> {
    let check = |name: &str, outcome, said| Check { name: name.to_owned(), outcome, said };
    let answered = match run.trouble() {
        Some(problem) => check("answered", Outcome::Regressed, format!("{}: {}", problem.what, problem.why)),
        None => check("answered", Outcome::Passed, format!("{} answers, {} failed", count(run.requests), share(run.failed(), run.tried()))),
    };
    let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
    let foreign = run.aborted_by.iter().filter(|rule| !rules.contains(rule));
    let rule = |rule: &String| match run.aborted_by.as_ref() == Some(rule) {
        // What is no rule is a sentence.
        true if rule.contains(' ') => check("not cut short", Outcome::Regressed, format!("the run was ended by {rule}")),
        true => check(&format!("not {rule}"), Outcome::Regressed, "this ended the run".to_owned()),
        false => check(&format!("not {rule}"), Outcome::Passed, "it did not come to that".to_owned()),
    };
    let reasons = run.reasons.iter().map(crate::load::audit::Reason::text).collect::<Vec<_>>().join("; ");
    let believed = run.stamp.map(|stamp| {
        let outcome = if stamp == Stamp::Invalid { Outcome::Inconclusive } else { Outcome::Passed };
        check("measured", outcome, if reasons.is_empty() { stamp.word().to_owned() } else { format!("{}: {reasons}", stamp.word()) })
    });
    std::iter::once(answered).chain(rules.iter().chain(foreign).map(rule)).chain(believed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::audit::{Cause, Reason};
    use crate::load::plan::Plan;
    use crate::load::target::Target;
    use crate::results::Subject;

    #[test]
    fn a_run_is_a_suite_of_what_could_have_gone_wrong() {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let mut run = Run::begin("r".into(), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
        (run.requests, run.stamp) = (1_000, Some(Stamp::Valid));
        let rules: Vec<Rule> = ["errors>5%/10s", "p99>1s/30s"].map(|rule| rule.parse().unwrap()).into();
        let outcomes = |run: &Run| cases(run, &rules).iter().map(|case| (case.name.clone(), case.outcome)).collect::<Vec<_>>();
        let named = |outcomes: [Outcome; 4]| {
            ["answered", "not errors>5%/10s", "not p99>1s/30s", "measured"].map(str::to_owned).into_iter().zip(outcomes).collect::<Vec<_>>()
        };
        assert_eq!(outcomes(&run), named([Outcome::Passed; 4]));
        run.aborted_by = Some("p99>1s/30s".into());
        run.stamp = Some(Stamp::Invalid);
        run.reasons = vec![Reason { cause: Cause::Missed, stamp: Stamp::Invalid, value: 0.25, limit: 0.001 }];
        assert_eq!(outcomes(&run), named([Outcome::Passed, Outcome::Passed, Outcome::Regressed, Outcome::Inconclusive]));
        assert!(cases(&run, &rules)[3].said.starts_with("INVALID: 25.0 %"));
    }

    #[test]
    fn a_run_that_lost_its_way_says_so_in_a_case_that_can_be_read() {
        let plan = Plan::gentle(Target::parse("127.0.0.1:1").unwrap());
        let mut run = Run::begin("r".into(), Subject::default(), &plan, jiff::Timestamp::UNIX_EPOCH);
        run.aborted_by = Some("the loss of its way: the forwarded port is gone: its pod was deleted".into());
        let lost = cases(&run, &["errors>5%/10s".parse().unwrap()]).remove(2);
        assert_eq!((lost.name.as_str(), lost.outcome), ("not cut short", Outcome::Regressed));
        assert_eq!(lost.said, "the run was ended by the loss of its way: the forwarded port is gone: its pod was deleted");
    }
}
