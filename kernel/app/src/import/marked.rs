//! Files of rejected rows with their reasons, known by their first line; the lines of reasons are no rows.
//!
//! The rule: a line of a reason is known by a mark that its file's first line names, eight digits that no other file has. What
//! is read of such a file has an empty line in the place of each of them, so that lines keep their numbers.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// What the first line begins with. Behind it come a sum over the file in 16 digits, a blank, and the mark of its reasons.
const MAGIC: &str = "#cqlbook-rejected ";
/// Where the sum stands; it is made with zeros in its place.
pub(super) const SUM_AT: usize = MAGIC.len();
const DIGITS: usize = 16;
/// The sum over nothing (FNV-1a: it need not withstand anybody).
pub(super) const SUM: u64 = 0xcbf2_9ce4_8422_2325;
/// A longer line is none of ours.
const LONGEST: usize = 64 << 10;

/// The sum with more bytes.
pub(super) fn add(sum: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(sum, |sum, byte| (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The sum as it stands in the file.
pub(super) fn shown(sum: u64) -> String {
    format!("{sum:0DIGITS$x}")
}

/// The mark of one file.
pub(super) struct Seal(String);

impl Seal {
    /// A mark that no other file has.
    pub(super) fn new(path: &Path) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let of = format!("{} {} {}", path.display(), now.as_nanos(), std::process::id());
        Self(format!("{:08x}", add(SUM, of.as_bytes()) & 0xffff_ffff))
    }

    /// The first line.
    pub(super) fn head(&self, name: &str, rows: usize) -> String {
        let name = name.replace(['\n', '\r'], " ");
        format!(
            "{MAGIC}{} {}: {rows} of the rows of {name} could not be loaded. Above each stands its line there and the reason. %import leaves these lines out.\n",
            "0".repeat(DIGITS),
            self.0
        )
    }

    /// The line above a row.
    pub(super) fn reason(&self, line: u64, reason: &str) -> String {
        format!("#{} line {line}: {}\n", self.0, reason.replace(['\n', '\r'], " "))
    }
}

/// The mark of reasons that a first line names.
fn mark(first: &[u8]) -> Option<Vec<u8>> {
    let rest = first.strip_prefix(MAGIC.as_bytes())?.get(DIGITS..)?;
    let mark = rest.strip_prefix(b" ")?.get(..9)?.strip_suffix(b":")?;
    mark.iter().all(u8::is_ascii_hexdigit).then(|| [b"#", mark, b" line "].concat())
}

/// Whether we wrote the file at `path`, and nobody has changed it since.
pub(super) fn is_ours(path: &Path) -> bool {
    let check = || -> io::Result<bool> {
        if !std::fs::symlink_metadata(path)?.is_file() {
            return Ok(false);
        }
        let mut input = BufReader::new(File::open(path)?);
        let mut first = vec![0; SUM_AT + DIGITS];
        if input.read_exact(&mut first).is_err() || !first.starts_with(MAGIC.as_bytes()) {
            return Ok(false);
        }
        let said = first.split_off(SUM_AT);
        let mut sum = add(add(SUM, &first), "0".repeat(DIGITS).as_bytes());
        loop {
            let buffer = input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(said == shown(sum).as_bytes());
            }
            sum = add(sum, buffer);
            let length = buffer.len();
            input.consume(length);
        }
    };
    check().unwrap_or(false)
}

/// The input as it is, and whether it begins as such a file does.
pub(super) fn looked_at(mut input: Box<dyn BufRead + Send>) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    // Read, and not looked at in the buffer: a decoder's first buffer may hold a few bytes alone.
    let mut first = Vec::new();
    (&mut input).take(MAGIC.len() as u64).read_to_end(&mut first)?;
    let is_marked = first == MAGIC.as_bytes();
    Ok((Box::new(io::Cursor::new(first).chain(input)), is_marked))
}

/// The input with its reasons left out, if it is such a file; as it is otherwise.
pub(super) fn rows(input: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    let (mut input, is_marked) = looked_at(input)?;
    if !is_marked {
        return Ok(input);
    }
    let mut first = Vec::new();
    (&mut input).take(LONGEST as u64).read_until(b'\n', &mut first)?;
    Ok(match mark(&first) {
        Some(mark) if first.ends_with(b"\n") => {
            Box::new(Unmarked { input, mark, ready: b"\n".to_vec(), at: 0, in_line: false })
        }
        _ => Box::new(io::Cursor::new(first).chain(input)),
    })
}

/// Leaves out the text of lines that begin with the mark; their ends stay.
struct Unmarked {
    input: Box<dyn BufRead + Send>,
    mark: Vec<u8>,
    ready: Vec<u8>,
    at: usize,
    /// What is ready next goes on with a line that is not at its end.
    in_line: bool,
}

impl BufRead for Unmarked {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.ready.len() {
            self.ready.clear();
            self.at = 0;
            (&mut self.input).take(LONGEST as u64).read_until(b'\n', &mut self.ready)?;
            let is_whole = self.ready.ends_with(b"\n");
            if !self.in_line && self.ready.starts_with(&self.mark) {
                self.ready.clear();
                if !is_whole {
                    self.input.skip_until(b'\n')?;
                }
                self.ready.push(b'\n');
                self.in_line = false;
            } else {
                self.in_line = !is_whole;
            }
        }
        Ok(&self.ready[self.at..])
    }

    fn consume(&mut self, used: usize) {
        self.at = (self.at + used).min(self.ready.len());
    }
}

impl Read for Unmarked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let ready = self.fill_buf()?;
        let length = ready.len().min(buffer.len());
        buffer[..length].copy_from_slice(&ready[..length]);
        self.consume(length);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let mut out = String::new();
        rows(Box::new(io::Cursor::new(text.to_owned().into_bytes())))
            .unwrap()
            .read_to_string(&mut out)
            .unwrap();
        out
    }

    #[test]
    fn reasons_are_empty_lines_and_rows_stay_as_they_are() {
        let seal = Seal("0badcafe".to_owned());
        let long = "x".repeat(3 * LONGEST);
        let text = format!(
            "{}k,v\n{}1,#0badcafe line 3\n{}{long}\n",
            seal.head("t\n.csv", 2),
            seal.reason(3, "a\nb"),
            seal.reason(4, &long)
        );
        assert_eq!(read(&text), format!("\nk,v\n\n1,#0badcafe line 3\n\n{long}\n"));
        for other in [
            "#0badcafe line 3: x\nk\n",
            "#cqlbook-rejected\n#x\n",
            "",
            "#cqlbook-rejected 0000000000000000 nothex!!:\na\n",
        ] {
            assert_eq!(read(other), other, "no file of ours");
        }
    }
}
