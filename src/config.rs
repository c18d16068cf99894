//! Settings and paths, layered: flags over environment over the person's file over defaults. The only reader of the environment and of the home
//! directory; what it finds is handed on as plain values.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::names::{ConnectionKind, Problem};
use crate::terminal::{Facts, Switch};
use crate::text::fault::Source;
use crate::text::quantity::Amount;

/// The file of settings.
const FILE: &str = "config.toml";

/// The person's `config.toml`. Every key is optional.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// Name of a theme: `dark`, `light`, `high-contrast`, `high-contrast-light`, `ansi16`, `mono`.
    pub theme: Option<String>,
    /// Colour depth: `none`, `16`, `256`, `true`.
    pub color: Option<String>,
    /// Key preset: `k9s`, `vim`, `emacs`.
    pub keymap: Option<String>,
    /// Nothing is ever changed or loaded.
    pub readonly: bool,
    /// Globs of context names for which an action asks for the context's name.
    pub protected: Vec<String>,
    /// Glyphs from ASCII only.
    pub ascii: bool,
    /// Longest time between two frames nobody typed for, in milliseconds.
    pub frame_ms: Option<u64>,
    /// Fewer bytes for a slow line: `on`, `off`, `auto`.
    pub slow: Switch,
    /// The mouse as well as keys: `on`, `off`, `auto` (not behind SSH).
    pub mouse: Switch,
    /// Words of the person's own for the `:` line, each with what it stands for: `dp = "deploy"`.
    pub aliases: BTreeMap<String, String>,
    /// Where `enter` leads from kinds that the program knows nothing of.
    pub jumps: Vec<JumpSetting>,
    /// Named groups of contexts, each with names and globs.
    pub environments: BTreeMap<String, Vec<String>>,
    /// Connections that no kubeconfig names.
    pub connections: Vec<ConnectionSetting>,
    /// What load tests may do.
    pub perf: PerfSettings,
    /// How much of logs is kept.
    pub logs: LogSettings,
}

/// `[logs]` of the settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// Bytes of one log's older lines on disk, `400MiB`; `0`: none.
    pub keep: Option<String>,
}

/// Bytes of a log on disk where nothing is said.
const KEEP: u64 = 400 << 20;

impl LogSettings {
    /// Bytes of one log's older lines on disk. What is written there and is no size is a problem, and the usual size is meant.
    pub fn bytes(&self) -> (u64, Option<Problem>) {
        let Some(text) = &self.keep else { return (KEEP, None) };
        match Amount::parse(text.trim().trim_end_matches('B')) {
            Some(size) => (size.units(), None),
            None => {
                let what = format!("`{}` is no size, so older lines of logs are kept as usual", crate::text::sanitise(text));
                let problem = Problem::new("config.logs", what, "`keep` under `[logs]` in config.toml");
                (KEEP, Some(problem.hint("write `400MiB`, `1GiB`, or `0` for none")))
            }
        }
    }
}

/// `[perf]` of the settings.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PerfSettings {
    /// Globs of hosts, of hosts with ports, or of Unix sockets as `unix:/run/*`: the only places that may be loaded. None: any.
    pub targets: Option<Spanned<Vec<String>>>,
    /// Where they are named: file and line.
    #[serde(skip)]
    pub targets_named_in: String,
}

/// One `[[connections]]` of the settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionSetting {
    /// What it is called.
    pub name: Spanned<String>,
    /// What it leads to.
    pub kind: ConnectionKind,
    /// Where it is.
    pub url: String,
    /// Where its name stands, `config.toml:7` with the path.
    #[serde(skip)]
    pub place: String,
}

/// One `[[jumps]]` of the settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JumpSetting {
    /// From objects of this kind.
    pub from: String,
    /// To objects of this one.
    pub to: String,
    /// By a label selector with `{name}`, `{namespace}` and `{label:KEY}`; without: to those it controls.
    pub labels: Option<String>,
}

/// Everything a door needs to know about where it runs.
#[derive(Clone, Debug)]
pub struct Config {
    /// The person's settings.
    pub settings: Settings,
    /// Where our files live.
    pub paths: Paths,
    /// Where this program itself lies, as far as the system tells.
    pub program: Option<PathBuf>,
    /// Kubeconfig files in merge order; only those that exist.
    pub kubeconfigs: Vec<PathBuf>,
    /// Every place a kubeconfig was looked for, found or not.
    pub looked_at: Vec<PathBuf>,
    /// What the environment says about the terminal.
    pub terminal: Facts,
    /// `NO_PROXY` and `HTTPS_PROXY` as set.
    pub no_proxy: Option<String>,
    /// The proxy for HTTPS, if any.
    pub https_proxy: Option<String>,
    /// The proxy for HTTP, if any.
    pub http_proxy: Option<String>,
    /// Where the API server of the cluster is that this runs in, and the folder of the pod's service account; none outside of a pod.
    pub in_cluster: Option<(String, PathBuf)>,
}

/// Where the kubelet puts a pod's service account.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Our folders, after the XDG base directory specification (also on macOS, as most terminal programs do).
#[derive(Clone, Debug)]
pub struct Paths {
    /// `config.toml`, `keymap.toml`, `theme.toml`.
    pub config: PathBuf,
    /// Runs and the audit log.
    pub data: PathBuf,
    /// What is remembered between starts.
    pub state: PathBuf,
    /// What lives no longer than the login, where the system has a place for that.
    pub runtime: Option<PathBuf>,
}

impl Config {
    /// Reads the environment and the settings file. A settings file that is wrong is a problem; the defaults are used instead of it.
    pub fn read() -> (Self, Vec<Problem>) {
        Self::from_lookup(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// The same over any environment; `get` answers `None` for a variable that is empty or not set.
    pub fn from_lookup(get: &dyn Fn(&str) -> Option<String>) -> (Self, Vec<Problem>) {
        let home = get("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let paths = Paths::from_lookup(get, &home);
        let looked_at = kubeconfig_places(get, &home);
        let (settings, problem) = match settings(&paths.config.join(FILE)) {
            Ok(settings) => (settings, None),
            Err(problem) => (Settings::default(), Some(problem.hint("mend or remove that line; the defaults are in use until then"))),
        };
        let config = Self {
            settings,
            kubeconfigs: looked_at.iter().filter(|path| path.is_file()).cloned().collect(),
            looked_at,
            paths,
            program: std::env::current_exe().ok(),
            terminal: Facts::from_lookup(get),
            no_proxy: get("NO_PROXY").or_else(|| get("no_proxy")),
            https_proxy: get("HTTPS_PROXY").or_else(|| get("https_proxy")),
            http_proxy: get("HTTP_PROXY").or_else(|| get("http_proxy")),
            in_cluster: in_cluster(get),
        };
        (config, problem.into_iter().collect())
    }

    /// The settings file as it is now.
    ///
    /// # Errors
    /// It is wrong; those that were read before stay in use.
    pub fn settings_now(&self) -> Result<Settings, Problem> {
        let hint = "mend or remove that line; what was read before stays in use until then";
        settings(&self.paths.config.join(FILE)).map_err(|problem| problem.hint(hint))
    }

    /// A text of the person's own that lies beside the settings (`keymap.toml`, `theme.toml`), with its path; none where there is no such file.
    ///
    /// # Errors
    /// It is there and cannot be read; the problem has the given code.
    pub fn own(&self, file: &str, code: &'static str) -> Result<Option<(String, String)>, Problem> {
        let path = self.paths.config.join(file);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some((path.display().to_string(), text))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Problem::new(code, format!("{} was not used", path.display()), error.to_string())
                .hint("make it a text file that you may read; the defaults are in use until then")),
        }
    }

    /// What the last start left; nothing when there was none or it cannot be read.
    pub fn remembered<T: DeserializeOwned + Default>(&self) -> T {
        let text = std::fs::read_to_string(self.paths.state.join("remembered.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

impl Paths {
    fn from_lookup(get: &dyn Fn(&str) -> Option<String>, home: &Path) -> Self {
        let place = |variable: &str, fallback: &str| {
            let base = get(variable).map(PathBuf::from).filter(|path| path.is_absolute());
            base.unwrap_or_else(|| home.join(fallback)).join("meshplay")
        };
        Self {
            config: place("XDG_CONFIG_HOME", ".config"),
            data: place("XDG_DATA_HOME", ".local/share"),
            state: place("XDG_STATE_HOME", ".local/state"),
            runtime: get("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute()),
        }
    }

    /// Whether something can be written into one of these folders. Leaves nothing behind: where the folder is not there yet, the nearest one above it
    /// is tried.
    ///
    /// # Errors
    /// Which folder refuses, and what the system says.
    pub fn writable(folder: &Path) -> Result<(), Problem> {
        // `symlink_metadata` also sees a link that leads nowhere, which would be in the way.
        let nearest = folder.ancestors().find(|path| path.symlink_metadata().is_ok()).unwrap_or(folder);
        let probe = nearest.join(format!(".meshplay-{}", std::process::id()));
        let tried = std::fs::File::create_new(&probe).and_then(|_| std::fs::remove_file(&probe));
        tried.map_err(|error| {
            let what = format!("nothing can be written to {}", folder.display());
            Problem::new("config.folder", what, format!("{}: {error}", nearest.display())).hint(format!(
                "make it a folder of your own (`ls -ld {}` shows whose it is), or point the XDG variables elsewhere",
                nearest.display()
            ))
        })
    }

    /// Writes what the next start should know; whole or not at all.
    ///
    /// # Errors
    /// What the disk says.
    pub fn remember(&self, remembered: &impl Serialize) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.state)?;
        let half = self.state.join("remembered.json.new");
        std::fs::write(&half, serde_json::to_vec_pretty(remembered)?)?;
        std::fs::rename(half, self.state.join("remembered.json"))
    }
}

/// As the kubelet tells it to every container; client-go wants both variables.
fn in_cluster(get: &dyn Fn(&str) -> Option<String>) -> Option<(String, PathBuf)> {
    let (host, port) = (get("KUBERNETES_SERVICE_HOST")?, get("KUBERNETES_SERVICE_PORT")?);
    let host = if host.contains(':') { format!("[{host}]") } else { host };
    Some((format!("https://{host}:{port}"), PathBuf::from(SERVICE_ACCOUNT)))
}

/// `KUBECONFIG` is a list in merge order; without it the one file in the home directory.
fn kubeconfig_places(get: &dyn Fn(&str) -> Option<String>, home: &Path) -> Vec<PathBuf> {
    match get("KUBECONFIG") {
        Some(list) => std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect(),
        None => vec![home.join(".kube/config")],
    }
}

fn settings(path: &Path) -> Result<Settings, Problem> {
    let wrong = |place: String, why: &str| Problem::new("config.settings", format!("{place} was not used"), crate::text::sanitise(why.trim()));
    let file = path.display().to_string();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Settings::default()),
        Err(error) => return Err(wrong(file, &error.to_string())),
    };
    let place = |offset: usize| format!("{file}:{}", Source { file: &file, text: &text }.line(offset));
    let mut settings: Settings = toml::from_str(&text)
        .map_err(|error: toml::de::Error| wrong(place(error.span().map_or(0, |span| span.start)), &error.message().replace('\n', " ")))?;
    settings.connections.iter_mut().for_each(|one| one.place = place(one.name.span().start));
    settings.perf.targets_named_in = settings.perf.targets.as_ref().map_or_else(String::new, |targets| place(targets.span().start));
    Ok(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        move |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_string())
    }

    #[test]
    fn kubeconfig_is_a_list_and_only_what_exists_is_merged() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("a");
        std::fs::write(&there, "{}").unwrap();
        let list = format!("{}:{}/gone", there.display(), folder.path().display());
        let (config, _) = Config::from_lookup(&lookup(&[("HOME", "/nowhere"), ("KUBECONFIG", &list)]));
        assert_eq!(config.kubeconfigs, [there]);
        assert_eq!(config.looked_at.len(), 2);
    }

    #[test]
    fn targets_are_read_with_their_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("meshplay")).unwrap();
        let file = folder.path().join("meshplay/config.toml");
        std::fs::write(&file, "ascii = true\n\n[perf]\ntargets = [\"127.0.0.1\"]\n").unwrap();
        let home = folder.path().display().to_string();
        let (config, problems) = Config::from_lookup(&lookup(&[("HOME", &home), ("XDG_CONFIG_HOME", &home)]));
        let perf = config.settings.perf;
        assert_eq!(
            (perf.targets.unwrap().into_inner(), perf.targets_named_in, problems),
            (vec!["127.0.0.1".to_owned()], format!("{}:4", file.display()), vec![])
        );
    }

    #[test]
    fn an_own_file_that_cannot_be_read_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("meshplay")).unwrap();
        std::fs::write(folder.path().join("meshplay/keymap.toml"), b"[global]\n\xff").unwrap();
        let home = folder.path().display().to_string();
        let (config, _) = Config::from_lookup(&lookup(&[("HOME", &home), ("XDG_CONFIG_HOME", &home)]));
        assert_eq!(config.own("theme.toml", "config.theme"), Ok(None));
        let problem = config.own("keymap.toml", "config.keymap").unwrap_err();
        assert!(problem.code == "config.keymap" && problem.what.contains("keymap.toml"), "{problem}");
    }

    #[test]
    fn environments_and_connections_of_other_kinds_stand_in_the_settings() {
        let settings: Settings = toml::from_str(
            "[environments]\nprod = [\"prod-*\"]\n[[connections]]\nname = \"metrics\"\nkind = \"prometheus\"\nurl = \"http://prometheus:9090\"\n",
        )
        .unwrap();
        assert_eq!(settings.environments["prod"], ["prod-*"]);
        assert_eq!(settings.connections[0].kind, ConnectionKind::Prometheus);
        assert!(
            toml::from_str::<Settings>("[[connections]]\nname = \"x\"\nkind = \"nagios\"\nurl = \"y\"\n")
                .unwrap_err()
                .to_string()
                .contains("prometheus")
        );
    }

    #[test]
    fn how_much_of_logs_is_kept_is_a_size() {
        let bytes = |keep: Option<&str>| LogSettings { keep: keep.map(str::to_owned) }.bytes();
        assert_eq!(bytes(None), (400 << 20, None));
        assert_eq!([bytes(Some("1GiB")), bytes(Some("64Mi")), bytes(Some("0"))], [(1 << 30, None), (64 << 20, None), (0, None)]);
        assert!(matches!(bytes(Some("much")), (size, Some(problem)) if size == 400 << 20 && problem.code == "config.logs"));
    }

    #[test]
    fn a_pod_knows_its_cluster() {
        let (config, _) =
            Config::from_lookup(&lookup(&[("HOME", "/nowhere"), ("KUBERNETES_SERVICE_HOST", "10.96.0.1"), ("KUBERNETES_SERVICE_PORT", "443")]));
        assert_eq!(config.in_cluster, Some(("https://10.96.0.1:443".into(), PathBuf::from(SERVICE_ACCOUNT))));
        let (config, _) = Config::from_lookup(&lookup(&[("HOME", "/nowhere"), ("KUBERNETES_SERVICE_HOST", "fd00::1")]));
        assert_eq!(config.in_cluster, None);
    }

    #[test]
    fn a_wrong_setting_is_named_and_the_defaults_stand() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("meshplay")).unwrap();
        std::fs::write(folder.path().join("meshplay/config.toml"), "theem = \"dark\"\n").unwrap();
        let home = folder.path().display().to_string();
        let (config, problems) = Config::from_lookup(&lookup(&[("HOME", &home), ("XDG_CONFIG_HOME", &home)]));
        assert_eq!(config.settings, Settings::default());
        assert_eq!(problems.len(), 1);
        assert!(problems[0].why.contains("theem") && problems[0].what.contains("config.toml:1"), "{:?}", problems[0]);
    }

    #[test]
    fn a_folder_that_is_not_there_is_judged_by_the_one_above_it_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Paths::writable(&folder.path().join("a/b")), Ok(()));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        std::fs::write(folder.path().join("file"), "").unwrap();
        let problem = Paths::writable(&folder.path().join("file/b")).unwrap_err();
        assert!(problem.what.ends_with("file/b") && !problem.hints.is_empty(), "{problem}");
    }

    #[test]
    fn what_is_remembered_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().display().to_string();
        let (config, _) = Config::from_lookup(&lookup(&[("HOME", &home), ("XDG_STATE_HOME", &home)]));
        let remembered = std::collections::BTreeMap::from([("contexts".to_owned(), vec!["a".to_owned()])]);
        config.paths.remember(&remembered).unwrap();
        assert_eq!(config.remembered::<std::collections::BTreeMap<String, Vec<String>>>(), remembered);
    }
}
