//! Words for a POSIX shell: what a person pastes there is read as the very words that were meant.

use std::borrow::Cow;

/// The word, in single quotes where a shell would read something else than what stands there (POSIX.1-2024, 2.2 Quoting).
pub fn quote(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { Cow::Borrowed(word) } else { Cow::Owned(format!("'{}'", word.replace('\'', r"'\''"))) }
}

/// Words as one line.
pub fn line<S: AsRef<str>>(words: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| quote(word.as_ref()).into_owned()).collect();
    quoted.join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_a_shell_would_read_otherwise_is_quoted() {
        for (word, quoted) in
            [("web-1", "web-1"), ("app=x,tier!=y", "'app=x,tier!=y'"), ("", "''"), ("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$HOME", "'$HOME'")]
        {
            assert_eq!(quote(word), quoted);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_shell_reads_the_words_that_were_meant(words in prop::collection::vec("[ -~é\n]{0,12}", 1..4)) {
            let script = format!("printf '%s\\0' {}", line(&words));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            let wanted: String = words.iter().map(|word| format!("{word}\0")).collect();
            prop_assert_eq!(String::from_utf8(output.stdout).unwrap(), wanted);
        }
    }
}
