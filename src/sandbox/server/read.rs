//! Lists, whole or in pages.

use super::*;

pub(super) fn selection(kind: &Kind, ask: &Ask) -> Result<Selection, Status> {
    let text = |name: &str| ask.get(name).unwrap_or_default();
    Selection::parse(kind, text("labelSelector"), text("fieldSelector")).map_err(bad)
}

pub(super) fn list(store: &Store, kind: &'static Kind, namespace: Option<&str>, ask: &Ask) -> Answer {
    let selection = selection(kind, ask)?;
    let limit = ask.get("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0).unwrap_or(usize::MAX);
    let token =
        ask.get("continue").filter(|token| !token.is_empty()).map(|token| Token::parse(token).ok_or_else(|| bad("continue key is not valid")));
    let (begun, after) = token.transpose()?.map_or((None, None), |token| (Some(token.version), Some((token.namespace, token.name))));
    let (now, mut found) = store.list(kind, namespace, after, limit.saturating_add(1));
    // All pages say the version of the first: a watch from there sees what has happened to objects between two pages.
    let version = begun.unwrap_or(now);
    if !store.remembers(version) {
        return Err(status(StatusCode::GONE, "Expired", "The provided continue parameter is too old to display a consistent list result"));
    }
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map_or_else(String::new, |(place, _)| Token::write(version, place));
    found.retain(|(_, stored)| selection.fits(stored));
    let meta = json!({"resourceVersion": version.to_string(), "continue": next});
    if ask.wants_table() {
        let values: Vec<Value> = found.iter().map(|(_, stored)| stored.value()).collect();
        return Ok(whole(&print::table(kind, &values, ask.include(), true, &meta)));
    }
    let mut body = format!("{{\"kind\":\"{}List\",\"apiVersion\":\"{}\",\"metadata\":{meta},\"items\":[", kind.kind, kind.api_version()).into_bytes();
    for (at, (_, stored)) in found.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(&stored.json);
    }
    body.extend_from_slice(b"]}");
    Ok(respond(StatusCode::OK, "application/json", full(body)))
}

/// Where a list goes on: the version of its first page, and the last object that was sent.
struct Token {
    version: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn write(version: u64, place: &Place) -> String {
        format!("{version}~{}~{}", place.1, place.2)
    }

    fn parse(text: &str) -> Option<Self> {
        let (version, rest) = text.split_once('~')?;
        let (namespace, name) = rest.split_once('~')?;
        Some(Self { version: version.parse().ok()?, namespace: namespace.to_owned(), name: name.to_owned() })
    }
}
