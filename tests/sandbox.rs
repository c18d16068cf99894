//! The contract of an API server, as far as the sandbox keeps it: every check is written once and runs against the sandbox and against a real server.
//! What only the sandbox does, and what `kubectl` sees of it, stands at the end.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test ends here when something is wrong"
)]

#[path = "sandbox/behind.rs"]
mod behind;
#[path = "sandbox/permute.rs"]
mod permute;
#[path = "support/process.rs"]
mod process;
#[path = "support/real.rs"]
mod real;
#[path = "sandbox/script.rs"]
mod script;
#[path = "support/server.rs"]
mod server;
#[path = "sandbox/story.rs"]
mod story;
#[path = "support/until.rs"]
mod until;
#[path = "sandbox/ways.rs"]
mod ways;

use http::Method;
use serde_json::{Value, json};
use server::{JSON, JSON_PATCH, MERGE, Server, TABLE, names, version};

/// Makes a test of every check for each of the two servers.
macro_rules! contract {
    ($($check:ident)*) => {
        mod in_the_sandbox {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $check() { super::Server::sandbox().await.holds(super::$check).await })*
        }
        mod on_a_real_server {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $check() {
                let Some(kubeconfig) = super::real::cluster(concat!("on_a_real_server::", stringify!($check))) else { return };
                super::Server::real(&kubeconfig).await.holds(super::$check).await
            })*
        }
    };
}

contract! {
    discovery_names_groups_and_resources
    aggregated_discovery_is_one_answer
    pages_are_of_one_version_and_lose_nothing
    a_watch_goes_on_from_a_version
    a_watch_of_a_selection_sees_objects_come_and_go
    a_watch_ends_in_time_and_says_where_it_was
    a_streaming_list_ends_with_its_bookmark
    tables_have_the_columns_of_kubectl
    tables_are_watched_too
    labels_and_fields_select
    objects_are_created_once_and_stamped
    updates_are_refused_when_they_are_late
    patches_do_what_their_rfcs_say
    deletion_means_the_very_object
    refusals_are_statuses
    a_deployment_has_its_pods_and_scales
    a_namespace_takes_everything_with_it
}

// Discovery.

async fn discovery_names_groups_and_resources(server: &Server) {
    let core = server.get("/api").await.expect(200);
    assert_eq!((&core["kind"], &core["versions"][0]), (&json!("APIVersions"), &json!("v1")));
    let groups = server.get("/apis").await.expect(200);
    let apps = of_name(&groups["groups"], "name", "apps");
    assert_eq!((&groups["kind"], &apps["preferredVersion"]["groupVersion"]), (&json!("APIGroupList"), &json!("apps/v1")));
    let group = server.get("/apis/apps").await.expect(200);
    assert_eq!((&group["kind"], &group["name"], &group["versions"]), (&json!("APIGroup"), &json!("apps"), &apps["versions"]));

    let list = server.get("/api/v1").await.expect(200);
    assert_eq!((&list["kind"], &list["groupVersion"]), (&json!("APIResourceList"), &json!("v1")));
    let maps = of_name(&list["resources"], "name", "configmaps");
    assert_eq!((&maps["kind"], &maps["namespaced"], &maps["shortNames"]), (&json!("ConfigMap"), &json!(true), &json!(["cm"])));
    for verb in ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] {
        assert!(maps["verbs"].as_array().unwrap().contains(&json!(verb)), "{verb}");
    }
    assert_eq!(of_name(&list["resources"], "name", "nodes")["namespaced"], false);
    assert_eq!(of_name(&list["resources"], "name", "pods/log")["kind"], "Pod");
    let scale = of_name(&server.get("/apis/apps/v1").await.expect(200)["resources"], "name", "deployments/scale");
    assert_eq!((&scale["kind"], &scale["group"], &scale["version"]), (&json!("Scale"), &json!("autoscaling"), &json!("v1")));

    assert!(server.get("/version").await.expect(200)["gitVersion"].as_str().unwrap().starts_with("v1."));
    assert_eq!(server.get("/readyz").await.text, "ok");
}

async fn aggregated_discovery_is_one_answer(server: &Server) {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let core = server.get_as("/api", accept).await;
    assert!(core.content_type.contains("as=APIGroupDiscoveryList"), "{}", core.content_type);
    assert_eq!(core.expect(200)["kind"], "APIGroupDiscoveryList");
    let version = &core.json()["items"][0]["versions"][0];
    let pods = of_name(&version["resources"], "resource", "pods");
    assert_eq!((&version["version"], &pods["responseKind"]["kind"], &pods["scope"]), (&json!("v1"), &json!("Pod"), &json!("Namespaced")));
    assert_eq!(of_name(&version["resources"], "resource", "nodes")["scope"], "Cluster");

    let groups = server.get_as("/apis", accept).await.expect(200);
    let apps = groups["items"].as_array().unwrap().iter().find(|item| item["metadata"]["name"] == "apps").unwrap();
    let deployments = of_name(&apps["versions"][0]["resources"], "resource", "deployments");
    assert_eq!(deployments["shortNames"], json!(["deploy"]));
    assert_eq!(deployments["singularResource"], "deployment");
    let scale = of_name(&deployments["subresources"], "subresource", "scale");
    assert_eq!(scale["responseKind"], json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}));
}

fn of_name(list: &Value, key: &str, name: &str) -> Value {
    list.as_array().unwrap().iter().find(|item| item[key] == name).unwrap_or_else(|| panic!("no {name} in {list}")).clone()
}

// Lists and watches.

async fn pages_are_of_one_version_and_lose_nothing(server: &Server) {
    for name in ["a", "b", "c", "d", "e"] {
        server.config_map(name, json!({"page": "yes"})).await;
    }
    let path = server.path("v1", "configmaps");
    let only = "labelSelector=page%3Dyes&limit=2";
    let first = server.get(&format!("{path}?{only}")).await.expect(200);
    assert_eq!((&first["kind"], names(&first)), (&json!("ConfigMapList"), vec!["a", "b"]));
    // What happens between two pages to an object that was on the first must not be lost to a watch that begins after the last.
    server.patch(&format!("{path}/a"), MERGE, &json!({"data": {"key": "2"}})).await.expect(200);
    let (mut found, mut list) = (Vec::new(), first.clone());
    loop {
        assert_eq!(version(&list), version(&first), "all pages are of one version");
        found.extend(names(&list).into_iter().map(str::to_owned));
        let Some(token) = list["metadata"]["continue"].as_str().filter(|token| !token.is_empty()).map(str::to_owned) else { break };
        let token: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
        list = server.get(&format!("{path}?{only}&continue={token}")).await.expect(200);
    }
    assert_eq!(found, ["a", "b", "c", "d", "e"]);
    let mut watch = server.watch(&path, &format!("&labelSelector=page%3Dyes&resourceVersion={}", version(&list)), JSON).await;
    assert_eq!(watch.brief().await, ("MODIFIED".into(), "a".into()));
    server.get(&format!("{path}?limit=2&continue=nonsense")).await.refuses(400, "BadRequest");
}

async fn a_watch_goes_on_from_a_version(server: &Server) {
    let path = server.path("v1", "configmaps");
    // A real server puts a map of its own into every new namespace.
    let ours = json!({"ours": "yes"});
    server.config_map("before", ours.clone()).await;
    let from = version(&server.get(&path).await.expect(200));
    let mut watch = server.watch(&path, &format!("&labelSelector=ours%3Dyes&resourceVersion={from}"), JSON).await;
    server.config_map("one", ours).await;
    server.patch(&format!("{path}/one"), MERGE, &json!({"data": {"key": "2"}})).await.expect(200);
    server.delete(&format!("{path}/one"), &json!({})).await.expect(200);
    let mut versions = vec![from];
    for (wanted, data) in [("ADDED", "1"), ("MODIFIED", "2"), ("DELETED", "2")] {
        let (what, object) = watch.object().await;
        let said = (what.as_str(), &object["kind"], &object["metadata"]["name"], &object["data"]["key"]);
        assert_eq!(said, (wanted, &json!("ConfigMap"), &json!("one"), &json!(data)));
        versions.push(version(&object));
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    // One that begins late sees the same again, and only what came after.
    let mut late = server.watch(&path, &format!("&labelSelector=ours%3Dyes&resourceVersion={}", versions[1]), JSON).await;
    assert_eq!((late.brief().await.0, late.brief().await.0), ("MODIFIED".to_owned(), "DELETED".to_owned()));
    // One that says no version begins with what there is.
    let mut fresh = server.watch(&path, "&fieldSelector=metadata.name%3Dbefore", JSON).await;
    assert_eq!(fresh.brief().await, ("ADDED".into(), "before".into()));
}

async fn a_watch_of_a_selection_sees_objects_come_and_go(server: &Server) {
    let path = server.path("v1", "configmaps");
    let from = version(&server.config_map("one", json!({"app": "b"})).await);
    let mut watch = server.watch(&path, &format!("&labelSelector=app%3Da&resourceVersion={from}"), JSON).await;
    let label = async |app: &str| server.patch(&format!("{path}/one"), MERGE, &json!({"metadata": {"labels": {"app": app}}})).await.expect(200);
    label("a").await;
    let last = version(&label("b").await);
    assert_eq!(watch.brief().await, ("ADDED".into(), "one".into()));
    let (what, object) = watch.object().await;
    // It is told as it was when it still belonged here, with the version of the change that took it away.
    assert_eq!((what.as_str(), &object["metadata"]["labels"]["app"], version(&object)), ("DELETED", &json!("a"), last));
}

async fn a_watch_ends_in_time_and_says_where_it_was(server: &Server) {
    let path = server.path("v1", "configmaps");
    let from = version(&server.config_map("one", json!({})).await);
    let query = format!("&resourceVersion={from}&fieldSelector=metadata.name%3Done&allowWatchBookmarks=true&timeoutSeconds=4");
    let mut watch = server.watch(&path, &query, JSON).await;
    // Something nobody here watches: the watch need not see it, and still must not ask for it again.
    let other = version(&server.config_map("other", json!({})).await);
    let event = watch.next().await.expect("a bookmark before the end");
    let object = &event["object"];
    assert_eq!((&event["type"], &object["kind"], &object["apiVersion"]), (&json!("BOOKMARK"), &json!("ConfigMap"), &json!("v1")));
    assert!(version(object) >= other);
    // When its time is over it ends, maybe after another bookmark.
    while let Some(event) = watch.next().await {
        assert_eq!(event["type"], "BOOKMARK");
    }
}

const STREAMED: &str = "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

async fn a_streaming_list_ends_with_its_bookmark(server: &Server) {
    let path = server.path("v1", "configmaps");
    for name in ["a", "b"] {
        server.config_map(name, json!({"streamed": "yes"})).await;
    }
    let mut watch = server.watch(&path, &format!("{STREAMED}&labelSelector=streamed"), JSON).await;
    for name in ["a", "b"] {
        assert_eq!(watch.brief().await, ("ADDED".into(), name.into()));
    }
    let end = watch.next().await.unwrap();
    assert_eq!((&end["type"], &end["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"]), (&json!("BOOKMARK"), &json!("true")));
    let made = server.config_map("c", json!({"streamed": "yes"})).await;
    assert!(version(&made) > version(&end["object"]));
    assert_eq!(watch.brief().await, ("ADDED".into(), "c".into()));
    let alone = server.get(&format!("{path}?watch=1&sendInitialEvents=true&allowWatchBookmarks=true")).await;
    alone.refuses(422, "Invalid");
}

// Tables.

async fn tables_have_the_columns_of_kubectl(server: &Server) {
    server.config_map("one", json!({})).await;
    let path = server.path("v1", "configmaps");
    for (path, found) in
        [(format!("{path}?fieldSelector=metadata.name%3Done"), 1), (format!("{path}/one"), 1), (format!("{path}?labelSelector=none"), 0)]
    {
        let table = server.get_as(&path, TABLE).await.expect(200);
        assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
        assert_eq!(columns(&table, 0), ["Name", "Data", "Age"]);
        assert_eq!(table["rows"].as_array().unwrap().len(), found);
    }
    let table = server.get_as(&format!("{path}/one"), TABLE).await.expect(200);
    let row = &table["rows"][0];
    assert_eq!((&row["cells"][0], &row["cells"][1], row["cells"].as_array().unwrap().len()), (&json!("one"), &json!(1), 3));
    assert_eq!((&row["object"]["kind"], &row["object"]["metadata"]["name"]), (&json!("PartialObjectMetadata"), &json!("one")));
    assert_eq!(row["object"]["metadata"]["namespace"], server.namespace);
    let with = async |what: &str| server.get_as(&format!("{path}/one?includeObject={what}"), TABLE).await.expect(200)["rows"][0]["object"].clone();
    assert_eq!(with("Object").await["data"]["key"], "1");
    assert_eq!(with("None").await, Value::Null);

    let kinds = [
        ("v1", "pods", "Name Ready Status Restarts Age", "IP Node Nominated Node Readiness Gates"),
        ("v1", "services", "Name Type Cluster-IP External-IP Port(s) Age", "Selector"),
        ("v1", "secrets", "Name Type Data Age", ""),
        ("apps/v1", "deployments", "Name Ready Up-to-date Available Age", "Containers Images Selector"),
        ("apps/v1", "replicasets", "Name Desired Current Ready Age", "Containers Images Selector"),
        ("apps/v1", "statefulsets", "Name Ready Age", "Containers Images"),
    ];
    for (group_version, plural, narrow, wide) in kinds {
        let table = server.get_as(&server.path(group_version, plural), TABLE).await.expect(200);
        assert_eq!((columns(&table, 0).join(" ").as_str(), columns(&table, 1).join(" ").as_str()), (narrow, wide), "{plural}");
    }
}

/// Names of a Table's columns of that priority; those of 1 are for the wide view.
fn columns(table: &Value, priority: i64) -> Vec<String> {
    let all = table["columnDefinitions"].as_array().unwrap().iter();
    all.filter(|column| column["priority"] == priority).map(|column| column["name"].as_str().unwrap().to_owned()).collect()
}

async fn tables_are_watched_too(server: &Server) {
    let path = server.path("v1", "configmaps");
    for name in ["a", "b"] {
        server.config_map(name, json!({"tabled": "yes"})).await;
    }
    let mut watch = server.watch(&path, &format!("{STREAMED}&labelSelector=tabled"), TABLE).await;
    let mut next = async || watch.next().await.map(|event| (event["type"].as_str().unwrap().to_owned(), event["object"].clone())).unwrap();
    let (what, table) = next().await;
    assert_eq!((what.as_str(), &table["kind"], &table["rows"][0]["cells"][0]), ("ADDED", &json!("Table"), &json!("a")));
    assert_eq!(columns(&table, 0), ["Name", "Data", "Age"], "the first event says what the columns are");
    let (_, table) = next().await;
    assert_eq!((&table["columnDefinitions"], &table["rows"][0]["cells"][0]), (&Value::Null, &json!("b")), "the next do not");
    let (what, table) = next().await;
    let metadata = &table["rows"][0]["object"]["metadata"];
    assert_eq!((what.as_str(), &metadata["annotations"]["k8s.io/initial-events-end"]), ("BOOKMARK", &json!("true")));
    server.delete(&format!("{path}/a"), &json!({})).await.expect(200);
    let (what, table) = next().await;
    assert_eq!((what.as_str(), &table["rows"][0]["cells"][0]), ("DELETED", &json!("a")));
    // Where there is nothing, the bookmark is the first event and has to say it.
    let mut empty = server.watch(&path, &format!("{STREAMED}&labelSelector=nothing"), TABLE).await;
    let event = empty.next().await.unwrap();
    assert_eq!((&event["type"], columns(&event["object"], 0)), (&json!("BOOKMARK"), vec!["Name".into(), "Data".into(), "Age".into()]));
}

async fn labels_and_fields_select(server: &Server) {
    for (name, labels) in [("one", json!({"app": "a", "tier": "x"})), ("two", json!({"app": "b"})), ("three", json!({"tier": "x"}))] {
        server.config_map(name, labels).await;
    }
    let path = server.path("v1", "configmaps");
    let select = async |kind: &str, text: &str| {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        server.get(&format!("{path}?{kind}Selector={text}")).await
    };
    // A real server puts a certificate into every namespace.
    let mine = |list: Value| names(&list).into_iter().filter(|name| *name != "kube-root-ca.crt").map(str::to_owned).collect::<Vec<_>>().join(" ");
    for (text, wanted) in [
        ("app=a", "one"),
        ("app==a", "one"),
        ("app", "one two"),
        ("app!=a", "three two"),
        ("!app", "three"),
        ("app=a,tier=x", "one"),
        ("tier=x,!app", "three"),
        ("app in (a,b)", "one two"),
        ("app in (a, c),tier", "one"),
        ("app notin (a)", "three two"),
    ] {
        assert_eq!(mine(select("label", text).await.expect(200)), wanted, "{text}");
    }
    for (text, wanted) in
        [("metadata.name=two", "two"), ("metadata.name!=two", "one three"), (&format!("metadata.namespace={}", server.namespace), "one three two")]
    {
        assert_eq!(mine(select("field", text).await.expect(200)), wanted, "{text}");
    }
    select("label", "a b").await.refuses(400, "BadRequest");
    select("field", "data.key=1").await.refuses(400, "BadRequest");
}

// Writing.

async fn objects_are_created_once_and_stamped(server: &Server) {
    let path = server.path("v1", "configmaps");
    let made = server.config_map("one", json!({})).await;
    let metadata = &made["metadata"];
    assert_eq!((&made["kind"], &made["apiVersion"], &metadata["namespace"]), (&json!("ConfigMap"), &json!("v1"), &json!(server.namespace)));
    assert_eq!(metadata["uid"].as_str().unwrap().len(), 36);
    assert!(metadata["creationTimestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(server.get(&format!("{path}/one")).await.expect(200)["metadata"]["uid"], metadata["uid"]);
    let again = server.post(&path, &json!({"metadata": {"name": "one"}})).await.refuses(409, "AlreadyExists");
    assert_eq!(again["message"], "configmaps \"one\" already exists");

    let generated = async || {
        let made = server.post(&path, &json!({"metadata": {"generateName": "some-"}})).await.expect(201);
        made["metadata"]["name"].as_str().unwrap().to_owned()
    };
    let (a, b) = (generated().await, generated().await);
    assert!(a.starts_with("some-") && a.len() > 5 && a != b, "{a} {b}");

    let dry = server.post(&format!("{path}?dryRun=All"), &json!({"metadata": {"name": "dry"}})).await.expect(201);
    assert_eq!(dry["metadata"]["name"], "dry");
    server.get(&format!("{path}/dry")).await.refuses(404, "NotFound");
}

async fn updates_are_refused_when_they_are_late(server: &Server) {
    let path = format!("{}/one", server.path("v1", "configmaps"));
    let first = server.config_map("one", json!({})).await;
    let with = |data: &str, from: &Value| {
        let mut object = from.clone();
        object["data"]["key"] = json!(data);
        object
    };
    let second = server.put(&path, &with("2", &first)).await.expect(200);
    assert!(version(&second) > version(&first));
    assert_eq!(second["metadata"]["uid"], first["metadata"]["uid"]);
    let late = server.put(&path, &with("3", &first)).await.refuses(409, "Conflict");
    assert!(late["message"].as_str().unwrap().contains("the object has been modified"), "{late}");
    let mut any = with("4", &second);
    any["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let fourth = server.put(&path, &any).await.expect(200);
    assert_eq!(version(&server.put(&path, &fourth).await.expect(200)), version(&fourth), "what changes nothing makes no version");
    let mut other = fourth.clone();
    other["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    server.put(&path, &other).await.refuses(409, "Conflict");
    let mut renamed = fourth;
    renamed["metadata"]["name"] = json!("two");
    server.put(&path, &renamed).await.refuses(400, "BadRequest");
    let nothing = json!({"metadata": {"name": "nothing"}});
    server.put(&format!("{}/nothing", server.path("v1", "configmaps")), &nothing).await.refuses(404, "NotFound");
}

async fn patches_do_what_their_rfcs_say(server: &Server) {
    let path = format!("{}/one", server.path("v1", "configmaps"));
    let first = server.config_map("one", json!({"a": "1"})).await;
    let merged = server.patch(&path, MERGE, &json!({"metadata": {"labels": {"a": null, "b": "2"}}, "data": {"more": "x"}})).await.expect(200);
    assert_eq!((&merged["metadata"]["labels"], &merged["data"]), (&json!({"b": "2"}), &json!({"key": "1", "more": "x"})));
    let steps = json!([{"op": "test", "path": "/data/key", "value": "1"}, {"op": "replace", "path": "/data/key", "value": "5"}, {"op": "remove", "path": "/data/more"}]);
    let stepped = server.patch(&path, JSON_PATCH, &steps).await.expect(200);
    assert_eq!(stepped["data"], json!({"key": "5"}));
    // Neither a failed test nor an impossible step leaves a trace.
    for step in [
        json!([{"op": "replace", "path": "/data/key", "value": "6"}, {"op": "test", "path": "/data/key", "value": "1"}]),
        json!([{"op": "remove", "path": "/data/nothing"}]),
    ] {
        server.patch(&path, JSON_PATCH, &step).await.refuses(422, "Invalid");
    }
    assert_eq!(version(&server.get(&path).await.expect(200)), version(&stepped));
    let late = json!({"metadata": {"resourceVersion": first["metadata"]["resourceVersion"]}, "data": {"key": "7"}});
    server.patch(&path, MERGE, &late).await.refuses(409, "Conflict");
    server.patch(&path, JSON_PATCH, &json!({"data": {}})).await.refuses(400, "BadRequest");
    server.send(Method::PATCH, &path, JSON, MERGE, "{\"data\":").await.refuses(400, "BadRequest");
    server.send(Method::PATCH, &path, JSON, "application/whatever", "{}").await.refuses(415, "UnsupportedMediaType");
    server.patch(&format!("{path}-not"), MERGE, &json!({})).await.refuses(404, "NotFound");
}

async fn deletion_means_the_very_object(server: &Server) {
    let collection = server.path("v1", "configmaps");
    let path = format!("{collection}/one");
    let made = server.config_map("one", json!({"app": "a"})).await;
    let condition = |key: &str, value: &Value| json!({"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {key: value}});
    server.delete(&path, &condition("uid", &json!("00000000-0000-4000-8000-000000000000"))).await.refuses(409, "Conflict");
    server.delete(&path, &condition("resourceVersion", &json!("1"))).await.refuses(409, "Conflict");
    server.delete(&path, &json!({"dryRun": ["All"]})).await.expect(200);
    server.get(&path).await.expect(200);
    let gone = server.delete(&path, &condition("uid", &made["metadata"]["uid"])).await.expect(200);
    let said = (&gone["kind"], &gone["status"], &gone["details"]["name"], &gone["details"]["uid"]);
    assert_eq!(said, (&json!("Status"), &json!("Success"), &json!("one"), &made["metadata"]["uid"]));
    let missing = server.delete(&path, &json!({})).await.refuses(404, "NotFound");
    assert_eq!(missing["details"], json!({"name": "one", "kind": "configmaps"}));

    for (name, app) in [("x", "a"), ("y", "a"), ("z", "b")] {
        server.config_map(name, json!({"app": app})).await;
    }
    server.delete(&format!("{collection}?labelSelector=app%3Da"), &json!({})).await.expect(200);
    let left = server.get(&format!("{collection}?labelSelector=app")).await.expect(200);
    assert_eq!(names(&left), ["z"]);
}

async fn refusals_are_statuses(server: &Server) {
    let path = server.path("v1", "configmaps");
    let missing = server.get(&format!("{path}/nope")).await.refuses(404, "NotFound");
    assert_eq!((&missing["message"], &missing["details"]), (&json!("configmaps \"nope\" not found"), &json!({"name": "nope", "kind": "configmaps"})));
    let missing = server.get(&format!("{}/nope", server.path("apps/v1", "deployments"))).await.refuses(404, "NotFound");
    assert_eq!(missing["message"], "deployments.apps \"nope\" not found");
    assert_eq!(missing["details"], json!({"name": "nope", "group": "apps", "kind": "deployments"}));
    server.get("/api/v1/nonsense").await.refuses(404, "NotFound");
    server.put(&path, &json!({})).await.refuses(405, "MethodNotAllowed");
    server.post(&path, &json!({"metadata": {"name": "Not_A_Name"}})).await.refuses(422, "Invalid");
    server.post(&path, &json!({"metadata": {}})).await.refuses(422, "Invalid");
    server.send(Method::POST, &path, JSON, JSON, "{\"metadata\"").await.refuses(400, "BadRequest");
    server.post(&path, &json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "one"}})).await.refuses(400, "BadRequest");
    server.post(&path, &json!({"metadata": {"name": "one", "namespace": "elsewhere"}})).await.refuses(400, "BadRequest");
    let nowhere = "/api/v1/namespaces/there-is-no-such-place/configmaps";
    let missing = server.post(nowhere, &json!({"metadata": {"name": "one"}})).await.refuses(404, "NotFound");
    assert_eq!(missing["message"], "namespaces \"there-is-no-such-place\" not found");
    assert_eq!(names(&server.get(nowhere).await.expect(200)), Vec::<&str>::new(), "a list of nothing is a list");
}

// Controllers.

async fn a_deployment_has_its_pods_and_scales(server: &Server) {
    let path = server.path("apps/v1", "deployments");
    let labels = json!({"app": "web"});
    let template = json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": "example.com/web:1"}]}});
    let object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}});
    let made = server.post(&path, &object).await.expect(201);
    assert_eq!(made["metadata"]["generation"], 1);
    let pods = pods_until(server, 2).await;
    let set = pods[0]["metadata"]["ownerReferences"][0].clone();
    assert_eq!((&set["kind"], &set["apiVersion"], &set["controller"]), (&json!("ReplicaSet"), &json!("apps/v1"), &json!(true)));
    let set = server.get(&format!("{}/{}", server.path("apps/v1", "replicasets"), set["name"].as_str().unwrap())).await.expect(200);
    assert_eq!(set["metadata"]["ownerReferences"][0]["uid"], made["metadata"]["uid"]);

    let scale = server.get(&format!("{path}/web/scale")).await.expect(200);
    assert_eq!((&scale["kind"], &scale["apiVersion"], &scale["spec"]["replicas"]), (&json!("Scale"), &json!("autoscaling/v1"), &json!(2)));
    let scaled = server.patch(&format!("{path}/web/scale"), MERGE, &json!({"spec": {"replicas": 3}})).await.expect(200);
    assert_eq!(scaled["spec"]["replicas"], 3);
    pods_until(server, 3).await;
    // The scale that was read first is old by now.
    let late = server.put(&format!("{path}/web/scale"), &scale).await;
    late.refuses(409, "Conflict");
    let mut watch = server.watch(&path, "&fieldSelector=metadata.name%3Dweb", JSON).await;
    loop {
        let (_, web) = watch.object().await;
        assert_eq!(web["metadata"]["generation"], 2, "a new status is no new generation");
        if web["status"]["observedGeneration"] == 2 && web["status"]["replicas"] == 3 {
            break;
        }
    }
    server.delete(&format!("{path}/web"), &json!({"propagationPolicy": "Background"})).await.expect(200);
    pods_until(server, 0).await;
}

/// The pods of `app=web`, as soon as there are so many.
async fn pods_until(server: &Server, wanted: usize) -> Vec<Value> {
    let path = server.path("v1", "pods");
    let mut watch = server.watch(&path, &format!("{STREAMED}&labelSelector=app%3Dweb"), JSON).await;
    let (mut pods, mut listed) = (std::collections::BTreeMap::new(), false);
    while !listed || pods.len() != wanted {
        let event = watch.next().await.unwrap_or_else(|| panic!("{wanted} pods; there are {}", pods.len()));
        let object = event["object"].clone();
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        match event["type"].as_str().unwrap() {
            "BOOKMARK" => listed = true,
            "DELETED" => _ = pods.remove(&name),
            _ => _ = pods.insert(name, object),
        }
    }
    pods.into_values().collect()
}

async fn a_namespace_takes_everything_with_it(server: &Server) {
    let from = version(&server.config_map("one", json!({"app": "a"})).await);
    let path = server.path("v1", "configmaps");
    let mut watch = server.watch(&path, &format!("&labelSelector=app&resourceVersion={from}"), JSON).await;
    let name = format!("{}-too", server.namespace);
    server.post("/api/v1/namespaces", &json!({"metadata": {"name": name}})).await.expect(201);
    let inside = format!("/api/v1/namespaces/{name}/configmaps");
    server.post(&inside, &json!({"metadata": {"name": "one"}})).await.expect(201);
    let mut other = server.watch(&inside, "&fieldSelector=metadata.name%3Done", JSON).await;
    assert_eq!(other.brief().await, ("ADDED".into(), "one".into()));
    server.delete(&format!("/api/v1/namespaces/{name}"), &json!({})).await.expect(200);
    assert_eq!(other.brief().await, ("DELETED".into(), "one".into()));
    // What lives next door stays.
    server.config_map("two", json!({"app": "a"})).await;
    assert_eq!(watch.brief().await, ("ADDED".into(), "two".into()));
}

// What only the sandbox does.

/// A real server forgets after minutes; the contract is its documented answer.
#[tokio::test]
async fn a_watch_from_too_long_ago_is_told_so() {
    let server = Server::sandbox().await;
    let mut watch = server.watch("/api/v1/configmaps", "&resourceVersion=1", JSON).await;
    let event = watch.next().await.expect("an error");
    let said = (&event["type"], &event["object"]["kind"], &event["object"]["code"], &event["object"]["reason"]);
    assert_eq!(said, (&json!("ERROR"), &json!("Status"), &json!(410), &json!("Expired")));
}

#[tokio::test]
async fn a_list_that_was_interrupted_for_too_long_has_to_begin_again() {
    // As many changes as are remembered, and more: the token is of a version nobody knows any more.
    let server = Server::sandbox().await;
    let path = "/api/v1/namespaces/shop/configmaps/web-config";
    let first = server.get("/api/v1/namespaces/shop/pods?limit=2").await.expect(200);
    let token = first["metadata"]["continue"].as_str().unwrap();
    assert!(token.contains(first["metadata"]["resourceVersion"].as_str().unwrap()));
    let old = token.replacen(first["metadata"]["resourceVersion"].as_str().unwrap(), "1", 1);
    server.get(&format!("/api/v1/namespaces/shop/pods?limit=2&continue={old}")).await.refuses(410, "Expired");
    server.get(path).await.expect(200);
}

#[tokio::test]
async fn what_the_sandbox_cannot_do_it_says() {
    let server = Server::sandbox().await;
    let says = |answer: &server::Answer, reason: &str, words: &[&str]| {
        let status = answer.refuses(answer.status.as_u16(), reason);
        let message = status["message"].as_str().unwrap();
        assert!(message.contains("the sandbox") && words.iter().all(|word| message.contains(word)), "{message}");
    };
    let maps = "/api/v1/namespaces/shop/configmaps";
    let protobuf = server.send(Method::POST, maps, JSON, "application/vnd.kubernetes.protobuf", "k8s\0").await;
    assert_eq!(protobuf.status, 415);
    says(&protobuf, "UnsupportedMediaType", &["JSON"]);
    let apply = server.send(Method::PATCH, &format!("{maps}/web-config?fieldManager=x"), JSON, "application/apply-patch+yaml", "{}").await;
    assert_eq!(apply.status, 415);
    says(&apply, "UnsupportedMediaType", &["server-side apply", "real cluster"]);
    let pod = names(&server.get("/api/v1/namespaces/shop/pods").await.expect(200))[0].to_owned();
    let exec = server.post(&format!("/api/v1/namespaces/shop/pods/{pod}/exec"), &json!({})).await;
    assert_eq!(exec.status, 404);
    says(&exec, "NotFound", &["exec", "no containers", "real cluster"]);
    let kind = server.get("/apis/policy/v1/poddisruptionbudgets").await;
    assert_eq!(kind.status, 404);
    says(&kind, "NotFound", &["poddisruptionbudgets", "real cluster"]);
}

/// No schema is checked, so what nobody expects has to do no harm.
#[tokio::test]
async fn odd_bodies_are_refused_and_the_controllers_go_on() {
    let server = Server::sandbox().await;
    let web = "/apis/apps/v1/namespaces/shop/deployments/web";
    for odd in
        ["[]", "5", "\"x\"", "null", "{\"metadata\":5}", "{\"spec\":\"x\"}", "{\"spec\":{\"template\":[]}}", "{\"metadata\":{\"labels\":\"x\"}}"]
    {
        let put = server.send(Method::PUT, web, JSON, JSON, odd).await;
        assert_eq!(put.status, 400, "PUT {odd}: {}", put.text);
        let patch = server.send(Method::PATCH, web, JSON, MERGE, odd).await;
        assert_eq!(patch.status, 400, "PATCH {odd}: {}", patch.text);
        let post = server.send(Method::POST, "/apis/apps/v1/namespaces/shop/deployments", JSON, JSON, odd).await;
        assert!(matches!(post.status.as_u16(), 400 | 422), "POST {odd}: {}", post.text);
    }
    let odd = json!([{"op": "replace", "path": "/spec/template/spec/containers", "value": "none"}, {"op": "add", "path": "/status/conditions", "value": 7}]);
    server.patch(web, JSON_PATCH, &odd).await.expect(200);
    let mut watch = server.watch("/apis/apps/v1/namespaces/shop/deployments", "&fieldSelector=metadata.name%3Dsearch", JSON).await;
    server.patch("/apis/apps/v1/namespaces/shop/deployments/search/scale", MERGE, &json!({"spec": {"replicas": 4}})).await.expect(200);
    while watch.object().await.1["status"]["observedGeneration"] != 2 {}
}

#[tokio::test]
async fn logs_are_told_followed_and_cut() {
    let server = Server::sandbox().await;
    let pods = server.get("/api/v1/namespaces/shop/pods?labelSelector=app%3Dweb").await.expect(200);
    let log = format!("/api/v1/namespaces/shop/pods/{}/log", names(&pods)[0]);
    let all = server.get(&log).await;
    assert_eq!((all.status.as_u16(), all.content_type.as_str()), (200, "text/plain"));
    assert!(all.text.ends_with('\n') && all.text.lines().count() > 2, "{}", all.text);
    let tail = server.get(&format!("{log}?tailLines=2")).await.text;
    assert_eq!(tail.lines().collect::<Vec<_>>(), all.text.lines().skip(all.text.lines().count() - 2).collect::<Vec<_>>());
    server.get("/api/v1/namespaces/shop/pods/nobody/log").await.refuses(404, "NotFound");
    // The container that crashed says why.
    let cart = server.get("/api/v1/namespaces/shop/pods?labelSelector=app%3Dcart").await.expect(200);
    let before = server.get(&format!("/api/v1/namespaces/shop/pods/{}/log?previous=true", names(&cart)[0])).await.text;
    assert!(before.contains("out of memory"), "{before}");
}

// What kubectl sees.

/// kubectl against a sandbox in a process of its own.
struct Kubectl {
    served: process::Served,
    program: std::path::PathBuf,
}

impl Kubectl {
    fn find(test: &str) -> Option<Self> {
        real::kubectl(test).map(|program| Self { served: process::Served::start(), program })
    }

    fn command(&self, arguments: &str) -> std::process::Command {
        let mut command = self.served.command(&self.program);
        command.args(arguments.split(' ')).arg("--request-timeout=30s");
        command
    }

    /// What it prints, if it succeeds.
    #[track_caller]
    fn says(&self, arguments: &str) -> String {
        let output = self.command(arguments).output().unwrap();
        let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned());
        assert!(output.status.success(), "kubectl {arguments}: {out}{err}");
        out + &err
    }

    /// What it complains, if it fails.
    #[track_caller]
    fn fails(&self, arguments: &str) -> String {
        let output = self.command(arguments).output().unwrap();
        assert!(!output.status.success(), "kubectl {arguments} succeeded");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Lines of a command that goes on until it is dropped.
    fn follows(&self, arguments: &str) -> (process::Guard, impl Iterator<Item = String> + use<>) {
        let mut child = self.served.command(&self.program).args(arguments.split(' ')).stdout(std::process::Stdio::piped()).spawn().unwrap();
        let lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap())).map(Result::unwrap);
        (process::Guard(child), lines)
    }

    fn names(&self, arguments: &str) -> Vec<String> {
        self.says(&format!("{arguments} -o name")).lines().map(str::to_owned).collect()
    }
}

#[test]
fn kubectl_gets() {
    let Some(kubectl) = Kubectl::find("kubectl_gets") else { return };
    let pods = kubectl.says("get pods -o wide");
    let head: Vec<&str> = pods.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head.join(" "), "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES");
    assert!(pods.lines().any(|line| line.starts_with("cart-") && line.contains("CrashLoopBackOff")), "{pods}");
    assert!(pods.lines().any(|line| line.starts_with("web-") && line.contains("Running") && line.contains("node-0")), "{pods}");

    let web = kubectl.names("get pods -l app=web");
    assert!(web.len() == 3 && web.iter().all(|name| name.starts_with("pod/web-")), "{web:?}");
    assert_eq!(kubectl.names("get pods -l app=web --chunk-size=1"), web);
    let two = kubectl.says("get po --no-headers --selector=app!=web,app!=cart");
    assert!(!two.is_empty() && two.lines().all(|line| !line.starts_with("web-") && !line.starts_with("cart-")), "{two}");
    // Set-based selectors have spaces, so the words are given one by one.
    let both = kubectl.served.command(&kubectl.program).args(["get", "pods", "-o", "name", "-l", "app in (web, cart)"]).output().unwrap();
    assert_eq!(String::from_utf8(both.stdout).unwrap().lines().count(), 5);

    assert!(kubectl.says("get all -A").contains("statefulset.apps/db"));
    assert!(kubectl.says("get gd teapot -o jsonpath={.spec.price}").contains("19.90"));
    assert!(kubectl.says("api-resources").contains("gadgets"));
    assert!(kubectl.says("version").contains("meshplay-sandbox"));
    assert!(kubectl.says("get events --field-selector=type=Warning").contains("BackOff"));
    assert!(kubectl.fails("get pod nobody").contains("pods \"nobody\" not found"));
    assert_eq!(kubectl.says("auth can-i delete pods").trim(), "yes");
}

#[test]
fn kubectl_describes_what_it_finds() {
    let Some(kubectl) = Kubectl::find("kubectl_describes_what_it_finds") else { return };
    let pod = kubectl.says("describe pod -l app=cart --show-events=true");
    for word in ["CrashLoopBackOff", "OOMKilled", "Restart Count:", "Controlled By:", "Back-off restarting failed container"] {
        assert!(pod.contains(word), "no {word} in {pod}");
    }
    let deployment = kubectl.says("describe deployment web");
    for word in ["3 desired", "NewReplicaSet:", "StrategyType:", "Image:"] {
        assert!(deployment.contains(word), "no {word} in {deployment}");
    }
    assert!(kubectl.says("describe service web").contains("Selector:"));
    assert!(kubectl.says("describe node node-01").contains("Ready"));
}

#[test]
fn kubectl_watches_what_it_deletes_and_a_replacement_appears() {
    let Some(kubectl) = Kubectl::find("kubectl_watches_what_it_deletes_and_a_replacement_appears") else { return };
    let before = kubectl.names("get pods -l app=web");
    let (_watching, mut lines) = kubectl.follows("get pods -l app=web --watch -o name");
    let listed: Vec<String> = lines.by_ref().take(before.len()).collect();
    assert_eq!(listed, before);
    assert!(kubectl.says(&format!("delete {}", before[0])).contains("deleted"));
    let fresh = lines.find(|name| !before.contains(name)).unwrap();
    assert!(fresh.starts_with("pod/web-"), "{fresh}");
    kubectl.says(&format!("wait --for=condition=Ready --timeout=30s {fresh}"));
    let after = kubectl.names("get pods -l app=web");
    assert!(after.len() == before.len() && after.contains(&fresh) && !after.contains(&before[0]), "{after:?}");
}

#[test]
fn kubectl_scales_and_rolls_out() {
    let Some(kubectl) = Kubectl::find("kubectl_scales_and_rolls_out") else { return };
    assert!(kubectl.says("scale deployment web --replicas=5").contains("scaled"));
    assert!(kubectl.says("rollout status deployment web --timeout=30s").contains("successfully rolled out"));
    assert_eq!(kubectl.names("get pods -l app=web").len(), 5);
    assert!(kubectl.fails("scale deployment web --current-replicas=3 --replicas=1").contains("Expected replicas to be 3"));
    assert!(kubectl.says("set image deployment/cart cart=shop/cart:2.3.0").contains("image updated"));
    assert!(kubectl.says("rollout status deployment cart --timeout=45s").contains("successfully rolled out"));
    assert!(kubectl.says("get pods -l app=cart").lines().skip(1).all(|line| line.contains("Running")));
    assert!(kubectl.says("label deployment web tier=front").contains("labeled"));
    assert!(kubectl.says("annotate deployment web note=x").contains("annotated"));
    assert!(kubectl.says("delete deployment web --wait=false").contains("deleted"));
}

#[test]
fn kubectl_reads_logs_and_follows_them() {
    let Some(kubectl) = Kubectl::find("kubectl_reads_logs_and_follows_them") else { return };
    let pod = &kubectl.names("get pods -l app=web")[0];
    let all = kubectl.says(&format!("logs {pod}"));
    assert!(all.lines().count() > 2, "{all}");
    assert_eq!(kubectl.says(&format!("logs {pod} --tail=1")).trim(), all.lines().last().unwrap());
    assert_eq!(kubectl.says("logs -l app=web --tail=1").lines().count(), 3);
    assert!(kubectl.says("logs deployment/cart --previous").contains("out of memory"));
    let (_following, lines) = kubectl.follows(&format!("logs -f {pod} --tail=1"));
    assert_eq!(lines.take(2).count(), 2, "a line comes that was not there");
}

#[test]
fn kubectl_is_told_what_the_sandbox_does_not_do() {
    let Some(kubectl) = Kubectl::find("kubectl_is_told_what_the_sandbox_does_not_do") else { return };
    let created = kubectl.fails("create configmap mine --from-literal=a=b");
    assert!(created.contains("the sandbox takes JSON only"), "{created}");
    let pod = kubectl.names("get pods -l app=web")[0].clone();
    let run = kubectl.fails(&format!("exec {pod} -- ls"));
    assert!(run.contains("no containers"), "{run}");
}
