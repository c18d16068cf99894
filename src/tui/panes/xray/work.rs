//! How the tree reaches the clusters: one survey each, as long as somebody looks. The only file of the pane that waits.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;
use tokio::task::JoinSet;

use crate::cluster::fleet::Fleet;
use crate::names::{ClusterId, Gvk, Problem};
use crate::relations::rules::Rules;
use crate::survey::{News, Survey, plan};

/// What the tree wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Survey these clusters for a kind, and nothing else any more; no clusters: nobody looks.
    Survey {
        /// Which asking.
        generation: u64,
        /// Which clusters.
        clusters: Vec<ClusterId>,
        /// A kind by any of its names.
        kind: String,
        /// These namespaces; none: all.
        namespaces: Vec<String>,
    },
}

/// What happened outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// A cluster serves the kind, or says why nothing can be seen.
    Root {
        /// Which asking.
        generation: u64,
        /// Which cluster.
        cluster: ClusterId,
        /// The kind of the roots.
        root: Result<Arc<Gvk>, Problem>,
    },
    /// Objects came, changed or went.
    News {
        /// Which asking.
        generation: u64,
        /// Which cluster.
        cluster: ClusterId,
        /// What.
        news: News,
    },
}

/// Surveys under way. Dropping it ends them.
pub struct Work<F> {
    fleet: Fleet,
    reports: Sender<F>,
    wrap: fn(Report) -> F,
    rules: Arc<Rules>,
    surveys: JoinSet<()>,
}

impl<F: Send + 'static> Work<F> {
    /// `wrap` turns this pane's reports into the house's.
    pub fn new(fleet: Fleet, reports: Sender<F>, wrap: fn(Report) -> F) -> Self {
        Self { fleet, reports, wrap, rules: Arc::new(Rules::embedded()), surveys: JoinSet::new() }
    }

    /// Begins what is wanted; answers at once.
    pub fn run(&mut self, effect: Effect) {
        let Effect::Survey { generation, clusters, kind, namespaces } = effect;
        self.surveys = JoinSet::new();
        for cluster in clusters {
            let (fleet, reports, wrap, rules) = (self.fleet.clone(), self.reports.clone(), self.wrap, self.rules.clone());
            let (kind, namespaces) = (kind.clone(), namespaces.clone());
            self.surveys.spawn(async move {
                let found = plan::below(&fleet, &cluster, &kind, &namespaces).await;
                let (root, parts) = found.map_or_else(|problem| (Err(problem), Vec::new()), |(root, parts)| (Ok(root), parts));
                if reports.send(wrap(Report::Root { generation, cluster: cluster.clone(), root })).await.is_err() {
                    return;
                }
                let mut survey = Survey::begin(&fleet, &rules, parts);
                while let Some(news) = survey.next().await {
                    if reports.send(wrap(Report::News { generation, cluster: cluster.clone(), news })).await.is_err() {
                        return;
                    }
                }
            });
        }
    }
}
