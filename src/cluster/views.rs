//! Mixed views: questions that take several kinds in one table, each a row of facts. How the objects are read is told in the files beside.

mod book;
mod can;
mod certs;
mod changes;
mod helm;
pub mod images;
mod object;
mod restarts;
mod trouble;
mod versions;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::access::Question;
use super::access::rules::Deed;
use super::decode::{Own, Shape};
use super::kinds::{Kind, Kinds};
use super::rows::Column;
use super::table::{Sort, SortBy};
use super::wire::{LIMIT, Wire};
use crate::names::{Gvk, Problem};
use crate::text::age;

use book::Maker;
pub(super) use book::{Book, Changed, Want, clock};
pub use can::YOU;

/// How a view's objects are read together.
type Making = fn(&Ask, Option<Meant>) -> Box<dyn Maker>;

/// What a view asks who may do it, and whether that lives in namespaces.
type Meant = (Deed, bool);

/// A table over several kinds.
pub struct MixedView {
    /// What is typed after `:`.
    pub name: &'static str,
    /// What may be typed instead.
    pub aliases: &'static [&'static str],
    /// The question it answers.
    pub about: &'static str,
    /// Its rows begin grouped by this column; none: they stand alone.
    pub group: Option<&'static str>,
    /// How it is ordered first.
    pub order: Sort,
    /// Asked of all namespaces where none is named.
    pub everywhere: bool,
    /// How far back it looks where nothing is said; none: it looks at no stretch of time.
    pub span: Option<Duration>,
    /// What is said where it has no rows.
    pub nothing: &'static str,
    /// What a row is where it only tells of an object, and others may tell of the same one; none: it is the object.
    pub tells: Option<&'static str>,
    /// Its kinds as `plural.group`; behind `#` metadata alone is asked for, behind `?` stand a field selector of their own and, after `&`, a label
    /// selector. Those that are not served are left out.
    kinds: &'static [&'static str],
    columns: &'static [&'static str],
    /// How its objects are read; none: as workloads.
    maker: Option<Making>,
}

/// Every mixed view there is, in the order of a menu.
pub const BUILT_IN: &[MixedView] = &[
    MixedView {
        name: "workloads",
        aliases: &["wl", "wk"],
        about: "what runs, of all kinds",
        group: None,
        order: Sort { by: SortBy::Name, descending: false },
        everywhere: false,
        span: None,
        nothing: "no workloads are there",
        tells: None,
        kinds: &["deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "cronjobs.batch"],
        columns: &[],
        maker: None,
    },
    MixedView {
        name: "trouble",
        aliases: &[],
        about: "what is broken, why and since when, of all kinds",
        group: Some("CAUSE"),
        order: Sort { by: SortBy::Fault, descending: true },
        everywhere: true,
        span: None,
        nothing: "nothing is in trouble",
        tells: None,
        kinds: trouble::KINDS,
        columns: trouble::COLUMNS,
        maker: Some(|_, _| Box::<trouble::Trouble>::default()),
    },
    MixedView {
        name: "changes",
        aliases: &["recent"],
        about: "what was changed lately, and by whom: `changes 2h`",
        group: None,
        order: Sort { by: SortBy::Column(0), descending: false },
        everywhere: true,
        span: Some(changes::SPAN),
        nothing: "no change that its API server still tells of (revisions, managed fields, conditions, events); removals are seen from now on",
        tells: Some("a change"),
        kinds: changes::KINDS,
        columns: changes::COLUMNS,
        maker: Some(|ask, _| Box::new(changes::Changes::new(ask.span.unwrap_or(changes::SPAN)))),
    },
    MixedView {
        name: "images",
        aliases: &[],
        about: "which image runs where; `/is:differing` shows where clusters differ",
        group: None,
        order: Sort { by: SortBy::Name, descending: false },
        everywhere: true,
        span: None,
        nothing: "no workloads are there",
        tells: Some("an image"),
        kinds: images::KINDS,
        columns: images::COLUMNS,
        maker: Some(|_, _| Box::new(images::Images)),
    },
    MixedView {
        name: "notready",
        aliases: &[],
        about: "pods and nodes that are not ready",
        group: None,
        order: Sort { by: SortBy::Fault, descending: true },
        everywhere: true,
        span: None,
        nothing: "every pod and node is ready",
        tells: None,
        kinds: restarts::UNREADY,
        columns: restarts::UNREADY_COLUMNS,
        maker: Some(|_, _| Box::new(restarts::Unready)),
    },
    MixedView {
        name: "restarts",
        aliases: &[],
        about: "pods by their restarts, with when and how",
        group: None,
        order: Sort { by: SortBy::Column(0), descending: true },
        everywhere: true,
        span: None,
        nothing: "no container was restarted",
        tells: None,
        kinds: restarts::RESTARTED,
        columns: restarts::RESTART_COLUMNS,
        maker: Some(|_, _| Box::new(restarts::Restarts)),
    },
    MixedView {
        name: "certs",
        aliases: &[],
        about: "until when certificates hold: issued ones, the API server's, your own",
        group: None,
        order: Sort { by: SortBy::Column(1), descending: false },
        everywhere: true,
        span: None,
        nothing: "no certificates are told of",
        tells: Some("a certificate"),
        kinds: certs::KINDS,
        columns: certs::COLUMNS,
        maker: Some(|_, _| Box::new(certs::Certificates)),
    },
    MixedView {
        name: "versions",
        aliases: &[],
        about: "versions of API servers and kubelets, and whether they go together",
        group: None,
        order: Sort { by: SortBy::Fault, descending: true },
        everywhere: true,
        span: None,
        nothing: "no versions are told of",
        tells: None,
        kinds: versions::KINDS,
        columns: versions::COLUMNS,
        maker: Some(|_, _| Box::<versions::Versions>::default()),
    },
    MixedView {
        name: "can",
        aliases: &["rights"],
        about: "what you may do here; `can delete pods in shop`: who may",
        group: None,
        order: Sort { by: SortBy::Name, descending: false },
        everywhere: false,
        span: None,
        nothing: "you may do nothing here",
        tells: None,
        kinds: &[],
        columns: can::RIGHTS,
        maker: Some(|_, _| Box::new(can::Rights)),
    },
    MixedView {
        name: "who-can",
        aliases: &[],
        about: "who may do something: `who-can delete pods in shop`",
        group: None,
        order: Sort { by: SortBy::Column(0), descending: false },
        everywhere: false,
        span: None,
        nothing: "nobody may do it by a role",
        tells: Some("who has a right"),
        kinds: can::KINDS,
        columns: can::COLUMNS,
        maker: Some(|_, deed| match deed {
            Some(deed) => Box::new(can::Who::may(deed)),
            None => Box::new(can::Rights),
        }),
    },
    MixedView {
        name: "helm",
        aliases: &["hr", "releases"],
        about: "Helm releases; enter shows the revisions of one",
        group: None,
        order: Sort { by: SortBy::Name, descending: false },
        everywhere: true,
        span: None,
        nothing: "no release of Helm is kept",
        tells: None,
        kinds: helm::KINDS,
        columns: helm::COLUMNS,
        maker: Some(|_, _| Box::<helm::Releases>::default()),
    },
    MixedView {
        name: "revisions",
        aliases: &[],
        about: "every revision of every Helm release that is kept",
        group: None,
        order: Sort { by: SortBy::Column(0), descending: true },
        everywhere: false,
        span: None,
        nothing: "no revision of Helm's is kept",
        tells: None,
        kinds: helm::KINDS,
        columns: helm::COLUMNS,
        maker: Some(|_, _| Box::new(helm::Releases::every_revision())),
    },
];

/// A mixed view with what was asked of it.
#[derive(Clone)]
pub struct Ask {
    /// The view.
    pub view: &'static MixedView,
    /// How far back, where it looks at a stretch of time.
    pub span: Option<Duration>,
    /// What somebody may do, where it is asked who.
    question: Option<Question>,
}

/// One kind of a view, and how its objects become rows.
pub(super) struct Part {
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// A field selector of its own; may be empty.
    pub(super) fields: &'static str,
    /// A label selector of its own; may be empty.
    pub(super) labels: &'static str,
}

impl Ask {
    /// Reads `workloads`, `changes` or `changes 30m`; none: it is a kind's name, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once(' ').unwrap_or((text, ""));
        let view = BUILT_IN.iter().find(|view| view.name == name || view.aliases.contains(&name))?;
        let plain = Self { view, span: view.span, question: None };
        match (view.name, view.span, rest.trim()) {
            ("can" | "who-can", _, question) if !question.is_empty() => {
                let view = BUILT_IN.iter().find(|view| view.name == "who-can")?;
                Some(Self { view, question: Some(Question::parse(question)?), ..plain })
            }
            ("who-can", _, "") => None,
            (_, _, "") => Some(plain),
            (_, Some(_), span) => Some(Self { span: Some(age::parse(span).ok()?), ..plain }),
            (_, None, _) => None,
        }
    }

    /// The words behind a view's name are a question; what is left of them is where it is asked.
    pub fn question<'a>(name: &str, words: &'a [String]) -> Option<(String, &'a [String])> {
        let view =
            BUILT_IN.iter().find(|view| view.name == name || view.aliases.contains(&name)).filter(|view| matches!(view.name, "can" | "who-can"))?;
        let (question, place) = super::access::taken_apart(words);
        let text = if question.is_empty() { view.name.to_owned() } else { format!("can {question}") };
        Self::parse(&text).map(|_| (text, place))
    }

    /// It asks who may do something.
    pub fn asks_who(&self) -> bool {
        self.question.is_some()
    }

    /// What is asked about, in a cluster that serves these kinds.
    ///
    /// # Errors
    /// The word of that kind, if none is called so.
    pub(super) fn meant(&self, kinds: &Kinds) -> Result<Option<Meant>, &str> {
        self.question.as_ref().map(|question| question.meant(kinds).ok_or_else(|| question.resource())).transpose()
    }

    /// Its columns, where it reads objects together.
    pub(super) fn columns(&self) -> Option<Arc<[Column]>> {
        Shape::Book(self.view.columns).columns()
    }

    /// It has no objects to watch: all of it is told at once.
    pub(super) fn told_at_once(&self) -> bool {
        self.view.kinds.is_empty()
    }

    /// The parts that a cluster serves.
    pub(super) fn parts(&self, kinds: &Kinds) -> Vec<Part> {
        let part = |spelling: &&'static str| {
            let (name, selectors) = spelling.split_once('?').unwrap_or((spelling, ""));
            let (fields, labels) = selectors.split_once('&').unwrap_or((selectors, ""));
            let shape = match self.view.maker {
                None => Shape::Own(Own::Workloads),
                Some(_) if name.ends_with('#') => Shape::Metadata(self.view.columns),
                Some(_) => Shape::Book(self.view.columns),
            };
            Some(Part { kind: kinds.find(name.trim_end_matches('#'))?.clone(), shape, fields, labels })
        };
        self.view.kinds.iter().filter_map(part).collect()
    }

    /// What watches tell of its objects is not all: some are read closer.
    pub(super) fn reads_closer(&self) -> bool {
        matches!(self.view.name, "helm" | "revisions")
    }

    /// How its objects are read together; none where each is a row of its own.
    pub(super) fn maker(&self, meant: Option<Meant>) -> Option<Box<dyn Maker>> {
        self.view.maker.map(|make| make(self, meant))
    }
}

/// It is no object of a cluster, but what the cluster told beside its objects: see [`outside`].
pub fn is_told(gvk: &Gvk) -> bool {
    super::access::is_answer(gvk) || gvk.group.is_empty() && matches!(&*gvk.kind, versions::SERVER | certs::SERVING | certs::CLIENT)
}

/// What is told of a cluster beside its objects, each as an object of a kind of its own: the API server's version, the ends of the certificates that
/// stand between it and us, what one may do there oneself. With it goes why not all could be told.
pub(super) async fn outside(ask: &Ask, meant: Option<Meant>, namespaces: &[String], wire: &Wire) -> (Vec<(Arc<Gvk>, Value)>, Option<Problem>) {
    let named = |kind: &str, name: String, told: Value| {
        let mut object = told;
        object["metadata"] = json!({"name": name, "uid": format!("{} {kind}", wire.id)});
        (Arc::new(Gvk::new("", "v1", kind)), object)
    };
    let told = match ask.view.name {
        "can" => return can::all_rights(wire, namespaces).await,
        "who-can" => match meant {
            Some((deed, _)) => can::yourself(wire, &deed, namespaces).await,
            None => Vec::new(),
        },
        "versions" => {
            let version = wire.version(LIMIT).await.unwrap_or_default();
            vec![named(versions::SERVER, wire.id.to_string(), json!({"gitVersion": version}))]
        }
        "certs" => {
            let told =
                |kind: &str, message: &str, ends| named(kind, wire.id.to_string(), json!({"spec": {"message": message}, "status": {"ends": ends}}));
            let serving = wire.serving_ends().await.map(|ends| told(certs::SERVING, "what the API server shows", ends));
            let own = wire.tally().read().credentials_end.map(|ends| told(certs::CLIENT, "what your kubeconfig shows", ends));
            serving.into_iter().chain(own).collect()
        }
        _ => Vec::new(),
    };
    (told, None)
}

/// What is said of an object that was wanted, as an object of a kind of its own.
pub(super) async fn told(wire: &Wire, want: Want) -> (Arc<Gvk>, Value) {
    helm::told(wire, want).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_is_found_by_any_of_its_names_and_takes_only_what_it_can_use() {
        assert_eq!(Ask::parse("wl").map(|ask| ask.view.name), Some("workloads"));
        for wrong in ["pods", "workloads 30m", ""] {
            assert!(Ask::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn no_name_means_two_views_and_groups_and_orders_name_columns() {
        let mut names: Vec<&str> = BUILT_IN.iter().flat_map(|view| view.aliases.iter().copied().chain([view.name])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        let plain = |column: &str| column.trim_start_matches('>').trim_end_matches('+').to_owned();
        for view in BUILT_IN {
            let columns: Vec<String> = view.columns.iter().map(|column| plain(column)).collect();
            assert!(view.group.is_none_or(|group| columns.iter().any(|column| column == group)), "{} has no such column", view.name);
            assert!(!matches!(view.order.by, SortBy::Column(at) if at >= columns.len()), "{} is ordered by no column", view.name);
        }
    }
}
