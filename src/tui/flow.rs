//! What panes and app say to each other. Names no pane and no engine that is not an id.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::{ClusterId, ObjectKey, Problem, Standing};
use crate::tui::theme::Theme;

/// The moment a message was taken from its source, stamped by the loop. `update` reads no other clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct At {
    /// Time since the program started; never runs backwards.
    pub mono: Duration,
    /// Unix seconds, for ages.
    pub unix: i64,
}

/// How things look at the moment of a frame.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Styles and glyphs.
    pub theme: &'a Theme,
    /// Unix seconds, for ages.
    pub now: i64,
    /// Time since the program started, for waits.
    pub mono: Duration,
}

/// What an update asks for: work outside, wishes to the house, and whether anything visible changed.
#[derive(Debug)]
pub struct Step<E> {
    /// Work outside, in order.
    pub effects: Vec<E>,
    /// Wishes to the house.
    pub intents: Vec<Intent>,
    /// Something visible may have changed.
    pub dirty: bool,
}

impl<E> Step<E> {
    /// Nothing changed.
    pub fn quiet() -> Self {
        Self { effects: Vec::new(), intents: Vec::new(), dirty: false }
    }

    /// Something visible changed and that is all.
    pub fn redraw() -> Self {
        Self { dirty: true, ..Self::quiet() }
    }

    /// Redraws and wants this done outside.
    pub fn effect(effect: E) -> Self {
        Self { effects: vec![effect], ..Self::redraw() }
    }

    /// Redraws and wants this of the house.
    pub fn intent(intent: Intent) -> Self {
        Self { intents: vec![intent], ..Self::redraw() }
    }

    /// Adds one more effect.
    #[must_use]
    pub fn and(mut self, effect: E) -> Self {
        self.effects.push(effect);
        self
    }

    /// Puts another step after this one.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.effects.extend(next.effects);
        self.intents.extend(next.intents);
        self.dirty |= next.dirty;
        self
    }

    /// The same step with its effects wrapped for the next level up.
    pub fn map<F>(self, wrap: impl Fn(E) -> F) -> Step<F> {
        Step { effects: self.effects.into_iter().map(wrap).collect(), intents: self.intents, dirty: self.dirty }
    }
}

/// What one pane asks of the house. Panes never know each other.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    /// Put a message into the notice area.
    Notice(Notice),
    /// Open the form for a load test on a Service.
    LoadTest(ObjectKey),
    /// Show the logs of these, of the run before if so wished.
    Logs(Vec<ObjectKey>, bool),
    /// Open a form; what is filled in comes back to the pane that asked.
    Ask(Form),
    /// Put text into a field of the open form, and the focus on its last button.
    Fill(usize, String),
    /// Say in the open form what is wrong.
    Fault(String),
    /// Ask before something is done; on yes the command is run with what was meant when it was asked.
    Confirm(Question),
    /// Send text to the person's terminal clipboard (OSC 52).
    Copy(String),
    /// A step of the guide was done.
    Guide(GuideStep),
    /// Open the list of a kind's columns.
    Columns(String, Vec<ColumnItem>),
    /// Open the list of saved views.
    SavedViews,
    /// Look at a saved view.
    OpenSaved(String),
    /// Keep what a pane wants to be remembered for the next start.
    Remember,
    /// These contexts are to be open, and no others.
    Open(Vec<ClusterId>),
    /// These connections are to stand so.
    Stand(Vec<ClusterId>, Standing),
    /// Show a pane.
    Go(PaneId),
    /// Look at a kind in all namespaces of the open clusters.
    Look {
        /// By any of its names.
        kind: String,
        /// Only what is in trouble.
        trouble: bool,
    },
    /// Show an object in the inventory; going back from there leads back here.
    Reveal(ObjectKey),
}

/// A column in the list of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnItem {
    /// Its heading.
    pub name: String,
    /// Where its value comes from, for one of the person's own.
    pub path: Option<String>,
    /// It belongs to the wide view.
    pub wide: bool,
    /// When it is shown.
    pub show: Show,
}

/// When a column is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Show {
    /// As its kind has it: where there is room; what belongs to the wide view last.
    #[default]
    Usual,
    /// Before others, though it belongs to the wide view.
    Always,
    /// Not at all.
    Never,
}

/// The panes, by what they show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PaneId {
    /// What runs.
    Inventory,
    /// Load tests.
    Perf,
    /// What containers write.
    Logs,
    /// The contexts of the kubeconfig.
    Clusters,
    /// How everything does.
    Pulse,
    /// A kind as a tree.
    Xray,
}

/// One line for the person, kept in the history of notices.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// How loud.
    pub level: Level,
    /// What to say; its remedy is drawn after it.
    pub problem: Problem,
}

impl Notice {
    /// Something went as wished.
    pub fn info(what: impl Into<String>) -> Self {
        Self { level: Level::Info, problem: Problem { code: "done", what: what.into(), why: String::new(), hints: Vec::new() } }
    }

    /// Something failed.
    pub fn error(problem: Problem) -> Self {
        Self { level: Level::Error, problem }
    }
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Good to know.
    Info,
    /// Counted in line 1 until it is read.
    Error,
}

/// A form to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The verb, `Load test`.
    pub title: String,
    /// What it is about; may be empty.
    pub about: String,
    /// The fields.
    pub fields: Vec<Field>,
    /// The button that sends it off, `Start`.
    pub button: String,
    /// The field that has the focus first; none: the button.
    pub focus: Option<usize>,
}

/// One field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub label: &'static str,
    /// What it wants.
    pub hint: &'static str,
    /// What stands in it.
    pub text: String,
}

/// A question whose answer is Cancel unless the person says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The verb, `Delete`.
    pub verb: String,
    /// What will happen to what, and where.
    pub body: Vec<String>,
    /// A protected cluster: this name has to be typed.
    pub type_name: Option<String>,
    /// What is done on yes.
    pub then: Confirmed,
}

/// What a yes means. Bound to the object that was under the cursor when the key was pressed.
#[derive(Clone, Debug, PartialEq)]
pub enum Confirmed {
    /// Delete these objects.
    Delete(Vec<ObjectKey>),
    /// Set an annotation, or take it away.
    Annotate {
        /// Of which object.
        key: ObjectKey,
        /// Its name.
        name: String,
        /// Its value; none: it is taken away.
        value: Option<String>,
    },
    /// Let these connections stand so.
    Stand(Vec<ClusterId>, Standing),
    /// Put back what permutations that were cut off left changed.
    PutBack,
    /// Start the run that waits in the perf pane.
    StartRun,
    /// End the program.
    Quit,
}

/// What the guide of the first minute waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GuideStep {
    /// The failing workload was described.
    Described,
    /// A load test was started.
    Loaded,
    /// The inventory was looked at again.
    Returned,
}

/// One command a person can ask for: bound in keymaps, typed after `:`, listed in palette and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandSpec {
    /// `inventory.describe`.
    pub name: &'static str,
    /// What it does, in a few words: `describe`.
    pub title: &'static str,
    /// The same in a sentence for help and for the `:` line, where the title alone is understood only by who knows it already; else empty.
    pub about: &'static str,
    /// Where it exists: the contexts of the keymap.
    pub contexts: &'static [&'static str],
    /// Worth a place in the footer; smaller is nearer to the left.
    pub footer: Option<u8>,
}

impl CommandSpec {
    /// What is said of it where there is room for a sentence.
    pub fn sentence(&self) -> &'static str {
        if self.about.is_empty() { self.title } else { self.about }
    }
}

/// A command under one of its spellings.
#[derive(Clone, Debug)]
pub struct CommandRow<C> {
    /// What is said of it; a spelling without a title is understood and not told.
    pub spec: CommandSpec,
    /// What it asks for.
    pub command: C,
}

/// One row of a table of commands.
pub const fn row<C>(name: &'static str, command: C, title: &'static str, contexts: &'static [&'static str], footer: Option<u8>) -> CommandRow<C> {
    CommandRow { spec: CommandSpec { name, title, about: "", contexts, footer }, command }
}

/// The command of that spelling, as a keymap row or the `:` line has it.
pub fn spelt<C: Clone>(table: &[CommandRow<C>], text: &str) -> Option<C> {
    table.iter().find(|row| row.spec.name == text).map(|row| row.command.clone())
}

/// What is told of a table's commands.
pub fn told<C>(table: &'static [CommandRow<C>]) -> impl Iterator<Item = &'static CommandSpec> {
    table.iter().map(|row| &row.spec).filter(|spec| !spec.title.is_empty())
}
