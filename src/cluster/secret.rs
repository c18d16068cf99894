//! Values of Secrets: only ever one at a time, when a person asks for it, written down that they did, and kept out of everything else that is written.

use std::fmt;

use base64::Engine;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::connection::unix_now;
use super::fleet::Fleet;
use super::gate::Action;
use crate::names::{ObjectKey, Problem};
use crate::text::sanitise;
use crate::text::sanitise::sanitise_lines;

/// Bytes of a binary value that are shown.
const BYTES: usize = 64;

/// A key of a Secret and how much stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKey {
    /// `password`.
    pub name: String,
    /// The length of the value.
    pub bytes: usize,
}

/// A value for a person's eyes: recordings, logs and error reports hold a mask in its place.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text that is safe to draw.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value, to be drawn and nothing else.
    pub fn show(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<hidden>")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("<hidden>")
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self)
    }
}

impl Fleet {
    /// The keys of a Secret, in the order of their names.
    ///
    /// # Errors
    /// The Secret is gone, or the cluster does not answer.
    pub async fn secret_keys(&self, key: &ObjectKey) -> Result<Vec<SecretKey>, Problem> {
        let secret = self.whole(key).await?;
        let data = secret.get("data").and_then(Value::as_object);
        let one = |(name, value): (&String, &Value)| SecretKey { name: sanitise(name).into_owned(), bytes: decoded(value).len() };
        let mut keys: Vec<SecretKey> = data.into_iter().flatten().map(one).collect();
        keys.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(keys)
    }

    /// The value behind one key. That it was looked at is written into the audit log first; where that cannot be, nothing is shown.
    ///
    /// # Errors
    /// The Secret, or the key in it, is gone or has been replaced by another; the audit log cannot be written.
    pub async fn reveal(&self, key: &ObjectKey, name: &str) -> Result<Hidden, Problem> {
        let secret = self.whole(key).await?;
        let gone = || Problem::new("secret.gone", format!("{key} has no key {name} any more"), "").hint("ctrl-r reads it again");
        let is_same = key.uid.is_empty() || secret.pointer("/metadata/uid").and_then(Value::as_str) == Some(&key.uid);
        let found = secret.get("data").and_then(Value::as_object).and_then(|data| data.iter().find(|(other, _)| sanitise(other) == name));
        let (_, value) = found.filter(|_| is_same).ok_or_else(gone)?;
        let (gate, action) =
            (self.gate().clone(), Action { verb: "reveal", cluster: Some(key.cluster.clone()), target: format!("key {name} of {key}") });
        let written = tokio::task::spawn_blocking(move || gate.record(&action, "done", unix_now())).await.unwrap_or_else(|ended| Err(ended.into()));
        written.map_err(|error| {
            Problem::new("gate.audit", format!("{name} was not shown, because it cannot be written down that it was"), error.to_string())
                .hint("see that the data folder can be written")
        })?;
        Ok(Hidden(readable(&decoded(value))))
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default()
}

/// A value as a person can read it: text as text, anything else by its size and its beginning.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t')) => {
            sanitise_lines(&text.replace("\r\n", "\n")).into_owned()
        }
        _ => {
            let start: Vec<String> = bytes.iter().take(BYTES).map(|byte| format!("{byte:02x}")).collect();
            let rows: Vec<String> = start.chunks(16).map(|row| row.join(" ")).collect();
            let more = if bytes.len() > BYTES { "\n…" } else { "" };
            format!("{} bytes, binary:\n{}{more}", bytes.len(), rows.join("\n"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_written_nowhere_but_on_the_screen() {
        let value = Hidden("correct-horse".into());
        let written = serde_json::to_string(&value).unwrap();
        assert_eq!((format!("{value:?}").as_str(), written.as_str()), ("<hidden>", "\"<hidden>\""));
        assert_eq!(serde_json::from_str::<Hidden>(&written).unwrap().show(), "<hidden>");
    }

    #[test]
    fn what_is_no_text_is_told_by_its_size_and_its_beginning() {
        assert_eq!(readable(b"two\r\nlines"), "two\nlines");
        assert_eq!(readable(b"\x1b[31mred"), "8 bytes, binary:\n1b 5b 33 31 6d 72 65 64");
        let long = readable(&[0xff; 100]);
        assert!(long.starts_with("100 bytes, binary:\nff ff") && long.ends_with('…'), "{long}");
    }
}
