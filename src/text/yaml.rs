//! The one YAML door for everything that goes to or comes from a cluster. It writes with serde-saphyr, because
//! serde_yaml writes `on`, `no` and `1_000` bare and so changes strings into other types (checked against kubectl).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

/// Largest text that is read, in bytes: a limit against files made to exhaust memory.
pub const LARGEST: usize = 16 * 1024 * 1024;

/// Writes any serde value as one YAML document.
///
/// # Errors
/// What the serialiser says, for values YAML cannot hold (maps with non-scalar keys).
pub fn write<T: Serialize>(value: &T) -> Result<String, String> {
    serde_saphyr::to_string(value).map_err(|error| error.to_string())
}

/// Reads one YAML document.
///
/// # Errors
/// The parser's message with line and column, or that the text is over [`LARGEST`].
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    if text.len() > LARGEST {
        return Err(format!("{} bytes of YAML are more than the {LARGEST} that are read", text.len()));
    }
    serde_saphyr::from_str(text).map_err(|error| error.to_string())
}

/// A value with the line it was read from, counted from 1; 0 where that is not known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed<T> {
    /// The value.
    pub value: T,
    /// The line.
    pub line: u64,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = serde_saphyr::Spanned::<T>::deserialize(deserializer)?;
        Ok(Self { line: spanned.referenced.line(), value: spanned.value })
    }
}

/// What is wrong in a YAML text, and on which line, counted from 1; 0 where that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The line.
    pub line: u64,
    /// What is wrong, in one line.
    pub what: String,
}

/// Reads one YAML document, or says on which line it goes wrong.
///
/// # Errors
/// The first mistake; also that the text is over [`LARGEST`].
pub fn read_placed<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    if text.len() > LARGEST {
        return Err(Mistake { line: 0, what: format!("{} bytes of YAML are more than the {LARGEST} that are read", text.len()) });
    }
    serde_saphyr::from_str(text).map_err(|error| {
        let said = error.without_snippet().to_string();
        let what = said.lines().next().unwrap_or_default();
        // The place is told apart from what is wrong there.
        let what = what.find(" at line ").map_or(what, |at| &what[..at]);
        Mistake { line: error.location().map_or(0, |place| place.line()), what: what.to_owned() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strings that YAML 1.1 readers (kubectl's among them) take for something else when they stand bare.
    const HOSTILE: &[&str] = &[
        "y",
        "n",
        "yes",
        "no",
        "on",
        "off",
        "Yes",
        "NO",
        "On",
        "OFF",
        "true",
        "False",
        "null",
        "~",
        "",
        " ",
        "1",
        "012",
        "0x1f",
        "0o17",
        "1_000",
        "1e3",
        ".5",
        "1.0",
        "-1",
        "+1",
        ".inf",
        ".nan",
        "12:30:45",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "<<",
        "=",
        "!tag",
        "&a",
        "*a",
        "- a",
        "a: b",
        "a #b",
        "#c",
        "%d",
        "@e",
        "`f",
        "[g",
        "{h",
        "'i",
        "\"j",
        "k\nl",
        "\ttab",
        "trailing ",
        "?",
        "|",
        ">",
    ];

    #[test]
    fn hostile_strings_stay_strings() {
        for text in HOSTILE {
            let document = write(&std::collections::BTreeMap::from([("value", text)])).expect("writes");
            let back: std::collections::BTreeMap<String, serde_json::Value> = read(&document).expect("reads");
            assert_eq!(back["value"], serde_json::Value::String((*text).to_owned()), "{document}");
        }
    }

    #[test]
    fn words_that_yaml_1_1_reads_as_booleans_are_quoted() {
        for text in ["y", "n", "yes", "no", "on", "off", "1_000"] {
            let document = write(&std::collections::BTreeMap::from([("value", text)])).expect("writes");
            assert!(document.contains('"') || document.contains('\''), "{document}");
        }
    }

    #[test]
    fn a_mistake_has_a_place_and_one_line() {
        for (text, line) in [("a: 1\nb: [", 2), ("a: 1\nb: x\n", 2), ("a: 1\na: 2\n", 2)] {
            let mistake = read_placed::<std::collections::BTreeMap<String, u8>>(text).expect_err("broken");
            assert!(mistake.line.abs_diff(line) <= 1 && !mistake.what.is_empty() && !mistake.what.contains(['\n', '|']), "{mistake:?}");
        }
        let placed: std::collections::BTreeMap<String, Placed<u8>> = read_placed("a: 1\nb: 2\n").expect("reads");
        assert_eq!(placed["b"].line, 2);
    }

    #[test]
    fn an_error_names_its_line() {
        let message = read::<serde_json::Value>("a: 1\nb: [").expect_err("broken");
        assert!(message.contains("line 2") || message.contains("2:") || message.contains("line 3"), "{message}");
    }
}
