//! Profiles on disk: `profiles/NAME.yaml` under the data folder, each a file that a person may write, move and keep in a repository.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::{Profile, foreign, is_name};
use crate::names::Problem;
use crate::results::store::open_file;
use crate::text::{sanitise, yaml};

/// The folder of profiles.
#[derive(Clone, Debug)]
pub struct Profiles {
    folder: PathBuf,
}

impl Profiles {
    /// Those under a data folder. Touches nothing yet.
    pub fn open(data: &Path) -> Self {
        Self { folder: data.join("profiles") }
    }

    /// Where the profile of that name lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.yaml"))
    }

    /// The names of all, whatever is in them.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let named = |path: PathBuf| Some(sanitise(&path.file_stem()?.to_string_lossy()).into_owned());
        let mut names: Vec<String> = entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).filter_map(named).collect();
        names.sort();
        names
    }

    /// Every profile by name, and what is wrong with the others.
    pub fn list(&self) -> (Vec<(String, Profile)>, Vec<Problem>) {
        let (mut profiles, mut problems) = (Vec::new(), Vec::new());
        for name in self.names() {
            match self.file(&self.path(&name)) {
                Ok(profile) => profiles.push((name, profile)),
                Err(problem) => problems.push(problem),
            }
        }
        (profiles, problems)
    }

    /// The text of a profile: a name, or the path of a file.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn text(&self, name: &str) -> Result<(PathBuf, String), Problem> {
        let path = if is_name(name) && self.path(name).is_file() { self.path(name) } else { PathBuf::from(name) };
        if !path.is_file() {
            let what = if name.is_empty() { "no profile was named".to_owned() } else { format!("there is no profile {}", sanitise(name)) };
            let kept = self.names();
            let why = if kept.is_empty() { "none is kept".to_owned() } else { format!("kept are {}", kept.join(", ")) };
            return Err(Problem::new("perf.no-profile", what, why).hint("`meshplay perf profile save FILE` keeps one; a path of a file is taken too"));
        }
        let bytes = open_file(&path)?;
        let text = String::from_utf8(bytes).map_err(|_| Problem::new("perf.profile", format!("{} is no text", sanitise(name)), ""))?;
        Ok((path, text))
    }

    /// The profile of that name or in that file.
    ///
    /// # Errors
    /// There is none, or what is wrong in it, with the line.
    pub fn read(&self, name: &str) -> Result<Profile, Problem> {
        let (path, text) = self.text(name)?;
        Profile::parse(&path.display().to_string(), &text)
    }

    fn file(&self, path: &Path) -> Result<Profile, Problem> {
        self.read(&path.display().to_string())
    }

    /// Keeps a profile under a name, in place of the one that was called so; the name.
    ///
    /// # Errors
    /// It is none that can be run, the name is none, or the disk.
    pub fn save(&self, name: Option<&str>, file: &str, text: &str) -> Result<String, Problem> {
        let profile = Profile::parse(file, text)?;
        let name = name.map_or_else(|| named(&profile.name), str::to_owned);
        if !is_name(&name) {
            return Err(Problem::new(
                "perf.profile",
                format!("{} cannot be the name of a profile", sanitise(&name)),
                "letters, digits, dots, - and _ can",
            ));
        }
        self.write(&name, text).map_err(|error| {
            Problem::new("results.unwritable", format!("{} cannot be written", sanitise(&self.path(&name).display().to_string())), error.to_string())
                .hint("free or mend that place")
        })?;
        Ok(name)
    }

    /// Keeps a profile of somebody else without what gives access; the name and what was taken out.
    ///
    /// # Errors
    /// It is none that can be run, or the disk.
    pub fn import(&self, file: &str, text: &str) -> Result<(String, Vec<String>), Problem> {
        let broken = |why: String| Problem::new("perf.profile", format!("{} is no profile", sanitise(file)), sanitise(&why));
        let mut value: serde_json::Value = yaml::read(text).map_err(broken)?;
        let mut taken = Vec::new();
        foreign::stripped(&mut value, &mut taken);
        let text = yaml::write(&value).map_err(broken)?;
        self.save(None, file, &text).map(|name| (name, taken))
    }

    /// Whether a file holds a profile and no results.
    pub fn is_profile(text: &str) -> bool {
        let value: Result<serde_json::Value, _> = yaml::read(text);
        value.is_ok_and(|value| foreign::is_smp(&value) || (value["endpoints"].get(0).is_some_and(serde_json::Value::is_string)))
    }

    /// Takes a profile away; its runs stay.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn remove(&self, name: &str) -> Result<(), Problem> {
        let gone = |why: &str| {
            Problem::new("perf.no-profile", format!("there is no profile {}", sanitise(name)), why).hint("`meshplay perf profile list` lists them")
        };
        if !is_name(name) {
            return Err(gone(""));
        }
        fs::remove_file(self.path(name)).map_err(|error| gone(&error.to_string()))
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt as _;
        fs::create_dir_all(&self.folder)?;
        let half = self.folder.join(format!(".{name}.new"));
        // Headers may give access: nobody else reads them.
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&half)?;
        file.write_all(text.as_bytes())?;
        file.sync_data()?;
        fs::rename(half, self.path(name))
    }
}

/// A name for a file out of one for people.
fn named(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name: The Shop\nendpoints: [http://127.0.0.1:1/]\nrequestHeaders: {Authorization: Bearer x}\n";

    #[test]
    fn profiles_are_saved_listed_read_and_removed() {
        let data = tempfile::tempdir().unwrap();
        let profiles = Profiles::open(data.path());
        assert!(profiles.list().0.is_empty());
        assert_eq!(profiles.save(None, "x", TEXT), Ok("the-shop".to_owned()));
        assert_eq!(profiles.read("the-shop").unwrap().name, "The Shop");
        fs::write(data.path().join("profiles/broken.yaml"), "endpoints: [").unwrap();
        let (listed, problems) = profiles.list();
        assert_eq!((listed[0].0.as_str(), listed.len(), problems.len()), ("the-shop", 1, 1));
        for name in ["../x", "", ".hidden", "a/b"] {
            assert!(profiles.save(Some(name), "x", TEXT).is_err() && profiles.remove(name).is_err(), "{name}");
        }
        assert_eq!(profiles.remove("the-shop"), Ok(()));
        assert_eq!(profiles.read("the-shop").unwrap_err().code, "perf.no-profile");
    }

    #[test]
    fn an_imported_profile_gives_no_access() {
        let data = tempfile::tempdir().unwrap();
        let profiles = Profiles::open(data.path());
        let (name, taken) = profiles.import("x.json", TEXT).unwrap();
        assert_eq!(taken, ["Authorization"]);
        assert!(!fs::read_to_string(profiles.path(&name)).unwrap().contains("Bearer"));
        assert!(Profiles::is_profile(TEXT) && !Profiles::is_profile("{\"DurationHistogram\": {}}"));
    }
}
