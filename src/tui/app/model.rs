//! Everything the program knows while it runs: panes, what lies over them, notices, keys and looks.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::commands::Command;
use super::memory::Memory;
use super::shared::Shared;
use crate::cluster::connection::Connection;
use crate::names::{ClusterId, Problem};
use crate::tui::flow::{At, GuideStep, PaneId};
use crate::tui::keys::map::Keymap;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::form::Form;
use crate::tui::overlays::help::Help;
use crate::tui::overlays::line::Line;
use crate::tui::overlays::menu::Menu;
use crate::tui::overlays::notices::{Kept, Notices};
use crate::tui::panes::{clusters, inventory, perf, pulse};
use crate::tui::term::key::{Event, Key};
use crate::tui::theme::Theme;

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// What several panes read.
    pub shared: Shared,
    /// What runs.
    pub inventory: inventory::state::State,
    /// Load tests.
    pub perf: perf::state::State,
    /// Contexts.
    pub clusters: clusters::state::State,
    /// How everything does.
    pub pulse: pulse::state::State,
    /// The pane that is seen.
    pub pane: PaneId,
    /// The one before.
    pub last_pane: PaneId,
    /// What lies over it, the topmost last.
    pub overlays: Vec<Overlay>,
    /// The beginning of a chord.
    pub pressed: Vec<Key>,
    /// Keys.
    pub keymap: Keymap<Command>,
    /// Looks.
    pub theme: Theme,
    /// The other looks there are, by name.
    pub themes: Vec<(String, Theme)>,
    /// Notices, the newest last.
    pub notices: Vec<Kept>,
    /// Errors nobody has looked at.
    pub unread: usize,
    /// Until when the newest notice stands over the last row of the body.
    pub flash: Option<Duration>,
    /// The guide of the first minute.
    pub guide: Guide,
    /// Lines typed after `:`, oldest first.
    pub history: Vec<String>,
    /// When ctrl-c was pressed at the root.
    pub interrupted: Option<Duration>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The program is to end.
    pub ended: bool,
}

/// How far the guide is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    /// Not shown.
    Hidden,
    /// It waits for this to be done.
    Waits(GuideStep),
    /// All was done; the last sentence stands until the person moves on.
    Thanks,
}

/// Something over a pane.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The `:` line.
    Line(Line),
    /// The `/` line, with the text that held before.
    Filter(Line, String),
    /// Keys.
    Help(Help),
    /// Everything possible here.
    Menu(Menu<Command>),
    /// A question.
    Confirm(Confirm),
    /// A form of the perf pane.
    Form(Form),
    /// Notices.
    Notices(Notices),
}

/// Something that happened.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Msg {
    /// A person did something at the terminal.
    Input(Event),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Something happened outside.
    Report(Box<Report>),
    /// Time went by.
    Tick,
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// To the inventory.
    Inventory(inventory::work::Report),
    /// To a load test.
    Perf(perf::work::Report),
    /// To the pulse.
    Pulse(pulse::work::Report),
    /// To a connection.
    Connections(Arc<[Connection]>),
    /// Something failed that is nobody's in particular.
    Failed(Problem),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// For the inventory.
    Inventory(inventory::work::Effect),
    /// For the load tests.
    Perf(perf::work::Effect),
    /// For the pulse.
    Pulse(pulse::work::Effect),
    /// Open a connection.
    Connect(ClusterId),
    /// Close one.
    Disconnect(ClusterId),
    /// Keep this for the next start.
    Remember(Memory),
    /// Put text into the clipboard of the person's terminal.
    Copy(String),
    /// Draw everything anew.
    Repaint,
}

/// How the program begins.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Beginning {
    /// Contexts to open.
    pub open: Vec<ClusterId>,
    /// `-n`.
    pub namespace: Option<String>,
    /// `-A`.
    pub all_namespaces: bool,
    /// `-c`: a line as typed after `:`.
    pub command: Option<String>,
    /// What the last start left.
    pub memory: Memory,
    /// What is to be said at once.
    pub problems: Vec<Problem>,
}

impl Model {
    /// A model in which nothing has happened yet.
    pub fn new(shared: Shared, keymap: Keymap<Command>, theme: Theme, size: (u16, u16)) -> Self {
        Self {
            shared,
            inventory: inventory::state::State::default(),
            perf: perf::state::State::default(),
            clusters: clusters::state::State::default(),
            pulse: pulse::state::State::default(),
            pane: PaneId::Inventory,
            last_pane: PaneId::Perf,
            overlays: Vec::new(),
            pressed: Vec::new(),
            keymap,
            theme,
            themes: Vec::new(),
            notices: Vec::new(),
            unread: 0,
            flash: None,
            guide: Guide::Hidden,
            history: Vec::new(),
            interrupted: None,
            size,
            ended: false,
        }
    }

    /// The contexts of the keymap that hold now, the innermost first.
    pub fn contexts(&self) -> &'static [&'static str] {
        match self.pane {
            PaneId::Inventory if self.inventory.in_detail => &["split", "global"],
            PaneId::Inventory => &["table", "global"],
            PaneId::Perf => &["perf", "global"],
            PaneId::Clusters => &["clusters", "global"],
            PaneId::Pulse => &["pulse", "global"],
        }
    }

    /// When the clock has something to do next, on the clock of [`At::mono`].
    pub fn next_wake(&self, at: At) -> Option<Duration> {
        // Ages step every ten seconds; frames that change nothing write nothing.
        let ages = at.mono + Duration::from_secs(10 - u64::try_from(at.unix.rem_euclid(10)).unwrap_or(0));
        [Some(ages), self.flash, inventory::update::next_wake(&self.inventory)].into_iter().flatten().min()
    }
}
