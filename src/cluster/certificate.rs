//! When a certificate holds: the two dates and the subject's name out of its DER, and no more. Whether it is to be trusted is rustls' business.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use crate::text::sanitise;

/// When a certificate holds, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    /// From then on, unix seconds.
    pub(super) from: i64,
    /// Until then, unix seconds.
    pub(super) until: i64,
    /// The subject's common name; may be empty.
    pub(super) name: String,
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
/// The version, an explicit tag 0.
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x06, 0x03, 0x55, 0x04, 0x03];

/// Reads a certificate (RFC 5280, 4.1: version, serial number, algorithm, issuer, validity, subject). None: it is none.
pub(super) fn validity(der: &[u8]) -> Option<Validity> {
    let (certificate, _) = within(der, SEQUENCE)?;
    let (mut fields, _) = within(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        (_, fields) = any(fields)?;
    }
    for _ in ["serial number", "algorithm", "issuer"] {
        (_, fields) = any(fields)?;
    }
    let (dates, rest) = within(fields, SEQUENCE)?;
    let (from, dates) = time(dates)?;
    let (until, _) = time(dates)?;
    let (subject, _) = within(rest, SEQUENCE)?;
    Some(Validity { from, until, name: common_name(subject).unwrap_or_default() })
}

/// The first value and what follows it.
fn any(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match *der.get(1)? {
        short @ 0..=127 => (usize::from(short), der.get(2..)?),
        long => {
            let bytes = usize::from(long & 0x7f);
            let digits = der.get(2..2 + bytes).filter(|digits| digits.len() <= 4)?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), der.get(2 + bytes..)?)
        }
    };
    rest.split_at_checked(length)
}

/// The same, if it is of that type.
fn within(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    any(der).filter(|_| der.first() == Some(&tag))
}

/// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` from then on (RFC 5280, 4.1.2.5).
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    let (value, rest) = any(der)?;
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    let text = match *der.first()? {
        UTC_TIME => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let moment = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    Some((moment.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second(), rest))
}

/// The first common name of a subject: a sequence of sets of pairs.
fn common_name(mut subject: &[u8]) -> Option<String> {
    while !subject.is_empty() {
        let (set, rest) = within(subject, SET)?;
        let (pair, _) = within(set, SEQUENCE)?;
        if let Some(value) = pair.strip_prefix(COMMON_NAME) {
            let (text, _) = any(value)?;
            return Some(sanitise(&String::from_utf8_lossy(text)).into_owned());
        }
        subject = rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use base64::Engine;

    use super::*;

    /// Made with OpenSSL 3: an Ed25519 key, `openssl ca -selfsign -startdate 20240102030405Z -enddate 20510607080910Z` and subject /O=lab/CN=jane. It
    /// puts the first date into a UTCTime and the second into a GeneralizedTime.
    const JANE: &str = "MIHjMIGWAgEBMAUGAytlcDAdMQwwCgYDVQQKDANsYWIxDTALBgNVBAMMBGphbmUwIBcNMjQwMTAyMDMwNDA1WhgPMjA1MTA2MDcwODA5MTBaMB0xDDAKBgNVBAoMA2xhYjENMAsGA1UEAwwEamFuZTAqMAUGAytlcAMhABI7D+B0P5LCfSpZ1LXJgHxNAQ981j0ePbuyrGrDkwwvMAUGAytlcANBABMsDTCZnqrkAK1wonSVf468kYaJBdRTsZBnMCv0cO0tPW3TyQJ/JO8iXouv0zLmMJKhi/1+CjWYqTBz2mtjYQw=";

    #[test]
    fn dates_and_name_are_those_openssl_wrote() {
        let der = base64::engine::general_purpose::STANDARD.decode(JANE).unwrap();
        let unix = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        let wanted = Validity { from: unix("2024-01-02T03:04:05Z"), until: unix("2051-06-07T08:09:10Z"), name: "jane".into() };
        assert_eq!(validity(&der), Some(wanted));
        for end in 0..der.len() {
            // Half a certificate is none, or one whose end was not needed; it is never a panic.
            _ = validity(&der[..end]);
        }
    }
}
