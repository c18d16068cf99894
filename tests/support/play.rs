//! The whole app without a terminal, a cluster or a clock: keys are played from strings, reports are scripted, time stands still until it is told to go
//! on, and the screen is read as text. No assertion stands here; what is reported is made in `scene.rs`.
#![allow(dead_code, reason = "each test program uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use meshplay::cluster::connection::Connection;
use meshplay::cluster::fleet::Context;
use meshplay::cluster::gate::Gate;
use meshplay::cluster::rows::Delta;
use meshplay::names::ClusterId;
use meshplay::terminal::Depth;
use meshplay::tui::app::commands::{CONTEXTS, Command, parse};
use meshplay::tui::app::memory::Memory;
use meshplay::tui::app::model::{Beginning, Effect, Model, Msg, Report};
use meshplay::tui::app::shared::Shared;
use meshplay::tui::app::update::{begin, seen, update};
use meshplay::tui::app::view;
use meshplay::tui::flow::{At, Look};
use meshplay::tui::keys;
use meshplay::tui::keys::chord::parse_key;
use meshplay::tui::keys::map::Keymap;
use meshplay::tui::panes::{inventory, perf};
use meshplay::tui::term::key::{Code, Event, Key, Mouse, Pointing};
use meshplay::tui::theme::{BUILTIN, Theme, builtin};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// When every story begins: 2026-05-12T14:04:00Z.
pub const NOW: i64 = 1_778_594_640;

/// How far apart keys are typed.
const TYPING: Duration = Duration::from_millis(40);

/// How a story begins. Contexts are given as `name` or `name/namespace`.
#[derive(Clone, Debug)]
pub struct Opening {
    contexts: Vec<Context>,
    open: Vec<ClusterId>,
    sandbox: bool,
    readonly: bool,
    protected: Vec<String>,
    theme: Option<&'static str>,
    ascii: bool,
    preset: &'static str,
    keys: Option<&'static str>,
    size: (u16, u16),
    history: Vec<String>,
    memory: Memory,
    command: Option<&'static str>,
}

/// A story under way.
pub struct Stage {
    /// The app.
    pub model: Model,
    at: At,
    effects: Vec<Effect>,
}

impl Opening {
    /// The embedded cluster and no kubeconfig, as a newcomer meets it.
    pub fn sandbox() -> Self {
        let context =
            Context { id: ClusterId::new("sandbox"), namespace: "shop".into(), server: "in this process".into(), current: true, protected: false };
        Self { contexts: vec![context], open: vec![ClusterId::new("sandbox")], sandbox: true, ..Self::kubeconfig(&[]) }
    }

    /// The contexts of a kubeconfig, none of them open.
    pub fn kubeconfig(contexts: &[&str]) -> Self {
        let context = |(at, text): (usize, &&str)| {
            let (name, namespace) = text.split_once('/').unwrap_or((text, "default"));
            let server = format!("https://{name}.example.com:6443");
            Context { id: ClusterId::new(name), namespace: namespace.into(), server, current: at == 0, protected: false }
        };
        Self {
            contexts: contexts.iter().enumerate().map(context).collect(),
            open: Vec::new(),
            sandbox: false,
            readonly: false,
            protected: Vec::new(),
            theme: None,
            ascii: false,
            preset: "k9s",
            keys: None,
            size: (80, 24),
            history: Vec::new(),
            memory: Memory::default(),
            command: None,
        }
    }

    /// The contexts that are open.
    pub fn open(self, names: &[&str]) -> Self {
        Self { open: names.iter().map(|name| ClusterId::new(*name)).collect(), ..self }
    }

    /// `--readonly`.
    pub fn readonly(self) -> Self {
        Self { readonly: true, ..self }
    }

    /// Contexts that ask for their name, as globs.
    pub fn protected(mut self, glob: &str) -> Self {
        self.protected.push(glob.to_owned());
        for context in &mut self.contexts {
            context.protected |= meshplay::cluster::filter::glob(glob, context.id.as_str());
        }
        self
    }

    /// `--theme`.
    pub fn theme(self, theme: &'static str) -> Self {
        Self { theme: Some(theme), ..self }
    }

    /// The default look of a terminal with colours, where none was chosen; stories have no colours otherwise.
    pub fn dark_unless_told(self) -> Self {
        Self { theme: self.theme.or(Some("dark")), ..self }
    }

    /// A terminal that draws no Unicode.
    pub fn ascii(self) -> Self {
        Self { ascii: true, ..self }
    }

    /// Columns and rows.
    pub fn size(self, width: u16, height: u16) -> Self {
        Self { size: (width, height), ..self }
    }

    /// The keymap preset.
    pub fn preset(self, preset: &'static str) -> Self {
        Self { preset, ..self }
    }

    /// The person's own keymap, TOML.
    pub fn keys(self, toml: &'static str) -> Self {
        Self { keys: Some(toml), ..self }
    }

    /// Lines typed in former sessions, oldest first.
    pub fn history(self, lines: &[&str]) -> Self {
        Self { history: lines.iter().map(ToString::to_string).collect(), ..self }
    }

    /// What the last start left.
    pub fn remembering(self, memory: Memory) -> Self {
        Self { memory, ..self }
    }

    /// `-c`.
    pub fn command(self, line: &'static str) -> Self {
        Self { command: Some(line), ..self }
    }

    /// The curtain goes up.
    pub fn start(self) -> Stage {
        let keymaps = keymaps(self.keys);
        let keymap = keymaps.iter().find(|(name, _)| name == self.preset).expect("a preset").1.clone();
        let load = |name: &str| THEMES.iter().find(|(known, _)| *known == name).expect("a theme").1.clone().with_ascii(self.ascii);
        let shared = Shared {
            contexts: self.contexts,
            gate: Gate::new(self.readonly, self.protected, None),
            sandbox: self.sandbox.then(|| ClusterId::new("sandbox")),
            looked_at: if self.sandbox { vec!["~/.kube/config".into()] } else { Vec::new() },
            ..Shared::default()
        };
        let mut stage = Stage {
            model: Model::new(shared, keymap, load(self.theme.unwrap_or("mono")), self.size),
            at: At { mono: Duration::ZERO, unix: NOW },
            effects: Vec::new(),
        };
        stage.model.keymaps = keymaps;
        stage.model.themes = BUILTIN.iter().map(|(name, _)| ((*name).to_owned(), load(name))).collect();
        let history = if self.history.is_empty() { self.memory.history.clone() } else { self.history };
        let memory = Memory { history, ..self.memory };
        let beginning = Beginning { open: self.open, memory, command: self.command.map(str::to_owned), ..Beginning::default() };
        let step = begin(&mut stage.model, stage.at, beginning);
        stage.effects.extend(step.effects);
        stage.show();
        stage
    }
}

/// Every preset with the person's own file over it. Reading them is most of what a story costs, so each file is read once.
fn keymaps(own: Option<&'static str>) -> Vec<(String, Keymap<Command>)> {
    type Presets = Vec<(String, Keymap<Command>)>;
    static READ: LazyLock<Mutex<HashMap<Option<&'static str>, Presets>>> = LazyLock::new(Mutex::default);
    let file = own.map(|text| ("keymap.toml", text));
    let load = |layers: &[keys::Layer<'_>]| Keymap::load(layers, file, CONTEXTS, &|_, text| parse(text)).expect("a keymap without faults");
    let all = || keys::PRESETS.iter().map(|(name, layers)| ((*name).to_owned(), load(layers))).collect();
    READ.lock().expect("a keymap without faults").entry(own).or_insert_with(all).clone()
}

/// Every theme, read once.
static THEMES: LazyLock<Vec<(&str, Theme)>> = LazyLock::new(|| {
    let load = |name: &str| Theme::load(name, &builtin, None, depth_of(name)).expect("a theme without faults").0;
    BUILTIN.iter().map(|(name, _)| (*name, load(name))).collect()
});

/// The colours each theme is made for.
fn depth_of(theme: &str) -> Depth {
    match theme {
        "mono" => Depth::None,
        "ansi16" => Depth::Ansi16,
        _ => Depth::True,
    }
}

impl Stage {
    /// Types keys. Tokens stand apart by blanks: `<ret>`, `<esc>`, `<up>` and every other name of a key, `ctrl-x`, `3j` (a count repeats one letter),
    /// `'text'` (typed as it stands, blanks included); of any other token every letter is a key.
    pub fn play(&mut self, text: &str) -> &mut Self {
        for key in score(text) {
            self.press(key);
        }
        self
    }

    /// Types a text letter by letter, blanks included.
    pub fn write(&mut self, text: &str) -> &mut Self {
        text.chars().for_each(|letter| self.press(plain(Code::Char(letter))));
        self
    }

    fn press(&mut self, key: Key) {
        self.pass(TYPING);
        self.take(Msg::Input(Event::Key(key)));
    }

    /// Clicks on the first place that shows a text.
    pub fn click(&mut self, text: &str) -> &mut Self {
        let (column, row) = self.place_of(text);
        self.mouse(Pointing::Press, column, row)
    }

    /// A report of the mouse.
    pub fn mouse(&mut self, what: Pointing, column: u16, row: u16) -> &mut Self {
        self.pass(TYPING);
        self.take(Msg::Input(Event::Mouse(Mouse { what, column, row })));
        self
    }

    /// The first place that shows a text.
    pub fn place_of(&mut self, text: &str) -> (u16, u16) {
        let buf = self.show();
        let found = (0..buf.area.height).find_map(|y| Some((column(&buf, y, text)?, y)));
        found.unwrap_or_else(|| panic!("{text} is not on the screen:\n{}", self.screen()))
    }

    /// Pastes.
    pub fn paste(&mut self, text: &str) -> &mut Self {
        self.take(Msg::Input(Event::Paste(text.to_owned())));
        self
    }

    /// The terminal has another size now.
    pub fn resize(&mut self, width: u16, height: u16) -> &mut Self {
        self.take(Msg::Resize(width, height));
        self
    }

    /// Something happened outside.
    pub fn report(&mut self, report: Report) -> &mut Self {
        self.take(Msg::Report(Box::new(report)));
        self
    }

    /// Rows of the view that is looked at now.
    pub fn rows(&mut self, cluster: &str, delta: Delta) -> &mut Self {
        self.rows_of(self.model.inventory.generation, cluster, delta)
    }

    /// Rows of the view with that number.
    pub fn rows_of(&mut self, generation: u64, cluster: &str, delta: Delta) -> &mut Self {
        self.report(Report::Inventory(inventory::work::Report::Rows { generation, cluster: ClusterId::new(cluster), delta }))
    }

    /// What is in use in the view that is looked at now.
    pub fn measured(&mut self, cluster: &str, reading: meshplay::cluster::metrics::Reading) -> &mut Self {
        let generation = self.model.inventory.generation;
        self.report(Report::Inventory(inventory::work::Report::Measured { generation, cluster: ClusterId::new(cluster), reading }))
    }

    /// What the clusters serve: each kind's plural, then its other names.
    pub fn kinds(&mut self, kinds: &[&[&str]]) -> &mut Self {
        let scoped = kinds.iter().map(|names| names[0].to_owned()).filter(|name| matches!(name.as_str(), "nodes" | "namespaces")).collect();
        let words = kinds.iter().flat_map(|names| names.iter().map(|name| ((*name).to_owned(), names[0].to_owned()))).collect();
        self.report(Report::Inventory(inventory::work::Report::Kinds { words, scoped }))
    }

    /// What was read of the object looked at closely: the answer to the newest request.
    pub fn inspected(&mut self, body: inventory::state::Body) -> &mut Self {
        let job = self.model.inventory.jobs;
        self.report(Report::Inventory(inventory::work::Report::Inspected { job, body }))
    }

    /// What is said about the object looked at closely: heard by the newest request.
    pub fn heard(&mut self, lines: Vec<meshplay::cluster::events::EventLine>) -> &mut Self {
        let job = self.model.inventory.detail.as_ref().map_or(0, |detail| detail.heard.job);
        let phase = meshplay::cluster::rows::Phase::Synced;
        self.report(Report::Inventory(inventory::work::Report::Heard { job, lines, phase }))
    }

    /// How the connections do.
    pub fn connections(&mut self, connections: Vec<Connection>) -> &mut Self {
        self.report(Report::Connections(Arc::from(connections)))
    }

    /// Something about load tests.
    pub fn perf(&mut self, report: perf::work::Report) -> &mut Self {
        self.report(Report::Perf(report))
    }

    /// Time goes by; the app is woken when it asked to be.
    pub fn wait(&mut self, time: Duration) -> &mut Self {
        let end = self.at.mono + time;
        while let Some(wake) = self.model.next_wake(self.at).filter(|wake| *wake <= end) {
            // A wake in the past is due at once.
            self.pass(wake.saturating_sub(self.at.mono).max(Duration::from_millis(1)));
            self.take(Msg::Tick);
        }
        self.pass(end.saturating_sub(self.at.mono));
        self
    }

    /// The clock strikes once.
    pub fn strike(&mut self) -> &mut Self {
        self.pass(Duration::from_millis(1));
        self.take(Msg::Tick);
        self
    }

    fn pass(&mut self, time: Duration) {
        let mono = self.at.mono + time;
        self.at = At { mono, unix: NOW + i64::try_from(mono.as_secs()).unwrap() };
    }

    fn take(&mut self, msg: Msg) {
        let step = update(&mut self.model, self.at, msg);
        assert!(step.intents.is_empty(), "an intent was left over: {:?}", step.intents);
        self.effects.extend(step.effects);
        self.show();
    }

    /// Draws, as the loop does after every message, and lets the app remember what was seen.
    fn show(&mut self) -> Buffer {
        let (width, height) = self.model.size;
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        let look = Look { theme: &self.model.theme, now: self.at.unix, mono: self.at.mono };
        let hits = view::draw(&self.model, &look, &mut buf);
        seen(&mut self.model, hits);
        buf
    }

    /// What was wanted of the outside since this was asked last.
    pub fn wanted(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The screen as cells.
    pub fn buffer(&mut self) -> Buffer {
        self.show()
    }

    /// The screen as text, without blanks at the ends of lines.
    pub fn screen(&mut self) -> String {
        let buf = self.show();
        let lines: Vec<String> = (0..buf.area.height).map(|y| line(&buf, y)).collect();
        lines.join("\n")
    }

    /// One line of the screen; negative ones count from the end.
    pub fn line(&mut self, at: i32) -> String {
        let buf = self.show();
        let height = i32::from(buf.area.height);
        line(&buf, u16::try_from(if at < 0 { height + at } else { at }).unwrap())
    }

    /// The lines that hold a text.
    pub fn lines_with(&mut self, text: &str) -> Vec<String> {
        self.screen().lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
    }

    /// The line the cursor bar stands in, without the bar and what a moment ago became of the row.
    pub fn cursor(&mut self) -> String {
        let lines = self.lines_with("▌");
        assert_eq!(lines.len(), 1, "{}", self.screen());
        lines[0].trim_start_matches([' ', '▌', '+', 'Δ', '-']).to_owned()
    }

    /// How the first place that shows a text looks.
    pub fn style_of(&mut self, text: &str) -> Style {
        let buf = self.show();
        let found = (0..buf.area.height).find_map(|y| Some((column(&buf, y, text)?, y)));
        buf[found.unwrap_or_else(|| panic!("{text} is not on the screen"))].style()
    }
}

fn line(buf: &Buffer, y: u16) -> String {
    let text: String = (0..buf.area.width).map(|x| buf[(x, y)].symbol()).collect();
    text.trim_end().to_owned()
}

fn column(buf: &Buffer, y: u16, text: &str) -> Option<u16> {
    let from = |x: u16| -> String { (x..buf.area.width).map(|x| buf[(x, y)].symbol()).collect() };
    (0..buf.area.width).find(|x| from(*x).starts_with(text))
}

fn plain(code: Code) -> Key {
    Key { code, ctrl: false, alt: false, shift: false }
}

/// The keys of a text as [`Stage::play`] describes it.
fn score(text: &str) -> Vec<Key> {
    let mut keys = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (token, after) = match rest.strip_prefix('\'').and_then(|quoted| quoted.split_once('\'')) {
            Some((literal, after)) => {
                keys.extend(literal.chars().map(|letter| plain(Code::Char(letter))));
                ("", after)
            }
            None => rest.split_at(rest.find(char::is_whitespace).unwrap_or(rest.len())),
        };
        keys.extend(token_keys(token));
        rest = after.trim_start();
    }
    keys
}

fn token_keys(token: &str) -> Vec<Key> {
    let named = token.strip_prefix('<').and_then(|token| token.strip_suffix('>')).filter(|name| !name.is_empty());
    if let Some(name) = named {
        return vec![parse_key(if name == "ret" { "enter" } else { name }).unwrap()];
    }
    if token.starts_with("ctrl-") || token.starts_with("alt-") {
        return vec![parse_key(token).unwrap()];
    }
    let digits = token.chars().take_while(char::is_ascii_digit).count();
    match (token[..digits].parse::<usize>(), token[digits..].chars().collect::<Vec<_>>().as_slice()) {
        (Ok(count), [letter]) => vec![plain(Code::Char(*letter)); count],
        _ => token.chars().map(|letter| plain(Code::Char(letter))).collect(),
    }
}
