//! Rows that are no objects: what a mixed view only tells of, and what cannot be done to it there.

use super::super::commands::Command;
use super::super::state::State;
use crate::cluster::rows::Row;
use crate::cluster::views::{Ask, is_told};
use crate::names::Gvk;

/// Why nothing can be read of it; none: it is an object.
pub(super) fn no_object(gvk: &Gvk) -> Option<String> {
    is_told(gvk).then(|| format!("{} is no object of the cluster: it is what its API server told", gvk.kind))
}

/// Why a command is not possible on such a row; none: it is an object, or the command asks for none.
pub(super) fn refusal(state: &State, command: &Command) -> Option<String> {
    let chosen = match command {
        Command::Drill | Command::Describe | Command::Yaml | Command::Events | Command::Uses => state.row().map(Row::key).into_iter().collect(),
        Command::Delete | Command::Compare => state.chosen(),
        _ => return None,
    };
    if let Some(why) = chosen.iter().find_map(|key| no_object(&key.gvk)) {
        return Some(why);
    }
    let tells = Ask::parse(&state.view.kind).and_then(|ask| ask.view.tells).filter(|_| *command == Command::Delete)?;
    let gvk = &chosen.first()?.gvk;
    Some(format!("this row tells of {tells} and is no {} itself; that is deleted where it is listed: :{}", gvk.kind, gvk.kind.to_lowercase()))
}
