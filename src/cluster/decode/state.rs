//! How an object does, from what its columns say: the words of STATUS, and for Tables well-known columns of any kind, also of custom ones.

use super::{Cell, RowState};

/// How an object does, from the word its STATUS column says.
pub(super) fn state_of_word(word: &str) -> RowState {
    const BAD: &[&str] = &[
        "BackOff",
        "Err",
        "Fail",
        "OOM",
        "Evicted",
        "Invalid",
        "ExitCode",
        "Signal",
        "Deadline",
        "Lost",
        "NotReady,",
        "CannotRun",
        "Denied",
        "Degraded",
        "Unhealthy",
        "Missing",
    ];
    const PROGRESS: &[&str] = &["Pending", "Creating", "Initializing", "Init:", "Terminating", "Gated", "Progressing"];
    let has = |list: &[&str]| list.iter().any(|part| word.contains(part));
    match word {
        "Completed" | "Succeeded" | "Complete" | "Released" | "Suspended" => RowState::Done,
        "Unknown" => RowState::Unknown,
        "NotReady" => RowState::Warn,
        _ if has(BAD) => RowState::Bad,
        _ if has(PROGRESS) => RowState::Progress,
        _ => RowState::Fine,
    }
}

/// What a column says about its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Test {
    /// One word, as STATUS has them.
    Word,
    /// `True` is well and `False` is not; or `have/wanted`, or a number that the column of this name says is wanted.
    Ready(&'static str),
    /// Nothing is left of it.
    NotZero,
    /// It has reached the number of the column of this name.
    Below(&'static str),
    /// This word stands in it.
    Not(&'static str, RowState),
}

/// Which columns are looked at: the kind (empty: any), its column, what the column says. The worst that is said counts.
const RULES: &[(&str, &str, Test)] = &[
    ("", "STATUS", Test::Word),
    ("", "PHASE", Test::Word),
    ("", "CONDITION", Test::Word),
    ("", "HEALTH STATUS", Test::Word),
    ("", "READY", Test::Ready("DESIRED")),
    ("", "SYNCED", Test::Ready("")),
    ("", "AVAILABLE", Test::Ready("DESIRED")),
    ("", "HEALTHY", Test::Ready("")),
    ("", "PROGRAMMED", Test::Ready("")),
    ("", "ACCEPTED", Test::Ready("")),
    ("", "INSTALLED", Test::Ready("")),
    ("Application", "SYNC STATUS", Test::Not("OutOfSync", RowState::Warn)),
    ("CronJob", "SUSPEND", Test::Not("True", RowState::Done)),
    ("FlowSchema", "MISSINGPL", Test::Not("True", RowState::Warn)),
    ("HorizontalPodAutoscaler", "TARGETS", Test::Not("<unknown>", RowState::Warn)),
    ("HorizontalPodAutoscaler", "REPLICAS", Test::Below("MAXPODS")),
    ("Job", "STATUS", Test::Not("Running", RowState::Progress)),
    ("PodDisruptionBudget", "ALLOWED DISRUPTIONS", Test::NotZero),
    ("VolumeAttachment", "ATTACHED", Test::Not("false", RowState::Progress)),
];

/// The tests that a Table with these headings (in capitals) can be put to: where, what, and where what is wanted stands.
pub(super) fn tests(kind: &str, headings: &[&str]) -> Vec<(usize, Test, Option<usize>)> {
    let place = |name: &str| headings.iter().position(|heading| *heading == name);
    let mine = RULES.iter().filter(|(of, ..)| of.is_empty() || *of == kind);
    let one = |(_, column, test): &(&str, &str, Test)| {
        let wanted = match test {
            Test::Ready(name) | Test::Below(name) => place(name),
            _ => None,
        };
        Some((place(column)?, *test, wanted))
    };
    mine.filter_map(one).collect()
}

/// What one column says; `wanted` is the cell it is measured by.
pub(super) fn judge(test: Test, cell: &Cell, wanted: Option<&Cell>) -> RowState {
    let text = cell.show(0);
    match (test, cell) {
        // Some kinds keep a sentence there.
        (Test::Word, _) if !text.contains(' ') => state_of_word(&text),
        (Test::Ready(_), Cell::Ratio(have, wanted)) => enough(i64::from(*have), i64::from(*wanted)),
        (Test::Ready(_), Cell::Number(have)) => match wanted {
            Some(Cell::Number(wanted)) => enough(*have, *wanted),
            _ => RowState::Fine,
        },
        // An APIService says why behind it.
        (Test::Ready(_), Cell::Text(said)) if said.starts_with("False") => RowState::Warn,
        (Test::Ready(_), Cell::Text(said)) if said.starts_with("Unknown") => RowState::Unknown,
        (Test::NotZero, Cell::Number(0)) => RowState::Warn,
        (Test::Below(_), Cell::Number(have)) => match wanted {
            Some(Cell::Number(most)) if have >= most && *most > 0 => RowState::Warn,
            _ => RowState::Fine,
        },
        (Test::Not(word, state), Cell::Text(said)) if said.contains(word) => state,
        _ => RowState::Fine,
    }
}

fn enough(have: i64, wanted: i64) -> RowState {
    match (have, wanted) {
        (0, 0) => RowState::Done,
        (have, wanted) if have >= wanted => RowState::Fine,
        (0, _) => RowState::Bad,
        _ => RowState::Warn,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headings with their cells.
    type Said<'a> = &'a [(&'a str, Cell)];

    /// The headings and cells as kube-apiserver 1.36 and the printer columns of cert-manager, Crossplane and Gateway API write them.
    #[test]
    fn well_known_columns_say_how_an_object_does() {
        let text = |text: &str| Cell::Text(text.into());
        let cases: &[(&str, Said<'_>, RowState)] = &[
            ("ReplicaSet", &[("DESIRED", Cell::Number(3)), ("READY", Cell::Number(1))], RowState::Warn),
            ("ReplicaSet", &[("DESIRED", Cell::Number(0)), ("READY", Cell::Number(0))], RowState::Done),
            ("DaemonSet", &[("DESIRED", Cell::Number(3)), ("READY", Cell::Number(3)), ("AVAILABLE", Cell::Number(2))], RowState::Warn),
            ("StatefulSet", &[("READY", Cell::Ratio(0, 2))], RowState::Bad),
            ("PersistentVolumeClaim", &[("STATUS", text("Pending"))], RowState::Progress),
            ("PersistentVolumeClaim", &[("STATUS", text("Lost"))], RowState::Bad),
            ("PersistentVolumeClaim", &[("STATUS", text("Bound"))], RowState::Fine),
            ("Job", &[("STATUS", text("Failed"))], RowState::Bad),
            ("Job", &[("STATUS", text("Running")), ("COMPLETIONS", Cell::Ratio(0, 1))], RowState::Progress),
            (
                "HorizontalPodAutoscaler",
                &[("TARGETS", text("cpu: <unknown>/80%")), ("MAXPODS", Cell::Number(5)), ("REPLICAS", Cell::Number(1))],
                RowState::Warn,
            ),
            (
                "HorizontalPodAutoscaler",
                &[("TARGETS", text("cpu: 99%/80%")), ("MAXPODS", Cell::Number(5)), ("REPLICAS", Cell::Number(5))],
                RowState::Warn,
            ),
            ("PodDisruptionBudget", &[("ALLOWED DISRUPTIONS", Cell::Number(0))], RowState::Warn),
            ("APIService", &[("AVAILABLE", text("False (ServiceNotFound)"))], RowState::Warn),
            ("Certificate", &[("READY", text("False")), ("STATUS", text("Issuing certificate as Secret does not exist"))], RowState::Warn),
            ("Certificate", &[("READY", text("True")), ("STATUS", text("Certificate is up to date and has not expired"))], RowState::Fine),
            ("Bucket", &[("READY", text("True")), ("SYNCED", text("False"))], RowState::Warn),
            ("Gateway", &[("PROGRAMMED", text("Unknown"))], RowState::Unknown),
            ("CronJob", &[("SUSPEND", text("True"))], RowState::Done),
            ("Deployment", &[], RowState::Fine),
        ];
        for (kind, cells, wanted) in cases {
            let headings: Vec<&str> = cells.iter().map(|(heading, _)| *heading).collect();
            let said = tests(kind, &headings).into_iter().map(|(at, test, by)| judge(test, &cells[at].1, by.map(|by| &cells[by].1)));
            assert_eq!(said.max().unwrap_or_default(), *wanted, "{kind} {cells:?}");
        }
    }
}
