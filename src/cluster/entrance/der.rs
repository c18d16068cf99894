//! The end of validity of an X.509 certificate (RFC 5280, 4.1) in DER (X.690), and nothing else of it. Reads what it is given and trusts no length in it.

use base64::Engine as _;

/// The first certificate of a PEM text (RFC 7468) as DER.
pub(in crate::cluster) fn of_pem(text: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let letters: String = body.chars().filter(|letter| !letter.is_whitespace()).collect();
    base64::engine::general_purpose::STANDARD.decode(letters).ok()
}

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// When a certificate ends, unix seconds. None: this is no certificate.
pub(in crate::cluster) fn not_after(certificate: &[u8]) -> Option<i64> {
    let (_, certificate, _) = read(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, to_be_signed, _) = read(certificate).filter(|(tag, ..)| *tag == SEQUENCE)?;
    // Version (left out in the first one), serial number, signature, issuer; then validity.
    let (tag, _, after) = read(to_be_signed)?;
    let rest = if tag == VERSION { read(after)?.2 } else { after };
    let (_, _, rest) = read(rest)?;
    let (_, _, rest) = read(rest)?;
    let (_, validity, _) = read(rest).filter(|(tag, ..)| *tag == SEQUENCE)?;
    let (_, _, rest) = read(validity)?;
    let (tag, text, _) = read(rest)?;
    time(tag, std::str::from_utf8(text).ok()?)
}

/// One value: its tag, what is in it, and what stands behind it.
fn read(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        // The number of bytes that hold the length; more than four would be more than there can be.
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (inside, behind) = rest.split_at_checked(length)?;
    Some((*tag, inside, behind))
}

/// `YYMMDDHHMMSSZ` of the years 1950 to 2049, or `YYYYMMDDHHMMSSZ` (RFC 5280, 4.1.2.5).
fn time(tag: u8, text: &str) -> Option<i64> {
    let text = match (tag, text.len()) {
        (UTC_TIME, 13) if text.as_bytes() < b"5".as_slice() => format!("20{text}"),
        (UTC_TIME, 13) => format!("19{text}"),
        (GENERALIZED_TIME, 15) => text.to_owned(),
        _ => return None,
    };
    let part = |from: usize, to: usize| text.get(from..to);
    let spelled = format!("{}-{}-{}T{}:{}:{}Z", part(0, 4)?, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?);
    spelled.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by OpenSSL, which also said when they end.
    const CERTIFICATES: &[(&str, &str)] = &[
        (
            "-----BEGIN CERTIFICATE-----\n\
             MIIBAzCBqgIBATAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDAN3ZWIwHhcNMjUwMTAx\n\
             MDAwMDAwWhcNMjYwMzAxMTIzMDAwWjAOMQwwCgYDVQQDDAN3ZWIwWTATBgcqhkjO\n\
             PQIBBggqhkjOPQMBBwNCAAR/Mqav5LaxIktYo75t5Rpe301f0A6HaUXAXu25orBb\n\
             HzO5QINxkytrnvlAWHT9uJHhU/sfjdgGfb1i+cPltDoNMAoGCCqGSM49BAMCA0gA\n\
             MEUCIH8jVSX7csW7xOlmtLvAuiCXnffGerOvp8KybgE0z4bhAiEAhd46ZGgHyiOX\n\
             2H2xVpgWa3yOha5nLVGfyr5NT/k45PY=\n\
             -----END CERTIFICATE-----",
            "2026-03-01T12:30:00Z",
        ),
        (
            "-----BEGIN CERTIFICATE-----\n\
             MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDAN3ZWIwIBcNMjUwMTAx\n\
             MDAwMDAwWhgPMjA2MDAxMDIwMzA0MDVaMA4xDDAKBgNVBAMMA3dlYjBZMBMGByqG\n\
             SM49AgEGCCqGSM49AwEHA0IABH8ypq/ktrEiS1ijvm3lGl7fTV/QDodpRcBe7bmi\n\
             sFsfM7lAg3GTK2ue+UBYdP24keFT+x+N2AZ9vWL5w+W0Og0wCgYIKoZIzj0EAwID\n\
             SQAwRgIhAPdvjZ9RJZKpZx/DAxJiNHX9Jh0GYw5GlalpDql1lM9nAiEAi26Unpae\n\
             4sE888o2hjYDq4/rXfbvrCeEnK4ht31Ayh4=\n\
             -----END CERTIFICATE-----",
            "2060-01-02T03:04:05Z",
        ),
    ];

    #[test]
    fn the_end_is_what_openssl_says() {
        for (pem, ends) in CERTIFICATES {
            let wanted = ends.parse::<jiff::Timestamp>().unwrap().as_second();
            assert_eq!(not_after(&of_pem(pem.as_bytes()).unwrap()), Some(wanted), "{ends}");
        }
    }

    #[test]
    fn a_certificate_cut_anywhere_or_changed_anywhere_does_no_harm() {
        let whole = of_pem(CERTIFICATES[0].0.as_bytes()).unwrap();
        for end in 0..whole.len() {
            assert_eq!(not_after(&whole[..end]), None);
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                _ = not_after(&changed);
            }
        }
        assert_eq!(of_pem(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"), None);
    }

    #[test]
    fn two_digits_are_years_from_1950_to_2049() {
        let year = |text: &str| time(UTC_TIME, text).and_then(|unix| jiff::Timestamp::from_second(unix).ok()).map(|time| time.to_string());
        assert_eq!(year("491231235959Z").as_deref(), Some("2049-12-31T23:59:59Z"));
        assert_eq!(year("500101000000Z").as_deref(), Some("1950-01-01T00:00:00Z"));
        assert_eq!(year("991301000000Z"), None);
    }
}
