//! Comma-separated values (RFC 4180). A field that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, and is no number) gets an
//! apostrophe before it: names, labels and messages come from whoever may create objects.

/// One line with its end.
pub fn line<T: AsRef<str>>(fields: impl IntoIterator<Item = T>) -> String {
    fields.into_iter().map(|text| field(text.as_ref())).collect::<Vec<_>>().join(",") + "\r\n"
}

/// One field: quoted where it has to be, and never a formula of a spreadsheet.
pub fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains(['"', ',', '\r', '\n']) { format!("\"{}\"", guarded.replace('"', "\"\"")) } else { guarded }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules of RFC 4180, section 2, and OWASP's on CSV injection.
    #[test]
    fn cells_are_quoted_by_the_standard_and_are_no_formulas() {
        for (text, written) in [
            ("web", "web"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-5", "-5"),
            ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
            ("", ""),
        ] {
            assert_eq!(field(text), written);
        }
    }

    #[test]
    fn a_line_ends_as_the_standard_wants_it() {
        assert_eq!(line(["a", "b,c"]), "a,\"b,c\"\r\n");
    }
}
