//! Routing: keys to commands, commands and reports to panes, intents to whoever can do them. No pane's work is done here.

use std::time::Duration;

use super::commands::{AppCommand, Command};
use super::memory::Memory;
use super::model::{Beginning, Effect, Guide, Model, Msg, Overlay, Report};
use super::view::Hits;
use super::{asked, copy, mouse, over, pick, place, possible, shared::Shared, standing, status};
use crate::cluster::connection::{Connection, Health};
use crate::names::ClusterId;
use crate::tui::flow::{At, Confirmed, GuideStep, Intent, Notice, PaneId, Question, Step};
use crate::tui::keys::map::Lookup;
use crate::tui::overlays::columns::Columns;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::form::Form;
use crate::tui::overlays::help::Help;
use crate::tui::overlays::line::Line;
use crate::tui::overlays::notices::{self, Notices};
use crate::tui::panes::inventory::state::View;
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};
use crate::tui::term::key::{Code, Event, Key};

/// How long a notice stands over the body.
const FLASH: Duration = Duration::from_secs(6);
/// Ctrl-C twice within this ends the program.
const TWICE: Duration = Duration::from_secs(2);
/// Lines kept for the next start.
const HISTORY: usize = 200;

/// What is wanted of the outside world.
pub type Wanted = Step<Effect>;

/// The first step: opens contexts and the first view.
pub fn begin(model: &mut Model, at: At, beginning: Beginning) -> Wanted {
    model.history.clone_from(&beginning.memory.history);
    model.places.left.clone_from(&beginning.memory.places);
    model.inventory.kept.clone_from(&beginning.memory.tables);
    model.guide = if model.shared.sandbox.is_some() && !beginning.memory.guide_done { Guide::Waits(GuideStep::Described) } else { Guide::Hidden };
    standing::begin(&mut model.shared, at, &beginning.memory);
    let mut step = Step::redraw();
    if beginning.open.is_empty() {
        model.pane = PaneId::Clusters;
    }
    let first = beginning.open.first().and_then(|id| model.shared.namespace(id));
    // A context that names no namespace is looked at whole.
    let own = first.filter(|namespace| *namespace != "default").map(str::to_owned);
    let told = beginning.all_namespaces || beginning.namespace.is_some() || beginning.command.is_some();
    let namespace = if beginning.all_namespaces { None } else { beginning.namespace.or(own) };
    model.inventory.view = View { namespaces: namespace.into_iter().collect(), ..View::default() };
    model.shared.open.clone_from(&beginning.open);
    // Who says what to look at is not taken elsewhere.
    let restored = if told { Step::quiet() } else { place::restore(model, at) };
    model.shared.open.clear();
    step = step.then(open(model, at, beginning.open)).then(restored);
    for problem in beginning.problems {
        step = step.then(notice(model, at, Notice::error(problem)));
    }
    match beginning.command {
        Some(command) => step.then(asked::run_line(model, at, &command)),
        None => step,
    }
}

/// Takes in one message.
pub fn update(model: &mut Model, at: At, msg: Msg) -> Wanted {
    model.inventory.slow = model.slow.slow();
    match msg {
        Msg::Input(event) => {
            let step = match event {
                Event::Key(key) => pressed(model, at, key),
                Event::Paste(text) => pasted(model, at, &text),
                Event::Mouse(report) => mouse::reported(model, at, report),
            };
            place::note(model, at);
            step
        }
        Msg::Resize(width, height) => {
            model.size = (width, height);
            Step::redraw().then(logs::update::resized(&mut model.logs, body(height)).map(Effect::Logs))
        }
        Msg::Report(report) => reported(model, at, *report),
        Msg::Tick => tick(model, at),
    }
}

/// Remembers what the last frame showed.
pub fn seen(model: &mut Model, hits: Hits) {
    model.spots = hits.spots;
    if let Some(seen) = hits.inventory {
        inventory::update::seen(&mut model.inventory, seen);
    }
    if let Some(seen) = hits.xray {
        xray::update::seen(&mut model.xray, seen);
    }
    if let Some(seen) = hits.perf {
        perf::update::seen(&mut model.perf, seen);
    }
}

fn tick(model: &mut Model, at: At) -> Wanted {
    // Everything else that may be due comes right behind it; until it is complete there is nothing new to be seen.
    if model.is_at_work() {
        let step = inventory::update::work(&mut model.inventory, at).map(Effect::Inventory);
        return settle(model, at, step);
    }
    if model.flash.is_some_and(|until| until <= at.mono) {
        model.flash = None;
    }
    if matches!(model.overlays.last(), Some(Overlay::Status(_))) {
        let figures = status::sections(model);
        if let Some(Overlay::Status(page)) = model.overlays.last_mut() {
            page.sections = figures;
        }
    }
    let kept = place::due(model, at);
    let mut step = inventory::update::tick(&mut model.inventory, at).map(Effect::Inventory).then(kept);
    step = step.then(xray::update::tick(&mut model.xray, at).map(Effect::Xray));
    if model.pane == PaneId::Clusters {
        step = step.then(clusters::update::look(&model.shared).map(Effect::Clusters));
    }
    // Ages may read otherwise now.
    Step { dirty: true, ..settle(model, at, step) }
}

fn reported(model: &mut Model, at: At, report: Report) -> Wanted {
    match report {
        Report::Inventory(report) => {
            let step = inventory::update::report(&mut model.inventory, &model.shared, at, report).map(Effect::Inventory);
            settle(model, at, step)
        }
        Report::Pulse(report) => {
            let step = pulse::update::report(&mut model.pulse, report).map(Effect::Pulse);
            Step { dirty: step.dirty && model.pane == PaneId::Pulse, ..step }
        }
        Report::Logs(report) => {
            let step = logs::update::report(&mut model.logs, report).map(Effect::Logs);
            settle(model, at, step)
        }
        Report::Perf(report) => {
            let step = perf::update::report(&mut model.perf, report, model.slow.slow()).map(Effect::Perf);
            let dirty = step.dirty && (model.pane == PaneId::Perf || !step.intents.is_empty());
            let step = Step { dirty, ..step };
            settle(model, at, step)
        }
        Report::Xray(report) => {
            let step = xray::update::report(&mut model.xray, at, report).map(Effect::Xray);
            settle(model, at, step)
        }
        Report::Connections(connections) => {
            let news = news(&model.shared, &connections);
            model.shared.connections = connections.clone();
            let step = Step::redraw().then(standing::identified(model, at, &connections));
            news.into_iter().fold(step, |step, told| step.then(notice(model, at, told)))
        }
        Report::Contexts(contexts) => standing::contexts(model, at, &contexts),
        Report::Clusters(report) => {
            clusters::update::report(&mut model.clusters, report);
            Step { dirty: model.pane == PaneId::Clusters, ..Step::quiet() }
        }
        Report::Did(deeds) => pick::did(model, &deeds),
        Report::ToCopy(text) => copy::send(model, at, text),
        Report::Wrote(path) => notice(model, at, Notice::info(format!("written: {path}"))),
        Report::Failed(problem) => notice(model, at, Notice::error(problem)),
    }
}

/// Tells the person something.
pub(super) fn notice(model: &mut Model, at: At, told: Notice) -> Wanted {
    intent(model, at, Intent::Notice(told))
}

/// What happened to the connections that are open: why one was lost, once, and that it is back.
fn news(shared: &Shared, now: &[Connection]) -> Vec<Notice> {
    let open = now.iter().filter(|one| shared.open.contains(&one.id));
    let told = |one: &Connection| match (&shared.connection(&one.id)?.problem, &one.problem) {
        (None, Some(problem)) => Some(Notice::error(problem.clone())),
        (Some(before), None) if one.health == Health::Ready && before.code != "cluster.clock" => {
            Some(Notice::info(format!("{} answers again", one.id)))
        }
        _ => None,
    };
    open.filter_map(told).collect()
}

/// Does what a step wished of the house.
pub(super) fn settle(model: &mut Model, at: At, step: Wanted) -> Wanted {
    let rest = Step { effects: step.effects, intents: Vec::new(), dirty: step.dirty };
    step.intents.into_iter().fold(rest, |done, wish| done.then(intent(model, at, wish)))
}

fn intent(model: &mut Model, at: At, wish: Intent) -> Wanted {
    match wish {
        Intent::Notice(notice) => {
            notices::keep(&mut model.notices, at.unix, notice);
            model.flash = Some(at.mono + FLASH);
            Step::redraw()
        }
        Intent::LoadTest(key) => {
            let step = perf::update::load_test(&mut model.perf, key).map(Effect::Perf);
            settle(model, at, step)
        }
        Intent::Look { kind, trouble } => asked::look(model, at, kind, trouble),
        Intent::Logs(of, previous) => {
            let rows = body(model.size.1);
            let step = logs::update::open(&mut model.logs, of, previous, rows).map(Effect::Logs);
            go(model, at, PaneId::Logs).then(step)
        }
        Intent::Ask(asked) => {
            model.overlays.push(Overlay::Form(Form::new(asked)));
            Step::redraw()
        }
        Intent::Fill(field, text) => {
            if let Some(form) = over::form(model) {
                form.fill(field, &text);
            }
            Step::redraw()
        }
        Intent::Fault(fault) => {
            if let Some(form) = over::form(model) {
                form.complain(None, fault);
            }
            Step::redraw()
        }
        Intent::Confirm(question) => {
            model.overlays.push(Overlay::Confirm(Confirm::new(question)));
            Step::redraw()
        }
        Intent::Copy(text) => copy::send(model, at, text),
        Intent::Guide(done) => guide(model, done),
        Intent::Columns(kind, items) => {
            model.overlays.push(Overlay::Columns(Columns::new(kind, items)));
            Step::redraw()
        }
        Intent::SavedViews => asked::saved_views(model),
        Intent::OpenSaved(name) => asked::saved_view(model, at, &name),
        Intent::Remember => Step::effect(remember(model)),
        Intent::Open(ids) => open(model, at, ids),
        Intent::Stand(ids, to) => standing::go(model, at, ids, to),
        Intent::Go(pane) => go(model, at, pane),
        Intent::Reveal(key) => reveal(model, at, key),
    }
}

/// Shows an object in the inventory, from where going back leads to the pane that showed it.
fn reveal(model: &mut Model, at: At, key: crate::names::ObjectKey) -> Wanted {
    let from = model.pane;
    let step = go(model, at, PaneId::Inventory);
    model.revealed_from = Some(from);
    step.then(inventory::update::reveal(&mut model.inventory, &model.shared, key).map(Effect::Inventory))
}

/// A step of the guide was done; it advances only in order.
fn guide(model: &mut Model, done: GuideStep) -> Wanted {
    if model.guide != Guide::Waits(done) {
        return Step::quiet();
    }
    model.guide = match done {
        GuideStep::Described => Guide::Waits(GuideStep::Loaded),
        GuideStep::Loaded => Guide::Waits(GuideStep::Returned),
        GuideStep::Returned => Guide::Thanks,
    };
    if model.guide == Guide::Thanks { Step::effect(remember(model)) } else { Step::redraw() }
}

/// Tells the person something that went as it should.
pub(super) fn say(model: &mut Model, at: At, what: String) -> Wanted {
    notice(model, at, Notice::info(what))
}

pub(super) fn remember(model: &Model) -> Effect {
    let from = model.history.len().saturating_sub(HISTORY);
    let memory = Memory {
        contexts: model.shared.open.iter().filter(|id| model.shared.sandbox.as_ref() != Some(id)).map(ToString::to_string).collect(),
        current: model.shared.contexts.iter().find(|context| context.current).map(|context| context.id.to_string()),
        guide_done: !matches!(model.guide, Guide::Waits(_)),
        tables: model.inventory.kept.clone(),
        history: model.history[from..].to_vec(),
        places: place::all(model),
        ..Memory::default()
    };
    Effect::Remember(standing::kept(&model.shared, memory))
}

/// These contexts and no others are open from now on.
pub(super) fn open(model: &mut Model, at: At, wanted: Vec<ClusterId>) -> Wanted {
    open_on(model, at, wanted, None)
}

/// The same, and looks at something else there.
pub(super) fn open_on(model: &mut Model, at: At, wanted: Vec<ClusterId>, view: Option<View>) -> Wanted {
    let (wanted, twice) = standing::distinct(&model.shared, wanted);
    let closed: Vec<ClusterId> = model.shared.open.iter().filter(|id| !wanted.contains(id)).cloned().collect();
    let opened: Vec<ClusterId> = wanted.iter().filter(|id| !model.shared.open.contains(id)).cloned().collect();
    model.shared.open = wanted;
    let effects = closed.into_iter().map(Effect::Disconnect).chain(opened.into_iter().map(Effect::Connect));
    let step = Step { effects: effects.collect(), ..Step::redraw() };
    let pulse = if model.pane == PaneId::Pulse { pulse::update::entered(&mut model.pulse, &model.shared) } else { Step::quiet() };
    let step = step.then(pulse.map(Effect::Pulse)).then(standing::opened(model, at)).and(remember(model));
    let step = step.then(inventory::update::clusters(&mut model.inventory, &model.shared, view).map(Effect::Inventory));
    twice.into_iter().fold(step, |step, text| step.then(say(model, at, text)))
}

/// Shows a pane.
pub(super) fn go(model: &mut Model, at: At, pane: PaneId) -> Wanted {
    model.revealed_from = None;
    let left = match model.pane {
        PaneId::Logs if pane != PaneId::Logs => logs::update::close(&mut model.logs).map(Effect::Logs),
        PaneId::Pulse if pane != PaneId::Pulse => pulse::update::left(&mut model.pulse).map(Effect::Pulse),
        PaneId::Xray if pane != PaneId::Xray => xray::update::left(&mut model.xray).map(Effect::Xray),
        _ => Step::quiet(),
    };
    // Logs that are left are closed: there is nothing to come back to.
    if model.pane != pane {
        let before = std::mem::replace(&mut model.pane, pane);
        model.last_pane = if before == PaneId::Logs { model.last_pane } else { before };
    }
    left.then(entered(model, at, pane))
}

/// What a pane does when it comes into sight.
pub(super) fn entered(model: &mut Model, at: At, pane: PaneId) -> Wanted {
    match pane {
        PaneId::Inventory => guide(model, GuideStep::Returned).then(Step::redraw()),
        PaneId::Logs => Step::redraw(),
        PaneId::Pulse => pulse::update::entered(&mut model.pulse, &model.shared).map(Effect::Pulse),
        PaneId::Perf => {
            let step = perf::update::entered(&mut model.perf).map(Effect::Perf);
            settle(model, at, step).then(Step::redraw())
        }
        PaneId::Clusters => {
            let step = clusters::update::entered(&mut model.clusters, &model.shared).map(Effect::Clusters);
            Step::redraw().then(step)
        }
        PaneId::Xray => xray::update::entered(&mut model.xray, &model.shared).map(Effect::Xray),
    }
}

pub(super) fn pressed(model: &mut Model, at: At, key: Key) -> Wanted {
    if model.guide == Guide::Thanks && key.code != Code::Esc {
        model.guide = Guide::Hidden;
    }
    if !model.overlays.is_empty() {
        return over::overlaid(model, at, key);
    }
    model.pressed.push(key);
    match model.keymap.lookup(model.contexts(), &model.pressed) {
        Lookup::Command(command) => {
            model.pressed.clear();
            command_of(model, at, command)
        }
        Lookup::Prefix(_) => Step::redraw(),
        Lookup::None => {
            let chord = std::mem::take(&mut model.pressed);
            if chord.len() > 1 { Step::redraw() } else { Step::quiet() }
        }
    }
}

/// A paste is text for the field that is open, and never a command.
fn pasted(model: &mut Model, at: At, text: &str) -> Wanted {
    let line = crate::text::sanitise(text.trim_end_matches(['\r', '\n'])).into_owned();
    match model.overlays.last_mut() {
        Some(Overlay::Line(open)) => {
            open.input.insert(&line);
            over::offer(model);
        }
        Some(Overlay::Filter(open, _)) => {
            open.input.insert(&line);
            return over::filter_changed(model);
        }
        Some(Overlay::Form(form)) => form.paste(&line),
        Some(Overlay::Columns(columns)) => columns.paste(&line),
        _ => return notice(model, at, Notice::info("pasted text does nothing here; : and / take it")),
    }
    Step::redraw()
}

/// Runs a command, wherever it came from.
pub(super) fn command_of(model: &mut Model, at: At, command: Command) -> Wanted {
    let step = match command {
        Command::App(command) => return app_command(model, at, command),
        Command::Inventory(command) => inventory::update::command(&mut model.inventory, &model.shared, at, command).map(Effect::Inventory),
        Command::Pulse(command) => pulse::update::command(&mut model.pulse, &model.shared, command).map(Effect::Pulse),
        Command::Logs(command) => logs::update::command(&mut model.logs, command).map(Effect::Logs),
        Command::Perf(command) => perf::update::command(&mut model.perf, &model.shared, at, command).map(Effect::Perf),
        Command::Clusters(command) => clusters::update::command(&mut model.clusters, &model.shared, command).map(Effect::Clusters),
        Command::Xray(command) => xray::update::command(&mut model.xray, command).map(Effect::Xray),
    };
    settle(model, at, step)
}

fn app_command(model: &mut Model, at: At, command: AppCommand) -> Wanted {
    match command {
        AppCommand::Line => {
            model.overlays.push(Overlay::Line(Line::new(model.history.clone())));
            over::offer(model);
        }
        AppCommand::Filter => return over::open_filter(model, at),
        AppCommand::Help => {
            model.overlays.push(Overlay::Help(Help { title: "keys here; j k scroll, esc closes", sections: possible::sections(model), top: 0 }))
        }
        AppCommand::Actions => model.overlays.push(Overlay::Menu(possible::actions(model))),
        AppCommand::NextRegion if model.pane == PaneId::Inventory => {
            let step = inventory::update::next_region(&mut model.inventory, at).map(Effect::Inventory);
            return settle(model, at, step);
        }
        AppCommand::Zoom if model.pane == PaneId::Inventory => {
            let step = inventory::update::zoom(&mut model.inventory, at).map(Effect::Inventory);
            return settle(model, at, step);
        }
        AppCommand::ViewAs if model.pane == PaneId::Inventory => model.overlays.push(Overlay::Menu(possible::view_as(model))),
        AppCommand::NextRegion | AppCommand::Zoom | AppCommand::ViewAs => return Step::quiet(),
        AppCommand::Back => return back(model, at),
        AppCommand::HistoryBack | AppCommand::HistoryForward => {
            let back = command == AppCommand::HistoryBack;
            return inventory::update::travel(&mut model.inventory, &model.shared, back).map(Effect::Inventory);
        }
        AppCommand::Reload if model.pane == PaneId::Pulse => return entered(model, at, PaneId::Pulse),
        AppCommand::Reload if model.pane == PaneId::Clusters => {
            let step = clusters::update::again(&model.shared).map(Effect::Clusters);
            return settle(model, at, step);
        }
        AppCommand::Reload => return command_of(model, at, Command::Inventory(inventory::commands::Command::Reload)),
        AppCommand::Redraw => return Step::effect(Effect::Repaint),
        AppCommand::Interrupt => return interrupt(model, at),
        AppCommand::Go(pane) => return go(model, at, pane),
        AppCommand::GoLast => return go(model, at, model.last_pane),
        AppCommand::Notices | AppCommand::NewestError => {
            let newest_error = command == AppCommand::NewestError;
            model.notices.iter_mut().for_each(|one| one.unread = false);
            model.flash = None;
            model.overlays.push(Overlay::Notices(Notices { newest_error, ..Notices::default() }));
        }
        AppCommand::Guide => {
            model.guide = if model.guide == Guide::Hidden { Guide::Waits(GuideStep::Described) } else { Guide::Hidden };
            return Step::effect(remember(model));
        }
        AppCommand::Kinds => return pick::kinds(model),
        AppCommand::CopyAs => return copy::menu(model, at),
        AppCommand::Did => return Step::effect(Effect::Did),
        AppCommand::Status => {
            model.overlays.push(Overlay::Status(Help { title: "status; esc closes", sections: status::sections(model), top: 0 }));
        }
        AppCommand::Quit => return quit(model),
    }
    Step::redraw()
}

/// Esc climbs one rung a press: notice, what the pane has open, the pane. It never quits.
fn back(model: &mut Model, at: At) -> Wanted {
    if model.flash.take().is_some() {
        return Step::redraw();
    }
    let step = match model.pane {
        PaneId::Inventory => inventory::update::back(&mut model.inventory, &model.shared).map(|step| step.map(Effect::Inventory)),
        PaneId::Logs => logs::update::back(&mut model.logs).map(|step| step.map(Effect::Logs)),
        PaneId::Perf => perf::update::back(&mut model.perf).map(|step| step.map(Effect::Perf)),
        PaneId::Pulse => None,
        PaneId::Clusters => clusters::update::back(&mut model.clusters).map(|step| step.map(Effect::Clusters)),
        PaneId::Xray => xray::update::back(&mut model.xray).map(|step| step.map(Effect::Xray)),
    };
    match (step, model.revealed_from) {
        (Some(step), _) => settle(model, at, step),
        (None, Some(pane)) => go(model, at, pane),
        (None, None) if model.pane != PaneId::Inventory => go(model, at, PaneId::Inventory),
        (None, None) => notice(model, at, Notice::info(":q quits")),
    }
}

fn interrupt(model: &mut Model, at: At) -> Wanted {
    if model.interrupted.is_some_and(|before| at.mono.saturating_sub(before) <= TWICE) {
        return quit(model);
    }
    model.interrupted = Some(at.mono);
    notice(model, at, Notice::info("ctrl-c again quits"))
}

/// Ends at once, or asks when something runs.
pub(super) fn quit(model: &mut Model) -> Wanted {
    let (running, ending) = (model.perf.running(), model.perf.ending(model.shared.sandbox.as_ref()));
    if ending == 0 {
        model.ended = true;
        return Step::quiet();
    }
    let tests = |count: usize| format!("{count} load test{}", if count == 1 { "" } else { "s" });
    let mut body = vec![format!("{} will be stopped; what was measured is kept", tests(ending))];
    if running > ending {
        body.push(format!("{} will go on without this screen", tests(running - ending)));
    }
    let question = Question { verb: "Quit".into(), body, type_name: None, then: Confirmed::Quit };
    model.overlays.push(Overlay::Confirm(Confirm::new(question)));
    Step::redraw()
}

/// Rows between line 2 and the footer.
fn body(height: u16) -> usize {
    usize::from(height.saturating_sub(3))
}
