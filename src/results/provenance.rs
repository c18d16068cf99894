//! Where a run comes from: profile, permutation, environment and labels, and the file if it was measured by somebody else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::text::fingerprint::fingerprint;
use crate::text::sanitise;

/// What a run belongs to. Runs with the same [`Provenance::series`] may be held against each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provenance {
    /// The profile it was started from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A hash of what that profile said then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile_hash: Option<String>,
    /// Which part of the profile: client and endpoint, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// The cell of a matrix: axis to value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub permutation: BTreeMap<String, String>,
    /// The environment it was measured in, by its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What was loaded, as far as somebody said: `release`, `image.web`, `revision`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What the cluster said stood behind the target when it began: `image.web`, `revision`, `nodes`, `kubernetes`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<String, String>,
    /// What had to hold, `p99<50ms`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What was to end it before its time, `errors>5%/10s`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<String>,
    /// Which of the runs of its profile it is that were ordered together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<Turn>,
    /// The file it was read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imported: Option<Imported>,
}

/// The place of a run among several that were ordered together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// From 1.
    pub nth: usize,
    /// Of so many.
    pub of: usize,
}

/// A run that another program measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Imported {
    /// The format, `fortio`.
    pub format: String,
    /// What its latencies are: from the plan, from the send, or unknown.
    pub latency: String,
    /// How far apart two latencies have to be to be told apart, in nanoseconds, at the widest bucket below p99; 0 where only percentiles are known.
    pub width_ns: u64,
    /// What was lost or does not fit.
    pub remarks: Vec<String>,
}

impl Provenance {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What a series of runs has in common, as a short name: profile with its content, part, environment, permutation.
    pub fn series(&self) -> String {
        let parts = (&self.profile, &self.profile_hash, &self.part, &self.environment, &self.permutation);
        fingerprint(format!("{parts:?}").as_bytes())
    }

    /// The permutation in one line, `replicas=3 client=a`; empty where there is none.
    pub fn cell(&self) -> String {
        let axes = self.permutation.iter().map(|(axis, value)| format!("{axis}={value}"));
        axes.chain(self.part.clone()).collect::<Vec<_>>().join(" ")
    }

    /// Makes harmless what came from a file.
    pub(super) fn sanitised(self) -> Self {
        fn clean(text: String) -> String {
            sanitise(&text).into_owned()
        }
        let pairs = |map: BTreeMap<String, String>| map.into_iter().map(|(key, value)| (clean(key), clean(value))).collect();
        Self {
            profile: self.profile.map(clean),
            profile_hash: self.profile_hash.map(clean),
            part: self.part.map(clean),
            permutation: pairs(self.permutation),
            environment: self.environment.map(clean),
            labels: pairs(self.labels),
            found: pairs(self.found),
            limits: self.limits.into_iter().map(clean).collect(),
            ends: self.ends.into_iter().map(clean).collect(),
            turn: self.turn,
            imported: self.imported.map(|from| Imported {
                format: clean(from.format),
                latency: clean(from.latency),
                remarks: from.remarks.into_iter().map(clean).collect(),
                width_ns: from.width_ns,
            }),
        }
    }
}
