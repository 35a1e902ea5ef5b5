//! The letters of a text file: UTF-8, or another encoding that becomes UTF-8 on the way. The mark at a file's start is obeyed.
//!
//! What is no letter of its encoding becomes a byte that is no UTF-8, so that its row is rejected and not changed.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes that are no UTF-8.
const WRONG: u8 = 0xff;

/// How a file's letters are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, or what the mark at the file's start says.
    #[default]
    Utf8,
    /// UTF-16, the lower byte first.
    Utf16Le,
    /// UTF-16, the higher byte first.
    Utf16Be,
    /// ISO 8859-1.
    Latin1,
    /// Windows' code page for Western Europe.
    Windows1252,
}

impl Encoding {
    /// The names that are taken.
    pub const NAMES: &'static str = "utf-8, utf-16, utf-16le, utf-16be, latin1, windows-1252";

    /// The encoding of that name.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        Some(match plain.to_ascii_lowercase().as_str() {
            "utf8" | "utf8sig" | "ascii" | "usascii" => Self::Utf8,
            // Without a mark it is as Windows writes it.
            "utf16" | "utf16le" | "unicode" => Self::Utf16Le,
            "utf16be" => Self::Utf16Be,
            "latin1" | "iso88591" | "l1" => Self::Latin1,
            "windows1252" | "cp1252" | "ansi" => Self::Windows1252,
            _ => return None,
        })
    }

    /// What is wrong with bytes that came through as no UTF-8, and the way out.
    pub fn wrong(self) -> &'static str {
        match self {
            Self::Utf8 => "its bytes are no UTF-8; `--encoding latin1` or `windows-1252` reads others",
            _ => {
                "its bytes are no letters of the `--encoding`; a file of rejected rows is UTF-8, whatever that says"
            }
        }
    }
}

/// The text as UTF-8, without the mark at its start.
///
/// # Errors
/// Those of the input, and [`io::ErrorKind::InvalidData`] for an encoding that is not read or not named.
pub fn decoded(
    mut input: Box<dyn BufRead + Send>,
    encoding: Encoding,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mut start = Vec::new();
    (&mut input).take(4).read_to_end(&mut start)?;
    let (encoding, mark) = match start.as_slice() {
        [0xff, 0xfe, 0, 0] | [0, 0, 0xfe, 0xff] => {
            return Err(invalid("it is UTF-32, which is not read; save it as UTF-8"));
        }
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        [_, 0, _, 0] if encoding == Encoding::Utf8 => {
            return Err(invalid(
                "it looks like UTF-16 without a mark: `%import … --encoding utf-16le` reads it",
            ));
        }
        [0, _, 0, _] if encoding == Encoding::Utf8 => {
            return Err(invalid(
                "it looks like UTF-16 without a mark: `%import … --encoding utf-16be` reads it",
            ));
        }
        _ => (encoding, 0),
    };
    let whole = io::Cursor::new(start.split_off(mark)).chain(input);
    Ok(match encoding {
        Encoding::Utf8 => Box::new(whole),
        encoding => Box::new(BufReader::with_capacity(
            64 << 10,
            Letters { input: whole, encoding, out: Vec::new(), at: 0, high: None, half: None },
        )),
    })
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// Reads letters of an encoding as UTF-8.
struct Letters<R> {
    input: R,
    encoding: Encoding,
    out: Vec<u8>,
    at: usize,
    /// The first of two halves of a letter beyond 16 bits.
    high: Option<u16>,
    /// The first byte of a unit of 16 bits.
    half: Option<u8>,
}

impl<R: BufRead> Letters<R> {
    fn fill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.at = 0;
        while self.out.is_empty() {
            let buffer = self.input.fill_buf()?;
            let length = buffer.len().min(16 << 10);
            if length == 0 {
                if self.high.take().is_some() || self.half.take().is_some() {
                    self.out.push(WRONG);
                }
                return Ok(());
            }
            let bytes = buffer[..length].to_vec();
            self.input.consume(length);
            for byte in bytes {
                self.byte(byte);
            }
        }
        Ok(())
    }

    fn byte(&mut self, byte: u8) {
        match self.encoding {
            Encoding::Utf8 => self.out.push(byte),
            Encoding::Latin1 => self.letter(char::from(byte)),
            Encoding::Windows1252 => match windows(byte) {
                Some(letter) => self.letter(letter),
                None => self.out.push(WRONG),
            },
            Encoding::Utf16Le | Encoding::Utf16Be => match self.half.take() {
                None => self.half = Some(byte),
                Some(first) if self.encoding == Encoding::Utf16Le => {
                    self.unit(u16::from_le_bytes([first, byte]))
                }
                Some(first) => self.unit(u16::from_be_bytes([first, byte])),
            },
        }
    }

    fn unit(&mut self, unit: u16) {
        let high = self.high.take();
        match (high, unit) {
            (Some(high), 0xdc00..=0xdfff) => {
                let code = 0x10000 + (u32::from(high - 0xd800) << 10 | u32::from(unit - 0xdc00));
                self.letter(char::from_u32(code).unwrap_or('\0'));
                return;
            }
            (Some(_), _) => self.out.push(WRONG),
            (None, _) => {}
        }
        match unit {
            0xd800..=0xdbff => self.high = Some(unit),
            _ => match char::from_u32(u32::from(unit)) {
                Some(letter) => self.letter(letter),
                None => self.out.push(WRONG),
            },
        }
    }

    fn letter(&mut self, letter: char) {
        self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

impl<R: BufRead> Read for Letters<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at == self.out.len() {
            self.fill()?;
        }
        let left = &self.out[self.at..];
        let length = left.len().min(buffer.len());
        buffer[..length].copy_from_slice(&left[..length]);
        self.at += length;
        Ok(length)
    }
}

/// The letter of a byte in Windows' code page 1252.
fn windows(byte: u8) -> Option<char> {
    const LETTERS: [char; 32] = [
        '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', '\0', '‘', '’',
        '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9f => Some(LETTERS[usize::from(byte - 0x80)]).filter(|letter| *letter != '\0'),
        byte => Some(char::from(byte)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], encoding: Encoding, buffer: usize) -> Result<Vec<u8>, String> {
        let input = BufReader::with_capacity(buffer, io::Cursor::new(bytes.to_vec()));
        let mut out = Vec::new();
        let mut decoded = decoded(Box::new(input), encoding).map_err(|error| error.to_string())?;
        decoded.read_to_end(&mut out).map_err(|error| error.to_string())?;
        Ok(out)
    }

    #[test]
    fn a_mark_at_the_start_is_obeyed_and_taken_away() {
        for buffer in [1, 2, 3, 4096] {
            assert_eq!(read(b"\xef\xbb\xbfk", Encoding::Utf8, buffer).unwrap(), b"k");
            assert_eq!(read(b"\xff\xfek\0", Encoding::Utf8, buffer).unwrap(), b"k");
            assert_eq!(read(b"\xfe\xff\0k", Encoding::Latin1, buffer).unwrap(), b"k");
            assert_eq!(read(b"k", Encoding::Utf8, buffer).unwrap(), b"k");
            assert_eq!(read(b"", Encoding::Utf8, buffer).unwrap(), b"");
        }
        assert!(read(b"\xff\xfe\0\0k\0\0\0", Encoding::Utf8, 64).unwrap_err().contains("UTF-32"));
        assert!(read(b"k\0,\0v\0", Encoding::Utf8, 64).unwrap_err().contains("--encoding utf-16le"));
        assert!(read(b"\0k\0,", Encoding::Utf8, 64).unwrap_err().contains("--encoding utf-16be"));
    }

    #[test]
    fn letters_of_the_west() {
        assert_eq!(read(b"caf\xe9 \x80", Encoding::Latin1, 64).unwrap(), "café \u{80}".as_bytes());
        assert_eq!(read(b"caf\xe9 \x80", Encoding::Windows1252, 64).unwrap(), "café €".as_bytes());
        assert_eq!(read(b"a\x81", Encoding::Windows1252, 64).unwrap(), b"a\xff");
        assert_eq!(read(b"a\0\x00\xd8b\0c", Encoding::Utf16Le, 64).unwrap(), b"a\xffb\xff");
        assert_eq!(Encoding::named("ISO-8859-1"), Some(Encoding::Latin1));
        assert_eq!(Encoding::named("cp1252"), Some(Encoding::Windows1252));
        assert_eq!(Encoding::named("ebcdic"), None);
    }

    proptest! {
        #[test]
        fn utf_16_says_the_same(text: String, buffer in 1..9_usize, big: bool) {
            prop_assume!(!text.is_empty() && !text.starts_with(['\u{feff}', '\0']));
            let units = text.encode_utf16();
            let bytes: Vec<u8> =
                if big { units.flat_map(u16::to_be_bytes).collect() } else { units.flat_map(u16::to_le_bytes).collect() };
            let encoding = if big { Encoding::Utf16Be } else { Encoding::Utf16Le };
            prop_assume!(!bytes.starts_with(&[0xff, 0xfe]) && !bytes.starts_with(&[0xfe, 0xff]) && !bytes.starts_with(&[0xef, 0xbb, 0xbf]));
            prop_assert_eq!(read(&bytes, encoding, buffer).unwrap(), text.as_bytes());
        }
    }
}
