//! Every command there is, wrapped by whose it is; and the shell's own. One table feeds keymap, `:` line, help and footer.

use crate::text::fault::did_you_mean;
use crate::tui::flow::{CommandRow, CommandSpec, PaneId, row, spelt, told};
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};

/// The contexts a keymap may have, the outermost first.
pub const CONTEXTS: &[&str] = &["global", "table", "split", "logs", "perf", "clusters", "pulse", "xray"];

/// Something a person asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Of the shell.
    App(AppCommand),
    /// Of the inventory.
    Inventory(inventory::commands::Command),
    /// Of the pulse.
    Pulse(pulse::commands::Command),
    /// Of the logs.
    Logs(logs::commands::Command),
    /// Of the load tests.
    Perf(perf::commands::Command),
    /// Of the list of contexts.
    Clusters(clusters::commands::Command),
    /// Of the tree.
    Xray(xray::commands::Command),
}

/// What the shell itself does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppCommand {
    /// Open the `:` line.
    Line,
    /// Filter, or search.
    Filter,
    /// The keys that mean something here.
    Help,
    /// Everything possible on the selection.
    Actions,
    /// The next region.
    NextRegion,
    /// One region over all others.
    Zoom,
    /// The same in another form.
    ViewAs,
    /// One rung up.
    Back,
    /// The view before.
    HistoryBack,
    /// The view after it again.
    HistoryForward,
    /// Ask the servers again.
    Reload,
    /// Draw everything anew.
    Redraw,
    /// Ctrl-C.
    Interrupt,
    /// Show a pane.
    Go(PaneId),
    /// The pane before.
    GoLast,
    /// All notices.
    Notices,
    /// The newest error, whole.
    NewestError,
    /// The guide of the first minute, on or off.
    Guide,
    /// Every kind with its other names.
    Kinds,
    /// Ways to copy what is under the cursor.
    CopyAs,
    /// What was done.
    Did,
    /// The terminal, the line to it, and this program.
    Status,
    /// End the program.
    Quit,
}

/// Reads the command of a keymap row or of the `:` line.
///
/// # Errors
/// It is none; what was probably meant.
pub fn parse(text: &str) -> Result<Command, String> {
    let own = spelt(TABLE, text).map(Command::App);
    own.or_else(|| inventory::commands::parse(text).map(Command::Inventory))
        .or_else(|| logs::commands::parse(text).map(Command::Logs))
        .or_else(|| pulse::commands::parse(text).map(Command::Pulse))
        .or_else(|| perf::commands::parse(text).map(Command::Perf))
        .or_else(|| clusters::commands::parse(text).map(Command::Clusters))
        .or_else(|| xray::commands::parse(text).map(Command::Xray))
        .ok_or_else(|| {
            let known = specs().map(|spec| spec.name);
            let hint = did_you_mean(text, known).map_or_else(String::new, |hint| format!("; {hint}"));
            format!("`{text}` is no command{hint}")
        })
}

/// What help, palette and footer say, the shell's own last.
pub fn specs() -> impl Iterator<Item = &'static CommandSpec> {
    told(inventory::commands::TABLE)
        .chain(inventory::commands::WITH_WORD)
        .chain(told(logs::commands::TABLE))
        .chain(told(perf::commands::TABLE))
        .chain(told(clusters::commands::TABLE))
        .chain(told(pulse::commands::TABLE))
        .chain(told(xray::commands::TABLE))
        .chain(told(TABLE))
}

/// How they are spelt, and what help, palette and footer say of them.
pub const TABLE: &[CommandRow<AppCommand>] = &[
    row("app.filter", AppCommand::Filter, "filter", &["table", "split", "logs", "xray"], Some(10)),
    spec("app.line", AppCommand::Line, "go or do", Some(11)),
    spec("app.help", AppCommand::Help, "keys", Some(12)),
    spec("app.next-region", AppCommand::NextRegion, "next region", None),
    spec("app.zoom", AppCommand::Zoom, "zoom", None),
    spec("app.view-as", AppCommand::ViewAs, "view as rows or in groups…", None),
    spec("app.back", AppCommand::Back, "back", Some(9)),
    spec("app.actions", AppCommand::Actions, "everything possible here", None),
    spec("app.history-back", AppCommand::HistoryBack, "view before", None),
    spec("app.history-forward", AppCommand::HistoryForward, "view after", None),
    spec("app.reload", AppCommand::Reload, "read again", None),
    spec("app.redraw", AppCommand::Redraw, "draw again", None),
    spec("app.interrupt", AppCommand::Interrupt, "cancel; twice: quit", None),
    spec("app.go inventory", AppCommand::Go(PaneId::Inventory), "inventory", None),
    spec("app.go perf", AppCommand::Go(PaneId::Perf), "load tests", None),
    spec("app.go pulse", AppCommand::Go(PaneId::Pulse), "pulse", None),
    spec("app.go clusters", AppCommand::Go(PaneId::Clusters), "clusters", None),
    spec("app.go last", AppCommand::GoLast, "last pane", None),
    spec("app.notices", AppCommand::Notices, "notices", None),
    spec("app.newest-error", AppCommand::NewestError, "newest error", None),
    spec("app.guide", AppCommand::Guide, "guide on or off", None),
    spec("app.kinds", AppCommand::Kinds, "kinds and their other names", None),
    row("app.copy-as", AppCommand::CopyAs, "copy as…", &["table", "split"], None),
    spec("app.did", AppCommand::Did, "what I did", None),
    spec("app.status", AppCommand::Status, "terminal, line and version", None),
    spec("app.quit", AppCommand::Quit, "quit", None),
    spec("app.history-last", AppCommand::HistoryBack, "", None),
];

const fn spec(name: &'static str, command: AppCommand, title: &'static str, footer: Option<u8>) -> CommandRow<AppCommand> {
    row(name, command, title, &["global"], footer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::PRESETS;
    use crate::tui::keys::map::Keymap;

    #[test]
    fn no_spelling_stands_twice() {
        let mut all: Vec<_> = specs().map(|spec| spec.name).collect();
        all.sort_unstable();
        assert_eq!(all.windows(2).find(|pair| pair[0] == pair[1]), None);
    }

    #[test]
    fn every_preset_loads_with_the_real_commands() {
        for (name, layers) in PRESETS {
            let map = Keymap::load(layers, None, CONTEXTS, &|_, text| parse(text));
            assert!(map.is_ok(), "{name}: {:?}", map.err());
        }
    }

    #[test]
    fn what_stands_in_footers_has_a_key_in_every_preset() {
        for (name, layers) in PRESETS {
            let map = Keymap::load(layers, None, CONTEXTS, &|_, text| parse(text)).unwrap();
            for spec in specs().filter(|spec| spec.footer.is_some()) {
                let command = parse(spec.name).unwrap();
                assert!(CONTEXTS.iter().any(|context| map.rows(context).any(|(_, bound)| *bound == command)), "{name}: {} has no key", spec.name);
            }
        }
    }

    #[test]
    fn a_wrong_command_is_told_what_was_meant() {
        assert!(parse("table.descibe").unwrap_err().contains("table.describe"));
    }
}
