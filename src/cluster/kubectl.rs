//! What kubectl would be asked to see or to do the same: lines to be pasted into a shell. Nothing is run.

use super::gate::Deed;
use crate::names::{Gvk, ObjectKey};
use crate::text::shell;

/// Something done with one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Its row.
    Get,
    /// How it does.
    Describe,
    /// Its manifest.
    Yaml,
    /// What was said about it.
    Events,
    /// What its containers write.
    Logs,
    /// Its end.
    Delete,
    /// Its pods anew.
    Restart,
}

/// The line for one object.
pub fn object(verb: Verb, key: &ObjectKey) -> String {
    let kind = kind(&key.gvk);
    let named = format!("{kind}/{}", key.name);
    let words: &[&str] = match verb {
        Verb::Get => &["get", &kind, &key.name],
        Verb::Describe => &["describe", &kind, &key.name],
        Verb::Yaml => &["get", &kind, &key.name, "-o", "yaml"],
        Verb::Events => &["events", "--for", &named],
        Verb::Logs if kind == "pod" => &["logs", &key.name, "--all-containers"],
        Verb::Logs => &["logs", &named, "--all-containers"],
        Verb::Delete => &["delete", &kind, &key.name],
        Verb::Restart => &["rollout", "restart", &named],
    };
    line(key.cluster.as_str(), key.namespace.as_deref(), words)
}

/// Helm's own lines for a release, or for one revision of it.
pub fn helm(key: &ObjectKey) -> Vec<(&'static str, String)> {
    let (release, number) = super::helm::named(key);
    let number = number.map(|number| number.to_string());
    let line = |words: &[&str]| {
        let mut all = vec!["helm", "--kube-context", key.cluster.as_str()];
        all.extend(key.namespace.iter().flat_map(|namespace| ["-n", namespace]));
        all.extend(words.iter().chain(&[release]));
        all.extend(number.iter().filter(|_| !matches!(words[0], "history" | "uninstall")).flat_map(|number| ["--revision", number]));
        shell::line(all)
    };
    let lines: [(&str, &[&str]); 5] = [
        ("helm status", &["status"]),
        ("helm history", &["history"]),
        ("helm get values", &["get", "values"]),
        ("helm get manifest", &["get", "manifest"]),
        ("helm uninstall", &["uninstall"]),
    ];
    lines.map(|(name, words)| (name, line(words))).into()
}

/// The lines for a table: one a namespace.
pub fn list(context: &str, kind: &str, namespaces: &[String], labels: &str, fields: &str) -> String {
    if let Some(question) = kind.strip_prefix("can").filter(|rest| rest.is_empty() || rest.starts_with(' ')) {
        let words: Vec<&str> = if question.is_empty() { vec!["--list"] } else { question.split_whitespace().collect() };
        return line(context, namespaces.first().map(String::as_str), &[&["auth", "can-i"], &words[..]].concat());
    }
    let kind = if kind == "workloads" { WORKLOADS } else { kind };
    let mut words = vec!["get", kind];
    for (flag, selector) in [("-l", labels), ("--field-selector", fields)] {
        if !selector.is_empty() {
            words.extend([flag, selector]);
        }
    }
    if namespaces.is_empty() {
        words.push("-A");
        return line(context, None, &words);
    }
    let lines: Vec<String> = namespaces.iter().map(|namespace| line(context, Some(namespace), &words)).collect();
    lines.join("\n")
}

/// The line for something that was done, where kubectl has one.
pub fn done(deed: &Deed) -> Option<String> {
    let cluster = deed.cluster.as_deref()?;
    // As `ObjectKey` is written: the kind, the namespace if there is one, the name, the cluster.
    let (kind, place) = deed.target.strip_suffix(&format!(" in {cluster}"))?.split_once(' ')?;
    let (namespace, name) = place.split_once('/').map_or((None, place), |(namespace, name)| (Some(namespace), name));
    let kind = kind.to_lowercase();
    let named = format!("{kind}/{name}");
    let words: &[&str] = match deed.verb.as_str() {
        "delete" => &["delete", &kind, name],
        "restart" => &["rollout", "restart", &named],
        _ => return None,
    };
    Some(line(cluster, namespace, words))
}

/// The kinds of the workloads view, as kubectl takes several.
const WORKLOADS: &str = "deployments,statefulsets,daemonsets,cronjobs,jobs";

fn line(context: &str, namespace: Option<&str>, words: &[&str]) -> String {
    let mut all = vec!["kubectl", "--context", context];
    all.extend(namespace.iter().flat_map(|namespace| ["-n", *namespace]));
    all.extend(words);
    shell::line(all)
}

/// A kind as kubectl takes it: `pod`, or `widget.v1.acme.io` where another group might have the same word.
fn kind(gvk: &Gvk) -> String {
    let word = gvk.kind.to_lowercase();
    let known = !gvk.group.contains('.') || gvk.group.ends_with(".k8s.io");
    if known { word } else { format!("{word}.{}.{}", gvk.version, gvk.group) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::ClusterId;

    fn key(gvk: Gvk, namespace: Option<&str>, name: &str) -> ObjectKey {
        ObjectKey { cluster: ClusterId::new("lab"), gvk: gvk.into(), namespace: namespace.map(Into::into), name: name.into(), uid: "".into() }
    }

    #[test]
    fn lines_are_what_kubectl_takes() {
        let pod = key(Gvk::new("", "v1", "Pod"), Some("shop"), "web-1");
        for (verb, wanted) in [
            (Verb::Get, "kubectl --context lab -n shop get pod web-1"),
            (Verb::Yaml, "kubectl --context lab -n shop get pod web-1 -o yaml"),
            (Verb::Events, "kubectl --context lab -n shop events --for pod/web-1"),
            (Verb::Logs, "kubectl --context lab -n shop logs web-1 --all-containers"),
            (Verb::Delete, "kubectl --context lab -n shop delete pod web-1"),
        ] {
            assert_eq!(object(verb, &pod), wanted);
        }
        let node = key(Gvk::new("", "v1", "Node"), None, "node-1");
        assert_eq!(object(Verb::Describe, &node), "kubectl --context lab describe node node-1");
        let own = key(Gvk::new("acme.io", "v1", "Widget"), Some("shop"), "w");
        assert_eq!(object(Verb::Get, &own), "kubectl --context lab -n shop get widget.v1.acme.io w");
    }

    #[test]
    fn a_release_has_the_lines_of_helm() {
        let release = key(crate::cluster::helm::revision(), Some("shop"), "db.v3");
        let lines: Vec<String> = helm(&release).into_iter().map(|(_, line)| line).collect();
        assert_eq!(lines[1], "helm --kube-context lab -n shop history db");
        assert_eq!(lines[2], "helm --kube-context lab -n shop get values db --revision 3");
    }

    #[test]
    fn a_table_is_a_line_a_namespace_and_selectors_are_quoted() {
        assert_eq!(list("prod eu", "pods", &[], "app in (a,b)", ""), "kubectl --context 'prod eu' get pods -l 'app in (a,b)' -A");
        assert_eq!(list("lab", "can delete pods", &["a".into()], "", ""), "kubectl --context lab -n a auth can-i delete pods");
        assert_eq!(list("lab", "can", &[], "", ""), "kubectl --context lab auth can-i --list");
        let two = list("lab", "workloads", &["a".into(), "b".into()], "", "");
        assert_eq!(two.lines().count(), 2);
        assert!(two.starts_with("kubectl --context lab -n a get deployments,"), "{two}");
    }

    #[test]
    fn what_was_done_to_an_object_has_its_line() {
        let deed = |verb: &str, target: String| Deed { unix: 0, verb: verb.into(), cluster: Some("lab".into()), target, outcome: "done".into() };
        let pod = key(Gvk::new("", "v1", "Pod"), Some("shop"), "web-1");
        assert_eq!(done(&deed("delete", pod.to_string())), Some(object(Verb::Delete, &pod)));
        let node = key(Gvk::new("", "v1", "Node"), None, "node-1");
        assert_eq!(done(&deed("delete", node.to_string())), Some(object(Verb::Delete, &node)));
        assert_eq!(done(&deed("load", "http://127.0.0.1/".into())), None);
    }
}
