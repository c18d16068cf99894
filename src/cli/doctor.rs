//! `meshplay doctor`: what is found of kubeconfigs, contexts, settings, folders and terminal, and what mends what is broken. It only words the findings:
//! clusters are asked by `cluster::examine`, the environment is read by `config`.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

use super::{Output, Streams};
use crate::cluster::examine::Examination;
use crate::cluster::fleet::{Context, Fleet, FleetOptions};
use crate::cluster::kubeconfig::{KubeconfigNames, examine_kubeconfig};
use crate::config::{Config, Paths};
use crate::names::{ClusterId, Problem};
use crate::terminal::{Depth, Facts, Rule, decide, parse_depth};
use crate::text::fault::did_you_mean;
use crate::text::{errors, sanitise};

/// Longest wait for one context; all are examined at the same time.
const LIMIT: Duration = Duration::from_secs(3);

/// The smallest window that everything fits into.
const SMALLEST: (u16, u16) = (40, 10);

/// How to report.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct DoctorArgs {
    /// How to write it.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,
    #[command(subcommand)]
    verb: Option<DoctorVerb>,
}

/// What else it can be asked.
#[derive(Clone, Debug, Subcommand)]
enum DoctorVerb {
    /// Say what an error code means and what to do about it; without one, all of them.
    Explain {
        /// `cluster.unreachable`.
        code: Option<String>,
    },
}

/// Who is examined.
pub struct Patient<'a> {
    /// Settings, paths and the terminal's facts.
    pub config: &'a Config,
    /// What is wrong in the person's own files: settings, keymap, theme.
    pub complaints: Vec<(Grade, Problem)>,
    /// `--color`.
    pub color: Option<Depth>,
    /// Contexts by name; none: all.
    pub contexts: &'a [String],
    /// How the fleet is opened; of its kubeconfigs, those that can be read are examined.
    pub fleet: FleetOptions,
    /// Columns and rows; none when standard output is no terminal.
    pub size: Option<(u16, u16)>,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// As it should be.
    Fine,
    /// It works, with less.
    Remark,
    /// It does not work.
    Broken,
}

struct Section {
    title: &'static str,
    findings: Vec<Finding>,
}

struct Finding {
    grade: Grade,
    name: String,
    says: String,
    /// The same for programs.
    facts: Map<String, Value>,
    problems: Vec<Problem>,
}

/// Examines and reports. Exit code 1 if something is broken.
///
/// # Errors
/// The streams are gone.
pub async fn run(args: DoctorArgs, patient: Patient<'_>, io: &mut Streams<'_>) -> io::Result<u8> {
    if let Some(DoctorVerb::Explain { code }) = &args.verb {
        return explain(code.as_deref(), io);
    }
    let report = examine(patient).await;
    let worst = report.iter().flat_map(|section| &section.findings).map(|finding| finding.grade).max();
    let broken = worst == Some(Grade::Broken);
    match args.output {
        Output::Text => write!(io.out, "{}", text(&report))?,
        Output::Json => writeln!(io.out, "{:#}", document(&report, !broken))?,
    }
    io.out.flush()?;
    Ok(u8::from(broken))
}

/// Writes what is known about one code, or about all of them.
fn explain(code: Option<&str>, io: &mut Streams<'_>) -> io::Result<u8> {
    let Some(code) = code else {
        for known in errors::all() {
            writeln!(io.out, "{}\n  {}\n  > {}", known.code, known.means, known.remedy)?;
        }
        return Ok(0);
    };
    match errors::explain(code) {
        Some(known) => writeln!(io.out, "{}\n> {}", known.means, known.remedy).map(|()| 0),
        None => {
            let hint = did_you_mean(code, errors::all().map(|known| known.code)).unwrap_or_else(|| "`meshplay doctor explain` lists them".into());
            io.fail(&Problem::new("line.code", format!("no error has the code `{}`", sanitise(code)), "").hint(hint))
        }
    }
}

async fn examine(patient: Patient<'_>) -> Vec<Section> {
    let Patient { config, complaints, color, contexts: chosen, fleet, size } = patient;
    let (files, readable) = kubeconfigs(config);
    let kubeconfigs = if fleet.embedded.is_some() { Vec::new() } else { readable };
    vec![
        Section { title: "kubeconfigs", findings: files },
        Section { title: "contexts", findings: contexts(FleetOptions { kubeconfigs, ..fleet }, chosen).await },
        Section { title: "settings", findings: settings(config, complaints) },
        Section { title: "folders", findings: folders(&config.paths) },
        Section { title: "terminal", findings: terminal(config, color, size) },
    ]
}

impl Finding {
    fn fine(name: impl Into<String>, says: impl Into<String>) -> Self {
        Self { grade: Grade::Fine, name: name.into(), says: says.into(), facts: Map::new(), problems: Vec::new() }
    }

    fn bad(name: impl Into<String>, grade: Grade, problem: Problem) -> Self {
        Self { grade, problems: vec![problem], ..Self::fine(name, "") }
    }

    /// Fine, unless there is a problem.
    fn judged(name: impl Into<String>, says: impl Into<String>, problem: Option<(Grade, Problem)>) -> Self {
        let fine = Self::fine(name, says);
        match problem {
            Some((grade, problem)) => Self { grade, problems: vec![problem], ..fine },
            None => fine,
        }
    }

    fn with(mut self, fact: &str, value: impl Into<Value>) -> Self {
        self.facts.insert(fact.to_owned(), value.into());
        self
    }
}

/// Every place that was looked at, and the files that can be used.
fn kubeconfigs(config: &Config) -> (Vec<Finding>, Vec<PathBuf>) {
    let (mut readable, mut earlier) = (Vec::new(), KubeconfigNames::default());
    let mut look = |path: &PathBuf| {
        let name = path.display().to_string();
        if !config.kubeconfigs.contains(path) {
            return absent(path, config.kubeconfigs.is_empty());
        }
        match examine_kubeconfig(path) {
            Ok(names) => {
                readable.push(path.clone());
                let hidden = hidden(&earlier, &names).map(|what| (Grade::Remark, shadowed(&name, &what)));
                let count = names.contexts.len();
                let finding = Finding::judged(name, format!("{count} context{}", if count == 1 { "" } else { "s" }), hidden);
                let finding = finding.with("contexts", names.contexts.clone());
                earlier.contexts.extend(names.contexts);
                earlier.clusters.extend(names.clusters);
                earlier.users.extend(names.users);
                finding
            }
            Err(problem) => Finding::bad(name, Grade::Broken, problem),
        }
    };
    let findings = config.looked_at.iter().map(&mut look).collect();
    (findings, readable)
}

/// What an earlier file names already, in words.
fn hidden(earlier: &KubeconfigNames, now: &KubeconfigNames) -> Option<String> {
    let kinds = [("context", &earlier.contexts, &now.contexts), ("cluster", &earlier.clusters, &now.clusters), ("user", &earlier.users, &now.users)];
    let both =
        kinds.iter().flat_map(|(kind, earlier, now)| now.iter().filter(|name| earlier.contains(name)).map(move |name| format!("{kind} {name}")));
    let both: Vec<String> = both.collect();
    (!both.is_empty()).then(|| both.join(", "))
}

fn shadowed(file: &str, what: &str) -> Problem {
    Problem::new("kubeconfig.shadowed", format!("not used of {file}: {what}"), "an earlier file of KUBECONFIG has the same name, and the first wins")
        .hint("if they are not the same thing, give one of them another name")
}

fn absent(path: &Path, alone: bool) -> Finding {
    let name = path.display().to_string();
    if path.exists() {
        let problem = Problem::new("kubeconfig.no-file", format!("{name} is no file"), "a kubeconfig is a YAML file")
            .hint("name the file itself in KUBECONFIG: a folder is not searched");
        return Finding::bad(name, Grade::Broken, problem);
    }
    let why = if alone { "no kubeconfig was found, so the sandbox is opened" } else { "nothing is there, and the other files are used" };
    let problem = Problem::new("kubeconfig.absent", format!("{name} was not found"), why)
        .hint("put your cluster's kubeconfig there, or point KUBECONFIG at it; several are joined by `:`");
    Finding::bad(name, Grade::Remark, problem)
}

async fn contexts(options: FleetOptions, chosen: &[String]) -> Vec<Finding> {
    let fleet = match Fleet::open(options) {
        Ok(fleet) => fleet,
        Err(problem) => return vec![Finding::bad("kubeconfig", Grade::Broken, problem)],
    };
    let current = fleet.current().map(|context| context.id);
    let looks = patients(&fleet, chosen).into_iter().map(|context| {
        let (fleet, current) = (&fleet, &current);
        async move {
            match context {
                Ok(context) => seen(&context, current.as_ref() == Some(&context.id), fleet.examine(&context.id, LIMIT).await),
                Err((name, problem)) => Finding::bad(name, Grade::Broken, problem),
            }
        }
    });
    let mut findings = futures::future::join_all(looks).await;
    if current.is_none() {
        findings.push(Finding::bad("current-context", Grade::Remark, no_current(&fleet.contexts())));
    }
    findings
}

type Asked = Result<Context, (String, Problem)>;

fn patients(fleet: &Fleet, chosen: &[String]) -> Vec<Asked> {
    if chosen.is_empty() {
        return fleet.contexts().iter().cloned().map(Ok).collect();
    }
    let named = |name: &String| fleet.context(&ClusterId::new(name.as_str())).map_err(|problem| (name.clone(), problem));
    chosen.iter().map(named).collect()
}

fn no_current(contexts: &[Context]) -> Problem {
    if contexts.is_empty() {
        return Problem::new("cluster.none", "there is no context", "no kubeconfig that can be read has one")
            .hint("get a kubeconfig from your cluster's provider, or start with `meshplay --sandbox`");
    }
    Problem::new("cluster.no-current", "no context is chosen", "the kubeconfig has no current-context, or names one that is not there")
        .hint("`kubectl config use-context NAME`, or start with --context NAME")
}

fn seen(context: &Context, current: bool, found: Examination) -> Finding {
    let mut says = vec![context.server.clone()];
    says.extend(found.version.clone());
    says.extend(found.latency.map(|latency| format!("{} ms", latency.as_millis())));
    says.extend(found.user.as_ref().map(|user| format!("as {user}")));
    let allowed: Vec<&str> = found.rights.iter().filter(|right| right.allowed).map(|right| right.verb).collect();
    if !allowed.is_empty() {
        says.push(format!("may {} pods in {}", allowed.join(" and "), context.namespace));
    }
    let rights = found.rights.iter().map(|right| json!({"verb": right.verb, "resource": right.resource, "allowed": right.allowed}));
    let name = if current { format!("{} (current)", context.id) } else { context.id.to_string() };
    let grade = if found.problems.is_empty() { Grade::Fine } else { Grade::Broken };
    Finding { grade, problems: found.problems, ..Finding::fine(name, says.join("  ")) }
        .with("name", context.id.as_str())
        .with("current", current)
        .with("server", context.server.as_str())
        .with("namespace", context.namespace.as_str())
        .with("version", found.version)
        .with("latency_ms", found.latency.map(|latency| latency.as_secs_f64() * 1e3))
        .with("user", found.user)
        .with("rights", rights.collect::<Vec<_>>())
}

/// The person's own files; one that is not there is fine, its defaults are in use.
fn settings(config: &Config, complaints: Vec<(Grade, Problem)>) -> Vec<Finding> {
    let file = |(name, part): (&str, &str)| {
        let path = config.paths.config.join(name);
        let says = if path.exists() { "read" } else { "not there: the defaults are used" };
        // These are parts of a file that is used all the same.
        let is_part = |code: &str| matches!(code, "config.alias" | "config.connection");
        let about = |code: &'static str| if is_part(code) { Some("settings") } else { code.split('.').nth(1) };
        let complaints = complaints.iter().filter(|(_, problem)| about(problem.code) == Some(part));
        let grade = complaints.clone().map(|(grade, _)| *grade).max().unwrap_or(Grade::Fine);
        let whole = complaints.clone().any(|(grade, problem)| *grade == Grade::Broken && !is_part(problem.code));
        let says = if whole { "not used" } else { says };
        Finding { grade, problems: complaints.map(|(_, problem)| problem.clone()).collect(), ..Finding::fine(path.display().to_string(), says) }
    };
    let mut findings: Vec<Finding> = [("config.toml", "settings"), ("keymap.toml", "keymap"), ("theme.toml", "theme")].map(file).into();
    findings.extend(wrong_color(config));
    findings
}

fn wrong_color(config: &Config) -> Option<Finding> {
    let why = parse_depth(config.settings.color.as_deref()?).err()?;
    let problem =
        Problem::new("config.color", "the colour depth of the settings was not used", why).hint("write color = \"256\" in config.toml, for example");
    Some(Finding::bad("color", Grade::Broken, problem))
}

fn folders(paths: &Paths) -> Vec<Finding> {
    let folder = |(what, path, worst): (&str, &Path, Grade)| {
        let problem = Paths::writable(path).err().map(|problem| (worst, problem));
        let says = if problem.is_some() { format!("{what}; not writable") } else { format!("{what}; writable") };
        Finding::judged(path.display().to_string(), says, problem)
    };
    // We never write settings ourselves: a folder that somebody else keeps is in order.
    let ours = [
        ("settings", &*paths.config, Grade::Remark),
        ("runs and audit log", &paths.data, Grade::Broken),
        ("what is remembered", &paths.state, Grade::Broken),
    ];
    ours.map(folder).into()
}

fn terminal(config: &Config, color: Option<Depth>, size: Option<(u16, u16)>) -> Vec<Finding> {
    let facts = &config.terminal;
    vec![term(facts), colours(config, color), ssh(facts), tmux(facts), locale(config), window(size)]
}

fn term(facts: &Facts) -> Finding {
    let remark = |what: &str, why: &str| {
        (Grade::Remark, Problem::new("terminal.term", what, why).hint("export TERM=xterm-256color, or what your terminal's manual names"))
    };
    let problem = match facts.term.as_str() {
        "" => Some(remark("TERM is not set", "nothing says what the terminal can do")),
        "dumb" => Some(remark("TERM is dumb", "such a terminal has no cursor to move: only the subcommands work")),
        _ => None,
    };
    Finding::judged("TERM", &facts.term, problem).with("value", facts.term.as_str())
}

fn colours(config: &Config, flag: Option<Depth>) -> Finding {
    let setting = config.settings.color.as_deref().and_then(|text| parse_depth(text).ok());
    let (depth, rule) = decide(flag, setting, &config.terminal);
    let depth = match depth {
        Depth::None => "none",
        Depth::Ansi16 => "16",
        Depth::Ansi256 => "256",
        Depth::True => "true",
    };
    let (rule, value) = match rule {
        Rule::Flag => ("flag", "--color".to_owned()),
        Rule::Config => ("config", "`color` in config.toml".to_owned()),
        Rule::NoColor => ("NO_COLOR", "NO_COLOR".to_owned()),
        Rule::Colorterm => ("COLORTERM", format!("COLORTERM={}", config.terminal.colorterm.as_deref().unwrap_or_default())),
        Rule::Term => ("TERM", format!("TERM={}", config.terminal.term)),
        Rule::Default => ("default", "nothing that names more".to_owned()),
    };
    Finding::fine("colours", format!("{depth}, decided by {value}; --color, config, NO_COLOR, COLORTERM, TERM are asked in this order"))
        .with("depth", depth)
        .with("rule", rule)
}

fn ssh(facts: &Facts) -> Finding {
    let gap = facts.escape_gap().as_millis();
    let says = if facts.ssh { format!("yes: frames are held back, split keys are awaited for {gap} ms") } else { "no".to_owned() };
    Finding::fine("SSH", says).with("value", facts.ssh)
}

fn tmux(facts: &Facts) -> Finding {
    let foreign = facts.tmux && !["tmux", "screen"].iter().any(|family| facts.term.starts_with(family));
    let problem = foreign.then(|| {
        let why = format!("inside tmux TERM is {}, which is the terminal outside", facts.term);
        (
            Grade::Remark,
            Problem::new("terminal.tmux", "TERM is not tmux's own", why).hint("write `set -g default-terminal tmux-256color` into tmux.conf"),
        )
    });
    Finding::judged("tmux", if facts.tmux { "yes" } else { "no" }, problem).with("value", facts.tmux)
}

fn locale(config: &Config) -> Finding {
    let utf8 = config.terminal.utf8;
    let problem = (!utf8 && !config.settings.ascii).then(|| {
        let problem =
            Problem::new("terminal.locale", "the locale is not UTF-8", "LC_ALL, LC_CTYPE and LANG do not name it: lines and glyphs may be garbled");
        (Grade::Remark, problem.hint("export LANG=C.UTF-8").hint("or write `ascii = true` into config.toml"))
    });
    Finding::judged("locale", if utf8 { "UTF-8" } else { "not UTF-8" }, problem).with("utf8", utf8)
}

fn window(size: Option<(u16, u16)>) -> Finding {
    let Some((columns, rows)) = size else { return Finding::fine("size", "standard output is no terminal").with("columns", Value::Null) };
    let small = columns < SMALLEST.0 || rows < SMALLEST.1;
    let problem = small.then(|| {
        let why = format!("{}x{} is the least that everything fits into", SMALLEST.0, SMALLEST.1);
        (Grade::Remark, Problem::new("terminal.size", "the window is too small", why).hint("make it larger, or its letters smaller"))
    });
    Finding::judged("size", format!("{columns}x{rows}"), problem).with("columns", columns).with("rows", rows)
}

fn text(report: &[Section]) -> String {
    let mut lines = Vec::new();
    for section in report {
        lines.push(section.title.to_owned());
        let width = section.findings.iter().map(|finding| finding.name.width()).max().unwrap_or_default();
        section.findings.iter().for_each(|finding| lines.extend(paragraph(finding, width)));
        lines.push(String::new());
    }
    lines.push(summary(report));
    lines.push(String::new());
    lines.join("\n")
}

fn paragraph(finding: &Finding, width: usize) -> Vec<String> {
    let mark = match finding.grade {
        Grade::Fine => "ok  ",
        Grade::Remark => "note",
        Grade::Broken => "FAIL",
    };
    let gap = " ".repeat(width.saturating_sub(finding.name.width()));
    let mut lines = vec![format!("  {mark}  {}{gap}  {}", finding.name, finding.says).trim_end().to_owned()];
    for problem in &finding.problems {
        let cause = if problem.why.is_empty() { problem.what.clone() } else { format!("{}: {}", problem.what, problem.why) };
        lines.extend(cause.lines().map(|line| format!("          {line}")));
        lines.extend(problem.hints.iter().map(|hint| format!("        > {hint}")));
    }
    lines
}

fn summary(report: &[Section]) -> String {
    let count = |grade| report.iter().flat_map(|section| &section.findings).filter(|finding| finding.grade == grade).count();
    match (count(Grade::Broken), count(Grade::Remark)) {
        (0, 0) => "all is well".to_owned(),
        (0, notes) => format!("nothing is broken, {notes} to note"),
        (broken, notes) => format!("{broken} broken, {notes} to note; `>` says what mends it"),
    }
}

fn document(report: &[Section], ok: bool) -> Value {
    let problem = |problem: &Problem| json!({"code": problem.code, "what": problem.what, "why": problem.why, "hints": problem.hints});
    let finding = |finding: &Finding| {
        let grade = match finding.grade {
            Grade::Fine => "ok",
            Grade::Remark => "note",
            Grade::Broken => "broken",
        };
        let mut object = Map::new();
        object.insert("name".into(), json!(finding.name));
        object.insert("grade".into(), json!(grade));
        object.extend(finding.facts.clone());
        object.insert("problems".into(), finding.problems.iter().map(problem).collect());
        Value::Object(object)
    };
    let mut whole = Map::new();
    whole.insert("ok".into(), json!(ok));
    whole.extend(report.iter().map(|section| (section.title.to_owned(), section.findings.iter().map(finding).collect())));
    Value::Object(whole)
}
