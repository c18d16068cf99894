//! What Helm keeps of one revision: JSON, gzipped, as base64 (`helm.sh/helm/v3`: `pkg/storage/driver/util.go`, `pkg/release/release.go`). Whoever may
//! write a Secret may write one that unpacks to anything, so it is read with limits.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::super::rows::RowState;

/// The most that a payload is unpacked to, in bytes.
const LARGEST: u64 = 10 << 20;
/// How gzip begins (RFC 1952). Payloads of old releases are not packed.
const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// How the object that holds a payload writes bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cluster) enum Holder {
    /// In base64 once more.
    Secret,
    /// As they are.
    ConfigMap,
}

/// One revision of a release with everything in it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Release {
    pub(in crate::cluster) name: String,
    pub(in crate::cluster) namespace: String,
    pub(in crate::cluster) version: i64,
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) info: Info,
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) chart: Chart,
    /// What the person who installed it said.
    pub(in crate::cluster) config: Value,
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) manifest: String,
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) hooks: Vec<Hook>,
}

/// The same as far as a row needs it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Facts {
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) info: Info,
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) chart: Slim,
}

/// How a revision came about and how it went.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Info {
    pub(in crate::cluster) first_deployed: String,
    pub(in crate::cluster) last_deployed: String,
    pub(in crate::cluster) deleted: String,
    pub(in crate::cluster) description: String,
    pub(in crate::cluster) status: String,
    pub(in crate::cluster) notes: String,
}

/// A chart, as far as it is read: charts inside it are not kept in a payload.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Chart {
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) metadata: Metadata,
    pub(in crate::cluster) values: Value,
}

/// Its name and versions alone.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Slim {
    #[serde(deserialize_with = "or_nothing")]
    pub(in crate::cluster) metadata: Metadata,
}

/// `Chart.yaml`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::cluster) struct Metadata {
    pub(in crate::cluster) name: String,
    pub(in crate::cluster) version: String,
    pub(in crate::cluster) app_version: String,
    pub(in crate::cluster) description: String,
    pub(in crate::cluster) deprecated: bool,
}

/// What is run before or after.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::cluster) struct Hook {
    pub(in crate::cluster) manifest: String,
}

/// Go writes what is empty as null.
fn or_nothing<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

impl Metadata {
    /// `postgresql-16.4.2`, as `helm ls` writes it.
    pub(in crate::cluster) fn called(&self) -> String {
        [self.name.as_str(), &self.version].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }
}

/// A payload, as it stands in `data.release`; or why it is none.
pub(in crate::cluster) fn decode<T: DeserializeOwned>(text: &str, holder: Holder) -> Result<T, String> {
    let base64 = |bytes: &[u8]| STANDARD.decode(bytes.trim_ascii()).map_err(|error| format!("it is no base64: {error}"));
    let mut bytes = base64(text.as_bytes())?;
    if holder == Holder::Secret {
        bytes = base64(&bytes)?;
    }
    if bytes.starts_with(&GZIP) {
        bytes = unpacked(&bytes)?;
    }
    serde_json::from_slice(&bytes).map_err(|error| format!("what is in it is no release: {error}"))
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    GzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut out).map_err(|error| format!("it cannot be unpacked: {error}"))?;
    if out.len() as u64 > LARGEST {
        return Err(format!("it unpacks to more than {} MiB", LARGEST >> 20));
    }
    Ok(out)
}

/// Unix seconds of a time as Helm writes it, in any zone; 0 where there is none.
pub(in crate::cluster) fn unix(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second)
}

/// How a release does, from Helm's word for it (`pkg/release/status.go`).
pub(in crate::cluster) fn state(status: &str) -> RowState {
    match status {
        "deployed" => RowState::Fine,
        "superseded" | "uninstalled" => RowState::Done,
        "failed" => RowState::Bad,
        "uninstalling" => RowState::Progress,
        pending if pending.starts_with("pending-") => RowState::Progress,
        _ => RowState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    /// Made with `gzip -9n | base64 -w0 | base64 -w0` of {"name":"db","namespace":"shop","version":2,"info":{"first_deployed":"2026-05-01T10:00:00+02:00",
    /// "status":"deployed","description":"Upgrade complete"},"chart":{"metadata":{"name":"postgres","version":"16.4.2","appVersion":"17.2"}},"config":null,"hooks":null}
    const DB: &str = "SDRzSUFBQUFBQUFDQTAyTzRVb0VNUXlFWDBYeTE5N1JMWHBDbjhQenI4UnRkcmU0MjRRbUo4aXg3MjU3S2dvaFREN0N6RnloNEVZUUliMkJ1MmtWSER2UWhhV2hENnFhdVVBTURuS1pHT0lWcGx6VlhoUEp5cCtVMm0vdzRYVHdqd2MvUEE4KytqNzNQclRkRE5UUUx0b1Rmdjlka3pyV0xIWXpoclBNRlJQZGpiekpTa2F3T3hnWHJOYXpOakpNYU5qMVQxVmh0Ym1TL204SHcrbjRjQXdOb2NqTEgzMXFiTzkrWEtZOFF5eVhkWFd3TUwvcjk3Ri9BYUlNZHMwQ0FRQUE=";

    fn packed(bytes: &[u8]) -> String {
        let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
        zip.write_all(bytes).unwrap();
        STANDARD.encode(zip.finish().unwrap())
    }

    #[test]
    fn a_payload_is_what_other_programs_packed() {
        let release: Release = decode(DB, Holder::Secret).unwrap();
        assert_eq!((release.name.as_str(), release.version, release.chart.metadata.called().as_str()), ("db", 2, "postgres-16.4.2"));
        assert_eq!((release.chart.metadata.app_version.as_str(), unix(&release.info.first_deployed)), ("17.2", 1_777_622_400));
        assert_eq!((state(&release.info.status), release.config), (RowState::Fine, Value::Null));
        let once = String::from_utf8(STANDARD.decode(DB).unwrap()).unwrap();
        assert_eq!(decode::<Facts>(&once, Holder::ConfigMap).unwrap().chart.metadata.version, "16.4.2");
    }

    #[test]
    fn what_is_no_payload_says_why_and_a_bomb_is_not_unpacked() {
        let why = |text: &str, holder| decode::<Release>(text, holder).err().unwrap_or_default();
        assert!(why("%", Holder::ConfigMap).contains("base64"));
        assert!(why(&STANDARD.encode("[1]"), Holder::ConfigMap).contains("no release"));
        assert!(why(&packed(&vec![b' '; 11 << 20]), Holder::ConfigMap).contains("more than 10 MiB"));
        assert!(why(&packed("[".repeat(100_000).as_bytes()), Holder::ConfigMap).contains("no release"));
        for end in 0..DB.len() {
            // Half a payload is none; it is never a panic.
            assert!(decode::<Release>(&DB[..end], Holder::Secret).is_err());
        }
    }
}
