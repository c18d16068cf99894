//! Two real control planes side by side: one table, told apart, each with a life of its own.

use std::collections::BTreeSet;

use meshplay::cluster::filter::Filter;
use meshplay::cluster::table::Table;
use serde_json::json;

use super::*;

/// Rows of both clusters in one table, by cluster and name.
fn placed(table: &Table) -> BTreeSet<(String, String)> {
    (0..table.visible()).filter_map(|at| table.row(at)).map(|row| (row.cluster.to_string(), row.name.to_string())).collect()
}

/// Takes what a subscription yields into the table until it is as wanted.
async fn gather(what: &str, table: &mut Table, from: &ClusterId, subscription: &mut Subscription, wanted: impl Fn(&Table) -> bool) {
    let taken = async {
        while !wanted(table) {
            let delta = subscription.next().await.expect("a subscription does not end");
            table.apply(from, delta);
        }
    };
    until(what, taken).await;
}

#[tokio::test]
async fn two_real_clusters_share_a_table_and_nothing_else() {
    let test = "two_real_clusters_share_a_table_and_nothing_else";
    let (Some(one), Some(other)) = (Real::find(test), Real::second(test)) else { return };
    let (_folder, both) = fault::write(&merged(&one, &other));
    let fleet = Fleet::open(FleetOptions { kubeconfigs: vec![both], ..FleetOptions::default() }).unwrap();
    let (left, right) = (id("left"), id("right"));
    for cluster in [&left, &right] {
        fleet.connect(cluster);
        health(&fleet, cluster, Health::Ready).await;
    }
    let map = |name: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}).to_string();
    one.says(&["create", "-f", "-"], &map("same"));
    other.says(&["create", "-f", "-"], &map("same"));
    other.says(&["create", "-f", "-"], &map("only-right"));

    let mut table = Table::new();
    let (mut lefts, mut rights) = (one.watch(&fleet, &left, "cm"), other.watch(&fleet, &right, "cm"));
    let has = |table: &Table, cluster: &str, name: &str| placed(table).contains(&(cluster.to_owned(), name.to_owned()));
    gather("the left one's map", &mut table, &left, &mut lefts, |table| has(table, "left", "same")).await;
    gather("the right one's maps", &mut table, &right, &mut rights, |table| has(table, "right", "same") && has(table, "right", "only-right")).await;
    table.set_filter(Filter::parse("@left same").unwrap());
    assert_eq!(placed(&table), BTreeSet::from([("left".to_owned(), "same".to_owned())]));
    table.set_filter(Filter::parse("same").unwrap());
    assert_eq!(table.visible(), 2);

    // What is done to one is not done to its namesake.
    let key = (0..table.visible()).filter_map(|at| table.row(at)).find(|row| row.cluster == right).unwrap().key();
    fleet.delete(&key).await.unwrap();
    gather("the end of the right one", &mut table, &right, &mut rights, |table| !has(table, "right", "same")).await;
    assert!(one.says(&["get", "cm", "same", "-o", "name"], "").contains("same"));
}

/// One kubeconfig of two, with contexts `left` and `right`, as `kubectl config view --flatten` writes each.
pub fn merged(left: &Real, right: &Real) -> String {
    let mut all = json!({"apiVersion": "v1", "kind": "Config", "current-context": "left", "clusters": [], "users": [], "contexts": []});
    for (name, real) in [("left", left), ("right", right)] {
        let text = real.says(&["config", "view", "--flatten", "--minify", "-o", "json"], "");
        let own: serde_json::Value = serde_json::from_str(&text).unwrap();
        let part = |list: &str, inner: &str| json!({"name": name, inner: own[list][0][inner]});
        for (list, inner) in [("clusters", "cluster"), ("users", "user")] {
            all[list].as_array_mut().unwrap().push(part(list, inner));
        }
        all["contexts"].as_array_mut().unwrap().push(json!({"name": name, "context": {"cluster": name, "user": name}}));
    }
    all.to_string()
}
