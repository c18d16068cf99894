//! Helm releases: one revision each in a Secret of type `helm.sh/release.v1`, or in a ConfigMap, labelled by Helm. Only those are ever asked for, by
//! selectors, so that no other Secret is read; and nothing that a Secret of the release holds leaves this room.

pub(super) mod payload;
mod text;

use std::cmp::Reverse;

use futures::{StreamExt as _, stream};
use serde::Deserialize;
use serde_json::{Value, json};

use self::payload::{Facts, Holder, Release, decode, state, unix};
use self::text::{Masked, coalesced};
use super::decode::{METADATA_LIST, Meta};
use super::describe::{Description, Fact, Said, Section};
use super::fleet::Fleet;
use super::wire::{JSON, LIMIT, Wire, encode};
use crate::names::{ClusterId, Gvk, ObjectKey, Problem};
use crate::text::sanitise;
use crate::text::sanitise::sanitise_lines;

/// Releases and revisions are no objects of an API server: this group says so.
const GROUP: &str = "helm.sh";
/// Payloads that are read at once.
const AT_ONCE: usize = 4;
/// Revisions and objects that a summary lists, at most; Helm keeps ten revisions.
const LISTED: usize = 40;

/// Where Helm keeps releases: the plural, how it writes bytes, and the selectors that leave nothing else.
const STORES: [(&str, Holder, &str); 2] =
    [("secrets", Holder::Secret, "fieldSelector=type%3Dhelm.sh%2Frelease.v1"), ("configmaps", Holder::ConfigMap, "fieldSelector=")];

/// What of a release is read as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the person said who installed it, as YAML.
    Values,
    /// The same over the chart's own values.
    AllValues,
    /// The objects it is made of, as YAML.
    Manifest,
}

/// A release: its newest revision.
pub fn release() -> Gvk {
    Gvk::new(GROUP, "v1", "Release")
}

/// One revision of a release.
pub fn revision() -> Gvk {
    Gvk::new(GROUP, "v1", "Revision")
}

/// It is one of the two, and no object.
pub fn is(gvk: &Gvk) -> bool {
    &*gvk.group == GROUP && matches!(&*gvk.kind, "Release" | "Revision")
}

/// The release of `db`, or of the revision `db.v3`, and which revision that is.
pub fn named(key: &ObjectKey) -> (&str, Option<i64>) {
    let numbered = key.name.rsplit_once(".v").filter(|_| &*key.gvk.kind == "Revision");
    let number = numbered.and_then(|(name, number)| Some((name, number.parse().ok()?)));
    number.map_or((&key.name, None), |(name, number)| (name, Some(number)))
}

/// What a person types for the view of releases, or for that of revisions.
fn meant(word: &str) -> Option<Gvk> {
    match super::views::Ask::parse(word)?.view.name {
        "helm" => Some(release()),
        "revisions" => Some(revision()),
        _ => None,
    }
}

/// What of a revision its labels do not say; or why it cannot be said.
pub(super) async fn told(wire: &Wire, namespace: &str, plural: &str, name: &str) -> Value {
    let read = async {
        let (plural, holder, selector) = STORES.iter().find(|(own, ..)| *own == plural)?;
        Some(fetch::<Facts>(wire, namespace, plural, *holder, selector, name).await)
    };
    match read.await {
        Some(Ok(Facts { info, chart: payload::Slim { metadata } })) => json!({
            "chart": metadata.called(), "appVersion": metadata.app_version, "message": info.description, "status": info.status,
            "first": unix(&info.first_deployed), "updated": unix(&info.last_deployed)}),
        Some(Err(problem)) => json!({"problem": format!("{}: {}", problem.what, problem.why)}),
        None => json!({}),
    }
}

/// One payload. It is asked for as a list of one, because only a list can be kept from answering with another kind of Secret.
async fn fetch<T: serde::de::DeserializeOwned + Send + 'static>(
    wire: &Wire,
    namespace: &str,
    plural: &str,
    holder: Holder,
    selector: &str,
    name: &str,
) -> Result<T, Problem> {
    #[derive(Deserialize)]
    struct List {
        /// An empty one may be null.
        items: Option<Vec<Stored>>,
    }
    #[derive(Deserialize)]
    struct Stored {
        #[serde(default)]
        data: Data,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Data {
        release: String,
    }
    let comma = if selector.ends_with('=') { "" } else { "," };
    let path = format!(
        "/api/v1/namespaces/{}/{plural}?labelSelector=owner%3Dhelm&{selector}{}",
        encode(namespace),
        encode(&format!("{comma}metadata.name={name}"))
    );
    let List { items } = wire.json(&path, JSON, LIMIT).await.map_err(|trouble| trouble.problem)?;
    let stored = items.into_iter().flatten().next().ok_or_else(|| gone(&format!("{} in {namespace}", sanitise(name))))?;
    // Ten megabytes of JSON take a while.
    let read = tokio::task::spawn_blocking(move || decode(&stored.data.release, holder)).await.unwrap_or_else(|ended| Err(ended.to_string()));
    read.map_err(|why| {
        Problem::new("helm.payload", "the payload of this revision cannot be read", sanitise(&why).into_owned())
            .hint("`helm history` says whether Helm can; a revision that nobody can read can be deleted by hand")
    })
}

fn gone(what: &str) -> Problem {
    Problem::new("helm.gone", format!("{what} is not there"), "no revision of it is kept")
        .hint("it may have been uninstalled; :helm lists what there is")
}

/// A revision of a release as its labels tell it.
struct Entry {
    number: i64,
    name: String,
    store: (&'static str, Holder, &'static str),
}

/// All revisions of a release that are kept, the newest first.
async fn history(wire: &Wire, namespace: &str, release: &str) -> Result<Vec<Entry>, Problem> {
    #[derive(Deserialize)]
    struct List {
        items: Option<Vec<super::decode::Head>>,
    }
    let (mut found, mut refused) = (Vec::new(), None);
    for store in STORES {
        let (plural, _, selector) = store;
        let labels = encode(&format!("owner=helm,name={release}"));
        let path = format!("/api/v1/namespaces/{}/{plural}?labelSelector={labels}&{selector}", encode(namespace));
        match wire.json::<List>(&path, METADATA_LIST, LIMIT).await {
            Ok(list) => found.extend(list.items.into_iter().flatten().filter_map(|item| entry(item.metadata, store))),
            Err(trouble) => refused = refused.or(Some(trouble.problem)),
        }
    }
    found.sort_by_key(|entry| Reverse(entry.number));
    match refused {
        Some(problem) if found.is_empty() => Err(problem),
        _ => Ok(found),
    }
}

fn entry(meta: Meta, store: (&'static str, Holder, &'static str)) -> Option<Entry> {
    Some(Entry { number: meta.labels.get("version")?.parse().ok()?, name: meta.name, store })
}

impl Entry {
    async fn read<T: serde::de::DeserializeOwned + Send + 'static>(&self, wire: &Wire, namespace: &str) -> Result<T, Problem> {
        let (plural, holder, selector) = self.store;
        fetch(wire, namespace, plural, holder, selector, &self.name).await
    }
}

impl Fleet {
    /// A part of a release, or of one of its revisions, as text that is safe to draw. What its Secrets hold is hidden.
    ///
    /// # Errors
    /// The revision is gone or cannot be read, or the cluster does not answer.
    pub async fn release_text(&self, key: &ObjectKey, part: Part) -> Result<String, Problem> {
        let (release, _) = self.release_of(key).await?;
        let masked = Masked::of(&release);
        let values = |values: Value| match masked.values(values) {
            Value::Null => Ok("{}\n".to_owned()),
            Value::Object(none) if none.is_empty() => Ok("{}\n".to_owned()),
            values => crate::text::yaml::write(&values).map_err(|why| unwritable(key, why)),
        };
        let text = match part {
            Part::Values => values(release.config)?,
            Part::AllValues => values(coalesced(release.config, release.chart.values))?,
            Part::Manifest => masked.documents.join("---\n"),
        };
        Ok(sanitise_lines(&text).into_owned())
    }

    /// The same as one value, without what differs between any two revisions but under `status`.
    pub(super) async fn release_object(&self, key: &ObjectKey) -> Result<Value, Problem> {
        let (release, _) = self.release_of(key).await?;
        let masked = Masked::of(&release);
        let Release { info, chart, config, .. } = release;
        let metadata = chart.metadata;
        let notes = masked.words(&info.notes);
        Ok(json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": &*key.gvk.kind,
            "metadata": {"name": &*key.name, "namespace": key.namespace.as_deref()},
            "chart": {"name": metadata.name, "version": metadata.version, "appVersion": metadata.app_version},
            "values": masked.values(config),
            "manifest": masked.documents.join("---\n"),
            "status": {"revision": release.version, "state": info.status, "description": info.description, "notes": notes,
                "firstDeployed": info.first_deployed, "lastDeployed": info.last_deployed},
        }))
    }

    /// What the release is about: how it does, its history, what it is made of, and what its chart says to whoever installed it.
    pub(super) async fn describe_release(&self, key: &ObjectKey) -> Result<Description, Problem> {
        let (release, entries) = self.release_of(key).await?;
        let wire = self.connected(&key.cluster).await?.wire;
        let namespace = key.namespace.as_deref().unwrap_or_default();
        let read = |entry: Entry| {
            let wire = wire.clone();
            async move { (entry.number, entry.read::<Facts>(&wire, namespace).await) }
        };
        let past: Vec<_> = stream::iter(entries.into_iter().take(LISTED).map(read)).buffered(AT_ONCE).collect().await;
        let masked = Masked::of(&release);
        let sections = [history_of(past), objects_of(&masked), notes_of(&masked.words(&release.info.notes))].into_iter().flatten().collect();
        Ok(Description { facts: facts(&release), sections, about: Vec::new() })
    }

    /// A release that a person names by the word for its view.
    pub(super) async fn find_release(
        &self,
        cluster: &ClusterId,
        word: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<Result<ObjectKey, Problem>> {
        let gvk = meant(word)?.into();
        let key =
            ObjectKey { cluster: cluster.clone(), gvk, namespace: Some(namespace.unwrap_or("default").into()), name: name.into(), uid: "".into() };
        Some(self.release_of(&key).await.map(|_| key))
    }

    /// The revision that is meant, and all there are, the newest first.
    async fn release_of(&self, key: &ObjectKey) -> Result<(Release, Vec<Entry>), Problem> {
        let wire = self.connected(&key.cluster).await?.wire;
        let (namespace, (release, number)) = (key.namespace.as_deref().unwrap_or_default(), named(key));
        let all = history(&wire, namespace, release).await?;
        let meant = all.iter().find(|entry| number.is_none_or(|number| entry.number == number)).ok_or_else(|| gone(&key.to_string()))?;
        Ok((meant.read(&wire, namespace).await?, all))
    }
}

fn unwritable(key: &ObjectKey, why: String) -> Problem {
    Problem::new("object.yaml", format!("{key} cannot be written as YAML"), why)
}

fn facts(release: &Release) -> Vec<Fact> {
    use super::rows::RowState::{Fine, Warn};
    let Release { info, chart, .. } = release;
    let text = |text: &str| Said::from(sanitise(text).into_owned());
    let moment = |time: &str| Some(unix(time)).filter(|unix| *unix > 0).map(Said::moment).unwrap_or_default();
    let chart = &chart.metadata;
    let mut facts = vec![
        Fact::new("status", text(&info.status), state(&info.status)),
        Fact::new("last said", text(&info.description), if state(&info.status) == Fine { Fine } else { state(&info.status) }),
        Fact::new("revision", release.version.to_string(), Fine),
        Fact::new("chart", text(&chart.called()), Fine),
        Fact::new("app version", text(&chart.app_version), Fine),
        Fact::new("about", text(&chart.description), Fine),
        Fact::new("updated", moment(&info.last_deployed), Fine),
        Fact::new("first installed", moment(&info.first_deployed), Fine),
        Fact::new("uninstalled", moment(&info.deleted), Fine),
    ];
    if chart.deprecated {
        facts.push(Fact::new("deprecated", "nobody looks after this chart any more", Warn));
    }
    facts.retain(|fact| !fact.said.is_empty());
    facts
}

fn history_of(past: Vec<(i64, Result<Facts, Problem>)>) -> Option<Section> {
    let row = |(number, read): (i64, Result<Facts, Problem>)| match read {
        Ok(Facts { info, chart: payload::Slim { metadata } }) => {
            let text = |text: &str| Said::from(sanitise(text).into_owned());
            let updated = Some(unix(&info.last_deployed)).filter(|unix| *unix > 0).map_or_else(Said::default, |unix| Said::default().since(unix));
            let more = vec![updated, text(&metadata.called()), text(&metadata.app_version), text(&info.description)];
            Fact { label: number.to_string(), said: text(&info.status), more, state: state(&info.status) }
        }
        Err(problem) => Fact::new(number.to_string(), problem.why, super::rows::RowState::Unknown),
    };
    let heads = ["REVISION", "STATUS", "UPDATED", "CHART", "APP VERSION", "DESCRIPTION"].map(str::to_owned).into();
    Some(Section { title: "history".into(), heads, facts: past.into_iter().map(row).collect() }).filter(|section| !section.facts.is_empty())
}

fn objects_of(masked: &Masked) -> Option<Section> {
    let text = |text: &str| sanitise(text).into_owned();
    let place = |namespace: &str, name: &str| text(&if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") });
    let row = |object: &text::Object| Fact::new(text(&object.kind), place(&object.namespace, &object.name), super::rows::RowState::Fine);
    let mut facts: Vec<Fact> = masked.objects.iter().take(LISTED).map(row).collect();
    let more = masked.objects.len().saturating_sub(LISTED);
    if more > 0 {
        facts.push(Fact::new("…", format!("{more} more in the manifest"), super::rows::RowState::Fine));
    }
    Some(Section { title: "made of".into(), heads: Vec::new(), facts }).filter(|section| !section.facts.is_empty())
}

fn notes_of(notes: &str) -> Option<Section> {
    let notes = sanitise_lines(notes.trim_end()).into_owned();
    let line = |line: &str| Fact::new("", if line.is_empty() { " " } else { line }, super::rows::RowState::Fine);
    (!notes.is_empty()).then(|| Section { title: "notes".into(), heads: Vec::new(), facts: notes.lines().map(line).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_named_by_its_release_and_its_number() {
        let key = |gvk: Gvk, name: &str| ObjectKey {
            cluster: ClusterId::new("lab"),
            gvk: gvk.into(),
            namespace: Some("shop".into()),
            name: name.into(),
            uid: "".into(),
        };
        assert_eq!(named(&key(revision(), "db.v1.v12")), ("db.v1", Some(12)));
        assert_eq!(named(&key(release(), "db.v1")), ("db.v1", None));
    }
}
