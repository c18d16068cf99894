//! The mouse: whether it is used, and what a click or a turn of its wheel means for what was drawn at that place. A double click is `enter`.

use std::time::Duration;

use super::commands::Command;
use super::model::{Effect, Model, Overlay};
use super::over;
use super::update::{Wanted, command_of, pressed, settle};
use crate::tui::flow::{At, PaneId, Step};
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};
use crate::tui::term::key::{Code, Key, Mouse, Pointing};
use crate::tui::widgets::spot::{self, Spot, What};
use ratatui::layout::{Position, Rect};

/// Two clicks on one cell within this are a double click.
const TWICE: Duration = Duration::from_millis(400);
/// Rows that go by at one notch of the wheel.
const NOTCH: isize = 3;

/// Whether the terminal is asked for reports of the mouse. Where it is, selecting text wants shift.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// What the settings want; none: not behind SSH.
    pub setting: Option<bool>,
    /// What `:mouse` wants, which wins over them.
    pub said: Option<Option<bool>>,
    /// The program runs behind SSH.
    pub ssh: bool,
}

impl Line {
    /// It is used.
    pub fn on(self) -> bool {
        self.said.unwrap_or(self.setting).unwrap_or(!self.ssh)
    }

    /// Why, in a few words.
    pub fn why(self) -> &'static str {
        match (self.said, self.said.unwrap_or(self.setting)) {
            (Some(_), Some(true)) => "on: you said so; shift and the mouse select text",
            (Some(_), Some(false)) => "off: you said so",
            (None, Some(true)) => "on: the settings say so",
            (None, Some(false)) => "off: the settings say so",
            (_, None) if self.ssh => "off: behind SSH; :mouse on",
            (_, None) => "on: not behind SSH; shift and the mouse select text",
        }
    }
}

/// What was drawn where by the last frame.
#[derive(Clone, Debug, Default)]
pub struct Spots {
    /// In the pane.
    pub pane: Vec<Spot>,
    /// In the topmost of what lies over it.
    pub over: Vec<Spot>,
    /// In the footer.
    pub footer: Vec<(Rect, Press)>,
}

/// What a hint of the footer stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Press {
    /// A command.
    Command(Command),
    /// A key of what lies over the pane.
    Key(Key),
}

/// Takes in a report of the mouse.
pub(super) fn reported(model: &mut Model, at: At, mouse: Mouse) -> Wanted {
    let place = Position::new(mouse.column, mouse.row);
    match mouse.what {
        Pointing::Press => clicked(model, at, place),
        Pointing::WheelUp => wheeled(model, at, place, -NOTCH),
        Pointing::WheelDown => wheeled(model, at, place, NOTCH),
    }
}

fn clicked(model: &mut Model, at: At, place: Position) -> Wanted {
    // The beginning of a chord ends with a click.
    model.pressed.clear();
    let hint = model.spots.footer.iter().find(|(area, _)| area.contains(place)).map(|(_, press)| press.clone());
    if let Some(press) = hint {
        return match press {
            Press::Command(command) => command_of(model, at, command),
            Press::Key(key) => over::overlaid(model, at, key),
        };
    }
    let before = model.clicked.replace((place, at.mono));
    let twice = before.is_some_and(|(spot, when)| spot == place && at.mono.saturating_sub(when) <= TWICE);
    let spots = if model.overlays.is_empty() { &model.spots.pane } else { &model.spots.over };
    let Some(spot) = spot::at(spots, place) else { return Step::redraw() };
    if !model.overlays.is_empty() {
        return over_clicked(model, at, spot, place.y, twice);
    }
    // What was chosen by the first click is meant, whatever has come to stand there since.
    if twice && spot.row(place.y).is_some() {
        model.clicked = None;
        return pressed(model, at, plain(Code::Enter));
    }
    pane_clicked(model, at, spot, place.y)
}

fn pane_clicked(model: &mut Model, at: At, spot: Spot, line: u16) -> Wanted {
    let step = match (model.pane, spot.row(line)) {
        (PaneId::Inventory, _) => inventory::update::clicked(&mut model.inventory, &model.shared, at, spot, line).map(Effect::Inventory),
        (PaneId::Clusters, Some(row)) => clusters::update::clicked(&mut model.clusters, &model.shared, row).map(Effect::Clusters),
        (PaneId::Pulse, Some(row)) => pulse::update::clicked(&mut model.pulse, row).map(Effect::Pulse),
        (PaneId::Perf, Some(row)) => perf::update::clicked(&mut model.perf, row).map(Effect::Perf),
        (PaneId::Xray, Some(row)) => xray::update::clicked(&mut model.xray, row).map(Effect::Xray),
        _ => Step::quiet(),
    };
    settle(model, at, step)
}

fn over_clicked(model: &mut Model, at: At, spot: Spot, line: u16, twice: bool) -> Wanted {
    match (model.overlays.last_mut(), spot.what, spot.row(line)) {
        (Some(Overlay::Form(form)), What::Field(place), _) => {
            let answer = form.click(place);
            over::form_answered(model, at, answer)
        }
        (Some(Overlay::Confirm(confirm)), What::Field(place), _) => {
            let (answer, then) = (confirm.click(place), confirm.question.then.clone());
            over::confirm_answered(model, at, answer, then)
        }
        (Some(Overlay::Line(open)), _, Some(row)) => {
            let answer = open.click(row);
            over::line_answered(model, at, answer)
        }
        (Some(Overlay::Filter(open, _)), _, Some(row)) => {
            let answer = open.click(row);
            over::filter_answered(model, at, answer)
        }
        (Some(_), What::Rows(_), Some(_)) if twice => {
            model.clicked = None;
            over::overlaid(model, at, plain(Code::Enter))
        }
        (Some(Overlay::List(list)), _, Some(row)) => {
            list.choose(row);
            Step::redraw()
        }
        (Some(Overlay::Menu(menu)), _, Some(row)) => {
            menu.chosen = row;
            Step::redraw()
        }
        (Some(Overlay::Columns(columns)), _, Some(row)) => {
            columns.choose(row);
            Step::redraw()
        }
        (Some(Overlay::Notices(notices)), _, Some(row)) => {
            notices.choose(row);
            Step::redraw()
        }
        _ => Step::quiet(),
    }
}

fn wheeled(model: &mut Model, at: At, place: Position, lines: isize) -> Wanted {
    let key = plain(if lines > 0 { Code::Down } else { Code::Up });
    match model.overlays.last() {
        Some(Overlay::Form(_) | Overlay::Confirm(_)) => return Step::quiet(),
        Some(_) => return (0..lines.unsigned_abs()).fold(Step::quiet(), |step, _| step.then(over::overlaid(model, at, key))),
        None => {}
    }
    let spot = spot::at(&model.spots.pane, place);
    let step = match model.pane {
        PaneId::Inventory => match spot {
            Some(spot) => inventory::update::wheeled(&mut model.inventory, at, spot.beside, lines).map(Effect::Inventory),
            None => Step::quiet(),
        },
        // What is a list of no length to speak of goes row by row.
        PaneId::Clusters | PaneId::Pulse | PaneId::Perf if spot.is_some() => return pressed(model, at, key),
        PaneId::Xray if spot.is_some() => xray::update::wheeled(&mut model.xray, lines).map(Effect::Xray),
        PaneId::Logs => logs::update::wheeled(&mut model.logs, i64::try_from(lines).unwrap_or(0)).map(Effect::Logs),
        _ => Step::quiet(),
    };
    settle(model, at, step)
}

fn plain(code: Code) -> Key {
    Key { code, ctrl: false, alt: false, shift: false }
}
