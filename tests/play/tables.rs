//! Stories about tables: columns that do not fit, names that are too long, marks, namespaces.

use super::*;

fn marked(stage: &Stage) -> Vec<String> {
    let inventory = &stage.model.inventory;
    let rows = (0..inventory.table.len()).filter_map(|at| inventory.table.row(at));
    rows.filter(|row| inventory.marks.contains(&(row.cluster.clone(), row.uid))).map(|row| row.name.to_string()).collect()
}

#[test]
fn columns_that_do_not_fit_scroll_behind_those_that_name_the_object() {
    let mut stage = looking_at_pods(&["web-5b9bbd4df6-kk2lm"]);
    stage.resize(60, 14);
    let head = |stage: &mut Stage| stage.line(2);
    assert!(head(&mut stage).contains("NAME") && !head(&mut stage).contains("IP") && head(&mut stage).ends_with('▸'), "{}", stage.screen());
    stage.play("<right> <right>");
    assert!(head(&mut stage).contains("◂RESTARTS") && head(&mut stage).contains("NAME"), "{}", stage.screen());
    stage.play("<right> <right> <right> <right> <right>");
    assert!(head(&mut stage).contains("AGE") && !head(&mut stage).ends_with('▸'), "{}", stage.screen());
    assert_shown(&mut stage, &["web-5b9bbd4df6-kk2lm"]);
    // The last one is seen: there is nothing to scroll to, and the list of actions says so.
    let before = stage.screen();
    stage.play("<right>");
    assert_eq!(stage.screen(), before);
    stage.play("<left> <left> <left> <left> <left> <left> <left>");
    assert!(head(&mut stage).contains("READY") && !head(&mut stage).contains('◂'), "{}", stage.screen());
    stage.resize(160, 45).play(".");
    assert_shown(&mut stage, &["not now: all columns are shown"]);
}

#[test]
fn the_column_that_is_chosen_scrolls_into_view_and_is_sorted_on() {
    let mut stage = looking_at_pods(&["a", "b"]);
    stage.resize(48, 14).rows("lab", changed(vec![pods(&["a"]).remove(0).node("node-9"), pods(&["b"]).remove(0).node("node-1")]));
    assert_not_shown(&mut stage, &["node-9"]);
    stage.play("> > > > >");
    assert_shown(&mut stage, &["NODE", "node-9"]);
    stage.play("O g");
    assert!(stage.cursor().starts_with("b "), "{}", stage.screen());
    stage.play("< < < < <");
    assert!(stage.line(2).contains("READY") && !stage.line(2).contains('◂'), "{}", stage.screen());
}

#[test]
fn a_name_of_253_characters_breaks_nothing_and_keeps_both_its_ends() {
    let long = format!("begin-{}-end42", "x".repeat(241));
    assert_eq!(long.len(), 253);
    let mut stage = looking_at_pods(&["web", &long]);
    for (width, height) in [(40, 10), (80, 24), (160, 45), (200, 60)] {
        stage.resize(width, height);
        let row = stage.lines_with("begin-").remove(0);
        assert!(row.contains("-end42"), "{width}: {row}");
        assert_shown(&mut stage, &["READY", "web"]);
    }
}

#[test]
fn a_range_is_marked_from_the_last_mark_and_all_marks_are_taken_away_by_one_key() {
    let mut stage = looking_at_pods(&["a", "b", "c", "d", "e"]);
    stage.play("j <space> j V");
    assert_eq!(marked(&stage), ["b", "c", "d"]);
    assert_shown(&mut stage, &["3 marked"]);
    stage.play("g V");
    assert_eq!(marked(&stage), ["a", "b", "c", "d"], "a range also goes up, from where the last one ended");
    stage.play("ctrl-\\");
    assert_eq!(marked(&stage), [""; 0]);
    stage.play("G V");
    assert_eq!(marked(&stage), ["e"], "without a mark the range is the row itself");
}

#[test]
fn marks_survive_filter_and_order_and_a_range_never_begins_at_what_is_hidden() {
    let mut stage = looking_at_pods(&["web-1", "cart-1", "web-2", "cart-2"]);
    stage.play("<space> / web <ret> G <space>");
    assert_eq!(marked(&stage), ["web-2"], "of those that are seen");
    stage.play("<esc> <esc> N");
    assert_eq!(marked(&stage).len(), 2);
    stage.play("N S");
    assert_eq!(marked(&stage).len(), 2);
    stage.play("/ cart <ret> V");
    assert_shown(&mut stage, &["hidden by the filter"]);
    stage.play("<esc> <esc>");
    assert_eq!(marked(&stage).len(), 2);
}

/// What was wanted last of the watches.
fn specs(stage: &mut Stage) -> Vec<meshplay::cluster::watch::WatchSpec> {
    let watch = |effect| match effect {
        Effect::Inventory(inventory::work::Effect::Watch { specs, .. }) => Some(specs),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(watch).next_back().unwrap_or_default()
}

fn remembered(stage: &mut Stage) -> Memory {
    let memory = |effect| match effect {
        Effect::Remember(memory) => Some(memory),
        _ => None,
    };
    stage.wanted().into_iter().filter_map(memory).next_back().expect("something to be remembered")
}

fn namespace(name: &str) -> Row {
    let text = pods(&["x"]).remove(0);
    Row {
        uid: Uid::parse(&format!("namespace {name}")),
        gvk: Arc::new(Gvk::new("", "v1", "Namespace")),
        namespace: None,
        name: name.into(),
        cells: Box::new([meshplay::cluster::rows::Cell::Text("Active".into())]),
        ..text
    }
}

/// The namespaces of a cluster on the screen, after its pods.
fn looking_at_namespaces(names: &[&str]) -> Stage {
    let mut stage = looking_at_pods(&["a"]);
    let columns = [meshplay::cluster::rows::Column { name: "STATUS".into(), wide: false, right: false }];
    let mut delta = listed("pods", names.iter().map(|name| namespace(name)).collect());
    delta.columns = Some(Arc::new(columns));
    stage.play(": ns <ret>").rows("lab", delta);
    stage
}

#[test]
fn marked_namespaces_are_looked_at_together_by_the_kind_one_came_from() {
    let mut stage = looking_at_namespaces(&["cart", "default", "shop"]);
    stage.play("<space> j <space> <ret>");
    let specs = specs(&mut stage);
    assert_eq!((specs[0].view.as_str(), &specs[0].namespaces[..]), ("pods", &["cart".to_owned(), "shop".to_owned()][..]));
    assert!(stage.line(1).contains("cart,shop"), "{}", stage.line(1));
}

#[test]
fn a_pinned_namespace_keeps_its_digit_whatever_is_fullest_and_is_remembered() {
    let mut stage = looking_at_namespaces(&["cart", "default", "shop"]);
    stage.play("G * g *");
    assert_eq!(remembered(&mut stage).tables.pinned, ["shop", "cart"]);
    stage.resize(120, 36);
    assert!(stage.line(1).contains("1 shop  2 cart"), "{}", stage.line(1));
    let busy = (0..9).map(|at| pod(&format!("lab/busy/pod-{at}"), "1/1", "Running"));
    stage.play("<esc> : po <ret> 0").rows("lab", listed("pods", busy.chain([pod("lab/shop/web", "1/1", "Running")]).collect()));
    stage.resize(120, 120).play("<esc> ?");
    assert_shown(&mut stage, &["shop (pinned)"]);
    stage.play("<esc> 1");
    assert_eq!(specs(&mut stage)[0].namespaces, ["shop"]);
    stage.play("3");
    assert_eq!(specs(&mut stage)[0].namespaces, ["busy"]);
    // Pods are not pinned.
    stage.rows("lab", listed("pods", vec![pod("lab/busy/pod-1", "1/1", "Running")])).play("*");
    assert_shown(&mut stage, &["namespaces are pinned to digits"]);
}

#[test]
fn ten_thousand_namespaces_are_listed_and_too_many_marked_are_refused() {
    let names: Vec<String> = (0..10_000).map(|at| format!("team-{at:04}")).collect();
    let mut stage = looking_at_namespaces(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(stage.line(1).contains("10,000 rows"), "{}", stage.line(1));
    stage.play("<space> G V <ret>");
    assert_shown(&mut stage, &["at most 30 namespaces"]);
    stage.play("<esc> ctrl-\\ g <space> 5j V <ret>");
    assert_eq!(specs(&mut stage)[0].namespaces.len(), 7);
    assert!(stage.line(1).contains("7 namespaces"), "{}", stage.line(1));
}

#[test]
fn columns_are_hidden_carried_added_and_remembered_for_their_kind() {
    let mut stage = looking_at_pods(&["a"]);
    stage.resize(120, 36).play(": columns <ret>");
    assert_shown(&mut stage, &["columns of pods", "[x] READY", "[w] NODE", "[x] AGE"]);
    // READY goes, RESTARTS goes first.
    stage.play("<space> 2j 2K <ret>");
    let head = stage.line(2);
    assert!(!head.contains("READY") && head.find("RESTARTS") < head.find("STATUS"), "{head}");
    let memory = remembered(&mut stage);
    assert_eq!(memory.tables.columns["pods"][0].name, "RESTARTS");
    // Other kinds are as they were.
    stage.play(": svc <ret>").rows("lab", listed("services", vec![scene::service("lab/shop/web")]));
    assert!(stage.line(2).contains("TYPE"), "{}", stage.screen());
    // The next start knows.
    let mut later = Opening::kubeconfig(&["lab/shop"]).open(&["lab"]).remembering(memory).start();
    later.kinds(KINDS).play(": po <ret>").rows("lab", listed("pods", pods(&["a"])));
    let head = later.line(2);
    assert!(!head.contains("READY") && head.find("RESTARTS") < head.find("STATUS"), "{head}");
}

#[test]
fn a_column_of_ones_own_is_asked_of_the_servers_and_what_is_wrong_with_it_is_said() {
    let mut stage = looking_at_pods(&["a"]);
    stage.play(": columns <ret> a 'OWNER=.metadata.labels[?(@.x)]' <ret>");
    assert_shown(&mut stage, &["filters are not understood"]);
    stage.play("ctrl-u 'OWNER=label:team' <ret> <ret>");
    let asked = specs(&mut stage);
    assert_eq!((asked[0].columns[0].name.as_str(), asked[0].columns[0].path.as_str()), ("OWNER", "label:team"));
    let mut delta = listed("pods", pods(&["a"]));
    let own = meshplay::cluster::rows::Column { name: "OWNER".into(), wide: false, right: false };
    delta.columns = delta.columns.map(|columns| columns.iter().cloned().chain([own]).collect());
    for row in &mut delta.upserts {
        row.cells = row.cells.iter().cloned().chain([meshplay::cluster::rows::Cell::Text("payments".into())]).collect();
    }
    stage.resize(120, 36).rows("lab", delta);
    assert_shown(&mut stage, &["OWNER", "payments"]);
    // The same by the line; one of the kind's own names is refused.
    stage.play(": 'columns TEAM=.metadata.labels.team' <ret>");
    assert_eq!(specs(&mut stage)[0].columns.len(), 2);
    stage.play(": 'columns STATUS=.status.phase' <ret>");
    assert_shown(&mut stage, &["there is a column STATUS already"]);
}

#[test]
fn a_view_is_saved_with_all_that_makes_it_and_found_again() {
    let mut stage = looking_at_pods(&["web-1", "web-2", "cart-1"]);
    stage.play("/ web <ret> ! : 'columns TEAM=label:team' <ret>").rows("lab", listed("pods", pods(&["web-1"])));
    stage.play("> > O : 'save mine' <ret>");
    assert_shown(&mut stage, &["saved as mine"]);
    let saved = remembered(&mut stage).tables.views["mine"].clone();
    assert_eq!(
        (saved.filter.as_str(), saved.trouble, saved.order.as_ref().unwrap().by.as_str(), saved.contexts.as_slice()),
        ("web", true, "STATUS", &["lab".to_owned()][..])
    );
    stage.play(": svc <ret>").rows("lab", listed("services", vec![scene::service("lab/shop/web")]));
    stage.play(",s");
    assert_shown(&mut stage, &["saved views", "mine", "pods shop /web trouble only @lab"]);
    stage.wanted();
    stage.play("<ret>");
    let asked = specs(&mut stage);
    assert_eq!((asked[0].view.as_str(), asked[0].columns.len()), ("pods", 1));
    stage.rows("lab", listed("pods", pods(&["web-1"])));
    for part in ["pods", "/web", "trouble only", "status↑"] {
        assert!(stage.line(1).contains(part), "{part}: {}", stage.line(1));
    }
    stage.play(": 'unsave mine' <ret> ,s");
    assert_shown(&mut stage, &[":save NAME keeps this one", "what is broken, why and since when"]);
    stage.play("<esc> : 'view nothing' <ret>");
    assert_shown(&mut stage, &["no view is saved as nothing"]);
}

#[test]
fn a_table_is_written_to_files_and_it_is_said_where_or_why_not() {
    let mut stage = looking_at_pods(&["web-1", "web-2", "cart-1"]);
    stage.play("/ web <ret> ctrl-s");
    let saved = wanted(&mut stage).into_iter().find_map(|effect| match effect {
        Effect::Inventory(inventory::work::Effect::Save { name, columns, rows, .. }) => Some((name, columns.len(), rows.len())),
        _ => None,
    });
    assert_eq!(saved, Some(("pods-shop".into(), scene::columns("pods").len(), 2)), "what is seen, with all columns");
    assert_shown(&mut stage, &["saving"]);
    let full = Problem::new("table.unwritten", "the table was not saved to /data", "No space left on device (os error 28)").hint("make room");
    stage.report(inventory_report(inventory::work::Report::Saved(Err(full))));
    assert_shown(&mut stage, &["the table was not saved to /data"]);
    assert_not_shown(&mut stage, &["saving"]);
    stage.report(inventory_report(inventory::work::Report::Saved(Ok("saved 2 rows as /data/pods.csv and .json".into()))));
    assert_shown(&mut stage, &["saved 2 rows as /data/pods.csv"]);
}
