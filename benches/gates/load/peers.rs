//! Load generators as a table: how each is asked for a load, and how what it says of it is read. Meshplay is one of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::child::{self, Ran};

/// A load.
#[derive(Clone, Copy)]
pub struct Task<'a> {
    pub url: &'a str,
    pub seconds: usize,
    pub connections: usize,
    /// Speak HTTP/2, with so many requests at once on each connection.
    pub streams: Option<usize>,
    /// So many a second over all connections; none: as fast as answers come.
    pub rate: Option<usize>,
    /// A new connection for every request.
    pub fresh: bool,
    /// The generator stays on this core.
    pub core: Option<usize>,
    /// Where it may write.
    pub folder: &'a Path,
}

/// What a load came to, as the generator itself says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Answers a second, and all of them.
    pub rate: f64,
    pub requests: f64,
    /// How long the slowest hundredth took at least.
    pub p99: Option<Duration>,
    /// Late at the send, where the generator tells: the middle and the slowest hundredth.
    pub late: Option<(Duration, Duration)>,
    /// Processor time of the generator.
    pub cpu: Duration,
}

/// A load generator.
pub struct Peer {
    pub name: &'static str,
    /// Where it comes from, for those who do not have it.
    from: &'static str,
    /// What is typed behind its name.
    words: fn(&Task) -> String,
    /// A file that it reads.
    file: Option<Script>,
    read: fn(&Ran, &Installed, &Path) -> Option<Tally>,
}

/// A file by its name, and what stands in it.
struct Script(&'static str, fn(&Task) -> String);

/// One that is here.
pub struct Installed {
    pub peer: &'static Peer,
    program: PathBuf,
}

pub const MESHPLAY: Peer = Peer { name: "meshplay", from: "", words: meshplay, file: None, read: read_meshplay };

pub const WRK: Peer = Peer {
    name: "wrk",
    from: "Debian's package wrk",
    words: |task| format!("-c{} -t{} -d{}s {}", task.connections, task.threads(), task.seconds, task.url),
    file: None,
    read: |ran, _, _| tally(after(&ran.out, "Requests/sec:")?, before(&ran.out, " requests in ")?),
};

pub const OHA: Peer = Peer {
    name: "oha",
    from: "`cargo install --locked oha`",
    words: |task| {
        let how = match (task.streams, task.rate) {
            (Some(streams), _) => format!("--http2 -p {streams} "),
            (None, Some(rate)) => format!("-q {rate} "),
            (None, None) => String::new(),
        };
        format!("--no-tui --output-format json -z {}s -c {} {how}{}", task.seconds, task.connections, task.url)
    },
    file: None,
    read: |ran, _, _| {
        let told: Value = serde_json::from_str(&ran.out).ok()?;
        let answers = told["statusCodeDistribution"].as_object()?.values().filter_map(Value::as_f64).sum();
        Some(Tally { p99: seconds(&told["latencyPercentiles"]["p99"]), ..tally(told["summary"]["requestsPerSec"].as_f64()?, answers)? })
    },
};

pub const FORTIO: Peer = Peer {
    name: "fortio",
    from: "`go install fortio.org/fortio@v1.66.2`",
    words: |task| {
        let rate = task.rate.unwrap_or(0);
        format!("load -quiet -qps {rate} -c {} -t {}s -p 50,99 -json fortio.json {}", task.connections, task.seconds, task.url)
    },
    file: None,
    read: |_, _, folder| {
        let told = json(&folder.join("fortio.json"))?;
        let p99 = told["DurationHistogram"]["Percentiles"].as_array()?.iter().find(|one| one["Percentile"] == 99)?["Value"].clone();
        Some(Tally { p99: seconds(&p99), ..tally(told["ActualQPS"].as_f64()?, told["DurationHistogram"]["Count"].as_f64()?)? })
    },
};

pub const HEY: Peer = Peer {
    name: "hey",
    from: "Debian's package hey",
    words: |task| {
        // Its rate is that of each connection.
        let rate = task.rate.map_or_else(String::new, |rate| format!("-q {} ", rate as f64 / task.connections as f64));
        format!("-z {}s -c {} {rate}{}", task.seconds, task.connections, task.url)
    },
    file: None,
    read: |ran, _, _| {
        let p99 = after(&ran.out, "99% in ").or_else(|| after(&ran.out, "99%% in ")).map(Duration::from_secs_f64);
        Some(Tally { p99, ..tally(after(&ran.out, "Requests/sec:")?, before(&ran.out, " responses")?)? })
    },
};

pub const K6: Peer = Peer {
    name: "k6",
    from: "`go install go.k6.io/k6@latest`",
    words: |_| "run --quiet --no-color --no-usage-report --summary-export=k6.json k6.js".into(),
    file: Some(Script("k6.js", |task| {
        let options = format!("{{ vus: {}, duration: '{}s', discardResponseBodies: true }}", task.connections, task.seconds);
        format!("import http from 'k6/http';\nexport const options = {options};\nexport default function () {{ http.get('{}'); }}\n", task.url)
    })),
    read: |_, _, folder| {
        let told = &json(&folder.join("k6.json"))?["metrics"]["http_reqs"];
        tally(told["rate"].as_f64()?, told["count"].as_f64()?)
    },
};

pub const AB: Peer = Peer {
    name: "ab",
    from: "Debian's package apache2-utils",
    // More requests than there is time for.
    words: |task| {
        let keep = if task.fresh { "" } else { "-k " };
        format!("-q {keep}-t {} -n 5000000 -c {} {}", task.seconds, task.connections, task.url)
    },
    file: None,
    read: |ran, _, _| tally(after(&ran.out, "Requests per second:")?, after(&ran.out, "Complete requests:")?),
};

pub const H2LOAD: Peer = Peer {
    name: "h2load",
    from: "Debian's package nghttp2-client",
    words: |task| {
        let streams = task.streams.unwrap_or(1);
        format!("-t{} -c{} -m{streams} -D {} {}", task.threads(), task.connections, task.seconds, task.url)
    },
    file: None,
    read: |ran, _, _| tally(before(&ran.out, " req/s")?, before(&ran.out, " succeeded")?),
};

pub const VEGETA: Peer = Peer {
    name: "vegeta",
    from: "`go install github.com/tsenart/vegeta/v12@latest`",
    words: |task| {
        let (rate, workers) = (task.rate.unwrap_or(0), task.connections);
        format!("attack -targets targets -rate {rate} -duration {}s -workers {workers} -max-workers {workers} -output vegeta.bin", task.seconds)
    },
    file: Some(Script("targets", |task| format!("GET {}\n", task.url))),
    read: |_, installed, folder| {
        let mut report = child::command(&installed.program, None, folder);
        report.args(["report", "-type", "json", "vegeta.bin"]);
        let told: Value = serde_json::from_str(&child::run(report, folder, Duration::from_secs(30), |_| {}).ok()?.out).ok()?;
        let p99 = told["latencies"]["99th"].as_u64().map(Duration::from_nanos);
        Some(Tally { p99, ..tally(told["throughput"].as_f64()?, told["requests"].as_f64()?)? })
    },
};

impl Task<'_> {
    /// As many threads as the generator has cores.
    fn threads(&self) -> usize {
        let cores = if self.core.is_some() { 1 } else { std::thread::available_parallelism().map_or(1, usize::from) };
        cores.min(self.connections)
    }
}

impl Peer {
    /// Looks it up.
    ///
    /// # Errors
    /// Where it could come from.
    pub fn installed(&'static self) -> Result<Installed, String> {
        let program = if self.name == MESHPLAY.name { Some(env!("CARGO_BIN_EXE_meshplay").into()) } else { child::find(self.name) };
        program.map(|program| Installed { peer: self, program }).ok_or_else(|| format!("{} is not installed ({})", self.name, self.from))
    }
}

impl Installed {
    /// Meshplay itself.
    pub fn ours() -> Self {
        MESHPLAY.installed().expect("it was built with this")
    }

    /// Runs a load to its end.
    ///
    /// # Errors
    /// It failed, hung, or said something that is not understood.
    pub fn load(&self, task: &Task) -> Result<Tally, String> {
        self.watched(task, |_| {})
    }

    /// The same, and somebody looks at its process about four times a second.
    ///
    /// # Errors
    /// See [`Self::load`].
    pub fn watched(&self, task: &Task, watch: impl FnMut(i32)) -> Result<Tally, String> {
        if let Some(Script(name, text)) = &self.peer.file {
            std::fs::write(task.folder.join(name), text(task)).map_err(|error| error.to_string())?;
        }
        let mut command = child::command(&self.program, task.core, task.folder);
        command.args((self.peer.words)(task).split_whitespace());
        let limit = Duration::from_secs(30 + 3 * task.seconds as u64);
        let ran = child::run(command, task.folder, limit, watch)?;
        let tally = (self.peer.read)(&ran, self, task.folder);
        let tally = tally.ok_or_else(|| format!("{} said: {}{}", self.peer.name, ran.out, ran.err))?;
        Ok(Tally { cpu: ran.cpu, ..tally })
    }
}

fn meshplay(task: &Task) -> String {
    let mut words = format!("perf run {} -c {} -d {}s -o json", task.url, task.connections, task.seconds);
    words.push_str(&task.rate.map_or_else(|| " --rate max".into(), |rate| format!(" --rate {rate}")));
    words.push_str(&task.streams.map_or_else(String::new, |streams| format!(" --http2 --streams {streams}")));
    if task.fresh {
        words.push_str(" --no-keep-alive");
    }
    if task.url.starts_with("https:") {
        words.push_str(" --insecure --min-tls 1.3");
    }
    words
}

fn read_meshplay(ran: &Ran, _: &Installed, _: &Path) -> Option<Tally> {
    let run: Value = serde_json::from_str(&ran.out).ok()?;
    let time = |value: &Value| value.as_u64().map(Duration::from_nanos);
    let late = time(&run["lateness"]["p50"]).zip(time(&run["lateness"]["p99"]));
    let tally = tally(run["requests_per_second"].as_f64()?, run["requests"].as_f64()?)?;
    Some(Tally { p99: time(&run["latencies"]["p99"]), late, ..tally })
}

fn tally(rate: f64, requests: f64) -> Option<Tally> {
    (rate > 0.0 && requests > 0.0).then(|| Tally { rate, requests, ..Tally::default() })
}

fn json(file: &Path) -> Option<Value> {
    serde_json::from_slice(&std::fs::read(file).ok()?).ok()
}

fn seconds(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()?).ok()
}

/// The number that follows these words first.
fn after(text: &str, words: &str) -> Option<f64> {
    text.split_once(words)?.1.split_whitespace().next()?.parse().ok()
}

/// The number that stands before these words.
fn before(text: &str, words: &str) -> Option<f64> {
    text.split_once(words)?.0.split_whitespace().next_back()?.parse().ok()
}
