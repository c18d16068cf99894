//! Texts with places that are filled anew for each request: `{{counter}}`, `{{random 1 100}}`, `{{uuid}}`, `{{now}}`, `{{time}}`, `{{feed.name}}` and
//! names of the person's own. They are read once; filling one copies bytes into a buffer that is used again.

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::feed::Feed;
use crate::names::Problem;
use crate::text::sanitise;

/// Names of the person's own that are written out in one text; each may hold others twice, so their number can explode.
const MOST: usize = 1_000;

/// A text that has been read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::load) struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(Vec<u8>),
    Counter,
    /// Both ends may come.
    Random(u64, u64),
    Uuid,
    Now,
    Time,
    /// A column of the feed.
    Feed(usize, Place),
    /// Length of the body.
    Length,
}

/// Where a text stands: what a field of a feed may look like there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::load) enum Place {
    /// Percent-encoded (RFC 3986, 2.1).
    Url,
    /// Without control characters.
    Header,
    /// As it is.
    Body,
}

/// What names stand for.
#[derive(Clone, Copy, Debug)]
pub(in crate::load) struct Names<'a> {
    /// The person's own, which may hold templates themselves.
    pub(in crate::load) own: &'a [(String, String)],
    pub(in crate::load) feed: Option<&'a Feed>,
}

/// What is the same everywhere in one request.
pub(in crate::load) struct Turn<'a> {
    pub(in crate::load) counter: u64,
    pub(in crate::load) feed: Option<&'a Feed>,
    pub(in crate::load) length: usize,
    uuid: Option<[u8; 16]>,
    moment: Option<SystemTime>,
}

/// Numbers by chance: SplitMix64 (Steele, Lea, Flood, «Fast Splittable Pseudorandom Number Generators», 2014).
#[derive(Clone, Debug)]
pub(in crate::load) struct Chance(pub(in crate::load) u64);

impl Chance {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    fn between(&mut self, from: u64, to: u64) -> u64 {
        let choices = u128::from(to - from) + 1;
        from + u64::try_from((u128::from(self.bits()) * choices) >> 64).unwrap_or(0)
    }
}

impl<'a> Turn<'a> {
    pub(in crate::load) fn new(counter: u64, feed: Option<&'a Feed>) -> Self {
        Self { counter, feed, length: 0, uuid: None, moment: None }
    }

    fn uuid(&mut self, chance: &mut Chance) -> [u8; 16] {
        *self.uuid.get_or_insert_with(|| {
            let mut bytes = (u128::from(chance.bits()) << 64 | u128::from(chance.bits())).to_be_bytes();
            // Version 4 and its variant (RFC 9562, 5.4).
            bytes[6] = bytes[6] & 0x0f | 0x40;
            bytes[8] = bytes[8] & 0x3f | 0x80;
            bytes
        })
    }

    fn moment(&mut self) -> SystemTime {
        *self.moment.get_or_insert_with(SystemTime::now)
    }
}

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

    /// Bytes as they are.
    pub(in crate::load) fn plain(bytes: &[u8]) -> Self {
        let mut template = Self::default();
        template.push_text(bytes);
        template
    }

    /// The length of the body stands here.
    pub(in crate::load) fn length() -> Self {
        Self { parts: vec![Part::Length] }
    }

    /// Adds another behind it.
    pub(in crate::load) fn push(&mut self, other: Self) {
        for part in other.parts {
            match part {
                Part::Text(text) => self.push_text(&text),
                part => self.parts.push(part),
            }
        }
    }

    /// Adds bytes behind it.
    pub(in crate::load) fn push_text(&mut self, bytes: &[u8]) {
        match self.parts.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Part::Text(text)) => text.extend_from_slice(bytes),
            _ => self.parts.push(Part::Text(bytes.to_vec())),
        }
    }

    /// The same with its text percent-encoded; fields of a feed are so already, and numbers need not be.
    pub(in crate::load) fn encoded(mut self) -> Self {
        for part in &mut self.parts {
            if let Part::Text(text) = part {
                let plain = std::mem::take(text);
                encoded(&plain, text);
            }
        }
        self
    }

    /// Its bytes, where every request has the same.
    pub(in crate::load) fn still(&self) -> Option<&[u8]> {
        match self.parts.as_slice() {
            [] => Some(&[]),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Appends it, filled in.
    pub(in crate::load) fn fill(&self, turn: &mut Turn<'_>, chance: &mut Chance, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Counter => number(turn.counter, out),
                Part::Random(from, to) => number(chance.between(*from, *to), out),
                Part::Uuid => uuid(turn.uuid(chance), out),
                Part::Now => number(turn.moment().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)), out),
                Part::Time => time(turn.moment(), out),
                Part::Feed(column, place) => place.put(turn.feed.map_or(&[], |feed| feed.cell(turn.counter, *column)), out),
                Part::Length => number(turn.length as u64, out),
            }
        }
    }
}

const HINT: &str =
    "{{counter}}, {{random 1 100}}, {{uuid}}, {{now}}, {{time}} and {{feed.NAME}} are known, {{open}} writes {{, --set NAME=TEXT adds one";

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
                Part::Random(from, to)
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

impl Place {
    /// Text of the person's own may stand here as it is.
    fn holds(self, text: &str) -> bool {
        match self {
            Self::Body => true,
            Self::Header => !text.chars().any(char::is_control),
            // Spaces of a name between braces are not written.
            Self::Url => text.contains("{{") || !text.chars().any(|letter| letter.is_control() || letter.is_whitespace()),
        }
    }

    fn put(self, bytes: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Body => out.extend_from_slice(bytes),
            Self::Header => out.extend(bytes.iter().map(|byte| if byte.is_ascii_control() { b' ' } else { *byte })),
            Self::Url => encoded(bytes, out),
        }
    }
}

/// Percent-encodes everything that is not unreserved (RFC 3986, 2.3).
pub(in crate::load) fn encoded(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            out.push(*byte);
        } else {
            out.extend([b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

fn number(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn uuid(bytes: [u8; 16], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (at, byte) in bytes.into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.extend([DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}

fn time(moment: SystemTime, out: &mut Vec<u8>) {
    if let Ok(moment) = Timestamp::try_from(moment) {
        // Writing into memory does not fail.
        _ = write!(out, "{moment:.3}");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<'a>(text: &str, own: &'a [(String, String)], feed: Option<&'a Feed>) -> Result<Template, Problem> {
        Template::read(text, Place::Body, "the body", Names { own, feed })
    }

    fn filled(template: &Template, counter: u64, feed: Option<&Feed>) -> String {
        let mut out = Vec::new();
        template.fill(&mut Turn::new(counter, feed), &mut Chance(7), &mut out);
        String::from_utf8(out).unwrap()
    }

    fn own(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn names_are_filled_in() {
        let names = own(&[("user", "u{{counter}}"), ("path", "/{{user}}/x")]);
        let template = read("a{{ path }}b{{counter}}{{open}}{{random 5 5}}", &names, None).unwrap();
        assert_eq!(filled(&template, 42, None), "a/u42/xb42{{5");
        let twice = filled(&read("{{uuid}} {{uuid}} {{now}} {{time}}", &[], None).unwrap(), 0, None);
        let words: Vec<&str> = twice.split(' ').collect();
        // RFC 9562: the version is the 13th digit, the variant the 17th.
        assert!(
            words[0] == words[1] && words[0].len() == 36 && words[0].as_bytes()[14] == b'4' && b"89ab".contains(&words[0].as_bytes()[19]),
            "{twice}"
        );
        let time: Timestamp = words[3].parse().unwrap();
        assert_eq!(time.as_millisecond().to_string(), words[2], "both are the same moment");
    }

    #[test]
    fn fields_of_a_feed_fit_their_place() {
        let feed = Feed::read(b"id,name\n1,\"a b\r\nc&d\"\n2,x\n").unwrap();
        let names = Names { own: &[], feed: Some(&feed) };
        for (place, first) in [(Place::Body, "1=a b\r\nc&d"), (Place::Url, "1=a%20b%0D%0Ac%26d"), (Place::Header, "1=a b  c&d")] {
            let template = Template::read("{{feed.id}}={{feed.name}}", place, "it", names).unwrap();
            assert_eq!([filled(&template, 0, Some(&feed)), filled(&template, 3, Some(&feed))], [first, "2=x"]);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let feed = Feed::read(b"id\n1\n").unwrap();
        let names = own(&[("a", "x{{b}}"), ("b", "{{c}}"), ("c", "{{a}}"), ("odd", "{{what}}")]);
        for (text, words) in [
            ("x={{no}}", "column 3: no is not known"),
            ("ü\nab{{no}}", "line 2, column 3: no is not known"),
            ("{{random 5}}", "two whole numbers"),
            ("{{random 9 1}}", "smaller one first"),
            ("a {{counter", "column 3: {{ has no }}"),
            ("{{feed.name}}", "the feed has no name, only id"),
            ("{{a}}", "a → b → c → a leads in a circle"),
            ("{{odd}}", "in odd at column 1: what is not known"),
            ("{{}}", "is not known"),
        ] {
            let problem = read(text, &names, Some(&feed)).unwrap_err();
            assert!(problem.code == "load.template" && problem.why.contains(words), "{text}: {problem}");
        }
        assert!(read("{{feed.id}}", &[], None).unwrap_err().why.contains("--feed"));
    }

    proptest! {
        #[test]
        fn text_without_braces_stays_as_it_is(text in "[^{]*") {
            let template = read(&text, &[], None).unwrap();
            prop_assert_eq!(template.still(), Some(text.as_bytes()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(\\{\\{|\\}\\}|[a-c .ü0-9]|counter|random|feed\\.){0,12}", a in ".{0,9}(\\{\\{[ab]\\}\\})?", b in "(\\{\\{[ab]\\}\\})?") {
            let names = [("a".to_owned(), a), ("b".to_owned(), b)];
            if let Ok(template) = read(&text, &names, None) {
                filled(&template, 1, None);
            }
        }

        #[test]
        fn random_numbers_keep_to_their_ends(from in any::<u64>(), more in any::<u64>(), seed in any::<u64>()) {
            let to = from.saturating_add(more);
            let number = Chance(seed).between(from, to);
            prop_assert!((from..=to).contains(&number));
        }

        #[test]
        fn numbers_are_written_as_everybody_writes_them(value in any::<u64>()) {
            let mut out = Vec::new();
            number(value, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), value.to_string());
        }

        #[test]
        fn what_is_encoded_is_decoded_to_the_same(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut out = b"x=".to_vec();
            encoded(&bytes, &mut out);
            let text = String::from_utf8(out).unwrap();
            let (_, decoded) = url::form_urlencoded::parse(text.as_bytes()).next().unwrap();
            prop_assert_eq!(decoded, String::from_utf8_lossy(&bytes));
        }
    }
}
