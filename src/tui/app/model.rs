//! Everything the program knows while it runs: panes, what lies over them, notices, keys and looks.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Position;
use serde::{Deserialize, Serialize};

use super::alias::Aliases;
use super::commands::Command;
use super::looks::Asked;
use super::memory::Memory;
use super::mouse::{self, Spots};
use super::pick::Pick;
use super::place::Places;
use super::shared::Shared;
use super::slow;
use crate::cluster::connection::Connection;
use crate::cluster::fleet::Context;
use crate::cluster::gate::Deed;
use crate::names::{ClusterId, ObjectKey, Problem};
use crate::tui::flow::{At, GuideStep, PaneId};
use crate::tui::keys::map::Keymap;
use crate::tui::overlays::columns::Columns;
use crate::tui::overlays::confirm::Confirm;
use crate::tui::overlays::form::Form;
use crate::tui::overlays::help::Help;
use crate::tui::overlays::line::Line;
use crate::tui::overlays::list::List;
use crate::tui::overlays::menu::Menu;
use crate::tui::overlays::notices::{Kept, Notices};
use crate::tui::panes::{clusters, inventory, logs, perf, pulse, xray};
use crate::tui::term::key::{Event, Key};
use crate::tui::theme::Theme;

/// The whole state.
#[derive(Debug)]
pub struct Model {
    /// What several panes read.
    pub shared: Shared,
    /// What runs.
    pub inventory: inventory::state::State,
    /// What containers write.
    pub logs: logs::state::State,
    /// How everything does.
    pub pulse: pulse::state::State,
    /// Load tests.
    pub perf: perf::state::State,
    /// Contexts.
    pub clusters: clusters::state::State,
    /// A kind as a tree.
    pub xray: xray::state::State,
    /// An object was shown from here: going back in the inventory ends there.
    pub revealed_from: Option<PaneId>,
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
    /// The other keys there are, by the preset's name.
    pub keymaps: Vec<(String, Keymap<Command>)>,
    /// Looks.
    pub theme: Theme,
    /// The other looks there are, by name.
    pub themes: Vec<(String, Theme)>,
    /// The preset and the theme that the settings ask for.
    pub asked: Asked,
    /// Those that were chosen on the screen since.
    pub chosen: Chosen,
    /// Words of the person's own for the `:` line.
    pub aliases: Aliases,
    /// What the terminal is taken for, and where our files lie: name and value.
    pub facts: Vec<(String, String)>,
    /// Our folders, in the same way.
    pub folders: Vec<(String, String)>,
    /// What was written to the terminal, as of the last frame.
    pub traffic: Traffic,
    /// What is known about the line to the terminal.
    pub slow: slow::Line,
    /// Whether the mouse is used.
    pub mouse: mouse::Line,
    /// What the last frame drew where.
    pub spots: Spots,
    /// Where and when the mouse was pressed last.
    pub clicked: Option<(Position, Duration)>,
    /// What was sent to the terminal's clipboard last, whole.
    pub copied: Option<String>,
    /// Notices, the newest last.
    pub notices: Vec<Kept>,
    /// Until when the newest notice stands over the last row of the body.
    pub flash: Option<Duration>,
    /// The guide of the first minute.
    pub guide: Guide,
    /// Lines typed after `:`, oldest first.
    pub history: Vec<String>,
    /// Where the person was, and when that is kept.
    pub places: Places,
    /// When ctrl-c was pressed at the root.
    pub interrupted: Option<Duration>,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The program is to end.
    pub ended: bool,
}

/// What was written to the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes of all frames.
    pub bytes: u64,
    /// Frames that were not empty.
    pub frames: u64,
    /// Bytes a second, lately.
    pub per_second: u64,
    /// How close frames may follow one another that no key asked for, in milliseconds.
    pub gap_ms: u64,
}

/// A preset and a theme chosen with `:keys` and `:theme`.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// The preset of keys.
    pub keys: Option<String>,
    /// The theme.
    pub theme: Option<String>,
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
    /// The terminal, the line to it, and this program.
    Status(Help),
    /// A table to choose from.
    List(List<Pick>),
    /// A question.
    Confirm(Confirm),
    /// A form of the perf pane.
    Form(Form),
    /// Columns of a table.
    Columns(Columns),
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
    /// To the pulse.
    Pulse(pulse::work::Report),
    /// To the logs.
    Logs(logs::work::Report),
    /// To a load test.
    Perf(perf::work::Report),
    /// To the tree.
    Xray(xray::work::Report),
    /// To the list of connections.
    Clusters(clusters::work::Report),
    /// To a connection.
    Connections(Arc<[Connection]>),
    /// The kubeconfig names these contexts now.
    Contexts(Arc<[Context]>),
    /// What was done, the newest first.
    Did(Vec<Deed>),
    /// Text for the clipboard was read.
    ToCopy(String),
    /// A file was written.
    Wrote(String),
    /// Something failed that is nobody's in particular.
    Failed(Problem),
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// For the inventory.
    Inventory(inventory::work::Effect),
    /// For the pulse.
    Pulse(pulse::work::Effect),
    /// For the logs.
    Logs(logs::work::Effect),
    /// For the load tests.
    Perf(perf::work::Effect),
    /// For the tree.
    Xray(xray::work::Effect),
    /// For the list of connections.
    Clusters(clusters::work::Effect),
    /// Refuse actions on these clusters, and on no others.
    Hold(Vec<ClusterId>),
    /// Open a connection.
    Connect(ClusterId),
    /// Close one.
    Disconnect(ClusterId),
    /// Keep this for the next start.
    Remember(Memory),
    /// Put text into the clipboard of the person's terminal.
    Copy(String),
    /// Read an object's manifest for the clipboard.
    CopyYaml(ObjectKey),
    /// Write a text into a new file.
    Write {
        /// Where, from the folder the program was started in.
        path: String,
        /// What.
        text: String,
    },
    /// Say what was done.
    Did,
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
            logs: logs::state::State::default(),
            pulse: pulse::state::State::default(),
            perf: perf::state::State::default(),
            clusters: clusters::state::State::default(),
            xray: xray::state::State::default(),
            revealed_from: None,
            pane: PaneId::Inventory,
            last_pane: PaneId::Perf,
            overlays: Vec::new(),
            pressed: Vec::new(),
            keymap,
            keymaps: Vec::new(),
            theme,
            themes: Vec::new(),
            asked: Asked::default(),
            chosen: Chosen::default(),
            aliases: Aliases::new(),
            facts: Vec::new(),
            folders: Vec::new(),
            traffic: Traffic::default(),
            slow: slow::Line::default(),
            mouse: mouse::Line::default(),
            spots: Spots::default(),
            clicked: None,
            copied: None,
            notices: Vec::new(),
            flash: None,
            guide: Guide::Hidden,
            history: Vec::new(),
            places: Places::default(),
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
            PaneId::Logs => &["logs", "global"],
            PaneId::Pulse => &["pulse", "global"],
            PaneId::Perf => &["perf", "global"],
            PaneId::Clusters => &["clusters", "global"],
            PaneId::Xray => &["xray", "global"],
        }
    }

    /// Something that a key began goes on, a slice a tick.
    pub fn is_at_work(&self) -> bool {
        self.inventory.table.is_busy()
    }

    /// When the clock has something to do next, on the clock of [`At::mono`].
    pub fn next_wake(&self, at: At) -> Option<Duration> {
        // Ages step every ten seconds; frames that change nothing write nothing.
        let ages = at.mono + Duration::from_secs(10 - u64::try_from(at.unix.rem_euclid(10)).unwrap_or(0));
        // Figures that are looked at are of this second.
        let figures = matches!(self.overlays.last(), Some(Overlay::Status(_))).then(|| Duration::from_secs(at.mono.as_secs() + 1));
        [Some(ages), figures, self.flash, self.places.due, inventory::update::next_wake(&self.inventory), xray::update::next_wake(&self.xray)]
            .into_iter()
            .flatten()
            .min()
    }
}
