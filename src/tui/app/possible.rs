//! What is possible where one is: help, the menu of actions, the forms of a table, and why something is refused.

use super::commands::{AppCommand, Command, parse, specs};
use super::model::Model;
use super::shared::Shared;
use crate::tui::flow::{CommandSpec, PaneId};
use crate::tui::overlays::help::Section;
use crate::tui::overlays::menu::{Item, Menu};
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};

/// Help: every key of the contexts that hold now.
pub(super) fn sections(model: &Model) -> Vec<Section> {
    let title = |command: &Command| specs().find(|spec| parse(spec.name).as_ref() == Ok(command)).map(|spec| spec.sentence().to_owned());
    let rows = |context: &&str| {
        let rows = model.keymap.rows(context).filter_map(|(keys, command)| Some((keys, title(command)?)));
        let name = if *context == "perf" { "load tests" } else { *context };
        (name.to_owned(), rows.collect())
    };
    let (own, outer) = model.contexts().split_at(1);
    sandbox_section(&model.shared)
        .into_iter()
        .chain(own.iter().map(rows))
        .chain(words(model))
        .chain(outer.iter().map(rows))
        .chain(digits(model))
        .chain(signs(model))
        .chain([mouse(model)])
        .collect()
}

/// What the words mean that stand on the screens of load tests.
fn words(model: &Model) -> Option<Section> {
    let rows = perf::commands::words::WORDS.iter().map(|(word, meaning)| ((*word).to_owned(), (*meaning).to_owned())).collect();
    (model.pane == PaneId::Perf).then(|| ("what the words mean".to_owned(), rows))
}

/// What the mouse does, or how it is asked for.
fn mouse(model: &Model) -> Section {
    let does: &[(&str, &str)] = if model.mouse.on() {
        &[
            ("click", "row, region, tab, key; a heading sorts, again it turns"),
            ("double click", "as enter"),
            ("wheel", "scrolls what is under the pointer"),
            ("shift", "held, the mouse selects text as ever"),
            (":mouse off", "leaves it to the terminal"),
        ]
    } else {
        &[(":mouse on", "click and wheel; off behind SSH")]
    };
    ("mouse".to_owned(), does.iter().map(|(what, does)| ((*what).to_owned(), (*does).to_owned())).collect())
}

/// What stands before the rows of a table.
fn signs(model: &Model) -> Option<Section> {
    let glyphs = model.theme.glyphs();
    let all = [
        (glyphs.bad, "failed"),
        (glyphs.warn, "somebody should look"),
        (glyphs.progress, "on its way"),
        (glyphs.unknown, "not known, or old"),
        (glyphs.mark, "marked by you"),
        (glyphs.added, "came a moment ago"),
        (glyphs.changed, "changed a moment ago"),
        (glyphs.gone, "is gone, and goes from here in a moment"),
    ];
    let rows = all.map(|(sign, what)| (sign.to_owned(), what.to_owned())).into();
    (model.pane == PaneId::Inventory).then(|| ("signs before a row".to_owned(), rows))
}

/// What the digits mean now.
pub(super) fn digits(model: &Model) -> Option<Section> {
    let names = (model.pane == PaneId::Inventory).then(|| model.inventory.namespaces()).filter(|names| !names.is_empty())?;
    let pinned = |name: &str| if model.inventory.kept.pinned.iter().any(|one| one == name) { " (pinned)" } else { "" };
    let rows = names.iter().take(9).zip(1..).map(|(name, digit): (_, u8)| (digit.to_string(), format!("{name}{}", pinned(name))));
    Some(("namespaces".to_owned(), rows.collect()))
}

/// What the sandbox is, why it is open and what it does not do.
pub(super) fn sandbox_section(shared: &Shared) -> Option<Section> {
    shared.sandbox.as_ref()?;
    let row = |left: &str, right: &str| (left.to_owned(), right.to_owned());
    let looked = shared.looked_at.iter().map(|path| row("looked at", path));
    let mut rows: Vec<(String, String)> = looked.collect();
    rows.push(row("it is", "an API server inside this program; nothing real is touched"));
    rows.push(row("it has not", "containers, login, server-side apply, exec, forwards,"));
    rows.push(row("", "or a memory: it ends with the program"));
    rows.push(row("to leave it", "put a kubeconfig there or into KUBECONFIG and start again"));
    Some(("SANDBOX".to_owned(), rows))
}

/// Everything the pane can do to the selection, with the keys for it, and why the rest is not possible.
pub(super) fn actions(model: &Model) -> Menu<Command> {
    let contexts = model.contexts();
    let here = specs().filter(|spec| spec.contexts.iter().any(|context| contexts.first() == Some(context)) && spec.footer.is_some());
    let item = |spec: &CommandSpec| {
        let command = parse(spec.name).ok()?;
        let keys = model.keymap.keys_for(contexts, &command).unwrap_or_default();
        Some(Item { title: spec.title.to_owned(), keys, refusal: refusal(model, &command), command })
    };
    let about = model.inventory.row().filter(|_| model.pane == PaneId::Inventory).map(|row| row.key().to_string());
    Menu { title: about.unwrap_or_else(|| "possible here".into()), items: here.filter_map(item).collect(), chosen: 0 }
}

/// The forms in which the rows can be seen; the one they have now is chosen.
pub(super) fn view_as(model: &Model) -> Menu<Command> {
    let (headings, now) = inventory::update::groupings(&model.inventory);
    let item = |by: Option<String>| {
        let title = by.as_ref().map_or_else(|| "rows".to_owned(), |heading| format!("in groups by {}", heading.to_lowercase()));
        Item { title, keys: String::new(), command: Command::Inventory(inventory::commands::Command::Group(by)), refusal: None }
    };
    let chosen = now.and_then(|now| headings.iter().position(|heading| heading == now)).map_or(0, |at| at + 1);
    Menu { title: "view as".into(), items: std::iter::once(None).chain(headings.into_iter().map(Some)).map(item).collect(), chosen }
}

/// Why a command is not possible now; none: it is.
pub(super) fn refusal(model: &Model, command: &Command) -> Option<String> {
    match command {
        Command::App(AppCommand::Back)
            if model.pane == PaneId::Inventory && model.revealed_from.is_none() && !inventory::update::can_go_back(&model.inventory) =>
        {
            Some("nothing is open".into())
        }
        Command::App(_) => None,
        Command::Inventory(command) => inventory::update::refusal(&model.inventory, &model.shared, command),
        Command::Pulse(command) => pulse::update::refusal(&model.pulse, &model.shared, *command),
        Command::Logs(command) => logs::update::refusal(&model.logs, *command),
        Command::Perf(command) => perf::update::refusal(&model.perf, &model.shared, *command),
        Command::Clusters(command) => clusters::update::refusal(&model.clusters, &model.shared, *command),
        Command::Xray(command) => xray::update::refusal(&model.xray, *command),
    }
}
