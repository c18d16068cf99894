//! Label and field selectors: what a request's words select. Their grammar is that of the API; which fields a kind knows is a table of facts.

use serde_json::Value;

use super::kinds::Kind;
use super::store::Stored;

/// Label and field selectors of one request.
#[derive(Debug)]
pub(super) struct Selection {
    labels: Vec<Requirement>,
    fields: Vec<Requirement>,
}

/// One condition.
#[derive(Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    /// Any of these; empty: whatever there is.
    values: Vec<String>,
    /// It has to hold, or has not to.
    wanted: bool,
}

/// Fields every kind can be selected by.
const EVERYWHERE: [&str; 2] = ["metadata.name", "metadata.namespace"];

/// Fields of single kinds, as real servers register them.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "Pod",
        &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
    ),
    (
        "Event",
        &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
    ),
    ("Node", &["spec.unschedulable"]),
    ("Namespace", &["status.phase"]),
    ("Secret", &["type"]),
    ("Service", &["spec.clusterIP", "spec.type"]),
    ("ReplicaSet", &["status.replicas"]),
    ("Job", &["status.successful"]),
];

impl Selection {
    /// Reads both selectors.
    ///
    /// # Errors
    /// A word that is none of the grammar's, or a field the kind cannot be selected by.
    pub(super) fn parse(kind: &Kind, labels: &str, fields: &str) -> Result<Self, String> {
        let labels = parts(labels).map(label).collect::<Result<Vec<_>, _>>()?;
        let fields = parts(fields).map(|text| field(kind, text)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { labels, fields })
    }

    /// The object is selected.
    pub(super) fn fits(&self, stored: &Stored) -> bool {
        let label = |one: &Requirement| one.holds(stored.labels.get(&one.key).map(String::as_str));
        self.labels.iter().all(label) && (self.fields.is_empty() || self.fields_fit(&stored.value()))
    }

    fn fields_fit(&self, object: &Value) -> bool {
        self.fields.iter().all(|one| {
            let have = object.pointer(&format!("/{}", one.key.replace('.', "/")));
            // A field that is not there counts as empty, as in Go's structs.
            let text = match have {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            one.holds(Some(&text))
        })
    }
}

impl Requirement {
    fn holds(&self, have: Option<&str>) -> bool {
        let fits = have.is_some_and(|have| self.values.is_empty() || self.values.iter().any(|value| value == have));
        fits == self.wanted
    }
}

/// The parts between commas, but not between those in parentheses.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let split = text.split(move |c| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    });
    split.map(str::trim).filter(|part| !part.is_empty())
}

fn label(text: &str) -> Result<Requirement, String> {
    let wrong = || format!("unable to parse requirement: {}", crate::text::sanitise(text));
    let one = of_set(text).or_else(|| equality(text)).unwrap_or_else(|| match text.strip_prefix('!') {
        Some(key) => Requirement { key: key.trim().to_owned(), values: Vec::new(), wanted: false },
        None => Requirement { key: text.to_owned(), values: Vec::new(), wanted: true },
    });
    let plain = |text: &str, more: &[u8]| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) || more.contains(&byte));
    let fine = !one.key.is_empty() && plain(&one.key, b"/") && one.values.iter().all(|value| plain(value, b""));
    if fine { Ok(one) } else { Err(wrong()) }
}

/// `key in (a,b)` and `key notin (a,b)`.
fn of_set(text: &str) -> Option<Requirement> {
    let (head, values) = text.strip_suffix(')')?.split_once('(')?;
    let (key, word) = head.trim().split_once(char::is_whitespace)?;
    let wanted = match word.trim() {
        "in" => true,
        "notin" => false,
        _ => return None,
    };
    Some(Requirement { key: key.to_owned(), values: values.split(',').map(|value| value.trim().to_owned()).collect(), wanted })
}

/// `key=value`, `key==value` and `key!=value`.
fn equality(text: &str) -> Option<Requirement> {
    let (key, value, wanted) = match text.split_once("!=") {
        Some((key, value)) => (key, value, false),
        None => text.split_once('=').map(|(key, value)| (key, value.strip_prefix('=').unwrap_or(value), true))?,
    };
    Some(Requirement { key: key.trim().to_owned(), values: vec![value.trim().to_owned()], wanted })
}

fn field(kind: &Kind, text: &str) -> Result<Requirement, String> {
    let one = equality(text).ok_or_else(|| format!("invalid field selector: {}", crate::text::sanitise(text)))?;
    let own = FIELDS.iter().find(|(name, _)| *name == kind.kind).map_or(&[][..], |(_, fields)| fields);
    if EVERYWHERE.iter().chain(own).any(|known| *known == one.key) {
        Ok(one)
    } else {
        Err(format!("field label not supported: {}", crate::text::sanitise(&one.key)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, Vec<String>, bool)> {
        parts(text).map(|part| label(part).unwrap()).map(|one| (one.key, one.values, one.wanted)).collect()
    }

    #[test]
    fn selectors_of_all_forms_are_read() {
        let one = |key: &str, values: &[&str], wanted| (key.to_owned(), values.iter().map(|value| (*value).to_owned()).collect(), wanted);
        assert_eq!(
            parsed("app in (a, b),tier!=x,!old,example.com/team"),
            [one("app", &["a", "b"], true), one("tier", &["x"], false), one("old", &[], false), one("example.com/team", &[], true)]
        );
        assert_eq!(parsed("a==b"), parsed("a=b"));
        assert_eq!(parsed("a="), [one("a", &[""], true)]);
        for wrong in ["a b", "a in b", "a~b", "=b", "a in (b"] {
            assert!(label(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_field_nobody_indexes_is_refused() {
        let pod = Kind::named("Pod").unwrap();
        assert!(Selection::parse(pod, "", "status.phase!=Running,spec.nodeName=").is_ok());
        assert_eq!(Selection::parse(pod, "", "spec.image=x").unwrap_err(), "field label not supported: spec.image");
        assert!(Selection::parse(pod, "", "metadata.name").is_err());
    }
}
