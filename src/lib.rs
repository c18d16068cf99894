//! Meshplay: see, design and measure cloud native infrastructure from a terminal.
//!
//! # The map
//!
//! Two doors, and rooms behind them that know neither door:
//!
//! | room | what it does |
//! |---|---|
//! | [`tui`] | door 1: everything that exists because there is a terminal |
//! | [`cli`] | door 2: subcommands for scripts; each writes to the `out` and `err` it was given |
//! | [`config`] | settings and paths; the only reader of the environment and of the home directory |
//! | [`cluster`] | connections to clusters: discovery, watches, tables, details, and the gate through which every change goes |
//! | [`sandbox`] | the embedded Kubernetes API server with a small shop living in it |
//! | [`relations`] | how objects relate: rules as data, what an object provides and wants, and who uses whom |
//! | [`survey`] | the objects of a cluster read into relations, live while somebody looks: above `cluster` and `relations`, which do not know each other |
//! | [`load`] | the load generator: plans, engines, recorders |
//! | [`results`] | runs on disk and as JSON |
//! | [`perf`] | one run from target to result: resolve, pass the gate, load, sample, store |
//! | [`stats`] | pure numbers: intervals, comparisons of pairs, change points |
//! | [`picture`] | grids of styled cells → SVG (and PNG), for screenshots |
//! | [`text`] | sanitising, ages and durations, the one YAML door |
//! | [`terminal`] | what the environment says about the terminal: colour depth, SSH, tmux |
//! | [`names`] | ids everybody needs: cluster, kind, object, problem |
//!
//! Who may import whom is a table in `tests/house/rules.rs`, and a test.
//!
//! # Finding things
//!
//! - What Meshplay *can do*: the engine of that name. What a *script* can ask: `cli/<verb>.rs`.
//! - What a person can *ask*: `tui/panes/<pane>/commands.rs`; what it *does to the state*: `update.rs`; what it *looks like*: `view.rs`; how it *reaches an
//!   engine*: `work.rs`. What lies over panes: `tui/overlays/`. Who routes it all: `tui/app/`.
//! - Keys are rows of `keymaps/*.toml`, looks are roles in `themes/*.toml`; both name what they mean, never how it is done.
//!
//! # The flow
//!
//! Terminal bytes become events ([`tui::term::input`]), events become commands ([`tui::keys`]), commands and reports become steps
//! ([`tui::app::update`], which never waits and reads no clock), steps hold effects, and effects are done by tasks ([`tui::app::work`]) that send reports
//! back. Frames are a pure function of the model ([`tui::app::view`]). One loop ([`tui::run`]) joins them, and writes down what it takes in when it is asked
//! to ([`tui::tape`]).

pub mod cli;
pub mod cluster;
pub mod config;
pub mod load;
pub mod names;
pub mod perf;
pub mod picture;
pub mod relations;
pub mod results;
pub mod sandbox;
pub mod stats;
pub mod survey;
pub mod terminal;
pub mod text;
pub mod tui;
