//! The machine and the cluster a run was measured in: what has to be alike before two runs may be compared, and what may have changed between them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::text::fingerprint::fingerprint;
use crate::text::sanitise;

/// What is known when a run begins; `environment.json` in its folder.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// A short name of what has to be alike: processor, how much of it may be used, memory, cluster. The same machine after an update has the same one.
    pub id: String,
    /// The system's name and version, `Debian GNU/Linux 12 (bookworm)`.
    pub system: Option<String>,
    /// Release of the kernel.
    pub kernel: Option<String>,
    /// Model of the processor.
    pub processor: Option<String>,
    /// Processors that may be used.
    pub processors: usize,
    /// Cores the control group may use, where it limits them.
    pub cores_limit: Option<f64>,
    /// Bytes of memory the control group may use, where it limits them.
    pub memory_limit: Option<u64>,
    /// How the processor's clock is governed.
    pub governor: Option<String>,
    /// Our own version.
    pub meshplay: String,
    /// The cluster that is loaded.
    pub cluster: Option<String>,
}

impl Environment {
    /// That of this machine, as the kernel tells it.
    pub fn here(cluster: Option<&str>) -> Self {
        Self::under(Path::new("/"), cluster)
    }

    fn under(root: &Path, cluster: Option<&str>) -> Self {
        let read = |path: &str| fs::read_to_string(root.join(path)).ok();
        let line = |path: &str| read(path).map(|text| sanitise(text.trim()).into_owned()).filter(|text| !text.is_empty());
        let found = Self {
            id: String::new(),
            system: read("etc/os-release").and_then(|text| field(&text, "PRETTY_NAME", '=')),
            kernel: line("proc/sys/kernel/osrelease"),
            processor: read("proc/cpuinfo").and_then(|text| field(&text, "model name", ':').or_else(|| field(&text, "Model", ':'))),
            processors: std::thread::available_parallelism().map_or(0, usize::from),
            cores_limit: group(root).and_then(|group| quota(&fs::read_to_string(group.join("cpu.max")).ok()?)),
            memory_limit: group(root).and_then(|group| fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok()),
            governor: line("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            meshplay: env!("CARGO_PKG_VERSION").to_owned(),
            cluster: cluster.map(str::to_owned),
        };
        let alike = (&found.processor, found.processors, found.cores_limit.map(f64::to_bits), found.memory_limit, &found.cluster);
        let id = fingerprint(format!("{alike:?}").as_bytes());
        Self { id: id[..12].to_owned(), ..found }
    }

    /// What may have changed between two runs in the same environment, by name.
    pub fn facts(&self) -> BTreeMap<String, String> {
        let facts = [
            ("system", self.system.clone()),
            ("kernel", self.kernel.clone()),
            ("processor", self.processor.clone()),
            ("processors", Some(self.processors.to_string())),
            ("governor", self.governor.clone()),
            ("meshplay", Some(self.meshplay.clone())),
            ("cluster", self.cluster.clone()),
        ];
        facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// Makes harmless what came from a file.
    pub(super) fn sanitised(self) -> Self {
        let clean = |text: String| sanitise(&text).into_owned();
        Self {
            id: clean(self.id),
            system: self.system.map(clean),
            kernel: self.kernel.map(clean),
            processor: self.processor.map(clean),
            governor: self.governor.map(clean),
            meshplay: clean(self.meshplay),
            cluster: self.cluster.map(clean),
            ..self
        }
    }
}

/// The value of the first line of that name.
fn field(text: &str, name: &str, separator: char) -> Option<String> {
    let value = text.lines().filter_map(|line| line.split_once(separator)).find(|(key, _)| key.trim() == name)?.1;
    Some(sanitise(value.trim().trim_matches('"')).into_owned())
}

/// The folder of our own control group, version 2.
fn group(root: &Path) -> Option<std::path::PathBuf> {
    let own = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let folder = root.join("sys/fs/cgroup").join(own);
    // In a container the path may be that of the host.
    Some(if folder.is_dir() { folder } else { root.join("sys/fs/cgroup") })
}

/// `cpu.max`: quota and period in microseconds, or `max`.
fn quota(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?).filter(|cores| cores.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine as files; the forms are those of proc(5) and of the kernel's cgroup-v2 documentation.
    fn machine(cpu_max: &str, kernel: &str) -> Environment {
        let root = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put("etc/os-release", "NAME=\"Debian\"\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n");
        put("proc/sys/kernel/osrelease", kernel);
        put("proc/cpuinfo", "processor\t: 0\nmodel name\t: AMD EPYC\u{1b}[2J\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n");
        put("proc/self/cgroup", "0::/user.slice/a.scope\n");
        put("sys/fs/cgroup/user.slice/a.scope/cpu.max", cpu_max);
        put("sys/fs/cgroup/user.slice/a.scope/memory.max", "1073741824\n");
        Environment::under(root.path(), Some("lab"))
    }

    #[test]
    fn a_machine_is_read_and_its_name_outlives_a_new_kernel() {
        let old = machine("150000 100000\n", "6.1.0\n");
        assert_eq!((old.kernel.as_deref(), old.cores_limit, old.memory_limit), (Some("6.1.0"), Some(1.5), Some(1 << 30)));
        assert_eq!(old.system.as_deref(), Some("Debian GNU/Linux 12 (bookworm)"));
        assert!(old.processor.as_deref().is_some_and(|model| model.starts_with("AMD EPYC") && !model.contains('\u{1b}')), "{old:?}");
        let new = machine("150000 100000\n", "6.12.0\n");
        assert!(new.id == old.id && new.facts() != old.facts());
        let unlimited = machine("max 100000\n", "6.1.0\n");
        assert!(unlimited.cores_limit.is_none() && unlimited.id != old.id);
    }

    #[test]
    fn a_machine_that_tells_nothing_still_has_a_name() {
        let nothing = Environment::under(Path::new("/nowhere"), None);
        assert_eq!((nothing.id.len(), nothing.kernel), (12, None));
    }
}
