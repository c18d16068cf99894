//! Texts with places that are filled anew for each request: `{{counter}}`, `{{random 1 100}}`, `{{uuid}}`, `{{now}}`, `{{time}}`, `{{feed.name}}` and
//! names of the person's own. They are read once, which is in `reader`; filling one copies bytes into a buffer that is used again.

mod reader;

use std::io::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

use super::feed::Feed;
use crate::load::chance::Random;

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
    Number(u64, u64),
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

impl<'a> Turn<'a> {
    pub(in crate::load) fn new(counter: u64, feed: Option<&'a Feed>) -> Self {
        Self { counter, feed, length: 0, uuid: None, moment: None }
    }

    fn uuid(&mut self, chance: &mut Random) -> [u8; 16] {
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
    pub(in crate::load) fn fill(&self, turn: &mut Turn<'_>, chance: &mut Random, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.extend_from_slice(text),
                Part::Counter => number(turn.counter, out),
                Part::Number(from, to) => number(chance.between(*from, *to), out),
                Part::Uuid => uuid(turn.uuid(chance), out),
                Part::Now => number(turn.moment().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0)), out),
                Part::Time => time(turn.moment(), out),
                Part::Feed(column, place) => place.put(turn.feed.map_or(&[], |feed| feed.cell(turn.counter, *column)), out),
                Part::Length => number(turn.length as u64, out),
            }
        }
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
    use crate::names::Problem;

    fn read<'a>(text: &str, own: &'a [(String, String)], feed: Option<&'a Feed>) -> Result<Template, Problem> {
        Template::read(text, Place::Body, "the body", Names { own, feed })
    }

    fn filled(template: &Template, counter: u64, feed: Option<&Feed>) -> String {
        let mut out = Vec::new();
        template.fill(&mut Turn::new(counter, feed), &mut Random(7), &mut out);
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
            let number = Random(seed).between(from, to);
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
