//! Pictures of what is looked at: all clusters in one table, connections, the tree, the pulse, logs, and rows that change.

use std::time::Duration;

use meshplay::cluster::connection::Health;
use meshplay::cluster::logs::Source;
use meshplay::cluster::logs::ring::{Line, Window, level};
use meshplay::cluster::metrics::{Known, Reading, Use, Uses};
use meshplay::cluster::rows::{Phase, Row, RowState};
use meshplay::names::ClusterId;
use meshplay::tui::app::model::Report;
use meshplay::tui::panes::logs::work::Report as Logs;
use meshplay::tui::panes::pulse::state::Tally;
use meshplay::tui::panes::pulse::work::Report as Pulse;

use crate::grove::grow;
use crate::play::{NOW, Opening, Stage};
use crate::scene::{self, KINDS, MINUTE, Make, changed, gone, listed, pod};
use crate::{CONTEXTS, shop_pods};

/// Four clusters in one table: two that answer, one that stopped, one that is still being read.
pub fn all_clusters() -> Stage {
    let mut stage = Opening::kubeconfig(CONTEXTS).size(120, 36).dark_unless_told().open(&["prod-eu", "prod-us", "lab", "edge-7"]).start();
    let down = scene::unreachable("lab");
    stage.kinds(KINDS).play(": po <ret>").rows("prod-eu", listed("pods", shop_pods("prod-eu", false)));
    let fewer = |cluster: &str, from: usize| shop_pods(cluster, true).split_off(from);
    stage.rows("prod-us", listed("pods", fewer("prod-us", 6))).rows("lab", listed("pods", fewer("lab", 8)));
    stage.rows("lab", scene::stale(2 * MINUTE, down.clone()));
    let reading = scene::changed(fewer("edge-7", 11));
    stage.rows("edge-7", meshplay::cluster::rows::Delta { phase: Some(Phase::Syncing { count: 512 }), ..reading });
    let slow = meshplay::cluster::connection::Connection { latency_ms: Some(870), ..scene::ready("edge-7") };
    let lost = scene::troubled("lab", Health::Unreachable, 2 * MINUTE, down);
    stage.connections(vec![scene::ready("prod-eu"), scene::ready("prod-us"), lost, slow]).play("S");
    stage
}

/// The connections of a person, of several kinds and in several standings.
pub fn connections() -> Stage {
    let mut stage = all_clusters();
    stage.play("':env prod prod-*' <ret> <esc> ,k");
    stage
}

/// A tree of two clusters: what fails, and what is missing.
pub fn xray(width: u16, height: u16) -> Stage {
    let mut stage = Opening::kubeconfig(CONTEXTS).size(width, height).dark_unless_told().open(&["prod-eu", "lab"]).start();
    stage.kinds(KINDS).connections(["prod-eu", "lab"].map(scene::ready).into()).play("':xray deploy shop' <ret>");
    grow(&mut stage, "prod-eu");
    let generation = stage.model.xray.generation;
    let refused = meshplay::names::Problem::new(
        "cluster.forbidden",
        "lab does not allow this (403)",
        "deployments.apps is forbidden: User \"sam\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
    );
    let root = Err(refused);
    stage.report(Report::Xray(meshplay::tui::panes::xray::work::Report::Root { generation, cluster: ClusterId::new("lab"), root }));
    stage.play("G 4k");
    stage
}

/// How two clusters do.
pub fn pulse(width: u16, height: u16) -> Stage {
    let mut stage = Opening::kubeconfig(CONTEXTS).size(width, height).dark_unless_told().open(&["prod-eu", "lab"]).start();
    stage.connections(["prod-eu", "lab"].map(scene::ready).into()).kinds(KINDS).play(",u");
    let generation = stage.model.pulse.generation;
    let counts: &[(&str, [usize; 6], [usize; 6])] = &[
        ("pods", [1_182, 14, 3, 0, 4, 2], [61, 0, 0, 0, 0, 0]),
        ("deployments", [104, 3, 1, 0, 0, 2], [19, 0, 0, 0, 0, 0]),
        ("statefulsets", [11, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0]),
        ("daemonsets", [6, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]),
        ("replicasets", [107, 311, 2, 0, 0, 0], [19, 44, 0, 0, 0, 0]),
        ("jobs", [3, 28, 1, 0, 0, 1], [0, 2, 0, 0, 0, 0]),
        ("cronjobs", [9, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]),
        ("nodes", [11, 0, 0, 0, 0, 1], [3, 0, 0, 0, 0, 0]),
        ("services", [96, 0, 0, 0, 2, 0], [17, 0, 0, 0, 0, 0]),
        ("ingresses", [21, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0]),
        ("horizontalpodautoscalers", [18, 0, 0, 0, 1, 0], [0, 0, 0, 0, 0, 0]),
        ("persistentvolumeclaims", [34, 0, 1, 0, 0, 0], [5, 0, 0, 0, 0, 0]),
        ("persistentvolumes", [34, 0, 0, 0, 0, 0], [5, 0, 0, 0, 0, 0]),
        ("namespaces", [23, 0, 0, 0, 0, 0], [8, 0, 0, 0, 0, 0]),
        ("events", [0, 0, 0, 0, 37, 0], [0, 0, 0, 0, 0, 0]),
    ];
    let gives = |kind: &str, part: u64| match kind {
        "pods" => (61_000 / part, (212 << 30) / part),
        "nodes" => (96_000 / part, (384 << 30) / part),
        _ => (0, 0),
    };
    for (kind, eu, lab) in counts {
        for (cluster, states, part) in [("prod-eu", eu, 1), ("lab", lab, 8)] {
            let minutes = if *kind == "events" && part == 1 {
                (0..30).map(|ago| (NOW / 60 - ago, [1, 0, 2, 5, 9, 3][ago as usize % 6])).collect()
            } else {
                vec![]
            };
            let tally = Tally { states: *states, phase: Some(Phase::Synced), whole: gives(kind, part), minutes };
            stage.report(Report::Pulse(Pulse::Counted { generation, cluster: ClusterId::new(cluster), kind: (*kind).into(), tally }));
        }
    }
    for step in 0..24_u64 {
        for (cluster, part) in [("prod-eu", 1), ("lab", 8)] {
            let cpu = (48_000 + [0, 3_000, 5_500, 4_000, 9_000, 14_000][step as usize % 6] + 600 * step) / part;
            let used = Use { cpu, memory: ((240 + 2 * step) << 30) / part };
            let of = [("".into(), [("node-1".into(), used)].into())].into();
            let at = NOW - 15 * (23 - step as i64);
            let reading = Reading { namespace: None, known: Known::Measured(Uses { at, every: 15, window: 15, of }.into()) };
            stage.report(Report::Pulse(Pulse::Measured { generation, cluster: ClusterId::new(cluster), reading }));
        }
    }
    stage
}

/// The logs of two containers of a pod, in order by time.
pub fn logs() -> Stage {
    let mut stage = Opening::kubeconfig(CONTEXTS).size(120, 36).dark_unless_told().open(&["prod-eu"]).start();
    stage.connections(vec![scene::ready("prod-eu")]).kinds(KINDS).play(": po <ret>").rows("prod-eu", listed("pods", shop_pods("prod-eu", false)));
    stage.play("l");
    let said: &[(i64, u16, &str)] = &[
        (-21_300, 0, "cart 2.4.0 begins, go1.25.3"),
        (-21_100, 0, r#"{"level":"info","msg":"connected","to":"db:5432","ms":41}"#),
        (-20_800, 1, "[2026-05-12T14:03:39.200Z] \"GET /healthz HTTP/1.1\" 200 - 0 2 1 0"),
        (-18_000, 0, r#"{"level":"info","msg":"loading recommendations","count":81234}"#),
        (-12_400, 1, "[2026-05-12T14:03:47.600Z] \"POST /cart/7c1f HTTP/1.1\" 200 - 311 98 12 11"),
        (-9_700, 0, r#"{"level":"warn","msg":"heap is nearly full","used":"243Mi","limit":"256Mi"}"#),
        (-9_100, 1, "[2026-05-12T14:03:50.900Z] \"GET /cart/91aa HTTP/1.1\" 200 - 0 1804 611 610"),
        (-6_800, 0, r#"{"level":"error","msg":"cannot allocate","asked":"16Mi","goroutine":"loader"}"#),
        (-6_700, 0, "panic: runtime error: out of memory"),
        (-6_650, 1, "[2026-05-12T14:03:53.350Z] \"GET /cart/91aa HTTP/1.1\" 503 UC 0 95 3 -"),
    ];
    let line = |(at, (ms, source, text)): (u64, &(i64, u16, &str))| {
        (at, Line { at: (NOW * 1_000 + ms) * 1_000_000, source: *source, level: level(text), text: (*text).into() })
    };
    let lines: Vec<(u64, Line)> = (0..).zip(said).map(line).collect();
    let end = lines.len() as u64;
    let window = Window { lines, top: 0, start: 0, end, kept: end, ..Window::default() };
    let source = |container: &str| Source { pod: "cart-6c4d9f7d8b-2xk4v".into(), container: container.into() };
    stage.report(Report::Logs(Logs::Seen { generation: 1, window, sources: vec![source("cart"), source("proxy")], problem: None }));
    stage
}

/// A rollout under way: pods come, change and go, and say so.
pub fn news() -> Stage {
    let mut stage = Opening::kubeconfig(CONTEXTS).dark_unless_told().open(&["prod-eu"]).start();
    let old = shop_pods("prod-eu", true);
    stage.connections(vec![scene::ready("prod-eu")]).kinds(KINDS).play("':po shop' <ret>").rows("prod-eu", listed("pods", old.clone()));
    let web = |name: &str, ready: &str, status: &str, age| pod(&format!("prod-eu/shop/web-6f7c9b8d5-{name}"), ready, status).age(age).node("node-02");
    let fresh: Vec<Row> = vec![web("4jx2p", "2/2", "Running", 12), web("tq8zn", "0/2", "ContainerCreating", 3).state(RowState::Progress)];
    stage.play("<space> <space>").rows("prod-eu", changed(fresh)).rows("prod-eu", gone(&old[11..12]));
    let slow = old[9].clone().state(RowState::Warn).restarts(1, 20, "Err 1");
    stage.rows("prod-eu", changed(vec![slow])).wait(Duration::from_millis(200));
    stage
}
