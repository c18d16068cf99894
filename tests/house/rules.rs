//! The table: which room may know which, what only some rooms may use, and why. Data only; it is applied in `judge.rs`.

/// A room and the rooms it may know. `*` stands for the name of one pane. The longest name that fits a file wins.
pub struct Room {
    pub name: &'static str,
    pub may: &'static [&'static [&'static str]],
    pub why: &'static str,
}

/// Crates, modules and functions that belong to some places only.
pub struct Preserve {
    pub rule: &'static str,
    pub paths: &'static [&'static str],
    pub only: &'static [&'static str],
    pub why: &'static str,
}

/// What must not be used where state is only computed or drawn.
pub struct Outside {
    pub rule: &'static str,
    pub paths: &'static [&'static str],
    pub why: &'static str,
}

const fn room(name: &'static str, may: &'static [&'static [&'static str]], why: &'static str) -> Room {
    Room { name, may, why }
}

const PLAIN: &[&str] = &["names", "text"];
const ENGINES: &[&str] =
    &["catalog", "check", "cluster", "deploy", "design", "load", "perf", "policy", "registry", "relations", "results", "sandbox", "stats", "survey"];
/// What every part of a pane may know: what the engines' values look like, what the house says, how to draw.
const PANE: &[&[&str]] = &[PLAIN, ENGINES, &["tui/flow", "tui/widgets", "tui/app/shared"]];

const ENGINE: &str = "an engine does one part of the work and knows neither door, no settings, and no engine that builds on it";

pub const ROOMS: &[Room] = &[
    room("lib", &[], "the map; it only says which rooms there are"),
    room(
        "main",
        &[PLAIN, ENGINES, &["cli", "config", "terminal", "tui/run", "tui/start"]],
        "reads arguments, joins fleet and sandbox, hands over to a door; of the screen it knows the entrance",
    ),
    room("names", &[], "ids and problems are known by everybody and so know nobody"),
    room("text", &[&["names"]], "text as data; it knows nothing but ids"),
    room("picture", &[&["names"]], "grids of cells; it knows nothing but ids, no screen and no engine"),
    room("stats", &[&["names"]], "pure numbers"),
    room("terminal", &[&["names"]], "what the environment says, as values; no screen"),
    room("config", &[PLAIN, &["terminal"]], "settings are read here and handed to engines as plain options; it starts nothing"),
    room("cluster", &[PLAIN], ENGINE),
    room("sandbox", &[PLAIN], ENGINE),
    room("load", &[PLAIN], ENGINE),
    room("relations", &[PLAIN], ENGINE),
    room("design", &[PLAIN, &["picture"]], ENGINE),
    room("registry", &[PLAIN, &["cluster"]], ENGINE),
    room("policy", &[PLAIN, &["relations"]], ENGINE),
    room("check", &[PLAIN, &["design", "policy", "registry", "relations"]], ENGINE),
    room("results", &[PLAIN, &["load", "stats"]], ENGINE),
    room("perf", &[PLAIN, &["cluster", "load", "results", "stats"]], ENGINE),
    room(
        "survey",
        &[PLAIN, &["cluster", "relations"]],
        "joins what clusters show with how objects relate, for two panes and a script; they do not know each other",
    ),
    room("catalog", &[PLAIN, &["check", "design", "picture", "registry"]], ENGINE),
    room("deploy", &[PLAIN, &["check", "cluster", "design", "registry", "relations"]], ENGINE),
    room("cli", &[PLAIN, ENGINES, &["config", "picture", "terminal"]], "a door for scripts; it never knows the other door"),
    room("tui", &[], "only says which rooms the screen has; a room of the screen needs a row of its own"),
    room("tui/run", &[PLAIN, ENGINES, &["config", "terminal", "tui"]], "the loop joins terminal, work and app"),
    room("tui/tape", &[PLAIN, ENGINES, &["tui/app", "tui/flow"]], "messages as text"),
    room("tui/start", &[PLAIN, ENGINES, &["config", "terminal", "tui"]], "puts settings, keys, looks and contexts together for the loop"),
    room("tui/own", &[PLAIN, &["terminal", "tui/keys", "tui/theme"]], "checks the person's own files without a screen"),
    room("tui/flow", &[&["names", "tui/theme"]], "what panes and app say to each other; it names no pane and no engine"),
    room("tui/theme", &[PLAIN, &["picture", "terminal"]], "how things look, for whoever draws; it knows no key, no pane and no engine"),
    room("tui/keys", &[PLAIN, &["picture", "terminal", "tui/term/key"]], "what keys mean; what commands do is not known here"),
    room("tui/widgets", &[PLAIN, &["picture", "terminal", "tui/theme"]], "widgets draw plain values: no engine, no pane"),
    room("tui/term", &[&["terminal", "tui/term/key"]], "bytes in, bytes out: it serves any program"),
    room("tui/term/key", &[], "one key press as a value: known by many, knows nobody"),
    room(
        "tui/overlays",
        &[PLAIN, &["tui/flow", "tui/keys", "tui/term/key", "tui/theme", "tui/widgets"]],
        "what lies over any pane knows no pane and no engine",
    ),
    room("tui/panes", &[], "only says which panes there are"),
    room("tui/panes/*", PANE, "panes never know one another, the app, keys or settings; what they want of the house is an intent"),
    room("tui/panes/*/view", &[PLAIN, ENGINES, &["tui/flow", "tui/widgets", "tui/app/shared", "tui/theme"]], "a view draws its own pane's state"),
    room("tui/panes/*/work", &[PLAIN, ENGINES, &["tui/flow", "tui/app/shared", "tui/work"]], "a pane's work calls engines, never another pane"),
    room(
        "tui/app",
        &[PLAIN, ENGINES, &["tui/app", "tui/flow", "tui/keys", "tui/overlays", "tui/panes", "tui/term/key", "tui/theme", "tui/widgets"]],
        "the shell hands things on; it sees no terminal, no settings and no loop",
    ),
    room("tui/app/shared", &[PLAIN, ENGINES, &["tui/flow"]], "what several panes read; it knows no pane"),
    room(
        "tui/app/work",
        &[PLAIN, ENGINES, &["config", "terminal", "tui/app", "tui/flow", "tui/keys", "tui/panes", "tui/theme", "tui/work"]],
        "calls engines for the shell; it sees no terminal and no loop",
    ),
    room("tui/work", &[PLAIN, ENGINES, &["config", "terminal", "tui/flow"]], "what every work needs: fleet, runs, paths, clock"),
];

pub const PRESERVES: &[Preserve] = &[
    Preserve {
        rule: "kube",
        paths: &["kube", "kube_client", "kube_core", "kube_runtime"],
        only: &["cluster"],
        why: "one room speaks to API servers, so that every change passes its gate",
    },
    Preserve {
        rule: "k8s_openapi",
        paths: &["k8s_openapi"],
        only: &["cluster", "registry", "sandbox"],
        why: "the rest knows rows and names, which do not change with Kubernetes' version",
    },
    Preserve { rule: "kube_cel", paths: &["kube_cel"], only: &["check", "policy"], why: "expressions are judged in one place" },
    Preserve {
        rule: "ratatui",
        paths: &["ratatui", "ratatui_core", "ratatui_widgets", "tui_textarea"],
        only: &["tui"],
        why: "engines and scripts know no screen",
    },
    Preserve {
        rule: "crossterm",
        paths: &["crossterm", "ratatui::crossterm", "ratatui_crossterm"],
        only: &["tui/term", "tui/keys"],
        why: "the terminal is touched in one room",
    },
    Preserve { rule: "YAML", paths: &["serde_saphyr"], only: &["text"], why: "YAML of clusters is read and written behind one door" },
    Preserve {
        rule: "YAML",
        paths: &["serde_yaml"],
        only: &["catalog", "config"],
        why: "it writes `on`, `no` and `1_000` as other types; it may read what is our own",
    },
    Preserve { rule: "resvg", paths: &["resvg"], only: &["picture"], why: "pictures are drawn in one room" },
    Preserve {
        rule: "environment",
        paths: &["std::env"],
        only: &["config"],
        why: "settings have one reader, so that `doctor` can name every source",
    },
    Preserve {
        rule: "standard streams",
        paths: &["std::io::stdin", "std::io::stdout", "std::io::stderr"],
        only: &["main", "tui/run", "tui/term"],
        why: "everybody else writes to what it was given, so that a test can read it and a screen stays clean",
    },
];

/// Crates whose types stay out of public signatures everywhere but in the room that speaks to API servers.
pub const WITHIN: (&[&str], &str, &str) =
    (&["kube", "k8s_openapi"], "cluster", "what leaves a room is ours: Kubernetes' types change with its versions");

/// Where a value may be made only from values.
pub const PURE: &[&str] = &[
    "names",
    "text",
    "picture",
    "stats",
    "relations",
    "policy",
    "check",
    "registry/tables",
    "survey/world",
    "design/doc",
    "design/edit",
    "design/model",
    "design/formats",
    "tui",
];

/// What of those places may reach outside all the same.
pub const DOERS: &[&str] = &["tui/run", "tui/term", "tui/work", "tui/app/work", "tui/panes/*/work"];

pub const OUTSIDE: &[Outside] = &[
    Outside {
        rule: "clock",
        paths: &["std::time::Instant::now", "std::time::SystemTime::now", "jiff::Timestamp::now", "jiff::Zoned::now"],
        why: "time comes in as a value, so that an evening of use can be replayed",
    },
    Outside { rule: "files", paths: &["std::fs", "tokio::fs"], why: "files are read and written by engines and work" },
    Outside { rule: "processes", paths: &["std::process", "tokio::process"], why: "processes are started by engines and work" },
    Outside { rule: "tokio", paths: &["tokio", "tokio_util"], why: "nothing waits here: what takes time is an effect" },
];
