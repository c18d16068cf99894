//! What is read of a release as text: its values, its manifest and its notes. What its Secrets hold is hidden in all of them, wherever it stands.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::super::detail::mask;
use super::payload::Release;
use crate::text::yaml;

/// Shorter texts of a Secret are no secrets that could be told from other words.
const SHORT: usize = 4;
/// Lists inside lists are looked through so deep for Secrets; what lies deeper is not shown.
const DEEP: usize = 8;

/// One object of a manifest.
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
}

/// A release with nothing in it that its Secrets hold.
pub(super) struct Masked {
    /// The documents of its manifest, each without the line that parts it from the next.
    pub(super) documents: Vec<String>,
    pub(super) objects: Vec<Object>,
    hidden: BTreeSet<String>,
}

impl Masked {
    /// Reads a manifest, and the Secrets of its hooks.
    pub(super) fn of(release: &Release) -> Self {
        let mut all = Self { documents: Vec::new(), objects: Vec::new(), hidden: BTreeSet::new() };
        for document in release.hooks.iter().flat_map(|hook| documents(&hook.manifest)) {
            if let Ok(mut value) = yaml::read::<Value>(document) {
                all.hide_secrets(&mut value, 0);
            }
        }
        for document in documents(&release.manifest) {
            let shown = all.document(document);
            all.documents.extend(shown);
        }
        all
    }

    fn document(&mut self, text: &str) -> Option<String> {
        let mut value = match yaml::read::<Value>(text) {
            Ok(Value::Null) => return None,
            Ok(value) => value,
            Err(why) if text.contains("Secret") => {
                return Some(format!("# not shown: it may hold a Secret and cannot be read: {}\n", one_line(&why)));
            }
            Err(_) => return Some(text.to_owned()),
        };
        let at = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.objects.push(Object { kind: at("/kind"), namespace: at("/metadata/namespace"), name: at("/metadata/name") });
        if !self.hide_secrets(&mut value, 0) {
            return Some(text.to_owned());
        }
        // Where it comes from is said in a comment.
        let comments: String = text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
        Some(comments + &yaml::write(&value).unwrap_or_default())
    }

    /// Masks every Secret in a document and remembers what it held. True: there was one.
    fn hide_secrets(&mut self, value: &mut Value, depth: usize) -> bool {
        if value.get("kind").and_then(Value::as_str) == Some("Secret") {
            self.hidden.extend(held(value));
            mask(value);
            return true;
        }
        let Some(items) = value.get_mut("items").and_then(Value::as_array_mut) else { return false };
        if depth == DEEP {
            *value = Value::String("<lists too deep to be shown>".to_owned());
            return true;
        }
        let mut found = false;
        for item in items {
            // Every one of them: the first Secret is not the last.
            found |= self.hide_secrets(item, depth + 1);
        }
        found
    }

    /// Values without what a Secret holds: what becomes a password in a Secret was one before.
    pub(super) fn values(&self, mut values: Value) -> Value {
        self.hide(&mut values);
        values
    }

    fn hide(&self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.hide(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.hide(field)),
            Value::String(text) if self.hidden.contains(text.trim()) => *value = hidden(text.len()),
            Value::Number(number) if self.hidden.contains(&number.to_string()) => *value = hidden(number.to_string().len()),
            _ => {}
        }
    }

    /// Notes, whose words may be what a Secret holds.
    pub(super) fn words(&self, notes: &str) -> String {
        let bare = |word: &str| word.trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | ',' | '.')).to_owned();
        let word = |word: &str| if self.hidden.contains(&bare(word)) { "<hidden>".to_owned() } else { word.to_owned() };
        let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
        notes.lines().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// What a Secret holds, as text and as it is coded.
fn held(secret: &Value) -> Vec<String> {
    let texts = |part: &str| -> Vec<String> {
        let fields = secret.get(part).and_then(Value::as_object).into_iter().flat_map(Map::values);
        fields.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let coded = texts("data");
    let plain: Vec<String> = coded.iter().filter_map(|text| String::from_utf8(STANDARD.decode(text).ok()?).ok()).collect();
    let all = coded.into_iter().chain(plain).chain(texts("stringData"));
    all.map(|text| text.trim().to_owned()).filter(|text| text.len() >= SHORT).collect()
}

fn hidden(bytes: usize) -> Value {
    Value::String(format!("<{bytes} bytes, hidden>"))
}

fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// The documents of a YAML stream: a line that begins with `---` is nothing else, wherever it stands (YAML 1.2.2, 9.2).
fn documents(stream: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(stream);
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let mark = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).find(|at| is_mark(&text[*at..]));
        let Some(at) = mark else { return Some(text) };
        let after = text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
        rest = Some(&text[after..]);
        Some(&text[..at])
    })
    .filter(|document| !document.trim().is_empty())
}

fn is_mark(line: &str) -> bool {
    line.strip_prefix("---").is_some_and(|rest| rest.is_empty() || rest.starts_with(['\n', '\r', ' ', '\t']))
}

/// The person's values over the chart's own, as `helm get values --all` has them: null takes a default away (`chartutil.CoalesceValues`).
pub(super) fn coalesced(own: Value, defaults: Value) -> Value {
    let (Value::Object(mut own), Value::Object(defaults)) = (if own.is_null() { Value::Object(Map::new()) } else { own }, defaults.clone()) else {
        return defaults;
    };
    for (key, default) in defaults {
        match own.get_mut(&key) {
            None => _ = own.insert(key, default),
            Some(Value::Null) => _ = own.remove(&key),
            Some(said) if said.is_object() && default.is_object() => *said = coalesced(said.take(), default),
            Some(_) => {}
        }
    }
    Value::Object(own)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn release(manifest: &str) -> Release {
        Release { manifest: manifest.to_owned(), ..Release::default() }
    }

    #[test]
    fn what_a_secret_of_the_manifest_holds_is_hidden_everywhere() {
        let manifest = "---\n# Source: db/secret.yaml\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: Y29ycmVjdC1ob3JzZQ==\nstringData:\n  pin: \"907341\"\n---\n# Source: db/map.yaml\nkind: ConfigMap\nmetadata: {name: db, namespace: shop}\n";
        let masked = Masked::of(&release(manifest));
        let text = masked.documents.join("---\n");
        assert!(text.contains("# Source: db/secret.yaml\n") && text.contains("<13 bytes, hidden>") && !text.contains("Y29ycmVjd"), "{text}");
        assert!(text.ends_with("kind: ConfigMap\nmetadata: {name: db, namespace: shop}\n"), "{text}");
        let values = masked.values(json!({"auth": {"password": "correct-horse", "pins": [907_341, 5]}, "name": "db"}));
        assert_eq!(values, json!({"auth": {"password": "<13 bytes, hidden>", "pins": ["<6 bytes, hidden>", 5]}, "name": "db"}));
        assert_eq!(masked.words("log in:\n  psql -W 'correct-horse'"), "log in:\n  psql -W <hidden>");
        assert_eq!(masked.objects.iter().map(|object| object.kind.as_str()).collect::<Vec<_>>(), ["Secret", "ConfigMap"]);
    }

    #[test]
    fn secrets_in_lists_and_in_what_is_no_yaml_are_not_shown_either() {
        let list = "kind: List\nitems:\n- kind: Secret\n  stringData: {a: correct-horse}\n";
        for manifest in [list, "kind: Secret\nstringData:\n  a: correct-horse\n b: [\n", "{\"kind\":\"Secret\",\"data\":{\"a\":\"correct-horse\"}}"] {
            let text = Masked::of(&release(manifest)).documents.join("---\n");
            assert!(!text.contains("correct-horse") && !text.is_empty(), "{manifest}: {text}");
        }
        let two = "kind: List\nitems:\n- kind: Secret\n  stringData: {a: correct-horse}\n- kind: Secret\n  stringData: {b: battery-staple}\n";
        let deep = format!("{}{{\"kind\": \"Secret\", \"stringData\": {{\"a\": \"correct-horse\"}}}}{}", "{\"items\": [".repeat(20), "]}".repeat(20));
        for manifest in [two, &deep] {
            let text = Masked::of(&release(manifest)).documents.join("---\n");
            assert!(!text.contains("correct-horse") && !text.contains("battery-staple") && !text.is_empty(), "{text}");
        }
        assert_eq!(Masked::of(&release("a: [\n---\nb: 1\n")).documents, ["a: [\n", "b: 1\n"]);
    }

    /// The cases of "Deleting a default key" and "Subcharts and global values" in Helm's chart template guide.
    #[test]
    fn values_lie_over_the_defaults_of_their_chart() {
        let defaults = json!({"livenessProbe": {"httpGet": {"path": "/user/login", "port": "http"}, "initialDelaySeconds": 120}, "replicas": 1});
        let own = json!({"livenessProbe": {"httpGet": null, "exec": {"command": ["cat", "docroot/CHANGELOG.txt"]}}});
        let wanted = json!({"livenessProbe": {"exec": {"command": ["cat", "docroot/CHANGELOG.txt"]}, "initialDelaySeconds": 120}, "replicas": 1});
        assert_eq!(coalesced(own, defaults.clone()), wanted);
        assert_eq!(coalesced(Value::Null, defaults.clone()), defaults);
    }
}
