//! The keymap: what each chord means in each context, read from a preset and the person's own file. Commands are
//! resolved by the caller, so that this room knows none of them.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::Layer;
use super::chord::{parse_sequence, show_key, show_sequence};
use crate::text::fault::{Fault, Source, did_you_mean, written};
use crate::tui::term::key::Key;

/// One row of a keymap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The chords, pressed one after the other.
    pub keys: Vec<Key>,
    /// The command's name with its arguments, as written.
    pub command: String,
    /// Where it holds: `global`, `table`, …
    pub context: String,
}

/// What the pressed keys amount to.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup<C> {
    /// Complete: do this.
    Command(C),
    /// The start of something: the next key, its title (a command as written, or the title of a longer prefix), and what it does.
    Prefix(Vec<(Key, String, Option<C>)>),
    /// Means nothing here.
    None,
}

/// All bindings of all contexts. `C` is a resolved command.
#[derive(Clone, Debug)]
pub struct Keymap<C> {
    rows: Vec<Row<C>>,
    titles: BTreeMap<(Option<String>, String), String>,
}

#[derive(Clone, Debug)]
struct Row<C> {
    binding: Binding,
    resolved: C,
    file: String,
    line: usize,
}

/// Turns context and command text into a command, or says why it is none.
pub type Resolve<'a, C> = &'a dyn Fn(&str, &str) -> Result<C, String>;

/// The section that names prefixes instead of binding keys.
const TITLES: &str = "titles";

/// The command text that takes a binding away.
const NONE: &str = "none";

impl<C: Clone + PartialEq> Keymap<C> {
    /// Reads the files of a preset and the person's own (path and text) over them. A row of a later file replaces the row for
    /// the same chord; `none` removes it.
    ///
    /// # Errors
    /// Every fault of all files: syntax, unknown keys, commands and contexts, and chords with two meanings.
    pub fn load(preset: &[Layer<'_>], user: Option<Layer<'_>>, contexts: &[&str], resolve: Resolve<'_, C>) -> Result<Keymap<C>, Vec<Fault>> {
        let mut map = Keymap { rows: Vec::new(), titles: BTreeMap::new() };
        let layers = preset.iter().copied().chain(user);
        let mut faults: Vec<Fault> = layers.flat_map(|(file, text)| map.merge(Source { file, text }, contexts, resolve)).collect();
        faults.extend(map.swallowed());
        if faults.is_empty() { Ok(map) } else { Err(faults) }
    }

    /// What the keys pressed so far mean. `contexts` run from the innermost outwards; the inner meaning wins.
    pub fn lookup(&self, contexts: &[&str], pressed: &[Key]) -> Lookup<C> {
        let mut next: Vec<(Key, String, Option<C>)> = Vec::new();
        for context in contexts {
            if let Some(row) = self.exact(context, pressed) {
                if next.is_empty() {
                    return Lookup::Command(row.resolved.clone());
                }
                break;
            }
            self.continue_from(context, pressed, &mut next);
        }
        if next.is_empty() { Lookup::None } else { Lookup::Prefix(next) }
    }

    /// The keys that reach a command from here: the first written that no inner context hides.
    pub fn keys_for(&self, contexts: &[&str], command: &C) -> Option<String> {
        let rows = contexts.iter().flat_map(|context| self.bindings(context)).filter(|row| row.resolved == *command);
        let mut reachable = rows.filter(|row| self.lookup(contexts, &row.binding.keys) == Lookup::Command(command.clone()));
        reachable.next().map(|row| show_sequence(&row.binding.keys))
    }

    /// One row for each command of a context, in the order written; several ways to reach it stand side by side (`j  down`).
    pub fn rows(&self, context: &str) -> impl Iterator<Item = (String, &C)> {
        let mut rows: Vec<(String, &C)> = Vec::new();
        for row in self.bindings(context) {
            let keys = show_sequence(&row.binding.keys);
            match rows.iter_mut().find(|(_, command)| **command == row.resolved) {
                Some((others, _)) => *others = format!("{others}  {keys}"),
                None => rows.push((keys, &row.resolved)),
            }
        }
        rows.into_iter()
    }

    /// What a prefix is called: the context's own title, else the general one.
    pub fn prefix_title(&self, context: &str, keys: &[Key]) -> Option<&str> {
        let keys = show_sequence(keys);
        let own = self.titles.get(&(Some(context.to_owned()), keys.clone()));
        own.or_else(|| self.titles.get(&(None, keys))).map(String::as_str)
    }

    fn bindings<'m>(&'m self, context: &str) -> impl Iterator<Item = &'m Row<C>> {
        self.rows.iter().filter(move |row| row.binding.context == context)
    }

    fn exact(&self, context: &str, keys: &[Key]) -> Option<&Row<C>> {
        self.rows.iter().find(|row| row.binding.context == context && row.binding.keys == keys)
    }

    fn continue_from(&self, context: &str, pressed: &[Key], next: &mut Vec<(Key, String, Option<C>)>) {
        for row in self.bindings(context) {
            let Some(rest) = row.binding.keys.strip_prefix(pressed) else { continue };
            let Some(key) = rest.first().copied() else { continue };
            if next.iter().any(|(known, ..)| *known == key) {
                continue;
            }
            if rest.len() == 1 {
                next.push((key, row.binding.command.clone(), Some(row.resolved.clone())));
            } else {
                let longer = &row.binding.keys[..=pressed.len()];
                let title = self.prefix_title(context, longer).map_or_else(|| format!("{} …", show_key(key)), str::to_owned);
                next.push((key, title, None));
            }
        }
    }

    /// Puts one file over what is there already.
    fn merge(&mut self, source: Source<'_>, contexts: &[&str], resolve: Resolve<'_, C>) -> Vec<Fault> {
        let document = match source.parse() {
            Ok(document) => document,
            Err(faults) => return faults,
        };
        let mut faults = Vec::new();
        for (section, offset, value) in written(&document) {
            let Some(table) = value.get_ref().as_table() else {
                faults.push(source.fault(
                    offset,
                    format!("`{section}` stands outside of a section"),
                    Some("rows belong under `[global]`, `[table]`, …".to_owned()),
                ));
                continue;
            };
            if section == TITLES {
                faults.extend(self.merge_titles(source, None, table, contexts));
            } else if contexts.contains(&section) {
                faults.extend(self.merge_section(source, section, table, resolve));
            } else {
                let known = contexts.iter().copied().chain([TITLES]);
                let hint = did_you_mean(section, known.clone()).unwrap_or_else(|| format!("there are {}", known.collect::<Vec<_>>().join(", ")));
                faults.push(source.fault(offset, format!("`[{section}]` is no context"), Some(hint)));
            }
        }
        faults
    }

    fn merge_section(&mut self, source: Source<'_>, context: &str, table: &toml::de::DeTable<'_>, resolve: Resolve<'_, C>) -> Vec<Fault> {
        let mut faults = Vec::new();
        let mut seen: Vec<(Vec<Key>, usize)> = Vec::new();
        for (chord, offset, value) in written(table) {
            let keys = match parse_sequence(chord) {
                Ok(keys) => keys,
                Err(what) => {
                    faults.push(source.fault(offset, what, None));
                    continue;
                }
            };
            if let Some((_, line)) = seen.iter().find(|(known, _)| *known == keys) {
                faults.push(source.fault(offset, format!("`{chord}` has two meanings in [{context}]"), Some(format!("the other is in line {line}"))));
                continue;
            }
            seen.push((keys.clone(), source.line(offset)));
            let DeValue::String(command) = value.get_ref() else {
                faults.push(source.fault(offset, format!("`{chord}` needs a command in quotes"), None));
                continue;
            };
            if command.trim() == NONE {
                self.rows.retain(|row| row.binding.context != context || row.binding.keys != keys);
                continue;
            }
            match resolve(context, command.trim()) {
                Ok(resolved) => {
                    let binding = Binding { keys, command: command.trim().to_owned(), context: context.to_owned() };
                    self.put(Row { binding, resolved, file: source.file.to_owned(), line: source.line(offset) });
                }
                Err(what) => faults.push(source.fault(offset, what, self.near(command))),
            }
        }
        faults
    }

    fn merge_titles(&mut self, source: Source<'_>, context: Option<&str>, table: &toml::de::DeTable<'_>, contexts: &[&str]) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (chord, offset, value) in written(table) {
            match value.get_ref() {
                DeValue::Table(own) if context.is_none() && contexts.contains(&chord) => {
                    faults.extend(self.merge_titles(source, Some(chord), own, contexts));
                }
                DeValue::String(title) => match parse_sequence(chord) {
                    Ok(keys) => {
                        self.titles.insert((context.map(str::to_owned), show_sequence(&keys)), title.to_string());
                    }
                    Err(what) => faults.push(source.fault(offset, what, None)),
                },
                _ => faults.push(source.fault(offset, format!("`{chord}` needs a title in quotes"), None)),
            }
        }
        faults
    }

    fn put(&mut self, row: Row<C>) {
        match self.rows.iter_mut().find(|old| old.binding.context == row.binding.context && old.binding.keys == row.binding.keys) {
            Some(old) => *old = row,
            None => self.rows.push(row),
        }
    }

    /// A known command whose name is close to the one that was refused.
    fn near(&self, command: &str) -> Option<String> {
        let name = command.split_whitespace().next().unwrap_or_default();
        let known = self.rows.iter().filter_map(|row| row.binding.command.split_whitespace().next());
        did_you_mean(name, known.filter(|known| *known != name))
    }

    /// Chords that could never be reached whole, because their beginning is a command already.
    fn swallowed(&self) -> Vec<Fault> {
        let pairs = self.rows.iter().enumerate().flat_map(|(short, a)| self.rows.iter().enumerate().map(move |(long, b)| ((short, a), (long, b))));
        pairs
            .filter(|((_, a), (_, b))| a.binding.context == b.binding.context)
            .filter(|((_, a), (_, b))| a.binding.keys.len() < b.binding.keys.len() && b.binding.keys.starts_with(&a.binding.keys))
            .map(|((short, a), (long, b))| if short > long { (a, b) } else { (b, a) })
            .map(|(late, early)| Fault {
                file: late.file.clone(),
                line: late.line,
                what: format!(
                    "`{}` and `{}` in [{}]: a key cannot be a command and the start of others",
                    show_sequence(&late.binding.keys),
                    show_sequence(&early.binding.keys),
                    late.binding.context
                ),
                hint: Some(format!("the other is in {}:{}; `none` takes a binding away", early.file, early.line)),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::tui::app::commands::{CONTEXTS, parse, specs};
    use crate::tui::keys::PRESETS;

    /// The names of all commands there are.
    fn commands() -> BTreeSet<&'static str> {
        specs().map(|spec| spec.name.split(' ').next().unwrap_or_default()).collect()
    }

    fn resolve(_: &str, text: &str) -> Result<String, String> {
        let name = text.split(' ').next().unwrap_or_default();
        if commands().contains(name) || parse(text).is_ok() { Ok(text.to_owned()) } else { Err(format!("`{name}` is no command")) }
    }

    fn load(preset: &str, user: Option<&str>) -> Result<Keymap<String>, Vec<Fault>> {
        Keymap::load(&[("test", preset)], user.map(|text| ("keys.toml", text)), CONTEXTS, &resolve)
    }

    fn faults(preset: &str, user: Option<&str>) -> Vec<String> {
        load(preset, user).expect_err("has faults").iter().map(Fault::to_string).collect()
    }

    fn keys(text: &str) -> Vec<Key> {
        parse_sequence(text).expect("keys")
    }

    fn k9s() -> Keymap<String> {
        Keymap::load(PRESETS[0].1, None, CONTEXTS, &resolve)
            .unwrap_or_else(|faults| panic!("{}", faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")))
    }

    #[test]
    fn every_preset_gives_each_chord_one_meaning() {
        for (name, layers) in PRESETS {
            let map = Keymap::load(layers, None, CONTEXTS, &resolve);
            assert!(map.is_ok(), "{name}: {:?}", map.err());
        }
    }

    #[test]
    fn k9s_fingers_find_what_they_know() {
        let map = k9s();
        for (pressed, command) in [
            (":", "app.line"),
            ("ctrl-p", "app.line"),
            ("/", "app.filter"),
            ("esc", "app.back"),
            ("q", "app.back"),
            ("j", "table.down"),
            ("G", "table.bottom"),
            ("ctrl-d", "table.delete"),
            ("d", "table.describe"),
            ("0", "table.namespace all"),
            ("3", "table.namespace 3"),
            ("A", "table.sort age"),
            ("ctrl-z", "inventory.trouble"),
            ("<", "table.column-left"),
            (", i", "app.go inventory"),
            (", ,", "app.go last"),
        ] {
            assert_eq!(map.lookup(&["table", "global"], &keys(pressed)), Lookup::Command(command.to_owned()), "{pressed}");
        }
    }

    #[test]
    fn the_go_prefix_lists_where_one_can_go() {
        let map = k9s();
        let Lookup::Prefix(next) = map.lookup(&["table", "global"], &keys(",")) else { panic!("a prefix") };
        let listed: Vec<(String, &str)> = next.iter().map(|(key, title, _)| (show_key(*key), title.as_str())).collect();
        assert_eq!(listed[0], ("i".to_owned(), "app.go inventory"));
        for key in ["p", "k", "n", "e", "h", ","] {
            assert!(listed.iter().any(|(listed, _)| listed == key), "{key} in {listed:?}");
        }
        assert_eq!(map.prefix_title("table", &keys(",")), Some("go"));
        assert_eq!(map.lookup(&["table", "global"], &keys(", x")), Lookup::None);
    }

    #[test]
    fn the_inner_context_wins_even_with_a_prefix() {
        let map = load("[global]\n'g' = 'app.help'\n'x y' = 'app.zoom'\n[table]\n'g g' = 'table.top'\n'x' = 'table.mark'\n", None).expect("loads");
        assert!(matches!(map.lookup(&["table", "global"], &keys("g")), Lookup::Prefix(next) if next.len() == 1));
        assert_eq!(map.lookup(&["table", "global"], &keys("x")), Lookup::Command("table.mark".to_owned()));
        assert_eq!(map.keys_for(&["table", "global"], &"app.zoom".to_owned()), Some("x y".to_owned()), "complete sequences are looked up whole");
        assert_eq!(map.keys_for(&["table", "global"], &"app.help".to_owned()), None, "hidden by `g g`");
        assert_eq!(map.keys_for(&["global"], &"app.help".to_owned()), Some("g".to_owned()));
    }

    #[test]
    fn longer_prefixes_show_their_title() {
        let map = load("[global]\n'g a b' = 'app.help'\n[titles]\n'g a' = 'further'\n[titles.global]\n'g' = 'own'\n", None).expect("loads");
        assert_eq!(map.lookup(&["global"], &keys("g")), Lookup::Prefix(vec![(keys("a")[0], "further".to_owned(), None)]));
        assert_eq!(map.prefix_title("global", &keys("g")), Some("own"));
        assert_eq!(map.prefix_title("table", &keys("g")), None);
    }

    #[test]
    fn rows_keep_the_written_order_and_join_the_ways() {
        let map = load("[table]\n'z' = 'table.up'\n'j' = 'table.down'\n'down' = 'table.down'\n", None).expect("loads");
        let rows: Vec<_> = map.rows("table").map(|(keys, command)| (keys, command.as_str())).collect();
        assert_eq!(rows, [("z".to_owned(), "table.up"), ("j  down".to_owned(), "table.down")]);
    }

    #[test]
    fn the_persons_file_replaces_adds_and_removes() {
        let preset = "[table]\n'j' = 'table.down'\n'k' = 'table.up'\n'd' = 'table.describe'\n";
        let map = load(preset, Some("[table]\n'j' = 'table.up'\n'd' = 'none'\n'ctrl-k' = 'table.top'\n")).expect("loads");
        let rows: Vec<_> = map.rows("table").map(|(keys, command)| (keys, command.as_str())).collect();
        assert_eq!(rows, [("j  k".to_owned(), "table.up"), ("ctrl-k".to_owned(), "table.top")]);
    }

    #[test]
    fn faults_name_file_line_and_remedy() {
        let preset = "[table]\n'j' = 'table.down'\n'g' = 'table.top'\n";
        for (user, expected) in [
            ("[table]\n'entr' = 'table.down'", "keys.toml:2: `entr` is no key; did you mean `enter`?"),
            ("[table]\n\n'x' = 'tabel.down'", "keys.toml:3: `tabel.down` is no command; did you mean `table.down`?"),
            ("[tabel]\n'x' = 'table.down'", "keys.toml:1: `[tabel]` is no context; did you mean `table`?"),
            ("[table]\n'ctrl-k' = 'table.up'\n'ctrl-K' = 'table.down'", "keys.toml:3: `ctrl-K` has two meanings in [table]; the other is in line 2"),
            ("[table]\n'x' = 3", "keys.toml:2: `x` needs a command in quotes"),
            (
                "[table]\n'g g' = 'table.up'",
                "keys.toml:2: `g g` and `g` in [table]: a key cannot be a command and the start of others; the other is in test:3; `none` takes a binding away",
            ),
        ] {
            assert_eq!(faults(preset, Some(user)), [expected]);
        }
    }

    #[test]
    fn all_faults_are_told_at_once() {
        assert_eq!(faults("[table]\n'entr' = 'table.up'\n", Some("[x]\n[table]\n'y' = 'nothing'\n")).len(), 3);
        assert_eq!(faults("[table]\n'j' = 'table.up'\n'j' = 'table.down'\n", None).len(), 1);
    }
}
