//! Columns of the person's own: a JSONPath as kubectl's `custom-columns` takes it, or a label. Filters (`[?(…)]`), unions, slices and `..` are not
//! understood and said so: one value, or one list of values, is what a column is for.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A column that a person added to a kind's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UserColumn {
    /// Heading in capitals.
    pub name: String,
    /// `.metadata.labels.team`, or `label:team`.
    pub path: String,
}

impl UserColumn {
    /// Reads `OWNER=.metadata.labels.team`, `label:team`, or `OWNER=label:team`; without a name the last word of the path names the column.
    ///
    /// # Errors
    /// A sentence saying what is not understood.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let named =
            text.split_once('=').filter(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ')));
        let (name, path) = named.map_or((None, text), |(name, path)| (Some(name.trim()), path.trim()));
        let steps = steps(path)?;
        let last = steps.iter().rev().find_map(|step| match step {
            Step::Key(key) => Some(key.rsplit('/').next().unwrap_or(key)),
            _ => None,
        });
        let name = name.or(last).unwrap_or(path).to_uppercase();
        Ok(Self { name: crate::text::sanitise(&name).into_owned(), path: path.to_owned() })
    }

    /// The way to its value. A path that came from an older file and is not understood leads nowhere.
    pub(super) fn steps(&self) -> Vec<Step> {
        steps(&self.path).unwrap_or_default()
    }
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    /// Negative ones count from the end.
    Index(i64),
    /// All of a list or a map.
    All,
}

fn steps(path: &str) -> Result<Vec<Step>, String> {
    if let Some(label) = path.strip_prefix("label:") {
        if label.is_empty() {
            return Err("`label:` wants a label: label:app".into());
        }
        return Ok(["metadata", "labels", label].map(|key| Step::Key(key.to_owned())).into());
    }
    let bare = path.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(path);
    let mut rest = bare.strip_prefix('$').unwrap_or(bare);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if rest.starts_with("..") {
            return Err(format!("`..` in `{path}` is not understood; write the whole way"));
        }
        let (step, after) = match rest.strip_prefix('[') {
            Some(inside) => bracket(inside, path)?,
            None => field(rest.strip_prefix('.').unwrap_or(rest)),
        };
        steps.extend(step);
        rest = after;
    }
    if steps.is_empty() { Err(format!("`{path}` names no field; write .spec.nodeName or label:app")) } else { Ok(steps) }
}

/// A field ends at the next point or bracket; `\.` is a point in its name.
fn field(text: &str) -> (Option<Step>, &str) {
    let mut name = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => name.extend(letters.next().map(|(_, letter)| letter)),
            '.' | '[' => return (step(name), &text[at..]),
            _ => name.push(letter),
        }
    }
    (step(name), "")
}

fn step(name: String) -> Option<Step> {
    match name.as_str() {
        "" => None,
        "*" => Some(Step::All),
        _ => Some(Step::Key(name)),
    }
}

/// What stands behind `[`: `*`, an index, or a key in quotes.
fn bracket<'a>(inside: &'a str, path: &str) -> Result<(Option<Step>, &'a str), String> {
    if let Some(quote) = inside.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let open = || format!("a quote in `{path}` is not closed by {quote}]");
        let (key, rest) = inside[1..].split_once(quote).ok_or_else(open)?;
        return Ok((Some(Step::Key(key.to_owned())), rest.strip_prefix(']').ok_or_else(open)?));
    }
    let (what, rest) = inside.split_once(']').ok_or_else(|| format!("a bracket in `{path}` is not closed"))?;
    match what {
        "*" => Ok((Some(Step::All), rest)),
        _ if what.starts_with('?') => Err(format!("filters are not understood: [{what}]; take all with [*], or one by its number")),
        _ => match what.parse() {
            Ok(index) => Ok((Some(Step::Index(index)), rest)),
            Err(_) => Err(format!("[{what}] is neither a number, nor *, nor a key in quotes")),
        },
    }
}

/// What a path leads to, as text: several values with commas between, nothing for nothing.
pub(super) fn value(object: &Value, steps: &[Step]) -> String {
    if steps.is_empty() {
        return String::new();
    }
    let found = steps.iter().fold(vec![object], |found, step| found.into_iter().flat_map(|value| follow(value, step)).collect());
    let texts: Vec<String> = found.into_iter().filter_map(text).collect();
    texts.join(",")
}

fn follow<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Key(key), _) => value.get(key).into_iter().collect(),
        (Step::Index(at), Value::Array(list)) => {
            let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
            let place = if *at < 0 { list.len().checked_sub(from_end) } else { Some(from_end) };
            place.and_then(|place| list.get(place)).into_iter().collect()
        }
        (Step::All, Value::Array(list)) => list.iter().collect(),
        (Step::All, Value::Object(map)) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Takes the values out of a Secret: no column shows them. The annotation of `kubectl apply` repeats them.
pub(super) fn mask(object: &mut Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.remove("data");
        fields.remove("stringData");
    }
    if let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Paths of kubectl's documentation of custom columns and JSONPath, and what they lead to.
    #[test]
    fn paths_are_followed_as_kubectl_does() {
        let pod = json!({"metadata": {"name": "web", "labels": {"app": "web", "app.kubernetes.io/name": "shop"}}, "spec": {"nodeName": "n1", "replicas": 3,
            "containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:2"}]}, "status": {"ready": true, "none": null}});
        for (column, name, text) in [
            ("NODE=.spec.nodeName", "NODE", "n1"),
            ("spec.nodeName", "NODENAME", "n1"),
            ("{.spec.nodeName}", "NODENAME", "n1"),
            ("$.spec.nodeName", "NODENAME", "n1"),
            ("IMAGES=.spec.containers[*].image", "IMAGES", "x:1,y:2"),
            ("FIRST=.spec.containers[0].name", "FIRST", "a"),
            ("LAST=.spec.containers[-1].name", "LAST", "b"),
            ("TEN=.spec.containers[10].name", "TEN", ""),
            ("PART=.metadata.labels.app\\.kubernetes\\.io/name", "PART", "shop"),
            (".metadata.labels['app.kubernetes.io/name']", "NAME", "shop"),
            ("label:app", "APP", "web"),
            ("label:app.kubernetes.io/name", "NAME", "shop"),
            ("TEAM=label:app", "TEAM", "web"),
            (".spec.replicas", "REPLICAS", "3"),
            (".status.ready", "READY", "true"),
            (".status.none", "NONE", ""),
            (".spec.nothing.at.all", "ALL", ""),
        ] {
            let read = UserColumn::parse(column).unwrap();
            assert_eq!((read.name.as_str(), value(&pod, &read.steps()).as_str()), (name, text), "{column}");
        }
    }

    #[test]
    fn what_is_not_understood_says_so() {
        for (column, part) in [
            ("X=.a[?(@.b==1)]", "filters"),
            ("X=..name", "`..`"),
            ("X=", "names no field"),
            ("", "names no field"),
            ("X=.a['b", "not closed"),
            ("X=.a[b]", "neither"),
            ("X=.a[0", "not closed"),
            ("label:", "wants a label"),
        ] {
            let said = UserColumn::parse(column).unwrap_err();
            assert!(said.contains(part), "{column}: {said}");
        }
    }

    #[test]
    fn nothing_of_a_secret_becomes_a_column() {
        let mut secret = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}}, "data": {"password": "aHVudGVyMg=="},
            "stringData": {"password": "hunter2"}, "type": "Opaque"});
        mask(&mut secret);
        assert!(!secret.to_string().contains("hunter2") && !secret.to_string().contains("aHVudGVyMg"), "{secret}");
        assert_eq!(secret["type"], "Opaque");
    }
}
