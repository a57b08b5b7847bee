//! A valid input with a few edits: the structure that remains gets it deep into a parser.

use bolero::TypeGenerator;

/// One change. Positions wrap around, so every number is valid.
#[derive(Clone, Debug, TypeGenerator)]
pub struct Edit {
    what: What,
    at: u16,
    from: u16,
    length: u8,
}

#[derive(Clone, Debug, TypeGenerator)]
enum What {
    Cut,
    Byte(u8),
    /// One of [`PIECES`].
    Piece(u8),
    /// Inserts a part of the same input.
    Copy,
    /// Inserts a part of another valid input.
    Splice(u8),
    /// Repeats a part many times.
    Repeat(u8),
    /// Flips one bit of one byte.
    Flip(u8),
}

/// Byte sequences that often break parsers.
const PIECES: &[&[u8]] = &[
    b"\0",
    b"\\u0000",
    b"\\ud800",
    b"\\ud83d\\ude80",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    "\u{202e}".as_bytes(),
    "\u{e9}\u{301}".as_bytes(),
    "\u{1f468}\u{200d}\u{1f469}".as_bytes(),
    b"\"",
    b"'",
    b"\\",
    b"\r\n",
    b"\n\n",
    b",",
    b";",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[[[[[[[[[[[[[[[",
    b"null",
    b"true",
    b"-1",
    b"0",
    b"00",
    b"1e999",
    b"-0.0",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"4294967296",
    b"2147483647",
    b"nan",
    b"inf",
    b"0001-01-01",
    b"9999-12-31",
    b"2024-02-30",
    b"00000000-0000-0000-0000-000000000000",
    b"' OR 1=1 --",
    b"<script>x()</script>",
    b"<img src=x onerror=x()>",
    b"[x](javascript:x())",
    b"](data:text/html,x)",
    b"![](",
    b"&#106;avascript&colon;",
    b"<!--",
    b"-->",
    b"<svg><style>",
    b"<math><mtext>",
    b"|---|\n",
    b"    ",
    b"> > > > ",
    b"***",
    b"```",
];

/// Returns `seeds[seed]` with the edits applied.
pub fn draft(seeds: &[Vec<u8>], seed: usize, edits: &[Edit]) -> Vec<u8> {
    let mut text = seeds[seed].clone();
    for edit in edits {
        let part = |text: &[u8]| {
            let from = usize::from(edit.from) % (text.len() + 1);
            text[from..(from + usize::from(edit.length)).min(text.len())].to_vec()
        };
        let at = usize::from(edit.at) % (text.len() + 1);
        let new = match edit.what {
            What::Cut => {
                let end = (at + usize::from(edit.length)).min(text.len());
                text.drain(at..end);
                continue;
            }
            What::Flip(bit) => {
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
                continue;
            }
            What::Byte(byte) => vec![byte],
            What::Piece(piece) => PIECES[usize::from(piece) % PIECES.len()].to_vec(),
            What::Copy => part(&text),
            What::Splice(other) => part(&seeds[usize::from(other) % seeds.len()]),
            What::Repeat(times) => part(&text).repeat(usize::from(times)),
        };
        // Long enough to overflow small limits, short enough to stay fast.
        if text.len() + new.len() <= 64 * 1024 {
            text.splice(at..at, new);
        }
    }
    text
}
