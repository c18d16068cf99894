//! Every command there is, wrapped by whose it is; and the shell's own. One table feeds keymap, `:` line, help and footer.

use crate::text::fault::did_you_mean;
use crate::tui::flow::{CommandSpec, PaneId};
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
    let own = TABLE.iter().find(|(spelling, _)| *spelling == text).map(|(_, command)| Command::App(*command));
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
    inventory::commands::SPECS
        .iter()
        .chain(logs::commands::SPECS)
        .chain(perf::commands::SPECS)
        .chain(clusters::commands::SPECS)
        .chain(pulse::commands::SPECS)
        .chain(xray::commands::SPECS)
        .chain(SPECS)
}

const SPECS: &[CommandSpec] = &[
    CommandSpec { name: "app.filter", title: "filter", contexts: &["table", "split", "logs", "xray"], footer: Some(10) },
    spec("app.line", "go or do", Some(11)),
    spec("app.help", "keys", Some(12)),
    spec("app.next-region", "next region", None),
    spec("app.zoom", "zoom", None),
    spec("app.view-as", "view as rows or in groups…", None),
    spec("app.back", "back", Some(9)),
    spec("app.actions", "everything possible here", None),
    spec("app.history-back", "view before", None),
    spec("app.history-forward", "view after", None),
    spec("app.reload", "read again", None),
    spec("app.redraw", "draw again", None),
    spec("app.interrupt", "cancel; twice: quit", None),
    spec("app.go inventory", "inventory", None),
    spec("app.go perf", "load tests", None),
    spec("app.go pulse", "pulse", None),
    spec("app.go clusters", "clusters", None),
    spec("app.go last", "last pane", None),
    spec("app.notices", "notices", None),
    spec("app.newest-error", "newest error", None),
    spec("app.guide", "guide on or off", None),
    spec("app.kinds", "kinds and their other names", None),
    CommandSpec { name: "app.copy-as", title: "copy as…", contexts: &["table", "split"], footer: None },
    spec("app.did", "what I did", None),
    spec("app.status", "terminal, line and version", None),
    spec("app.quit", "quit", None),
];

const fn spec(name: &'static str, title: &'static str, footer: Option<u8>) -> CommandSpec {
    CommandSpec { name, title, contexts: &["global"], footer }
}

const TABLE: &[(&str, AppCommand)] = &[
    ("app.line", AppCommand::Line),
    ("app.filter", AppCommand::Filter),
    ("app.help", AppCommand::Help),
    ("app.actions", AppCommand::Actions),
    ("app.next-region", AppCommand::NextRegion),
    ("app.zoom", AppCommand::Zoom),
    ("app.view-as", AppCommand::ViewAs),
    ("app.back", AppCommand::Back),
    ("app.history-back", AppCommand::HistoryBack),
    ("app.history-forward", AppCommand::HistoryForward),
    ("app.history-last", AppCommand::HistoryBack),
    ("app.reload", AppCommand::Reload),
    ("app.redraw", AppCommand::Redraw),
    ("app.interrupt", AppCommand::Interrupt),
    ("app.go inventory", AppCommand::Go(PaneId::Inventory)),
    ("app.go perf", AppCommand::Go(PaneId::Perf)),
    ("app.go pulse", AppCommand::Go(PaneId::Pulse)),
    ("app.go clusters", AppCommand::Go(PaneId::Clusters)),
    ("app.go last", AppCommand::GoLast),
    ("app.notices", AppCommand::Notices),
    ("app.newest-error", AppCommand::NewestError),
    ("app.guide", AppCommand::Guide),
    ("app.kinds", AppCommand::Kinds),
    ("app.copy-as", AppCommand::CopyAs),
    ("app.did", AppCommand::Did),
    ("app.status", AppCommand::Status),
    ("app.quit", AppCommand::Quit),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keys::PRESETS;
    use crate::tui::keys::map::Keymap;

    #[test]
    fn every_described_command_exists() {
        for spec in specs() {
            assert!(parse(spec.name).is_ok(), "{}", spec.name);
        }
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
