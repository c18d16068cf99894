//! What was asked on the `:` line, done; and the views that have names.

use super::commands::Command;
use super::model::{Effect, Model, Overlay};
use super::update::{Wanted, command_of, go, notice, open, open_on, remember, say, settle};
use super::{copy, line, standing};
use crate::cluster::views::BUILT_IN;
use crate::names::{ClusterId, Problem};
use crate::tui::flow::{At, Notice, PaneId, Step};
use crate::tui::overlays::menu::{Item, Menu};
use crate::tui::panes::inventory::state::View;
use crate::tui::panes::{inventory, perf, xray};

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
        Ok(line::Meaning::Profile(name)) => {
            let step = perf::update::profile(&mut model.perf, &model.shared, name).map(Effect::Perf);
            settle(model, at, step)
        }
        Ok(line::Meaning::Xray { kind, namespaces }) => {
            xray::update::ask(&mut model.xray, xray::state::Ask { kind, namespaces });
            go(model, at, PaneId::Xray)
        }
        Ok(line::Meaning::Annotate(text)) => {
            let step = inventory::update::annotate(&model.inventory, &model.shared, &text).map(Effect::Inventory);
            settle(model, at, step)
        }
        Ok(line::Meaning::Columns(texts)) => match inventory::update::add_columns(&mut model.inventory, &model.shared, &texts) {
            Ok(step) => settle(model, at, step.map(Effect::Inventory)),
            Err(why) => notice(model, at, Notice::error(Problem::new("columns", "the columns are as they were", why))),
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
        Ok(line::Meaning::Tab(step)) => {
            let there = go(model, at, PaneId::Inventory);
            there.then(command_of(model, at, Command::Inventory(inventory::commands::Command::Tab(step))))
        }
        Ok(line::Meaning::Mouse(mouse)) => {
            model.mouse.said = Some(mouse);
            notice(model, at, Notice::info(format!("mouse {}", model.mouse.why())))
        }
        Ok(line::Meaning::CopyTo(file)) => copy::to_file(model, at, &file),
        Ok(line::Meaning::Leave) => {
            model.ended = true;
            Step::quiet()
        }
        Err(problem) => notice(model, at, Notice::error(problem)),
    };
    step.then(Step::effect(remember(model)))
}

pub(super) fn view_line(model: &mut Model, at: At, view: View, filter: Option<String>, contexts: Vec<ClusterId>) -> Wanted {
    let mut step = go(model, at, PaneId::Inventory);
    if !contexts.is_empty() && contexts != model.shared.open {
        step = step.then(open_on(model, at, contexts, Some(view)));
    } else {
        step = step.then(inventory::update::go(&mut model.inventory, &model.shared, view, true).map(Effect::Inventory));
    }
    match filter.map(|filter| inventory::update::filter(&mut model.inventory, &filter)) {
        Some(Err(why)) => step.then(notice(model, at, Notice::error(Problem::new("filter", "the filter was not used", why)))),
        _ => step,
    }
}

/// A kind in all namespaces, only its faults if that is wished.
pub(super) fn look(model: &mut Model, at: At, kind: String, trouble: bool) -> Wanted {
    let step = view_line(model, at, View { kind, ..View::default() }, None, Vec::new());
    if trouble == model.inventory.trouble {
        return step;
    }
    step.then(command_of(model, at, Command::Inventory(inventory::commands::Command::Trouble)))
}

/// The list of saved views.
pub(super) fn saved_views(model: &mut Model) -> Wanted {
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
pub(super) fn saved_view(model: &mut Model, at: At, name: &str) -> Wanted {
    let Some(saved) = model.inventory.kept.views.get(name).cloned() else {
        if BUILT_IN.iter().any(|view| view.name == name) {
            return run_line(model, at, name);
        }
        return notice(model, at, Notice::info(format!("no view is saved as {name}; ,s lists them")));
    };
    let (there, gone): (Vec<ClusterId>, Vec<ClusterId>) =
        saved.contexts.iter().map(|name| ClusterId::new(name.as_str())).partition(|id| model.shared.contexts.iter().any(|context| context.id == *id));
    let step = view_line(model, at, saved.view.clone(), None, there);
    let rest = inventory::update::restore(&mut model.inventory, &model.shared, saved).map(Effect::Inventory);
    let step = step.then(settle(model, at, rest));
    match gone.first() {
        Some(id) => step.then(notice(model, at, Notice::info(format!("there is no context {id} any more")))),
        None => step,
    }
}
