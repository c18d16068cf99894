//! Reads a template: what stands between braces, the names of the person's own that are written out there, and what is wrong with its place.

use super::{Names, Part, Place, Template};
use crate::names::Problem;
use crate::text::sanitise;

/// Names of the person's own that are written out in one text; each may hold others twice, so their number can explode.
const MOST: usize = 1_000;

const HINT: &str =
    "{{counter}}, {{random 1 100}}, {{uuid}}, {{now}}, {{time}} and {{feed.NAME}} are known, {{open}} writes {{, --set NAME=TEXT adds one";

impl Template {
    /// Reads a text; `what` names it in problems, as in "the path".
    ///
    /// # Errors
    /// A name is unknown, has wrong words behind it, leads in a circle, or has no end; with the place.
    pub(in crate::load) fn read(text: &str, place: Place, what: &str, names: Names<'_>) -> Result<Self, Problem> {
        let mut reader = Reader { place, names, open: Vec::new(), written: 0, template: Self::default() };
        reader.read(text).map_err(|(at, why)| {
            let line = text[..at].matches('\n').count() + 1;
            let column = text[..at].chars().rev().take_while(|letter| *letter != '\n').count() + 1;
            let at = if text.contains('\n') { format!("line {line}, column {column}") } else { format!("column {column}") };
            Problem::new("load.template", format!("{what} cannot be filled in"), format!("{at}: {why}")).hint(HINT)
        })?;
        Ok(reader.template)
    }
}

/// A template in the making.
struct Reader<'a> {
    place: Place,
    names: Names<'a>,
    /// Names of the person's own that are being written out.
    open: Vec<&'a str>,
    written: usize,
    template: Template,
}

impl<'a> Reader<'a> {
    /// What is wrong comes with its place in the text.
    fn read(&mut self, text: &str) -> Result<(), (usize, String)> {
        let mut at = 0;
        while let Some(found) = text[at..].find("{{") {
            self.template.push_text(&text.as_bytes()[at..at + found]);
            let from = at + found;
            let to = text[from..].find("}}").ok_or_else(|| (from, "{{ has no }}".to_owned()))? + from;
            self.name(text[from + 2..to].trim()).map_err(|why| (from, why))?;
            at = to + 2;
        }
        self.template.push_text(&text.as_bytes()[at..]);
        Ok(())
    }

    fn name(&mut self, name: &str) -> Result<(), String> {
        let words: Vec<&str> = name.split_whitespace().collect();
        let part = match words.as_slice() {
            ["counter"] => Part::Counter,
            ["uuid"] => Part::Uuid,
            ["now"] => Part::Now,
            ["time"] => Part::Time,
            ["open"] => Part::Text(b"{{".to_vec()),
            ["random", from, to] => {
                let range = from.parse().ok().zip(to.parse().ok()).filter(|(from, to)| from <= to);
                let (from, to) = range.ok_or_else(|| format!("random wants two whole numbers, the smaller one first, not {}", sanitise(name)))?;
                Part::Number(from, to)
            }
            ["random", ..] => return Err("random wants two whole numbers, as in {{random 1 100}}".into()),
            _ => return self.named(name),
        };
        self.template.push(Template { parts: vec![part] });
        Ok(())
    }

    fn named(&mut self, name: &str) -> Result<(), String> {
        if let Some(column) = name.strip_prefix("feed.") {
            let feed = self.names.feed.ok_or("there is no feed: --feed FILE names one")?;
            let column = feed.column(column).ok_or_else(|| format!("the feed has no {}, only {}", sanitise(column), feed.names().join(", ")))?;
            self.template.parts.push(Part::Feed(column, self.place));
            return Ok(());
        }
        let own = self.names.own;
        let Some((own, text)) = own.iter().find(|(own, _)| own == name) else {
            return Err(format!("{} is not known", sanitise(name)));
        };
        if self.open.contains(&own.as_str()) {
            let circle: Vec<&str> = self.open.iter().copied().skip_while(|open| *open != own).chain([own.as_str()]).collect();
            return Err(format!("{} leads in a circle", circle.join(" → ")));
        }
        if !self.place.holds(text) {
            return Err(format!("{own} holds what cannot stand here: a space, a line break or a control character"));
        }
        self.written += 1;
        if self.written > MOST {
            return Err(format!("names stand for names that stand for names, more than {MOST} of them"));
        }
        self.open.push(own);
        let read = self.read(text).map_err(|(at, why)| format!("in {own} at column {}: {why}", at + 1));
        self.open.pop();
        read
    }
}
