//! Short names for contents: the same text has the same one on every machine and for ever. Against mistakes, not against malice.

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo; RFC 9923) of some bytes as 16 hexadecimal digits.
pub fn fingerprint(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors of the authors' own test suite, `fnv64a`.
    #[test]
    fn fingerprints_are_the_authors() {
        for (text, wanted) in [("", "cbf29ce484222325"), ("a", "af63dc4c8601ec8c"), ("foobar", "85944171f73967e8")] {
            assert_eq!(fingerprint(text.as_bytes()), wanted);
        }
    }
}
