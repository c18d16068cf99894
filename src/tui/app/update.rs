//! Routing: keys to commands, commands and reports to panes, intents to whoever can do them. No pane's work is done here.

use std::time::Duration;

use super::commands::{AppCommand, Command, parse, specs};
use super::memory::Memory;
use super::model::{Beginning, Effect, Guide, Model, Msg, Overlay, Report};
use super::{copy, line, pick, place, shared::Shared, standing, status};
use crate::cluster::connection::{Connection, Health};
use crate::cluster::views::BUILT_IN;
use crate::names::{ClusterId, Problem};
use crate::tui::flow::{At, Confirmed, GuideStep, Intent, Notice, PaneId, Question, Step};
use crate::tui::keys::map::Lookup;
use crate::tui::overlays::columns::{Answer as ColumnsAnswer, Columns};
use crate::tui::overlays::confirm::{Answer as ConfirmAnswer, Confirm};
use crate::tui::overlays::form::{Answer as FormAnswer, Form};
use crate::tui::overlays::help::Help;
use crate::tui::overlays::line::{Answer as LineAnswer, Line};
use crate::tui::overlays::list::Answer as ListAnswer;
use crate::tui::overlays::menu::{Answer as MenuAnswer, Item, Menu};
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
        step = step.then(intent(model, at, Intent::Notice(Notice::error(problem))));
    }
    match beginning.command {
        Some(command) => step.then(run_line(model, at, &command)),
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

fn tick(model: &mut Model, at: At) -> Wanted {
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
            news.into_iter().fold(step, |step, notice| step.then(intent(model, at, Intent::Notice(notice))))
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
fn settle(model: &mut Model, at: At, step: Wanted) -> Wanted {
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
        Intent::Look { kind, trouble } => look(model, at, kind, trouble),
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
            if let Some(form) = form(model) {
                form.fill(field, &text);
            }
            Step::redraw()
        }
        Intent::Fault(fault) => {
            if let Some(form) = form(model) {
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
        Intent::SavedViews => saved_views(model),
        Intent::OpenSaved(name) => saved_view(model, at, &name),
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

/// A kind in all namespaces, only its faults if that is wished.
fn look(model: &mut Model, at: At, kind: String, trouble: bool) -> Wanted {
    let step = view_line(model, at, View { kind, ..View::default() }, None, Vec::new());
    if trouble == model.inventory.trouble {
        return step;
    }
    step.then(command_of(model, at, Command::Inventory(inventory::commands::Command::Trouble)))
}

/// The form that is open, also under something else.
fn form(model: &mut Model) -> Option<&mut Form> {
    model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Form(form) => Some(form),
        _ => None,
    })
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
    intent(model, at, Intent::Notice(Notice::info(what)))
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
fn open_on(model: &mut Model, at: At, wanted: Vec<ClusterId>, view: Option<View>) -> Wanted {
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
fn entered(model: &mut Model, at: At, pane: PaneId) -> Wanted {
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

fn pressed(model: &mut Model, at: At, key: Key) -> Wanted {
    if model.guide == Guide::Thanks && key.code != Code::Esc {
        model.guide = Guide::Hidden;
    }
    if !model.overlays.is_empty() {
        return overlaid(model, at, key);
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
            offer(model);
        }
        Some(Overlay::Filter(open, _)) => {
            open.input.insert(&line);
            return filter_changed(model);
        }
        Some(Overlay::Form(form)) => form.paste(&line),
        Some(Overlay::Columns(columns)) => columns.paste(&line),
        _ => return intent(model, at, Intent::Notice(Notice::info("pasted text does nothing here; : and / take it"))),
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
        Command::Perf(command) => perf::update::command(&mut model.perf, at, command).map(Effect::Perf),
        Command::Clusters(command) => clusters::update::command(&mut model.clusters, &model.shared, command).map(Effect::Clusters),
        Command::Xray(command) => xray::update::command(&mut model.xray, command).map(Effect::Xray),
    };
    settle(model, at, step)
}

fn app_command(model: &mut Model, at: At, command: AppCommand) -> Wanted {
    match command {
        AppCommand::Line => {
            model.overlays.push(Overlay::Line(Line::new(model.history.clone())));
            offer(model);
        }
        AppCommand::Filter => return open_filter(model, at),
        AppCommand::Help => {
            model.overlays.push(Overlay::Help(Help { title: "keys here; j k scroll, esc closes", sections: sections(model), top: 0 }))
        }
        AppCommand::Actions => model.overlays.push(Overlay::Menu(actions(model))),
        AppCommand::NextRegion if model.pane == PaneId::Inventory => {
            let step = inventory::update::next_region(&mut model.inventory, at).map(Effect::Inventory);
            return settle(model, at, step);
        }
        AppCommand::Zoom if model.pane == PaneId::Inventory => {
            let step = inventory::update::zoom(&mut model.inventory, at).map(Effect::Inventory);
            return settle(model, at, step);
        }
        AppCommand::ViewAs if model.pane == PaneId::Inventory => model.overlays.push(Overlay::Menu(view_as(model))),
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
        (None, None) => intent(model, at, Intent::Notice(Notice::info(":q quits"))),
    }
}

fn interrupt(model: &mut Model, at: At) -> Wanted {
    if model.interrupted.is_some_and(|before| at.mono.saturating_sub(before) <= TWICE) {
        return quit(model);
    }
    model.interrupted = Some(at.mono);
    intent(model, at, Intent::Notice(Notice::info("ctrl-c again quits")))
}

/// Ends at once, or asks when something runs.
pub(super) fn quit(model: &mut Model) -> Wanted {
    let running = model.perf.running();
    if running == 0 {
        model.ended = true;
        return Step::quiet();
    }
    let body = vec![format!("{running} load test{} will be stopped; what was measured is kept", if running == 1 { "" } else { "s" })];
    let question = Question { verb: "Quit".into(), body, type_name: None, then: Confirmed::Quit };
    model.overlays.push(Overlay::Confirm(Confirm::new(question)));
    Step::redraw()
}

fn overlaid(model: &mut Model, at: At, key: Key) -> Wanted {
    let key = meant(model, key);
    // What help shows of its rows: lines 1 and 2, the footer, its distance and its frame are not among them.
    let page = usize::from(model.size.1.saturating_sub(7));
    match model.overlays.last_mut() {
        Some(Overlay::Line(line)) => {
            let answer = line.key(key);
            line_answered(model, at, answer)
        }
        Some(Overlay::Filter(line, _)) => {
            let answer = line.key(key);
            filter_answered(model, at, answer)
        }
        Some(Overlay::Help(help) | Overlay::Status(help)) => {
            let close = help.key(key, page);
            closed(model, close)
        }
        Some(Overlay::Notices(notices)) => {
            let close = notices.key(key, model.notices.len());
            closed(model, close)
        }
        Some(Overlay::List(list)) => match list.key(key, page) {
            ListAnswer::Redraw => Step::redraw(),
            ListAnswer::Close => closed(model, true),
            ListAnswer::Take(pick) => closed(model, true).then(pick::picked(model, at, pick)),
        },
        Some(Overlay::Menu(menu)) => match menu.key(key) {
            MenuAnswer::Redraw => Step::redraw(),
            MenuAnswer::Close => closed(model, true),
            MenuAnswer::Take(command) => closed(model, true).then(command_of(model, at, command)),
        },
        Some(Overlay::Columns(columns)) => {
            let answer = columns.key(key);
            columns_answered(model, at, answer)
        }
        Some(Overlay::Form(form)) => {
            let answer = form.key(key);
            form_answered(model, at, answer)
        }
        Some(Overlay::Confirm(confirm)) => {
            let (answer, then) = (confirm.key(key), confirm.question.then.clone());
            confirm_answered(model, at, answer, then)
        }
        None => Step::quiet(),
    }
}

/// What lies over a pane has keys of its own, but a control key that means "back" in the keymap closes it too, and lists know readline's up and down.
fn meant(model: &Model, key: Key) -> Key {
    let plain = |code| Key { code, ctrl: false, alt: false, shift: false };
    let back = Lookup::Command(Command::App(AppCommand::Back));
    if key.ctrl && model.keymap.lookup(&["global"], &[key]) == back {
        return plain(Code::Esc);
    }
    match (model.overlays.last(), key.code) {
        (Some(Overlay::Line(_) | Overlay::Filter(..) | Overlay::Form(_) | Overlay::Confirm(_)), _) => key,
        (_, Code::Char('n')) if key.ctrl => plain(Code::Down),
        (_, Code::Char('p')) if key.ctrl => plain(Code::Up),
        _ => key,
    }
}

fn closed(model: &mut Model, close: bool) -> Wanted {
    if close {
        model.overlays.pop();
    }
    Step::redraw()
}

fn columns_answered(model: &mut Model, at: At, answer: ColumnsAnswer) -> Wanted {
    match answer {
        ColumnsAnswer::Redraw => Step::redraw(),
        ColumnsAnswer::Close => closed(model, true),
        ColumnsAnswer::Take(items) => {
            model.overlays.pop();
            let step = inventory::update::choose_columns(&mut model.inventory, &model.shared, items).map(Effect::Inventory);
            settle(model, at, step)
        }
        ColumnsAnswer::Add(text) => {
            if let Some(Overlay::Columns(columns)) = model.overlays.last_mut() {
                match inventory::update::new_column(&text) {
                    Ok(item) => columns.add(item),
                    Err(why) => columns.complain(why),
                }
            }
            Step::redraw()
        }
    }
}

/// The list of saved views.
fn saved_views(model: &mut Model) -> Wanted {
    let item = |name: &str, title: String| Item {
        title,
        keys: String::new(),
        command: Command::Inventory(inventory::commands::Command::OpenSaved(name.to_owned())),
        refusal: None,
    };
    let saved = model.inventory.kept.views.iter().map(|(name, saved)| item(name, format!("{name:<16} {}", line::written(saved))));
    // A view of the person's own may have the name of one of ours.
    let ours = BUILT_IN.iter().filter(|view| !model.inventory.kept.views.contains_key(view.name));
    let items = saved.chain(ours.map(|view| item(view.name, format!("{:<16} {}", view.name, view.about)))).collect();
    model.overlays.push(Overlay::Menu(Menu { title: "saved views: :save NAME keeps this one".into(), items, chosen: 0 }));
    Step::redraw()
}

/// Looks at a saved view, in the contexts it was saved with as far as there are such.
fn saved_view(model: &mut Model, at: At, name: &str) -> Wanted {
    let Some(saved) = model.inventory.kept.views.get(name).cloned() else {
        if BUILT_IN.iter().any(|view| view.name == name) {
            return run_line(model, at, name);
        }
        return intent(model, at, Intent::Notice(Notice::info(format!("no view is saved as {name}; ,s lists them"))));
    };
    let (there, gone): (Vec<ClusterId>, Vec<ClusterId>) =
        saved.contexts.iter().map(|name| ClusterId::new(name.as_str())).partition(|id| model.shared.contexts.iter().any(|context| context.id == *id));
    let step = view_line(model, at, saved.view.clone(), None, there);
    let rest = inventory::update::restore(&mut model.inventory, &model.shared, saved).map(Effect::Inventory);
    let step = step.then(settle(model, at, rest));
    match gone.first() {
        Some(id) => step.then(intent(model, at, Intent::Notice(Notice::info(format!("there is no context {id} any more"))))),
        None => step,
    }
}

fn form_answered(model: &mut Model, at: At, answer: FormAnswer) -> Wanted {
    match answer {
        FormAnswer::Open => Step::redraw(),
        FormAnswer::Cancel => closed(model, true),
        FormAnswer::Submit(texts) => match perf::update::submitted(&mut model.perf, &model.shared, &texts) {
            Ok(step) => {
                model.overlays.pop();
                settle(model, at, step.map(Effect::Perf))
            }
            Err((field, fault)) => {
                if let Some(form) = form(model) {
                    form.complain(field, fault);
                }
                Step::redraw()
            }
        },
    }
}

fn confirm_answered(model: &mut Model, at: At, answer: ConfirmAnswer, then: Confirmed) -> Wanted {
    match answer {
        ConfirmAnswer::Open => Step::redraw(),
        ConfirmAnswer::No => closed(model, true),
        ConfirmAnswer::Yes => {
            model.overlays.pop();
            let step = match then {
                Confirmed::Delete(keys) => inventory::update::confirmed(&mut model.inventory, keys).map(Effect::Inventory),
                Confirmed::Stand(ids, to) => standing::go(model, at, ids, to),
                Confirmed::StartRun => perf::update::confirmed(&mut model.perf).map(Effect::Perf),
                Confirmed::Quit => {
                    model.ended = true;
                    Step::quiet()
                }
            };
            settle(model, at, step)
        }
    }
}

fn offer(model: &mut Model) {
    let all = match model.overlays.last() {
        Some(Overlay::Line(open)) => line::candidates(model, open.input.text(), open.input.cursor()),
        Some(Overlay::Filter(open, _)) => line::clusters_to_filter(model, open.input.text(), open.input.cursor()),
        _ => return,
    };
    if let Some(Overlay::Line(open) | Overlay::Filter(open, _)) = model.overlays.last_mut() {
        open.offer(all);
    }
}

fn line_answered(model: &mut Model, at: At, answer: LineAnswer) -> Wanted {
    match answer {
        LineAnswer::Redraw => Step::redraw(),
        LineAnswer::Changed => {
            offer(model);
            Step::redraw()
        }
        LineAnswer::Cancel => closed(model, true),
        LineAnswer::Accept(text) => {
            model.overlays.pop();
            run_line(model, at, &text)
        }
    }
}

/// Runs a line as typed after `:`.
pub(super) fn run_line(model: &mut Model, at: At, text: &str) -> Wanted {
    if text.is_empty() {
        return Step::redraw();
    }
    if model.history.last().map(String::as_str) != Some(text) {
        model.history.push(text.to_owned());
    }
    let step = match line::understand(model, text) {
        Ok(line::Meaning::Command(command)) => command_of(model, at, command),
        Ok(line::Meaning::View { view, filter, contexts }) => view_line(model, at, view, filter, contexts),
        Ok(line::Meaning::Open(ids)) => open(model, at, ids).then(go(model, at, PaneId::Inventory)),
        Ok(line::Meaning::Environment(name, contexts)) => standing::environment(model, at, name, contexts),
        Ok(line::Meaning::Say(text)) => say(model, at, text),
        Ok(line::Meaning::Load(url)) => {
            let step = perf::update::load_url(&mut model.perf, &url).map(Effect::Perf);
            settle(model, at, step)
        }
        Ok(line::Meaning::Xray { kind, namespaces }) => {
            xray::update::ask(&mut model.xray, xray::state::Ask { kind, namespaces });
            go(model, at, PaneId::Xray)
        }
        Ok(line::Meaning::Columns(texts)) => match inventory::update::add_columns(&mut model.inventory, &model.shared, &texts) {
            Ok(step) => settle(model, at, step.map(Effect::Inventory)),
            Err(why) => intent(model, at, Intent::Notice(Notice::error(Problem::new("columns", "the columns are as they were", why)))),
        },
        Ok(line::Meaning::SaveView(name)) => {
            let step = inventory::update::save_view(&mut model.inventory, &model.shared, &name).map(Effect::Inventory);
            settle(model, at, step)
        }
        Ok(line::Meaning::SavedView(name)) => saved_view(model, at, &name),
        Ok(line::Meaning::Unsave(name)) => {
            let step = inventory::update::unsave(&mut model.inventory, &name).map(Effect::Inventory);
            settle(model, at, step)
        }
        Ok(line::Meaning::Theme(name, theme)) => {
            (model.theme, model.chosen.theme) = (*theme, Some(name));
            Step::effect(Effect::Repaint)
        }
        Ok(line::Meaning::Keys(name, keymap)) => {
            let said = notice(model, at, Notice::info(format!("keys of {name}; ? lists them")));
            (model.keymap, model.chosen.keys) = (*keymap, Some(name));
            said
        }
        Ok(line::Meaning::Slow(slow)) => {
            model.slow.said = Some(slow);
            notice(model, at, Notice::info(format!("slow line {}", model.slow.why())))
        }
        Ok(line::Meaning::CopyTo(file)) => copy::to_file(model, at, &file),
        Ok(line::Meaning::Leave) => {
            model.ended = true;
            Step::quiet()
        }
        Err(problem) => intent(model, at, Intent::Notice(Notice::error(problem))),
    };
    step.then(Step::effect(remember(model)))
}

fn view_line(model: &mut Model, at: At, view: View, filter: Option<String>, contexts: Vec<ClusterId>) -> Wanted {
    let mut step = go(model, at, PaneId::Inventory);
    if !contexts.is_empty() && contexts != model.shared.open {
        step = step.then(open_on(model, at, contexts, Some(view)));
    } else {
        step = step.then(inventory::update::go(&mut model.inventory, &model.shared, view, true).map(Effect::Inventory));
    }
    match filter.map(|filter| inventory::update::filter(&mut model.inventory, &filter)) {
        Some(Err(why)) => step.then(intent(model, at, Intent::Notice(Notice::error(Problem::new("filter", "the filter was not used", why))))),
        _ => step,
    }
}

fn open_filter(model: &mut Model, at: At) -> Wanted {
    let before = match (model.pane, &model.inventory.detail) {
        (PaneId::Inventory, Some(detail)) if model.inventory.in_detail => detail.find.clone(),
        (PaneId::Inventory, _) => model.inventory.filter.clone(),
        (PaneId::Xray, _) => model.xray.filter.clone(),
        (PaneId::Logs, _) => model.logs.want.find.clone(),
        _ => return intent(model, at, Intent::Notice(Notice::info("/ filters the inventory; ,i goes there"))),
    };
    let line = Line { input: crate::tui::keys::readline::Readline::with_text(&before), ..Line::default() };
    model.overlays.push(Overlay::Filter(line, before));
    Step::redraw()
}

/// Filters or searches what is seen.
fn filter(model: &mut Model, text: &str) -> Result<Wanted, String> {
    match model.pane {
        PaneId::Logs => Ok(logs::update::filter(&mut model.logs, text).map(Effect::Logs)),
        PaneId::Xray => {
            xray::update::filter(&mut model.xray, text);
            Ok(Step::redraw())
        }
        _ => inventory::update::filter(&mut model.inventory, text).map(|step| step.map(Effect::Inventory)),
    }
}

fn filter_answered(model: &mut Model, at: At, answer: LineAnswer) -> Wanted {
    match answer {
        LineAnswer::Redraw => Step::redraw(),
        LineAnswer::Changed => {
            offer(model);
            filter_changed(model)
        }
        LineAnswer::Accept(text) => {
            let (step, text) = (closed(model, true), expanded(model, &text));
            match filter(model, &text) {
                Ok(done) => step.then(done),
                Err(why) => step.then(intent(model, at, Intent::Notice(Notice::error(Problem::new("filter", "the filter was not used", why))))),
            }
        }
        LineAnswer::Cancel => match model.overlays.pop() {
            // It held before, so it is right.
            Some(Overlay::Filter(_, before)) => filter(model, &before).unwrap_or_else(|_| Step::redraw()),
            _ => Step::redraw(),
        },
    }
}

/// What is shown follows every letter; half a filter that cannot be read yet leaves it as it is.
fn filter_changed(model: &mut Model) -> Wanted {
    let Some(Overlay::Filter(line, _)) = model.overlays.last() else { return Step::quiet() };
    let text = expanded(model, line.input.text());
    filter(model, &text).unwrap_or_else(|_| Step::redraw())
}

/// The text of the `/` line: in the inventory environments stand for their contexts.
fn expanded(model: &Model, text: &str) -> String {
    if model.pane == PaneId::Inventory { line::expanded(model, text) } else { text.to_owned() }
}

/// Rows between line 2 and the footer.
fn body(height: u16) -> usize {
    usize::from(height.saturating_sub(3))
}

/// Help: every key of the contexts that hold now.
fn sections(model: &Model) -> Vec<crate::tui::overlays::help::Section> {
    let title = |command: &Command| specs().find(|spec| parse(spec.name).as_ref() == Ok(command)).map(|spec| spec.title.to_owned());
    let rows = |context: &&str| {
        let rows = model.keymap.rows(context).filter_map(|(keys, command)| Some((keys, title(command)?)));
        ((*context).to_owned(), rows.collect())
    };
    sandbox_section(&model.shared).into_iter().chain(model.contexts().iter().map(rows)).chain(digits(model)).collect()
}

/// What the digits mean now.
fn digits(model: &Model) -> Option<crate::tui::overlays::help::Section> {
    let names = (model.pane == PaneId::Inventory).then(|| model.inventory.namespaces()).filter(|names| !names.is_empty())?;
    let pinned = |name: &str| if model.inventory.kept.pinned.iter().any(|one| one == name) { " (pinned)" } else { "" };
    let rows = names.iter().take(9).zip(1..).map(|(name, digit): (_, u8)| (digit.to_string(), format!("{name}{}", pinned(name))));
    Some(("namespaces".to_owned(), rows.collect()))
}

/// What the sandbox is, why it is open and what it does not do.
fn sandbox_section(shared: &Shared) -> Option<crate::tui::overlays::help::Section> {
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
fn actions(model: &Model) -> Menu<Command> {
    let contexts = model.contexts();
    let here = specs().filter(|spec| spec.contexts.iter().any(|context| contexts.first() == Some(context)) && spec.footer.is_some());
    let item = |spec: &crate::tui::flow::CommandSpec| {
        let command = parse(spec.name).ok()?;
        let keys = model.keymap.keys_for(contexts, &command).unwrap_or_default();
        Some(Item { title: spec.title.to_owned(), keys, refusal: refusal(model, &command), command })
    };
    let about = model.inventory.row().filter(|_| model.pane == PaneId::Inventory).map(|row| row.key().to_string());
    Menu { title: about.unwrap_or_else(|| "possible here".into()), items: here.filter_map(item).collect(), chosen: 0 }
}

/// The forms in which the rows can be seen; the one they have now is chosen.
fn view_as(model: &Model) -> Menu<Command> {
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
