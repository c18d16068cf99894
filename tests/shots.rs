//! Screenshots: scripted states drawn by the real view, written as `screenshots/*.svg` and compared with what is committed. With
//! `MESHPLAY_SHOTS=write` they are written anew; with the feature `shots-png` the most telling ones as PNG too, for places that draw no SVG.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test ends here when something is wrong")]

#[path = "support/grove.rs"]
mod grove;
#[path = "shots/looking.rs"]
mod looking;
#[path = "support/play.rs"]
mod play;
#[path = "support/scene.rs"]
mod scene;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use meshplay::cluster::connection::Health;
use meshplay::cluster::rows::{Row, RowState};
use meshplay::load::audit::Stamp;
use meshplay::load::plan::{Pace, Plan};
use meshplay::load::sample::Ended;
use meshplay::names::Problem;
use meshplay::picture::{self, Grid, Palette, Rgb};
use meshplay::results::Run;
use meshplay::results::baseline::{Baseline, Kind};
use meshplay::results::compare::Compared;
use meshplay::results::note::Note;
use meshplay::tui::app::model::Report;
use meshplay::tui::panes::inventory::state::Body;
use meshplay::tui::panes::perf;
use play::{NOW, Opening, Stage};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};
use scene::{DAY, HOUR, KINDS, Load, MINUTE, Make, gentle, listed, pod, shop};

/// A picture: its name, and how its state comes about at a size and with a look.
type Shot = (&'static str, fn() -> Stage);

/// Every picture.
const SHOTS: &[Shot] = &[
    ("first-minute-80x24", || newcomer(Opening::sandbox())),
    ("first-minute-ascii-80x24", || newcomer(Opening::sandbox().theme("mono").ascii())),
    ("two-clusters-120x36", || two_clusters(Opening::kubeconfig(CONTEXTS).size(120, 36))),
    ("two-clusters-200x60", || two_clusters(Opening::kubeconfig(CONTEXTS).size(200, 60))),
    ("two-clusters-light-120x36", || two_clusters(Opening::kubeconfig(CONTEXTS).theme("light").size(120, 36))),
    ("two-clusters-ansi16-80x24", || two_clusters(Opening::kubeconfig(CONTEXTS).theme("ansi16"))),
    ("measures-120x36", || measures(Opening::kubeconfig(CONTEXTS).size(120, 36))),
    ("measures-160x45", || measures(Opening::kubeconfig(CONTEXTS).size(160, 45))),
    ("measures-ascii-120x36", || measures(Opening::kubeconfig(CONTEXTS).size(120, 36).theme("mono").ascii())),
    ("two-clusters-mono-80x24", || two_clusters(Opening::kubeconfig(CONTEXTS).theme("mono"))),
    ("all-clusters-120x36", looking::all_clusters),
    ("connections-120x36", looking::connections),
    ("xray-120x36", || looking::xray(120, 36)),
    ("xray-80x24", || looking::xray(80, 24)),
    ("pulse-120x36", || looking::pulse(120, 36)),
    ("pulse-80x24", || looking::pulse(80, 24)),
    ("logs-120x36", looking::logs),
    ("news-80x24", looking::news),
    ("trouble-grouped-80x24", trouble_grouped),
    ("trouble-rows-120x36", trouble_rows),
    ("scrolled-80x24", scrolled),
    ("columns-120x36", columns),
    ("changes-120x36", changes),
    ("images-120x36", images),
    ("can-120x36", can),
    ("who-can-120x36", who_can),
    ("helm-120x36", helm),
    ("helm-values-120x36", helm_values),
    ("describe-80x24", || describe(80, 24)),
    ("describe-120x36", || describe(120, 36)),
    ("yaml-beside-160x45", yaml_beside),
    ("yaml-folded-80x24", yaml_folded),
    ("difference-120x36", difference),
    ("line-80x24", line),
    ("help-120x36", help),
    ("which-key-80x24", which_key),
    ("delete-protected-80x24", delete_protected),
    ("load-form-80x24", load_form),
    ("perf-live-80x24", || perf_live(Opening::sandbox())),
    ("perf-live-120x36", || perf_live(Opening::sandbox().size(120, 36))),
    ("perf-live-light-120x36", || perf_live(Opening::sandbox().size(120, 36).theme("light"))),
    ("perf-live-ascii-80x24", || perf_live(Opening::sandbox().theme("mono").ascii())),
    ("perf-live-open-120x36", || perf_open(Opening::sandbox().size(120, 36), "30h")),
    ("perf-live-open-ascii-80x24", || perf_open(Opening::sandbox().theme("mono").ascii(), "<esc>")),
    ("perf-live-open-ansi16-80x24", || perf_open(Opening::sandbox().theme("ansi16"), "<esc>")),
    ("perf-list-80x24", || {
        let mut stage = perf_open(Opening::sandbox(), "30h");
        stage.play("<esc> <esc>");
        stage
    }),
    ("perf-done-120x36", perf_done),
    ("perf-figures-80x24", || perf_past(Opening::sandbox(), "8j <ret>")),
    ("perf-figures-120x36", || perf_past(Opening::sandbox().size(120, 36), "8j <ret>")),
    ("perf-compare-80x24", || perf_compared(Opening::sandbox(), "")),
    ("perf-compare-120x36", || perf_compared(Opening::sandbox().size(120, 36), "")),
    ("perf-compare-boxes-120x36", || perf_compared(Opening::sandbox().size(120, 36), "v")),
    ("perf-compare-ascii-80x24", || perf_compared(Opening::sandbox().theme("mono").ascii(), "v")),
    ("perf-compare-shift-80x24", || perf_compared(Opening::sandbox(), "v v")),
    ("perf-history-80x24", || perf_history(Opening::sandbox(), "")),
    ("perf-history-120x36", || perf_history(Opening::sandbox().size(120, 36), "6h")),
    ("perf-history-ascii-80x24", || perf_history(Opening::sandbox().theme("mono").ascii(), "")),
    ("perf-calendar-80x24", || perf_past(Opening::sandbox(), "C")),
    ("perf-calendar-120x36", || perf_past(Opening::sandbox().size(120, 36), "C h")),
    ("contexts-120x36", contexts),
    ("kinds-80x24", kinds),
    ("copy-as-120x36", || two_clusters_then("gY", 120, 36)),
    ("notices-120x36", notices),
    ("error-whole-120x36", || {
        let mut stage = notices();
        stage.play("j <ret>");
        stage
    }),
    ("status-80x24", status),
    ("high-contrast-120x36", || two_clusters(Opening::kubeconfig(CONTEXTS).theme("high-contrast").size(120, 36))),
    ("high-contrast-light-120x36", || two_clusters(Opening::kubeconfig(CONTEXTS).theme("high-contrast-light").size(120, 36))),
    ("empty-80x24", empty),
    ("error-80x24", error),
    ("smallest-40x10", || newcomer(Opening::sandbox().size(40, 10))),
];

/// Those that stand in the README, which is read where SVG may not be drawn.
#[cfg(feature = "shots-png")]
const PNGS: &[&str] =
    &["first-minute-80x24", "all-clusters-120x36", "xray-120x36", "pulse-120x36", "describe-120x36", "trouble-grouped-80x24", "perf-live-80x24"];

/// Where only ASCII is drawn, every sign of ours has one that stands for it: none ends as `?`.
#[test]
fn every_picture_can_be_drawn_in_ascii() {
    let mut lost = BTreeSet::new();
    for (name, begin) in SHOTS {
        let mut stage = begin();
        let before = stage.buffer();
        stage.model.theme = stage.model.theme.clone().with_ascii(true);
        let after = stage.buffer();
        let odd: Vec<&str> = after.content.iter().map(ratatui::buffer::Cell::symbol).filter(|symbol| !symbol.is_ascii()).collect();
        assert!(odd.is_empty(), "{name}: {odd:?}");
        let both = before.content.iter().zip(&after.content);
        lost.extend(both.filter(|(was, is)| is.symbol() == "?" && !was.symbol().is_ascii()).map(|(was, _)| was.symbol().to_owned()));
    }
    assert!(lost.is_empty(), "{lost:?} have no ASCII sign in widgets/paint.rs");
}

const CONTEXTS: &[&str] = &["prod-eu/shop", "prod-us/shop", "lab/shop", "edge-7"];

/// Columns that do not fit pass behind those that say which object it is; some rows are marked.
fn scrolled() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS));
    stage.play("j <space> 3j V <right> <right> <right>");
    stage
}

/// The list of columns, with one of the person's own being typed.
fn columns() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play(": columns <ret> 3j <space> a 'TEAM=.metadata.labels.team'");
    stage
}

fn newcomer(opening: Opening) -> Stage {
    let opening = opening.dark_unless_told();
    let mut stage = opening.start();
    stage.connections(vec![scene::ready("sandbox")]).kinds(KINDS).rows("sandbox", shop());
    stage
}

/// Pods of a shop, one line each: name, ready, status, age, node.
const PODS: &[(&str, &str, &str, i64, &str)] = &[
    ("cart-6c4d9f7d8b-2xk4v", "1/2", "CrashLoopBackOff", 41 * MINUTE, "node-07"),
    ("cart-6c4d9f7d8b-9fz7q", "0/2", "ContainerCreating", 40, "node-02"),
    ("cart-6c4d9f7d8b-h8mvd", "2/2", "Running", 2 * HOUR, "node-04"),
    ("catalog-7d4b8c6f5c-4tn2s", "1/1", "Running", 6 * DAY, "node-01"),
    ("catalog-7d4b8c6f5c-zq9wl", "1/1", "Running", 6 * DAY, "node-03"),
    ("checkout-58f6dd9c7d-m5j6x", "1/1", "Running", 12 * DAY, "node-07"),
    ("checkout-58f6dd9c7d-pl2k8", "1/1", "Running", 12 * DAY, "node-05"),
    ("db-0", "1/1", "Running", 38 * DAY, "node-01"),
    ("payments-69c7b5d4f9-c7vtq", "1/1", "Running", 9 * DAY, "node-02"),
    ("recommend-5c9f8b7d66-xw4dn", "1/1", "Running", 21 * DAY, "node-06"),
    ("search-84d5c7f9b8-k2m9z", "1/1", "Running", 3 * DAY + 4 * HOUR, "node-03"),
    ("web-5b9bbd4df6-kk2lm", "1/2", "Running", 3 * DAY + 4 * HOUR, "node-04"),
    ("web-5b9bbd4df6-wvbxt", "2/2", "Running", 3 * DAY + 4 * HOUR, "node-05"),
];

fn shop_pods(cluster: &str, well: bool) -> Vec<Row> {
    let row = |(name, ready, status, age, node): &(&str, &str, &str, i64, &str)| {
        let place = format!("{cluster}/shop/{name}");
        let mut row = pod(&place, ready, status).age(*age).node(node);
        if well {
            let wanted = ready.split_once('/').unwrap().1;
            row = pod(&place, &format!("{wanted}/{wanted}"), "Running").age(*age + DAY).node(node);
        } else if *status == "CrashLoopBackOff" {
            row = row.state(RowState::Bad).restarts(14, 40, "OOM");
        } else if *status == "ContainerCreating" {
            row = row.state(RowState::Progress);
        } else if ready.starts_with("1/2") {
            row = row.state(RowState::Warn).restarts(1, 3 * DAY, "Err 1");
        }
        if name.starts_with("search") { row.restarts(2, 5 * HOUR, "Sig 9") } else { row }
    };
    let addressed = |(at, row): (usize, Row)| {
        let address = if row.state == RowState::Progress { String::new() } else { format!("10.244.{}.{}", at % 7, 11 + at * 3) };
        row.ip(&address)
    };
    PODS.iter().map(row).enumerate().map(addressed).collect()
}

/// One cluster with faults, one that stopped answering two minutes ago.
fn two_clusters(opening: Opening) -> Stage {
    let mut stage = opening.dark_unless_told().open(&["prod-eu", "lab"]).protected("prod-*").start();
    let down = scene::unreachable("lab");
    stage.kinds(KINDS).play(": po <ret>").rows("prod-eu", listed("pods", shop_pods("prod-eu", false)));
    stage.rows("lab", listed("pods", shop_pods("lab", true))).rows("lab", scene::stale(2 * MINUTE, down.clone()));
    stage.connections(vec![scene::ready("prod-eu"), scene::troubled("lab", Health::Unreachable, 2 * MINUTE, down)]);
    stage.play("S");
    stage
}

/// Pods with what they use: some near their limit, some on the move.
fn measures(opening: Opening) -> Stage {
    let mut stage = opening.dark_unless_told().open(&["prod-eu"]).start();
    let rows = shop_pods("prod-eu", false).into_iter().map(Make::gauged).collect();
    stage.connections(vec![scene::ready("prod-eu")]).kinds(KINDS).play(": po <ret>").rows("prod-eu", listed("gauged pods", rows));
    let used = |at: usize, factor: u64| {
        let memory = [0, 0, 251, 94, 161, 113, 159, 120, 210, 62, 247, 89, 213][at];
        let cpu = [0, 0, 231, 27, 138, 32, 137, 39, 13, 77, 124, 34, 19][at];
        if at == 4 || at == 10 { (cpu * factor, memory) } else { (cpu, memory) }
    };
    let list = |factor: u64| -> Vec<(&str, u64, u64)> {
        let one = |(at, pod): (usize, &(&'static str, &str, &str, i64, &str))| (pod.0, used(at, factor).0, used(at, factor).1);
        PODS.iter().enumerate().skip(2).map(one).collect()
    };
    stage.measured("prod-eu", scene::uses(15, &list(2))).measured("prod-eu", scene::uses(0, &list(1)));
    stage
}

/// What is broken in three clusters, seen by its cause.
fn in_trouble(opening: Opening) -> Stage {
    let pod = |place: &str, ago, cause: [&str; 4]| scene::trouble(place, "Pod", ago, cause);
    let mut stage = opening.dark_unless_told().open(&["prod-eu", "prod-us", "lab"]).protected("prod-*").start();
    stage.connections(["prod-eu", "prod-us", "lab"].map(scene::ready).into()).kinds(KINDS).play(": trouble <ret>");
    let oom = ["OOMKilled", "node-07", "2.4.0", "cart exit 137, 14 restarts"];
    let pull = ["ImagePull", "node-02", "1.9.1", "catalog: Back-off pulling image \"shop/catalog:1.9.1\""];
    let full = ["Unschedulable", "", "5.0.0", "0/6 nodes are available: 2 node(s) had untolerated taint {spot}, 4 Insufficient memory."];
    let unready = ["NotReady", "node-04", "3.2.1", "containers with unready status: [web]"];
    let mount = ["FailedMount", "node-03", "2.1.7", "MountVolume.SetUp failed for volume \"key\" : secret \"payments-kye\" not found"];
    stage.rows(
        "prod-eu",
        listed(
            "trouble",
            vec![
                pod("prod-eu/shop/cart-6c4d9f7d8b-2xk4v", 41 * MINUTE, oom),
                pod("prod-eu/shop/cart-6c4d9f7d8b-9fz7q", 38 * MINUTE, oom),
                pod("prod-eu/shop/web-5b9bbd4df6-kk2lm", 4 * HOUR, unready).state(RowState::Warn),
                pod("prod-eu/shop/payments-69c7b5d4f9-c7vtq", 12 * MINUTE, mount),
                scene::trouble("prod-eu/node-05", "Node", 9 * MINUTE, ["NodeNotReady", "node-05", "v1.35.2", "Kubelet stopped posting node status."]),
            ],
        ),
    );
    stage.rows(
        "prod-us",
        listed(
            "trouble",
            vec![pod("prod-us/shop/cart-7f9b64c5d-x2v8m", 22 * MINUTE, oom), pod("prod-us/shop/catalog-7d4b8c6f5c-4tn2s", 6 * MINUTE, pull)],
        ),
    );
    let wait = scene::trouble("lab/shop/report-archive", "PersistentVolumeClaim", 2 * DAY, ["ClaimPending", "", "", "no volume is bound to it yet"]);
    stage.rows("lab", listed("trouble", vec![pod("lab/shop/search-84d5c7f9b8-k2m9z", 3 * HOUR, full), wait.state(RowState::Progress)]));
    stage
}

/// What was done lately in two clusters.
fn changes() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play("':changes 2h' <ret>");
    let rows = |cluster: &str, all: &[(i64, &str, [&str; 3], RowState)]| {
        let row = |(ago, kind, words, state): &(i64, &str, [&str; 3], RowState)| {
            let place = if *kind == "Node" { format!("{cluster}/{}", words[0]) } else { format!("{cluster}/shop/{}", words[0]) };
            scene::change(&place, kind, *ago, [words[1], words[2]]).state(*state)
        };
        listed("changes", all.iter().map(row).collect())
    };
    let eu = [
        (4 * MINUTE, "Deployment", ["web", "replicas 3 → 5", "kubectl edit"], RowState::Fine),
        (9 * MINUTE, "Node", ["node-05", "not ready: Kubelet stopped posting node status.", ""], RowState::Bad),
        (42 * MINUTE, "Deployment", ["cart", "image cart 2.3.0 → 2.4.0, env of cart", "Flux"], RowState::Fine),
        (44 * MINUTE, "ConfigMap", ["cart-config", "changed", "Flux"], RowState::Fine),
        (96 * MINUTE, "StatefulSet", ["db", "resources of db", "kubectl apply"], RowState::Fine),
    ];
    let us = [
        (6 * MINUTE, "Deployment", ["catalog", "image catalog 1.9.0 → 1.9.1", "Argo CD"], RowState::Fine),
        (23 * MINUTE, "Deployment", ["cart", "image cart 2.3.0 → 2.4.0, env of cart", "Flux"], RowState::Fine),
        (51 * MINUTE, "Deployment", ["legacy-report", "removed", ""], RowState::Warn),
    ];
    stage.rows("prod-eu", rows("prod-eu", &eu)).rows("prod-us", rows("prod-us", &us)).rows("lab", rows("lab", &[]));
    stage
}

/// Which image runs where, in three clusters.
fn images() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play(": images <ret>");
    for (cluster, cart, web) in [("prod-eu", "2.4.0", "3.2.1"), ("prod-us", "2.4.0", "3.2.0"), ("lab", "2.5.0-rc1", "3.2.1")] {
        let images = [("cart", cart), ("catalog", "1.9.1"), ("payments", "2.1.7"), ("search", "5.0.0"), ("web", web)];
        let rows = images.map(|(name, version)| scene::image(&format!("{cluster}/shop/{name}"), version)).into();
        stage.rows(cluster, listed("images", rows));
    }
    stage
}

/// What one may do in two clusters.
fn can() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play("':can in shop' <ret>");
    let look = ["get", "list", "watch"];
    let change = ["get", "list", "watch", "create", "update", "patch", "delete"];
    let reviews = || scene::right("prod-eu/shop/selfsubjectaccessreviews.authorization.k8s.io", &["create"], "");
    let eu = vec![
        scene::right("prod-eu/shop/configmaps", &look, ""),
        scene::right("prod-eu/shop/deployments.apps", &change, "deletecollection"),
        scene::right("prod-eu/shop/deployments.apps/scale", &["get", "update", "patch"], ""),
        scene::right("prod-eu/shop/pods", &change, ""),
        scene::right("prod-eu/shop/pods/log", &["get"], ""),
        reviews(),
        scene::right("prod-eu/shop//healthz", &["get"], ""),
    ];
    stage.rows("prod-eu", listed("can", eu));
    stage.rows("prod-us", listed("can", vec![scene::right("prod-us/shop/pods", &look, ""), scene::right("prod-us/shop/pods/log", &["get"], "")]));
    stage.rows("lab", listed("can", vec![scene::right("lab/shop/*.*", &[], "*")]));
    stage
}

/// Who may delete pods there.
fn who_can() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play("':can delete pods in shop' <ret>");
    let eu = vec![
        scene::yourself("prod-eu/shop/you", "yes"),
        scene::may("prod-eu/cluster-admin", ["system:masters", "Group", "ClusterRole cluster-admin", "cluster", "by a * in the role"]),
        scene::may("prod-eu/shop/deployers", ["jane", "User", "Role deployer", "shop", ""]),
        scene::may("prod-eu/shop/deployers-bot", ["ci/deployer", "ServiceAccount", "Role deployer", "shop", ""]),
        scene::may("prod-eu/shop/debugging", ["sam", "User", "Role debugger", "shop", "only web-0"]),
    ];
    stage.rows("prod-eu", listed("who-can", eu));
    let us = vec![
        scene::yourself("prod-us/shop/you", "no"),
        scene::may("prod-us/cluster-admin", ["system:masters", "Group", "ClusterRole cluster-admin", "cluster", "by a * in the role"]),
        scene::may("prod-us/shop/edit", ["shop-developers", "Group", "ClusterRole edit", "shop", "aggregated role"]),
    ];
    stage.rows("prod-us", listed("who-can", us));
    stage
}

/// Releases of several clusters.
fn helm() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play(": helm <ret>");
    let releases: [(&str, &str, i64, i64, [&str; 4]); 7] = [
        ("prod-eu", "cert-manager/cert-manager", 4, 9 * DAY, ["deployed", "cert-manager-v1.19.1", "v1.19.1", "Upgrade complete"]),
        (
            "prod-eu",
            "ingress/traefik",
            12,
            3 * HOUR,
            ["failed", "traefik-37.1.2", "v3.5.3", "Upgrade \"traefik\" failed: timed out waiting for the condition"],
        ),
        ("prod-eu", "shop/db", 3, 2 * DAY, ["deployed", "postgres-16.4.2", "17.2", "Upgrade complete"]),
        ("prod-us", "cert-manager/cert-manager", 3, 40 * DAY, ["deployed", "cert-manager-v1.18.2", "v1.18.2", "Upgrade complete"]),
        ("prod-us", "ingress/traefik", 11, 20 * DAY, ["deployed", "traefik-37.1.1", "v3.5.2", "Upgrade complete"]),
        ("lab", "shop/db", 7, 2 * MINUTE, ["pending-upgrade", "postgres-16.5.0-rc1", "17.3", "Preparing upgrade"]),
        ("lab", "shop/search", 1, DAY, ["deployed", "opensearch-3.2.0", "3.2.0", "Install complete"]),
    ];
    for cluster in ["prod-eu", "prod-us", "lab"] {
        let own = releases.iter().filter(|(at, ..)| *at == cluster);
        let row = |(_, place, revision, ago, words): &(&str, &str, i64, i64, [&str; 4])| {
            scene::helm(&format!("{cluster}/{place}"), "Release", *revision, *ago, *words)
        };
        stage.rows(cluster, listed("helm", own.map(row).collect()));
    }
    stage
}

/// What a release was installed with, its defaults among it.
fn helm_values() -> Stage {
    let mut stage = helm();
    stage.play("j d v m");
    let text = "auth:\n  database: shop\n  password: <19 bytes, hidden>\n  username: shop\npersistence:\n  enabled: true\n  size: 20Gi\nreplicas: 1\nresources:\n  \
                requests:\n    cpu: 250m\n    memory: 512Mi\nservice:\n  port: 5432\n";
    stage.inspected(Body::Yaml(text.into()));
    stage
}

fn trouble_grouped() -> Stage {
    in_trouble(Opening::kubeconfig(CONTEXTS))
}

fn trouble_rows() -> Stage {
    let mut stage = in_trouble(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play("':table.group none' <ret>");
    stage
}

fn two_clusters_then(keys: &str, width: u16, height: u16) -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS).size(width, height));
    stage.play(keys);
    stage
}

fn kinds() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.model.aliases = [("wp".to_owned(), "po web /cart".to_owned())].into();
    stage.play("ctrl-a");
    stage
}

fn notices() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.report(Report::Failed(scene::unreachable("edge-7"))).report(Report::Failed(scene::unreachable("edge-7"))).play("c ,n");
    stage
}

fn status() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    let row = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    stage.model.facts = vec![
        row("TERM", "xterm-256color"),
        row("colours", "256, decided by TERM=xterm-256color"),
        row("SSH", "yes"),
        row("tmux", "no"),
        row("UTF-8", "yes"),
    ];
    stage.model.folders = vec![
        row("settings", "/home/me/.config/meshplay"),
        row("runs, actions", "/home/me/.local/share/meshplay"),
        row("remembered", "/home/me/.local/state/meshplay"),
    ];
    stage.model.slow.ssh = true;
    stage.model.traffic = meshplay::tui::app::model::Traffic { bytes: 48_213, frames: 311, per_second: 412, gap_ms: 100 };
    stage.play(": status <ret>");
    stage
}

fn describe(width: u16, height: u16) -> Stage {
    let mut stage = newcomer(Opening::sandbox().size(width, height));
    stage.play("d").inspected(Body::Summary(scene::cart())).heard(scene::cart_events());
    stage
}

fn yaml_folded() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.play("G 2k y").inspected(Body::Yaml(YAML.into())).play("Z <space> j");
    stage
}

fn difference() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play("=").inspected(Body::Difference(DIFFERENCE.into())).play("4j");
    stage
}

const DIFFERENCE: &str = "\
--- Pod shop/cart-6c4d9f7d8b-2xk4v in prod-eu
+++ Pod shop/cart-6c4d9f7d8b-2xk4v in lab
@@ -12,7 +12,7 @@
 spec:
   containers:
   - name: cart
-    image: shop/cart:2.4.0
+    image: shop/cart:2.3.0
     ports:
     - containerPort: 8080
       name: http
@@ -31,4 +31,3 @@
     resources:
       limits:
         memory: 256Mi
-  nodeName: node-07
";

const YAML: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  creationTimestamp: 2026-04-04T14:04:00Z
  labels:
    app: web
  name: web
  namespace: shop
  resourceVersion: '1204'
  uid: 8d0c5e8a-3a86-5f1c-9d3e-2f6d1c0b7a55
spec:
  replicas: 3
  selector:
    matchLabels:
      app: web
  strategy:
    rollingUpdate:
      maxSurge: 1
      maxUnavailable: 0
    type: RollingUpdate
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - image: shop/web:3.2.1
        name: web
        ports:
        - containerPort: 8080
          name: http
          protocol: TCP
        resources:
          limits:
            memory: 256Mi
          requests:
            cpu: 100m
            memory: 128Mi
      restartPolicy: Always
status:
  availableReplicas: 3
  observedGeneration: 1
  readyReplicas: 3
  replicas: 3
  updatedReplicas: 3
";

fn yaml_beside() -> Stage {
    let mut stage = newcomer(Opening::sandbox().size(160, 45));
    stage.play("G <ret> y").inspected(Body::Yaml(YAML.into()));
    stage
}

fn line() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.play(": se <down>");
    stage
}

fn help() -> Stage {
    let mut stage = newcomer(Opening::sandbox().size(120, 36));
    stage.play("?");
    stage
}

fn which_key() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.play(",");
    stage
}

fn delete_protected() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS));
    stage.play("g ctrl-d prod");
    stage
}

fn load_form() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.play("d <esc> G b");
    let key = match stage.wanted().pop() {
        Some(meshplay::tui::app::model::Effect::Perf(perf::work::Effect::Resolve { key })) => key,
        other => panic!("{other:?}"),
    };
    stage.perf(perf::work::Report::Resolved { key, url: Ok("http://127.0.0.1:38111/".into()) });
    stage
}

fn old_run(id: &str, what: &str, plan: Plan, ago: i64, answers: u64, usual: Duration, failures: u64) -> Run {
    let mut load = Load::begin(id, Some(what), Some("sandbox"), plan, ago);
    (0..10).for_each(|_| _ = load.second(answers, usual, failures));
    load.end(Ended::Done)
}

fn old_runs() -> Vec<Run> {
    let at_rate = |rate| Plan { pace: Pace::Rate(rate), ..gentle("http://127.0.0.1:43005/") };
    vec![
        old_run("c", "service shop/cart", gentle("http://127.0.0.1:41207/"), 17 * MINUTE, 660, Duration::from_micros(3_400), 165),
        old_run("b", "service shop/payments", at_rate(100.0), 52 * MINUTE, 100, Duration::from_micros(26_000), 0),
        old_run("a", "service shop/payments", at_rate(100.0), DAY + 52 * MINUTE, 100, Duration::from_micros(25_500), 1),
    ]
}

/// Web of the shop, loaded as fast as it answers: slower for a while in the middle.
fn load_web(stage: &mut Stage, seconds: u64) -> Load {
    let plan = Plan { duration: Duration::from_secs(60), ..gentle("http://127.0.0.1:38111/") };
    let mut load = Load::begin("d", Some("service shop/web"), Some("sandbox"), plan, i64::try_from(seconds).unwrap());
    stage.play(",p").perf(perf::work::Report::Listed { runs: old_runs(), problems: vec![] });
    stage.perf(perf::work::Report::Started { run: Box::new(load.run.clone()) });
    for second in 0..seconds {
        let (answers, usual) = if (14..19).contains(&second) { (3_100, 620) } else { (5_200 + 20 * second, 330) };
        let sample = load.second(answers, Duration::from_micros(usual), u64::from(second == 16) * 3);
        stage.perf(perf::work::Report::Sample { id: "d".into(), sample: Arc::new(sample) });
    }
    load
}

fn perf_live(opening: Opening) -> Stage {
    let mut stage = newcomer(opening);
    load_web(&mut stage, 38);
    stage
}

/// Web at a rate that was planned, with a stall in the middle; the cursor stands on it.
fn perf_open(opening: Opening, back: &str) -> Stage {
    let mut stage = newcomer(opening);
    let plan = Plan { pace: Pace::Rate(2_000.0), duration: Duration::from_secs(120), connections: 64, ..gentle("http://127.0.0.1:38111/") };
    let mut load = Load::begin("e", Some("service shop/web"), Some("sandbox"), plan, 71);
    load.run.provenance.limits = vec!["p99<50ms".into(), "errors<1%".into()];
    load.run.provenance.ends = vec!["errors>5%/10s".into()];
    stage.play(",p").perf(perf::work::Report::Listed { runs: old_runs(), problems: vec![] });
    stage.perf(perf::work::Report::Started { run: Box::new(load.run.clone()) });
    for second in 0..71 {
        let (usual, failures) = if (40..46).contains(&second) { (4_200, 12) } else { (380 + second * 2, u64::from(second % 17 == 0)) };
        let sample = match second {
            20 => load.stalled(1_200, Duration::from_millis(440), 0),
            54 => load.stalled(700, Duration::from_millis(900), 610),
            _ => load.second(2_000, Duration::from_micros(usual), failures),
        };
        stage.perf(perf::work::Report::Sample { id: "e".into(), sample: Arc::new(sample) });
    }
    let note = |second: u64, text: &str| Note { at_ns: second * 1_000_000_000, text: text.into(), written: jiff::Timestamp::UNIX_EPOCH };
    let notes = vec![note(20, "node drained"), note(40, "cache emptied")];
    stage.perf(perf::work::Report::Notes { id: "e".into(), notes });
    stage.play("h").play(back);
    stage
}

/// Runs of web, two a day; the newest twelve are slower, one failed and one is suspect.
fn past_runs() -> Vec<Run> {
    let one = |at: i64| {
        let plan = Plan { pace: Pace::Rate(2_000.0), connections: 64, ..gentle("http://127.0.0.1:38111/") };
        let mut load =
            Load::begin(&format!("w{at:02}"), Some("service shop/web"), Some("sandbox"), plan, 2 * HOUR + at * DAY / 2).seeded(at.unsigned_abs() + 3);
        _ = load.second(2_400, Duration::from_micros(if at < 12 { 410 } else { 350 }), u64::from(at % 9 == 4) * 3);
        let mut run = load.end(Ended::Done);
        let (image, revision) = if at < 12 { ("shop/web:1.8.2", "9") } else { ("shop/web:1.8.1", "8") };
        run.provenance.found = [("image.web", image), ("revision", revision), ("replicas", "3"), ("nodes", "node-01, node-02")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        match at {
            5 => run.errors = [("refused".to_owned(), 4_000)].into(),
            14 => run.stamp = Some(Stamp::Suspect),
            _ => {}
        }
        if at == 5 {
            run.requests = 0;
        }
        run
    };
    (0..44).map(one).collect()
}

fn perf_past(opening: Opening, keys: &str) -> Stage {
    let mut stage = newcomer(opening);
    stage.play(",p").perf(perf::work::Report::Listed { runs: past_runs(), problems: vec![] }).play(keys);
    stage
}

/// Two months of web, five runs a day: a release made it slower, and another one did not make up for it.
fn perf_history(opening: Opening, keys: &str) -> Stage {
    let one = |at: i64| {
        let plan = Plan { pace: Pace::Rate(2_000.0), connections: 64, ..gentle("http://127.0.0.1:38111/") };
        let (usual, image, revision) = match at {
            0..30 => (405, "shop/web:1.8.2", "9"),
            30..60 => (430, "shop/web:1.8.1", "8"),
            _ => (350, "shop/web:1.8.0", "7"),
        };
        let id = format!("w{at:03}");
        let started = 2 * HOUR + at / 5 * DAY + at % 5 * MINUTE;
        let mut load = Load::begin(&id, Some("service shop/web"), Some("sandbox"), plan, started).seeded(at.unsigned_abs() + 3);
        _ = load.second(2_400, Duration::from_micros(usual), 0);
        let mut run = load.end(Ended::Done);
        run.provenance.found =
            [("image.web", image), ("revision", revision), ("replicas", "3")].map(|(name, value)| (name.into(), value.into())).into();
        run
    };
    let runs: Vec<Run> = (0..150).map(one).collect();
    let kind = Kind::Pinned { runs: runs[100..105].iter().map(|run| run.id.clone()).collect() };
    let baseline = Baseline { profile: "web".into(), cell: String::new(), environment: None, kind, set: jiff::Timestamp::UNIX_EPOCH };
    let mut stage = newcomer(opening);
    let baselines = perf::work::Report::Baselines { all: [(runs[0].series(), baseline.clone())].into(), changed: None };
    stage.play(",p").perf(perf::work::Report::Listed { runs, problems: vec![] }).perf(baselines).play("H");
    scene::look_back(&mut stage, Some(&baseline));
    stage.play(keys);
    stage
}

/// The eight runs before the change against the eight after it.
fn perf_compared(opening: Opening, keys: &str) -> Stage {
    let mut stage = perf_past(opening, "3j");
    stage.wanted();
    for at in 3..22 {
        stage.play(if matches!(at, 5 | 12 | 14) { "j" } else { "<space> j" });
    }
    stage.play("=");
    for effect in stage.wanted() {
        if let meshplay::tui::app::model::Effect::Perf(perf::work::Effect::Compare { a, b, gate }) = effect {
            let compared = Compared::of(&a, &b, gate, 0.03, 1);
            let changed = scene::changed_between(&a, &b);
            let ids = |runs: Vec<Run>| runs.into_iter().map(|run| run.id).collect();
            stage.perf(perf::work::Report::Compared { a: ids(a), b: ids(b), compared, changed });
        }
    }
    stage.play(keys);
    stage
}

fn perf_done() -> Stage {
    let mut stage = newcomer(Opening::sandbox().size(120, 36));
    let load = load_web(&mut stage, 60);
    stage.perf(perf::work::Report::Finished { run: Box::new(load.end(Ended::Done)), problems: vec![] });
    stage
}

fn contexts() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS).size(120, 36));
    stage.play(",k");
    stage
}

fn empty() -> Stage {
    let mut stage = newcomer(Opening::sandbox());
    stage.play("':svc kube-system' <ret>").rows("sandbox", listed("services", vec![]));
    stage
}

fn error() -> Stage {
    let mut stage = two_clusters(Opening::kubeconfig(CONTEXTS));
    let problem = Problem::new(
        "object.forbidden",
        "Pod shop/db-0 in lab was not deleted",
        "pods \"db-0\" is forbidden: User \"sam\" cannot delete resource \"pods\" in API group \"\" in the namespace \"shop\"",
    )
    .hint("ask for the right to delete pods in shop; `kubectl auth can-i delete pods -n shop` checks it");
    stage.report(Report::Failed(problem)).play("<esc> ,e");
    stage
}

#[test]
fn the_screenshots_show_what_is_drawn() {
    let write = std::env::var("MESHPLAY_SHOTS").is_ok_and(|value| value == "write");
    let folder = folder();
    let mut drifted = Vec::new();
    for (name, begin) in SHOTS {
        let mut stage = begin();
        let (width, height) = stage.model.size;
        assert!(name.ends_with(&format!("-{width}x{height}")), "{name} is {width}x{height}");
        let svg = svg(&stage.buffer(), stage.model.theme.style(meshplay::tui::theme::Role::Text));
        let path = folder.join(format!("{name}.svg"));
        if write {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, svg).unwrap();
        } else if std::fs::read_to_string(&path).ok().as_deref() != Some(&svg) {
            drifted.push(format!("screenshots/{name}.svg"));
        }
    }
    assert!(
        drifted.is_empty(),
        "these are not what is drawn now: {}\n`MESHPLAY_SHOTS=write cargo test --test shots` writes them anew; look at them before you commit",
        drifted.join(", ")
    );
}

#[test]
fn no_screenshot_is_left_over() {
    let known: BTreeSet<String> = SHOTS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let left = |name: &String| !known.contains(name.trim_end_matches(".svg").trim_end_matches(".png"));
    let names = std::fs::read_dir(folder()).into_iter().flatten().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(left).collect::<Vec<_>>(), [] as [&str; 0], "pictures that no state is behind");
}

#[cfg(feature = "shots-png")]
#[test]
fn the_most_telling_ones_are_drawn_as_png() {
    const FONTS: [&[u8]; 2] = [include_bytes!("support/fonts/DejaVuSansMono.ttf"), include_bytes!("support/fonts/DejaVuSansMono-Bold.ttf")];
    let fonts = FONTS.map(<[u8]>::to_vec);
    // To look at all of them: `MESHPLAY_SHOTS_TO` names a folder elsewhere.
    let asked = std::env::var("MESHPLAY_SHOTS").unwrap_or_default();
    let elsewhere = std::env::var_os("MESHPLAY_SHOTS_TO").map(PathBuf::from);
    for (name, begin) in SHOTS.iter().filter(|(name, _)| elsewhere.is_some() || PNGS.contains(name)) {
        let mut stage = begin();
        let svg = svg(&stage.buffer(), stage.model.theme.style(meshplay::tui::theme::Role::Text));
        let png = picture::png::to_png(&svg, &fonts).unwrap();
        assert!(png.starts_with(b"\x89PNG"), "{name}");
        if asked == "write" || elsewhere.is_some() {
            std::fs::write(elsewhere.clone().unwrap_or_else(folder).join(format!("{name}.png")), png).unwrap();
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots")
}

/// A frame as an SVG document. A look that leaves colours to the terminal is shown on the usual dark one.
fn svg(buf: &Buffer, page: ratatui::style::Style) -> String {
    let usual = Palette::default();
    let palette = Palette { text: page.fg.and_then(rgb).unwrap_or(usual.text), ground: page.bg.and_then(rgb).unwrap_or(usual.ground) };
    let mut grid = Grid::new(buf.area.width, buf.area.height);
    for y in 0..buf.area.height {
        for x in 0..buf.area.width {
            let cell = &buf[(x, y)];
            let has = |modifier| cell.modifier.contains(modifier);
            let style = picture::Style {
                fg: rgb(cell.fg),
                bg: rgb(cell.bg),
                bold: has(Modifier::BOLD),
                dim: has(Modifier::DIM),
                italic: has(Modifier::ITALIC),
                underline: has(Modifier::UNDERLINED),
                reverse: has(Modifier::REVERSED),
            };
            grid.set(x, y, cell.symbol(), style);
        }
    }
    grid.to_svg(&palette)
}

/// The colour xterm shows; none: the terminal's own.
fn rgb(color: Color) -> Option<Rgb> {
    const NAMED: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match color {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => Some(picture::indexed(index)),
        named => NAMED.iter().zip(0..).find(|(one, _)| **one == named).map(|(_, index)| picture::indexed(index)),
    }
}

#[test]
fn time_stands_still_in_pictures() {
    let shown = || newcomer(Opening::sandbox()).screen();
    assert_eq!(shown(), shown());
    assert_eq!(jiff::Timestamp::from_second(NOW).unwrap().to_string(), "2026-05-12T14:04:00Z");
}
