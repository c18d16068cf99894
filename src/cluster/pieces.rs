//! The elements of the one long array of a list, cut from its body as it comes: a list of a hundred thousand objects is never in memory as text.

/// Cuts a JSON object that has an array of objects under one name.
pub(super) struct Pieces {
    array: &'static str,
    /// Everything but the elements.
    rest: Vec<u8>,
    /// The element that has begun.
    piece: Vec<u8>,
    depth: u32,
    /// Where in a text we are.
    quoted: Quoted,
    /// The text before, as long as it could be the name of the array.
    name: Vec<u8>,
    inside: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Quoted {
    No,
    Yes,
    /// Behind a backslash.
    Escaped,
}

impl Pieces {
    pub(super) fn of(array: &'static str) -> Self {
        Self { array, rest: Vec::new(), piece: Vec::new(), depth: 0, quoted: Quoted::No, name: Vec::new(), inside: false }
    }

    /// Takes the next part of the body and hands out every element that is complete, with everything that stood before the array.
    pub(super) fn feed<E>(&mut self, bytes: &[u8], mut take: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
        for byte in bytes {
            self.step(*byte);
            if self.inside && self.depth == 2 && !self.piece.is_empty() {
                take(&self.piece, &self.rest)?;
                self.piece.clear();
            }
        }
        Ok(())
    }

    /// The whole body without the elements.
    pub(super) fn rest(&self) -> &[u8] {
        &self.rest
    }

    fn step(&mut self, byte: u8) {
        let before = self.depth;
        match (self.quoted, byte) {
            (Quoted::Escaped, _) => self.quoted = Quoted::Yes,
            (Quoted::Yes, b'\\') => self.quoted = Quoted::Escaped,
            (Quoted::Yes, b'"') => self.quoted = Quoted::No,
            (Quoted::Yes, _) if before == 1 && self.name.len() <= self.array.len() => self.name.push(byte),
            (Quoted::No, b'"') => {
                self.quoted = Quoted::Yes;
                if before == 1 {
                    self.name.clear();
                }
            }
            (Quoted::No, b'{' | b'[') => {
                self.depth += 1;
                self.inside |= before == 1 && byte == b'[' && self.name == self.array.as_bytes();
            }
            (Quoted::No, b'}' | b']') => {
                self.depth = before.saturating_sub(1);
                self.inside &= self.depth != 1;
            }
            _ => {}
        }
        match self.inside {
            true if self.depth.max(before) > 2 => self.piece.push(byte),
            // Between two elements.
            true if before == 2 => {}
            _ => self.rest.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cut(body: &str, length: usize) -> (Vec<String>, Vec<String>, String) {
        let mut pieces = Pieces::of("rows");
        let (mut found, mut heads) = (Vec::new(), Vec::new());
        for part in body.as_bytes().chunks(length) {
            let take = |piece: &[u8], head: &[u8]| {
                found.push(String::from_utf8(piece.to_vec()).unwrap());
                heads.push(String::from_utf8(head.to_vec()).unwrap());
                Ok::<(), ()>(())
            };
            pieces.feed(part, take).unwrap();
        }
        (found, heads, String::from_utf8(pieces.rest().to_vec()).unwrap())
    }

    proptest! {
        #[test]
        fn elements_are_found_however_the_body_is_cut(length in 1usize..200) {
            let body = r#"{"kind":"rows", "metadata":{"rows":[{"not":"one"}]}, "columnDefinitions":[{"name":"a]\"}"}], "rows": [ {"cells":["x","}"],"b":{}} ,{"c":[[1],{"rows":[2]}]}
                ],"more":[{"d":1}]}"#;
            let (found, heads, rest) = cut(body, length);
            prop_assert_eq!(found, [r#"{"cells":["x","}"],"b":{}}"#, r#"{"c":[[1],{"rows":[2]}]}"#]);
            prop_assert!(heads.iter().all(|head| head.ends_with(r#"}], "rows": ["#)), "{heads:?}");
            let value: serde_json::Value = serde_json::from_str(&rest).unwrap();
            prop_assert_eq!(value, serde_json::json!({"kind": "rows", "metadata": {"rows": [{"not": "one"}]}, "columnDefinitions": [{"name": "a]\"}"}], "rows": [], "more": [{"d": 1}]}));
        }
    }

    #[test]
    fn a_list_without_elements_is_its_rest() {
        for body in [r#"{"rows":[],"a":1}"#, r#"{"rows":null}"#, r#"{"kind":"Status"}"#, "<html>rows[{}]</html>"] {
            assert_eq!(cut(body, 3), (vec![], vec![], body.to_owned()));
        }
    }
}
