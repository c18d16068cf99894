//! A recorded session as text: how it began, then one message a line with its moment. Pure; who writes the file and who plays it stand in `run` and `replay`.
//! Values of Secrets are not in it, because they never leave the cluster's room.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::app::model::{Beginning, Msg};
use super::app::shared::{Environment, Shared};
use super::flow::At;
use crate::cluster::fleet::Context;
use crate::cluster::gate::Gate;
use crate::cluster::standing::Declared;
use crate::names::{ClusterId, Problem};

/// How a session began: everything its messages do not hold.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// The version that wrote it.
    pub meshplay: String,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Contexts there were.
    pub contexts: Vec<Context>,
    /// Connections of other kinds.
    #[serde(default)]
    pub declared: Vec<Declared>,
    /// Named groups of contexts, from the settings.
    #[serde(default)]
    pub environments: BTreeMap<String, Environment>,
    /// The embedded cluster, if it was open.
    pub sandbox: Option<ClusterId>,
    /// Where kubeconfigs were looked for.
    pub looked_at: Vec<String>,
    /// Nothing was to be changed.
    pub readonly: bool,
    /// What was opened first.
    pub beginning: Beginning,
    /// When.
    pub at: At,
}

/// One message and its moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Line {
    /// When it was taken in.
    pub at: At,
    /// What it was.
    pub msg: Msg,
}

impl Head {
    /// The head of a session that begins now.
    pub fn new(shared: &Shared, beginning: &Beginning, size: (u16, u16), at: At) -> Self {
        Self {
            meshplay: env!("CARGO_PKG_VERSION").to_owned(),
            size,
            contexts: shared.contexts.clone(),
            declared: shared.declared.clone(),
            environments: shared.environments.clone(),
            sandbox: shared.sandbox.clone(),
            looked_at: shared.looked_at.clone(),
            readonly: shared.gate.readonly(),
            beginning: beginning.clone(),
            at,
        }
    }

    /// What the panes read at that time. Its gate writes nothing down.
    pub fn shared(&self) -> Shared {
        let protected = self.contexts.iter().filter(|context| context.protected).map(|context| context.id.to_string());
        Shared {
            contexts: self.contexts.clone(),
            declared: self.declared.clone(),
            environments: self.environments.clone(),
            gate: Gate::new(self.readonly, protected.collect(), None),
            sandbox: self.sandbox.clone(),
            looked_at: self.looked_at.clone(),
            ..Shared::default()
        }
    }
}

/// One line of a recording, with its end.
///
/// # Errors
/// What serde says; none is known to happen.
pub fn write<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// Reads a recording. One that was cut off in the middle of a line is read up to there.
///
/// # Errors
/// It is none, or a line in it is none.
pub fn read(text: &str) -> Result<(Head, Vec<Line>), Problem> {
    let broken = |line: usize, error: &serde_json::Error| {
        Problem::new("replay.broken", format!("line {line} cannot be read"), crate::text::sanitise(&error.to_string()))
            .hint("it has to be a file written by `meshplay --record FILE`, of this version")
    };
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().ok_or_else(|| Problem::new("replay.empty", "the recording is empty", ""))?;
    let head = serde_json::from_str(first).map_err(|error| broken(1, &error))?;
    let mut messages = Vec::new();
    for (at, line) in lines {
        match serde_json::from_str(line) {
            Ok(message) => messages.push(message),
            Err(error) if error.is_eof() => break,
            Err(error) => return Err(broken(at + 1, &error)),
        }
    }
    Ok((head, messages))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::app::model::Report;
    use crate::tui::term::key::{Code, Event, Key};

    fn recorded() -> String {
        let head = Head::new(&Shared::default(), &Beginning::default(), (80, 24), At::default());
        let key = Key { code: Code::Char('j'), ctrl: false, alt: false, shift: false };
        let failed = Msg::Report(Box::new(Report::Failed(Problem::new("a", "b", "c").hint("d"))));
        let lines = [Msg::Input(Event::Key(key)), failed, Msg::Tick].map(|msg| write(&Line { at: At::default(), msg }).unwrap());
        String::from_utf8([write(&head).unwrap(), lines.concat()].concat()).unwrap()
    }

    #[test]
    fn what_was_written_is_read() {
        let (head, lines) = read(&recorded()).unwrap();
        assert_eq!((head.size, lines.len()), ((80, 24), 3));
        assert!(matches!(&lines[0].msg, Msg::Input(Event::Key(Key { code: Code::Char('j'), .. }))));
        let Msg::Report(report) = &lines[1].msg else { panic!("a report") };
        assert!(matches!(&**report, Report::Failed(problem) if problem.what == "b" && problem.hints == ["d"]));
    }

    #[test]
    fn a_cut_recording_is_read_up_to_there_and_a_wrong_one_is_told() {
        let text = recorded();
        assert_eq!(read(&text[..text.len() - 8]).unwrap().1.len(), 2);
        assert_eq!(read("{\"a\":1}\n").unwrap_err().code, "replay.broken");
        assert_eq!(read("").unwrap_err().code, "replay.empty");
    }
}
