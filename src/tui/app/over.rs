//! Keys while something lies over the panes, and what is answered there.

use super::commands::{AppCommand, Command};
use super::model::{Effect, Model, Overlay};
use super::update::{Wanted, command_of, notice, settle};
use super::{asked, line, pick, standing};
use crate::names::Problem;
use crate::tui::flow::{At, Confirmed, Notice, PaneId, Step};
use crate::tui::keys::map::Lookup;
use crate::tui::keys::readline::Readline;
use crate::tui::overlays::columns::Answer as ColumnsAnswer;
use crate::tui::overlays::confirm::Answer as ConfirmAnswer;
use crate::tui::overlays::form::{Answer as FormAnswer, Form};
use crate::tui::overlays::line::{Answer as LineAnswer, Line};
use crate::tui::overlays::list::Answer as ListAnswer;
use crate::tui::overlays::menu::Answer as MenuAnswer;
use crate::tui::panes::{inventory, logs, perf, xray};
use crate::tui::term::key::{Code, Key};

pub(super) fn overlaid(model: &mut Model, at: At, key: Key) -> Wanted {
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
            let close = help.key(key, model.size.0, page);
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
pub(super) fn meant(model: &Model, key: Key) -> Key {
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

pub(super) fn closed(model: &mut Model, close: bool) -> Wanted {
    if close {
        model.overlays.pop();
    }
    Step::redraw()
}

pub(super) fn columns_answered(model: &mut Model, at: At, answer: ColumnsAnswer) -> Wanted {
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

pub(super) fn form_answered(model: &mut Model, at: At, answer: FormAnswer) -> Wanted {
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

pub(super) fn confirm_answered(model: &mut Model, at: At, answer: ConfirmAnswer, then: Confirmed) -> Wanted {
    match answer {
        ConfirmAnswer::Open => Step::redraw(),
        ConfirmAnswer::No => closed(model, true),
        ConfirmAnswer::Yes => {
            model.overlays.pop();
            let step = match then {
                Confirmed::Delete(keys) => inventory::update::confirmed(&mut model.inventory, keys).map(Effect::Inventory),
                Confirmed::Annotate { key, name, value } => inventory::update::annotated(&model.shared, key, name, value).map(Effect::Inventory),
                Confirmed::Stand(ids, to) => standing::go(model, at, ids, to),
                Confirmed::PutBack => perf::update::put_back(&model.perf, &model.shared).map(Effect::Perf),
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

pub(super) fn offer(model: &mut Model) {
    let all = match model.overlays.last() {
        Some(Overlay::Line(open)) => line::candidates(model, open.input.text(), open.input.cursor()),
        Some(Overlay::Filter(open, _)) => line::clusters_to_filter(model, open.input.text(), open.input.cursor()),
        _ => return,
    };
    if let Some(Overlay::Line(open) | Overlay::Filter(open, _)) = model.overlays.last_mut() {
        open.offer(all);
    }
}

pub(super) fn line_answered(model: &mut Model, at: At, answer: LineAnswer) -> Wanted {
    match answer {
        LineAnswer::Redraw => Step::redraw(),
        LineAnswer::Changed => {
            offer(model);
            Step::redraw()
        }
        LineAnswer::Cancel => closed(model, true),
        LineAnswer::Accept(text) => {
            model.overlays.pop();
            asked::run_line(model, at, &text)
        }
    }
}

pub(super) fn open_filter(model: &mut Model, at: At) -> Wanted {
    let before = match (model.pane, &model.inventory.detail) {
        (PaneId::Inventory, Some(detail)) if model.inventory.in_detail => detail.find.clone(),
        (PaneId::Inventory, _) => model.inventory.filter.clone(),
        (PaneId::Xray, _) => model.xray.filter.clone(),
        (PaneId::Logs, _) => model.logs.want.find.clone(),
        _ => return notice(model, at, Notice::info("/ filters the inventory; ,i goes there")),
    };
    let line = Line { input: Readline::with_text(&before), ..Line::default() };
    model.overlays.push(Overlay::Filter(line, before));
    Step::redraw()
}

/// Filters or searches what is seen.
pub(super) fn filter(model: &mut Model, text: &str) -> Result<Wanted, String> {
    match model.pane {
        PaneId::Logs => Ok(logs::update::filter(&mut model.logs, text).map(Effect::Logs)),
        PaneId::Xray => {
            xray::update::filter(&mut model.xray, text);
            Ok(Step::redraw())
        }
        _ => inventory::update::filter(&mut model.inventory, text).map(|step| step.map(Effect::Inventory)),
    }
}

pub(super) fn filter_answered(model: &mut Model, at: At, answer: LineAnswer) -> Wanted {
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
                Err(why) => step.then(notice(model, at, Notice::error(Problem::new("filter", "the filter was not used", why)))),
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
pub(super) fn filter_changed(model: &mut Model) -> Wanted {
    let Some(Overlay::Filter(line, _)) = model.overlays.last() else { return Step::quiet() };
    let text = expanded(model, line.input.text());
    filter(model, &text).unwrap_or_else(|_| Step::redraw())
}

/// The text of the `/` line: in the inventory environments stand for their contexts.
pub(super) fn expanded(model: &Model, text: &str) -> String {
    if model.pane == PaneId::Inventory { line::expanded(model, text) } else { text.to_owned() }
}

/// The form that is open, also under something else.
pub(super) fn form(model: &mut Model) -> Option<&mut Form> {
    model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Form(form) => Some(form),
        _ => None,
    })
}
