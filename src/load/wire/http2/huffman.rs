//! The Huffman code of HPACK (RFC 7541, appendix B). It is canonical: how long each symbol's code is says what the code is.

/// Bits of each byte's code; the last one ends a string and must not be used.
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, //
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, //
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, //
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, //
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, //
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, //
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, //
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, //
    30,
];

const LONGEST: usize = 30;

/// The symbol that is none.
const END: u16 = 256;

/// Symbols by length and value, and for each length its first code and where its symbols begin.
struct Codes {
    symbols: [u16; 257],
    first: [u32; LONGEST + 1],
    begin: [usize; LONGEST + 2],
}

const CODES: Codes = codes();

const fn codes() -> Codes {
    let mut codes = Codes { symbols: [0; 257], first: [0; LONGEST + 1], begin: [0; LONGEST + 2] };
    let (mut length, mut place, mut code) = (1, 0, 0_u32);
    while length <= LONGEST {
        code <<= 1;
        codes.first[length] = code;
        codes.begin[length] = place;
        let mut symbol = 0;
        while symbol < LENGTHS.len() {
            if LENGTHS[symbol] as usize == length {
                codes.symbols[place] = symbol as u16;
                place += 1;
                code += 1;
            }
            symbol += 1;
        }
        length += 1;
    }
    codes.begin[LONGEST + 1] = place;
    codes
}

/// The bytes of a coded string; none where it is no such string (RFC 7541, 5.2).
pub(super) fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(coded.len() * 8 / 5);
    let (mut code, mut length) = (0_u32, 0);
    for bit in coded.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)) {
        code = code << 1 | u32::from(bit);
        length += 1;
        let place = CODES.begin[length] + code.checked_sub(CODES.first[length]).map_or(usize::MAX / 2, |after| after as usize);
        if place < CODES.begin[length + 1] {
            match CODES.symbols[place] {
                END => return None,
                symbol => bytes.push(symbol as u8),
            }
            (code, length) = (0, 0);
        } else if length == LONGEST {
            return None;
        }
    }
    // It is filled up with the beginning of the code that ends strings, which is all ones, and with less than a byte of it.
    (length < 8 && code == (1 << length) - 1).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    #[test]
    fn strings_are_decoded_as_in_the_examples() {
        // RFC 7541, C.4 and C.6.
        for (coded, text) in [
            ("f1e3c2e5f23a6ba0ab90f4ff", "www.example.com"),
            ("a8eb10649cbf", "no-cache"),
            ("25a849e95ba97d7f", "custom-key"),
            ("25a849e95bb8e8b4bf", "custom-value"),
            ("6402", "302"),
            ("aec3771a4b", "private"),
            ("d07abe941054d444a8200595040b8166e082a62d1bff", "Mon, 21 Oct 2013 20:13:21 GMT"),
            ("9d29ad171863c78f0b97c8e9ae82ae43d3", "https://www.example.com"),
            (
                "94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
                "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1",
            ),
            ("", ""),
        ] {
            assert_eq!(decoded(&bytes(coded)).as_deref(), Some(text.as_bytes()), "{coded}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        // The end of a string; padding with zeros; a whole byte of padding.
        for coded in ["fffffffc", "f1e3c2e5f23a6ba0ab90f480", "6402ff", "ffffffff"] {
            assert_eq!(decoded(&bytes(coded)), None, "{coded}");
        }
    }
}
