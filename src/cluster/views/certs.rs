//! `:certs`: until when certificates hold. Read from the statuses of cert-manager and of signing requests, from the handshake with the API server and from
//! the kubeconfig; never from Secrets, which hold the keys as well.

use base64::Engine as _;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;

use super::super::certificate::validity;
use super::super::rows::{Cell, Row, RowState, Uid};
use super::book::{Entry, FOREVER, Maker, Pen, Taken};
use super::object::{Condition, Metadata, is, unix};

pub(super) const KINDS: &[&str] = &["certificates.cert-manager.io", "certificatesigningrequests.certificates.k8s.io"];
pub(super) const COLUMNS: &[&str] = &["KIND", "ENDS", "RENEWS", "MESSAGE"];
/// What is told of a cluster beside its objects: see [`super::outside`].
pub(super) const SERVING: &str = "ServingCertificate";
/// The same, of what we show to it: a certificate, or what a plugin gave.
pub(super) const CLIENT: &str = "Credentials";

/// A certificate is told so long before it ends, in seconds.
const SOON: i64 = 14 * 86_400;

/// Reads certificates.
pub(super) struct Certificates;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Object {
    metadata: Metadata,
    spec: Spec,
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    dns_names: Vec<String>,
    signer_name: String,
    /// Of what is told beside the objects.
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    not_after: Option<String>,
    renewal_time: Option<String>,
    /// PEM in base64, of a signing request that was granted.
    certificate: String,
    conditions: Vec<Condition>,
    /// Unix seconds, of what is told beside the objects.
    ends: i64,
}

impl Maker for Certificates {
    fn take(&mut self, json: &[u8], pen: &mut Pen<'_>, _: i64) -> Result<Taken, serde_json::Error> {
        let it: Object = serde_json::from_slice(json)?;
        let object = it.metadata.object();
        let entries = it.entries(pen);
        Ok(Taken { object, version: it.metadata.resource_version, pages: vec![(object, entries)] })
    }
}

impl Object {
    fn ends(&self) -> i64 {
        match (unix(&self.status.not_after), self.status.ends) {
            (0, 0) => {
                let pem = base64::engine::general_purpose::STANDARD.decode(&self.status.certificate).unwrap_or_default();
                CertificateDer::from_pem_slice(&pem).ok().and_then(|der| validity(&der)).map_or(0, |found| found.until)
            }
            (0, ends) => ends,
            (ends, _) => ends,
        }
    }

    /// One row for each stretch of its life; the book shows the one whose time it is.
    fn entries(&self, pen: &mut Pen<'_>) -> Vec<Entry> {
        let ends = self.ends();
        let failed = is(&self.status.conditions, "Ready", "False");
        let message = match failed {
            Some(failed) => failed.message.clone(),
            None if !self.spec.message.is_empty() => self.spec.message.clone(),
            None if !self.spec.signer_name.is_empty() => self.spec.signer_name.clone(),
            None => self.spec.dns_names.join(", "),
        };
        let cells = vec![Cell::Text(pen.gvk.kind.clone()), pen.cell(&day(ends)), pen.cell(&day(unix(&self.status.renewal_time))), pen.cell(&message)];
        let row = pen.row(&self.metadata, RowState::Fine, cells);
        if ends == 0 {
            // A request that nobody has granted is no certificate yet.
            let state = if failed.is_some() { RowState::Bad } else { RowState::Progress };
            let told = &*pen.gvk.kind != "CertificateSigningRequest";
            return if told { vec![Entry { row: Row { state, ..row }, from: 0, until: FOREVER }] } else { Vec::new() };
        }
        let stretch = |name: &str, state, from, until| Entry {
            row: Row { uid: Uid::parse(&format!("{:x} {name}", row.uid.0)), state, ..row.clone() },
            from,
            until,
        };
        let young = if failed.is_some() { RowState::Bad } else { RowState::Fine };
        vec![
            stretch("holds", young, 0, ends - SOON),
            stretch("ends soon", young.max(RowState::Warn), ends - SOON, ends),
            stretch("has ended", RowState::Bad, ends, FOREVER),
        ]
    }
}

/// `2026-02-01 14:03Z`: sorted by letters it is sorted by time.
fn day(unix: i64) -> String {
    let text = jiff::Timestamp::from_second(unix).ok().filter(|_| unix > 0).map(|time| time.to_string()).unwrap_or_default();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time}Z"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::book::Book;
    use super::*;
    use crate::names::{ClusterId, Gvk};

    const NOW: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z

    fn shown(kind: &str, status: Value) -> Vec<(RowState, String)> {
        let mut book = Book::new(ClusterId::new("c"), Box::new(Certificates));
        let object = json!({"metadata": {"name": "web", "uid": "u"}, "status": status});
        book.take(&Arc::new(Gvk::new("", "v1", kind)), object.to_string().as_bytes(), NOW).unwrap();
        book.changed().upserts.into_values().map(|row| (row.state, row.cells[1].show(NOW).into_owned())).collect()
    }

    #[test]
    fn a_certificate_is_told_two_weeks_before_it_ends() {
        let ends = |text: &str| shown("Certificate", json!({"notAfter": text}));
        assert_eq!(ends("2026-03-01T12:30:00Z"), [(RowState::Fine, "2026-03-01 12:30Z".to_owned())]);
        assert_eq!(ends("2026-01-08T00:00:00Z"), [(RowState::Warn, "2026-01-08 00:00Z".to_owned())]);
        assert_eq!(ends("2025-12-31T00:00:00Z"), [(RowState::Bad, "2025-12-31 00:00Z".to_owned())]);
    }

    #[test]
    fn a_certificate_that_was_not_made_says_so_and_a_request_says_nothing() {
        let failed = json!({"conditions": [{"type": "Ready", "status": "False", "message": "no issuer"}]});
        assert_eq!(shown("Certificate", failed), [(RowState::Bad, String::new())]);
        assert_eq!(shown("CertificateSigningRequest", json!({})), []);
    }
}
