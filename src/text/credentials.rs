//! What gives access, by the look of it: names of fields and headers behind which a credential stands, and addresses that hold one.

/// What such a name holds, in small letters.
const WORDS: [&str; 16] = [
    "authoriz",
    "authentic",
    "x-auth",
    "auth-",
    "auth_",
    "cookie",
    "token",
    "passw",
    "secret",
    "api-key",
    "api_key",
    "apikey",
    "access-key",
    "access_key",
    "credential",
    "session",
];

/// A header or field by whose name one expects a credential.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// An address without name, password and what looks like a key in its query, and otherwise as it is written; whether something was taken out.
pub fn stripped(address: &str) -> (String, bool) {
    let Some((scheme, rest)) = address.split_once("://") else { return (address.to_owned(), false) };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    let (rest, fragment) = rest[host..].split_at(rest[host..].find('#').unwrap_or(rest.len() - host));
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let all: Vec<&str> = query.into_iter().flat_map(|query| query.split('&')).collect();
    let kept: Vec<&str> = all.iter().copied().filter(|pair| !is_secret(&name(pair))).collect();
    let query = if kept.is_empty() && !all.iter().all(|pair| pair.is_empty()) {
        String::new()
    } else {
        query.map_or_else(String::new, |_| format!("?{}", kept.join("&")))
    };
    (format!("{scheme}://{path}{query}{fragment}"), host > 0 || kept.len() < all.len())
}

/// The name of `name=value`, without percent-encoding.
fn name(pair: &str) -> String {
    url::form_urlencoded::parse(pair.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials_and_nothing_else() {
        for (address, wanted, taken) in [
            ("http://me:pw@shop/cart?id=1", "http://shop/cart?id=1", true),
            ("http://me:p@w@shop", "http://shop", true),
            ("http://shop/?id=1&access_token=x#top", "http://shop/?id=1#top", true),
            ("http://shop?access%5Ftoken=x", "http://shop", true),
            ("http://shop/?id={{counter}}&api_key=x&q=a b", "http://shop/?id={{counter}}&q=a b", true),
            ("http://shop/?id=1", "http://shop/?id=1", false),
            ("http://shop/me@home?", "http://shop/me@home?", false),
            ("no address", "no address", false),
        ] {
            assert_eq!(stripped(address), (wanted.to_owned(), taken), "{address}");
        }
    }

    #[test]
    fn names_are_looked_at_and_authors_have_nothing_to_hide() {
        for name in ["Authorization", "X-Auth", "set-cookie", "CSRF-Token", "passwd", "aws_access_key_id", "apiKey", "X-Session-Id"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["author", "authority", "keyboard", "Accept", "release"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
