//! Logs of pods, also of all that a workload selects: streams that are followed, put in order by time, and taken up again where they broke. The text lives
//! here; who looks at it is handed windows.

pub mod ring;
pub mod spill;

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use self::ring::{KEPT, LONGEST, Level, Line, Ring, Want, Window, level};
use self::spill::Disk;
use super::connection::unix_now;
use super::detail::segment;
use super::fleet::Fleet;
use super::watch::WatchSpec;
use super::wire::{LIMIT, Lines, encode};
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Since {
    /// The last lines of each container.
    Tail(u32),
    /// Everything there is, from its beginning.
    Head,
    /// What was written in so many last seconds.
    Seconds(u32),
}

/// Whose log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSpec {
    /// Pods, or workloads and Services that select some.
    pub of: Vec<ObjectKey>,
    /// Only containers of this name.
    pub container: Option<String>,
    /// Those of the run before.
    pub previous: bool,
    /// From when on.
    pub since: Since,
}

/// One stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The pod.
    pub pod: String,
    /// Its container.
    pub container: String,
}

/// Logs that are followed. Dropping it ends every stream.
pub struct Logs {
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    kept: Mutex<Kept>,
    changed: Notify,
}

#[derive(Default)]
struct Kept {
    ring: Ring,
    sources: Vec<Source>,
    /// What stands in the way of all of it.
    problem: Option<Problem>,
}

/// Lines written at a time.
const AT_ONCE: usize = 1_000;
/// Longest pause before a stream is asked for again.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Streams at once, so that a workload of a thousand pods does not take a thousand connections.
const MOST: usize = 64;

impl Logs {
    /// Begins to follow; what memory has no room for goes to the disk, if there is one for it.
    pub fn start(fleet: Fleet, spec: LogSpec, disk: Option<Disk>) -> Self {
        let ring = match disk {
            Some(disk) => Ring::new(KEPT).with(disk),
            None => Ring::new(KEPT),
        };
        let shared = Arc::new(Shared { kept: Mutex::new(Kept { ring, ..Kept::default() }), ..Shared::default() });
        let mut tasks = JoinSet::new();
        for key in spec.of.clone() {
            let gathering = Gathering { fleet: fleet.clone(), spec: spec.clone(), shared: shared.clone() };
            tasks.spawn(gathering.object(key));
        }
        Self { shared, _tasks: tasks }
    }

    /// Waits until there is more. Cancel-safe.
    pub async fn changed(&self) {
        self.shared.changed.notified().await;
    }

    /// What is wanted, the streams there are, and what stands in the way of all of them.
    pub fn look(&self, want: &Want) -> (Window, Vec<Source>, Option<Problem>) {
        self.shared.with(|kept| (kept.ring.window(want), kept.sources.clone(), kept.problem.clone()))
    }

    /// Forgets what has come so far.
    pub fn clear(&self) {
        self.shared.change(|kept| kept.ring.clear());
    }

    /// Puts a line of dashes after the newest line.
    pub fn mark(&self) {
        self.shared.note(&"─".repeat(40));
    }

    /// What was wrong with the disk for older lines, once.
    pub fn refused(&self) -> Option<Problem> {
        let error = self.shared.with(|kept| kept.ring.refused())?;
        let problem = Problem::new("logs.disk", "older lines of this log are let go", error.to_string());
        Some(problem.hint("make room on the disk of the state folder; open the log again to read them"))
    }

    /// Writes everything kept as text, one line each, with moment and source. Lines go on coming meanwhile.
    ///
    /// # Errors
    /// What the writer says.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut place = 0;
        while let Some((text, next)) = self.shared.with(|kept| {
            let (lines, next) = kept.ring.part(place, AT_ONCE)?;
            let line = |line: &Line| {
                let source =
                    kept.sources.get(usize::from(line.source)).map_or_else(String::new, |source| format!("{}/{} ", source.pod, source.container));
                format!("{} {source}{}\n", moment(line.at), line.text)
            };
            Some((lines.iter().map(line).collect::<String>(), next))
        }) {
            out.write_all(text.as_bytes())?;
            place = next;
        }
        Ok(())
    }
}

/// RFC 3339 in UTC.
pub fn moment(nanos: i64) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(nanos)).map_or_else(|_| String::new(), |at| format!("{at:.3}"))
}

impl Shared {
    fn with<T>(&self, look: impl FnOnce(&mut Kept) -> T) -> T {
        look(&mut self.kept.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Kept)) {
        self.with(change);
        self.changed.notify_one();
    }

    /// A line of our own about the streams.
    fn note(&self, text: &str) {
        let at = unix_now().saturating_mul(1_000_000_000);
        self.change(|kept| {
            let newest = kept.ring.newest().map_or(at, |line| line.at.max(at));
            kept.ring.push(Line { at: newest, source: u16::MAX, level: Level::Note, text: text.into() });
        });
    }

    fn join(&self, source: &Source) -> u16 {
        let joined = self.with(|kept| {
            let at = kept.sources.iter().position(|known| known == source).unwrap_or_else(|| {
                kept.sources.push(source.clone());
                kept.sources.len() - 1
            });
            u16::try_from(at).unwrap_or(u16::MAX - 1)
        });
        self.changed.notify_one();
        joined
    }

    fn fail(&self, problem: Problem) {
        self.change(|kept| kept.problem = Some(problem));
    }
}

/// What the tasks of one view work with.
#[derive(Clone)]
struct Gathering {
    fleet: Fleet,
    spec: LogSpec,
    shared: Arc<Shared>,
}

impl Gathering {
    /// A pod's containers, or those of all pods that an object selects, also of pods that come later.
    async fn object(self, key: ObjectKey) {
        if &*key.gvk.kind == "Pod" {
            return self.pod(key).await;
        }
        let labels = match self.fleet.selector(&key).await {
            Ok(labels) => labels,
            Err(problem) => return self.shared.fail(problem),
        };
        let spec = WatchSpec {
            cluster: key.cluster.clone(),
            view: "pods".into(),
            namespaces: key.namespace.iter().map(ToString::to_string).collect(),
            labels,
            fields: String::new(),
            columns: Vec::new(),
            exact: false,
        };
        let mut pods = self.fleet.watch(spec);
        let (mut known, mut streams) = (HashSet::new(), JoinSet::new());
        while let Some(delta) = pods.next().await {
            for row in delta.upserts {
                if !known.insert(row.uid) {
                    continue;
                }
                if known.len() > MOST {
                    self.shared.note(&format!("{} is left out: {MOST} pods are followed at most", row.name));
                    continue;
                }
                streams.spawn(self.clone().pod(row.key()));
            }
        }
    }

    async fn pod(self, key: ObjectKey) {
        let object = match self.fleet.object(&key).await {
            Ok(object) => object,
            Err(problem) => return self.shared.fail(problem),
        };
        let mut streams = JoinSet::new();
        for container in containers(&object).filter(|name| self.spec.container.as_ref().is_none_or(|only| only == name)) {
            streams.spawn(self.clone().follow(key.clone(), container));
        }
        while streams.join_next().await.is_some() {}
    }

    /// Follows one container until its pod is gone or has ended.
    async fn follow(self, key: ObjectKey, container: String) {
        let source = self.shared.join(&Source { pod: key.name.to_string(), container: container.clone() });
        // The last moment that was read: from there it goes on after a break.
        let (mut last, mut pause, mut told) = (0, Duration::from_secs(1), String::new());
        loop {
            let path = path(&key, &container, &self.spec, last);
            let before = last;
            let trouble = match self.fleet.connected(&key.cluster).await {
                Ok(connected) => match connected.wire.lines(&path, "*/*", LIMIT).await {
                    Ok(lines) => self.read(lines, source, &mut last).await,
                    Err(trouble) if trouble.status == Some(StatusCode::NOT_FOUND) => return self.shared.note(&format!("{} is gone", key.name)),
                    Err(trouble) => Some(trouble.problem),
                },
                Err(problem) => Some(problem),
            };
            if self.spec.previous || trouble.is_none() && self.has_ended(&key).await {
                if let Some(problem) = trouble {
                    self.shared.note(&format!("{}/{container}: {}", key.name, problem.why));
                }
                return;
            }
            pause = if last > before { Duration::from_secs(1) } else { (pause * 2).min(LONGEST_PAUSE) };
            let why = trouble.map_or_else(|| "it has ended; when it starts again this goes on".to_owned(), |problem| problem.why);
            // A container that waits says the same each time; one that has written since has news.
            if why != told || last > before {
                self.shared.note(&format!("{}/{container}: {why}", key.name));
                told = why;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Reads a stream to its end; what broke it, if something did.
    async fn read(&self, mut lines: Lines, source: u16, last: &mut i64) -> Option<Problem> {
        let from = *last;
        loop {
            let (line, trouble) = match lines.next().await {
                Ok(Some(line)) => (line.to_vec(), None),
                Ok(None) => return None,
                // A container that ends without a line feed has said its last words all the same.
                Err(trouble) => (lines.rest(), Some(trouble.problem)),
            };
            if let Some(line) = parsed(&line, source).filter(|line| line.at > from) {
                *last = line.at.max(*last);
                self.shared.change(|kept| kept.ring.push(line));
            }
            if trouble.is_some() {
                return trouble;
            }
        }
    }

    /// Nothing more will come: the pod has run to its end or is gone.
    async fn has_ended(&self, key: &ObjectKey) -> bool {
        match self.fleet.object(key).await {
            Ok(pod) => matches!(pod.pointer("/status/phase").and_then(Value::as_str), Some("Succeeded" | "Failed")),
            Err(problem) => problem.code == "cluster.not-found",
        }
    }
}

/// `2026-11-25T18:00:00.123456789Z text`, as `timestamps=true` has it.
fn parsed(line: &[u8], source: u16) -> Option<Line> {
    let text = String::from_utf8_lossy(line);
    let (stamp, rest) = text.split_once(' ').unwrap_or((&text, ""));
    let at = stamp.parse::<jiff::Timestamp>().ok().and_then(|at| i64::try_from(at.as_nanosecond()).ok());
    let (at, said) = at.map_or((unix_now().saturating_mul(1_000_000_000), &*text), |at| (at, rest));
    if said.is_empty() && line.is_empty() {
        return None;
    }
    // Programs colour their output; the colours are not theirs to choose here.
    let plain = without_colours(said.trim_end_matches('\r'));
    let cut = plain.floor_char_boundary(LONGEST.min(plain.len()));
    let clean = sanitise(&plain[..cut].replace('\t', "  ")).into_owned();
    let text = if cut < plain.len() { format!("{clean}… {} more bytes", plain.len() - cut) } else { clean };
    Some(Line { at, source, level: level(&text), text: text.into() })
}

/// The text without ECMA-48 control sequences (`ESC [ … final`).
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| ('@'..='~').contains(&c)).map_or(part.len(), |at| at + 1);
        plain.push_str(&part[end..]);
    }
    plain
}

fn containers(pod: &Value) -> impl Iterator<Item = String> + '_ {
    let lists = ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"];
    let all = lists.into_iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    all.filter_map(|container| container.get("name")?.as_str().map(|name| sanitise(name).into_owned()))
}

fn path(key: &ObjectKey, container: &str, spec: &LogSpec, last: i64) -> String {
    let namespace = key.namespace.as_deref().unwrap_or("default");
    let from = match spec.since {
        // Whole seconds are what it takes; what comes twice is left out.
        _ if last > 0 => {
            let second = jiff::Timestamp::from_second(last / 1_000_000_000).map_or_else(|_| String::new(), |at| at.to_string());
            format!("&sinceTime={}", encode(&second))
        }
        Since::Tail(lines) => format!("&tailLines={lines}"),
        Since::Head => String::new(),
        Since::Seconds(seconds) => format!("&sinceSeconds={seconds}"),
    };
    let (follow, previous) = (!spec.previous, spec.previous);
    format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&follow={follow}&previous={previous}&timestamps=true{from}",
        encode(namespace),
        segment(&key.name),
        encode(container)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_a_moment_and_no_colours() {
        let line = parsed(b"2026-11-25T18:00:00.5Z \x1b[31mERROR\x1b[0m disk\tfull\x07", 3).unwrap();
        assert_eq!((line.at, line.source, line.level), (1_795_629_600_500_000_000, 3, Level::Error));
        assert!(line.text.starts_with("ERROR disk  full") && !line.text.contains('\u{1b}') && !line.text.contains('\u{7}'), "{:?}", line.text);
        assert_eq!(moment(line.at), "2026-11-25T18:00:00.500Z");
        assert_eq!(&*parsed(b"2026-11-25T18:00:00Z ", 0).unwrap().text, "");
        assert_eq!(&*parsed(b"no moment", 0).unwrap().text, "no moment");
        let long = format!("2026-11-25T18:00:00Z {}", "x".repeat(LONGEST + 5));
        assert!(parsed(long.as_bytes(), 0).unwrap().text.ends_with("… 5 more bytes"));
    }

    #[test]
    fn everything_kept_is_written_also_what_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Ring::new(1_000).with(Disk { folder: folder.path().to_owned(), room: 1 << 20 });
        let shared = Arc::new(Shared { kept: Mutex::new(Kept { ring, ..Kept::default() }), ..Shared::default() });
        let logs = Logs { shared, _tasks: JoinSet::new() };
        let source = logs.shared.join(&Source { pod: "web-1".into(), container: "app".into() });
        let text = |at: i64| format!("2026-11-25T18:00:00.{at:03}Z line {at}");
        (0..3_000).for_each(|at| logs.shared.change(|kept| kept.ring.push(parsed(text(at % 1_000).as_bytes(), source).unwrap())));
        let mut out = Vec::new();
        logs.write(&mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        assert_eq!(out.lines().count(), 3_000);
        assert_eq!(out.lines().next(), Some("2026-11-25T18:00:00.000Z web-1/app line 0"));
        assert!(logs.refused().is_none());
    }

    /// The parameters of `PodLogOptions` in the API reference.
    #[test]
    fn the_query_is_that_of_pod_log_options() {
        let gvk = crate::names::Gvk::new("", "v1", "Pod").into();
        let key =
            ObjectKey { cluster: crate::names::ClusterId::new("lab"), gvk, namespace: Some("shop".into()), name: "web-1".into(), uid: "".into() };
        let spec = LogSpec { of: vec![], container: None, previous: false, since: Since::Tail(100) };
        let base = "/api/v1/namespaces/shop/pods/web-1/log?container=app&follow=true&previous=false&timestamps=true";
        assert_eq!(path(&key, "app", &spec, 0), format!("{base}&tailLines=100"));
        assert_eq!(path(&key, "app", &spec, 1_795_629_600_500_000_000), format!("{base}&sinceTime=2026-11-25T18%3A00%3A00Z"));
        assert_eq!(path(&key, "app", &LogSpec { since: Since::Seconds(60), ..spec }, 0), format!("{base}&sinceSeconds=60"));
    }
}
