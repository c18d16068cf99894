//! Rights in a real API server: what one may do oneself and who else may do something, beside what kubectl says of both.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::*;

/// Resource, names, and verbs, as `kubectl auth can-i --list` prints them: its columns are told apart by brackets.
fn listed(text: &str) -> BTreeMap<(String, String), BTreeSet<String>> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<BTreeSet<String>>();
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (resource, rest) = line.split_once('[').unwrap();
        let parts: Vec<&str> = rest.split(['[', ']']).map(str::trim).collect();
        let (urls, names, verbs) = (parts[0], parts[2], parts[4]);
        // A part of a resource stands before the group there.
        let resource = match resource.trim().split_once('/') {
            Some((plural, part)) => match part.split_once('.') {
                Some((part, group)) => format!("{plural}.{group}/{part}"),
                None => format!("{plural}/{part}"),
            },
            None => resource.trim().to_owned(),
        };
        for what in if urls.is_empty() { vec![resource] } else { urls.split(' ').map(str::to_owned).collect() } {
            all.entry((what, names.to_owned())).or_default().extend(words(verbs));
        }
    }
    all
}

/// The same from our rows.
fn told(seen: &Seen) -> BTreeMap<(String, String), BTreeSet<String>> {
    let columns = seen.columns.as_ref().unwrap();
    let mut all: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for row in seen.rows.values() {
        let cell = |name: &str| row.cells[columns.iter().position(|column| &*column.name == name).unwrap()].show(0).into_owned();
        let others: BTreeSet<String> = cell("OTHER").split_whitespace().map(str::to_owned).collect();
        let own = ["GET", "LIST", "WATCH", "CREATE", "UPDATE", "PATCH", "DELETE"].into_iter().filter(|name| cell(name) == "yes");
        let verbs = if others.contains("*") { BTreeSet::from(["*".to_owned()]) } else { own.map(str::to_lowercase).chain(others).collect() };
        all.entry((row.name.to_string(), cell("ONLY"))).or_default().extend(verbs);
    }
    all
}

#[tokio::test]
async fn what_one_may_do_is_what_kubectl_lists() {
    let Some(real) = Real::find("what_one_may_do_is_what_kubectl_lists") else { return };
    let (fleet, cluster) = real.fleet();
    let (mut rights, mut seen) = (real.watch(&fleet, &cluster, "can"), Seen::default());
    seen.synced(&mut rights).await;
    let mut kubectl = listed(&real.says(&["auth", "can-i", "--list"], ""));
    // Of verbs beside `*` nothing more is to be said.
    kubectl.values_mut().filter(|verbs| verbs.contains("*")).for_each(|verbs| *verbs = BTreeSet::from(["*".to_owned()]));
    assert!(kubectl.len() > 3, "{kubectl:?}");
    assert_eq!(told(&seen), kubectl);
}

/// Who is asked about: what kubectl is told, and the subjects it is, among them the groups the API server gives it.
struct Person {
    flags: Vec<String>,
    subjects: Vec<String>,
}

#[tokio::test]
async fn who_may_do_something_is_who_kubectl_says_may() {
    let Some(real) = Real::find("who_may_do_something_is_who_kubectl_says_may") else { return };
    let (fleet, cluster) = real.fleet();
    let create = |object: serde_json::Value| _ = real.says(&["create", "-f", "-"], &object.to_string());
    let rbac = |kind: &str, name: &str, rest: serde_json::Value| {
        let mut object = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}});
        object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        object
    };
    let rule = |groups: &[&str], resources: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": resources, "verbs": verbs});
    let mut named = rule(&[""], &["configmaps"], &["get"]);
    named["resourceNames"] = json!(["one"]);
    create(json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "bot"}}));
    create(rbac(
        "Role",
        "reader",
        json!({"rules": [rule(&[""], &["pods", "pods/log"], &["get", "list"]), rule(&["apps"], &["*/scale"], &["update"]), named]}),
    ));
    create(rbac("Role", "owner", json!({"rules": [rule(&["*"], &["*"], &["*"])]})));
    let subject = |kind: &str, name: &str| json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"});
    let role = |kind: &str, name: &str| json!({"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"});
    let account = json!({"kind": "ServiceAccount", "name": "bot", "namespace": real.namespace});
    create(rbac("RoleBinding", "readers", json!({"roleRef": role("Role", "reader"), "subjects": [account, subject("User", "jane")]})));
    create(rbac("RoleBinding", "owners", json!({"roleRef": role("Role", "owner"), "subjects": [subject("Group", "ops")]})));
    // Its rules are put together by a controller from those of other roles.
    create(rbac("RoleBinding", "viewers", json!({"roleRef": role("ClusterRole", "view"), "subjects": [subject("User", "bob")]})));

    let full = format!("system:serviceaccount:{}:bot", real.namespace);
    let person = |flags: &[&str], subjects: &[&str]| Person {
        flags: flags.iter().map(|word| (*word).to_owned()).collect(),
        subjects: subjects.iter().copied().chain(["Group system:authenticated"]).map(str::to_owned).collect(),
    };
    let bot = format!("ServiceAccount {}/bot", real.namespace);
    let people = [
        person(&["--as", &full], &[&bot, "Group system:serviceaccounts"]),
        person(&["--as", "jane"], &["User jane"]),
        person(&["--as", "bob"], &["User bob"]),
        person(&["--as", "eve", "--as-group", "ops", "--as-group", "system:authenticated"], &["User eve", "Group ops"]),
        // A group may be called like a user.
        person(&["--as", "nobody"], &["User nobody"]),
        person(&["--as", "root", "--as-group", "system:masters"], &["User root", "Group system:masters"]),
    ];
    let questions = [
        "get pods",
        "delete pods",
        "get pods/log",
        "update deployments.apps/scale",
        "update deployments.apps",
        "get configmaps",
        "get configmaps one",
        "get secrets",
    ];
    for question in questions {
        let (mut who, mut seen) = (real.watch(&fleet, &cluster, &format!("can {question}")), Seen::default());
        seen.synced(&mut who).await;
        let columns = seen.columns.clone().unwrap();
        let may = |person: &Person| {
            seen.rows.values().any(|row| {
                let cell = |name: &str| row.cells[columns.iter().position(|column| &*column.name == name).unwrap()].show(0).into_owned();
                // To some objects is not to any.
                person.subjects.contains(&format!("{} {}", cell("KIND"), cell("SUBJECT"))) && !cell("MESSAGE").starts_with("only ")
            })
        };
        let words: Vec<&str> = question.split(' ').collect();
        let (resource, part) = words[1].split_once('/').unwrap_or((words[1], ""));
        let resource = words.get(2).map_or_else(|| resource.to_owned(), |name| format!("{resource}/{name}"));
        for person in &people {
            let mut arguments = vec!["auth", "can-i", words[0], &resource];
            let part = format!("--subresource={part}");
            arguments.extend((part.len() > "--subresource=".len()).then_some(part.as_str()));
            arguments.extend(person.flags.iter().map(String::as_str));
            let said = real.command(&arguments).output().unwrap();
            let said = String::from_utf8_lossy(&said.stdout).trim().to_owned();
            assert_eq!(if may(person) { "yes" } else { "no" }, said.split(' ').next().unwrap(), "{question} {:?}: {:#?}", person.flags, seen.rows);
        }
        let own = real.command(&["auth", "can-i", words[0], &resource]).output().unwrap();
        assert_eq!(seen.cell("you", "MESSAGE").unwrap().split(':').next(), Some(String::from_utf8_lossy(&own.stdout).trim()), "{question}");
    }
    // A role that changes changes who may.
    let (mut who, mut seen) = (real.watch(&fleet, &cluster, "can get pods"), Seen::default());
    seen.until("the reader", &mut who, |seen| seen.cell("readers", "ROLE").as_deref() == Some("Role reader")).await;
    real.says(&["delete", "role", "reader"], "");
    seen.until("the reader's end", &mut who, |seen| seen.row("readers").is_none()).await;
}
