//! Records of every shape, whole and broken.

use proptest::prelude::*;

use super::*;

const COPY: Dialect = Dialect { delimiter: b',', quote: b'"', escape: Some(b'\\'), escapes_all: true };
/// As `--escape` reads it.
const DSBULK: Dialect = Dialect { escapes_all: false, ..COPY };

/// Each record as its line and fields; a field in quotes is in quotes here too.
fn read(text: &[u8], dialect: Dialect, buffer: usize) -> Vec<(u64, Vec<String>)> {
    let mut records = Records::new(io::BufReader::with_capacity(buffer, text), dialect, 1);
    let mut fields = Fields::default();
    let mut all = Vec::new();
    while let Some(line) = records.read(&mut fields).unwrap() {
        let shown = (0..fields.len()).map(|place| {
            let field = fields.get(place).unwrap();
            let (field, quoted) = (String::from_utf8_lossy(field.bytes), field.quoted);
            if quoted { format!("\"{field}\"") } else { field.into_owned() }
        });
        all.push((line, shown.collect()));
    }
    all
}

fn one(text: &str, dialect: Dialect) -> Vec<String> {
    read(text.as_bytes(), dialect, 4096).remove(0).1
}

#[test]
fn quotes_tell_an_empty_text_from_nothing() {
    assert_eq!(one("a,,\"\",\"b\"\n", Dialect::default()), ["a", "", "\"\"", "\"b\""]);
    assert_eq!(one("\"it \"\"is\"\", so\",x", Dialect::default()), ["\"it \"is\", so\"", "x"]);
    assert_eq!(one("a\"b,5\" disk,\"c\"", Dialect::default()), ["a\"b", "5\" disk", "\"c\""]);
}

#[test]
fn records_know_their_lines() {
    let text = b"a,b\r\n\r\n\"two\r\nlines\",1\rc,d\n\n";
    let expected = [(1, vec!["a", "b"]), (3, vec!["\"two\r\nlines\"", "1"]), (5, vec!["c", "d"])];
    for buffer in [5, 4096] {
        let read = read(text, Dialect::default(), buffer);
        let read: Vec<_> =
            read.iter().map(|(line, fields)| (*line, fields.iter().map(String::as_str).collect())).collect();
        assert_eq!(read, expected);
    }
}

#[test]
fn what_cqlsh_escapes_is_undone_inside_quotes_and_outside() {
    assert_eq!(one(r#"a\,b,"c\"d\\",e\\f,"g""h""#, COPY), [r"a,b", r#""c"d\""#, r"e\f", r#""g"h""#]);
    assert_eq!(one("a\\b", Dialect::default()), ["a\\b"]);
}

#[test]
fn a_quote_that_is_not_closed_is_told() {
    let mut records = Records::new(io::Cursor::new("a,\"b\nc"), Dialect::default(), 1);
    let mut fields = Fields::default();
    assert_eq!(records.read(&mut fields).unwrap(), Some(1));
    assert_eq!(fields.flaw, Some(Flaw::Unclosed(1)));
    assert_eq!(fields.iter().last(), Some(b"\"b\nc".as_slice()), "its text is kept");
    assert_eq!(records.read(&mut fields).unwrap(), None);
}

/// What is wrong with each record, by its line.
fn flaws(text: &str, dialect: Dialect) -> Vec<(u64, Option<Flaw>)> {
    let mut records = Records::new(text.as_bytes(), dialect, 1);
    let mut fields = Fields::default();
    let mut all = Vec::new();
    while let Some(line) = records.read(&mut fields).unwrap() {
        all.push((line, fields.flaw));
    }
    all
}

#[test]
fn a_closing_quote_is_followed_by_the_delimiter_or_the_end() {
    let plain = Dialect::default();
    for wrong in [r#"1,"te\"xt""#, r#"2,"a"x"#, r#"3,"a" ,b"#, r#"4,"a""b"c,d"#, r#""a"5"#] {
        assert_eq!(flaws(&format!("{wrong}\n7,ok\n"), plain)[..], [(1, Some(Flaw::BehindQuote)), (2, None)]);
    }
    assert_eq!(one(r#"2,"a"x,y"#, plain), ["2", r#""a"x,y"#], "what was there is kept to be shown");
    for blank in [r#"1, "a,b""#, "1,\t\"a\"", r#" "a",1"#] {
        assert_eq!(flaws(blank, plain), [(1, Some(Flaw::BehindBlank))], "{blank}");
    }
    assert_eq!(
        flaws("1,a\"\n2,\"x\"y\n3,z\"\n4,z\n", plain)[1..],
        [(2, Some(Flaw::BehindQuote)), (3, Some(Flaw::StrayQuote)), (4, None)]
    );
    assert_eq!(flaws("1,\"a\nb\nc", plain), [(1, Some(Flaw::Unclosed(2)))]);
    assert!(Flaw::BehindQuote.told("a quote is written twice").ends_with(": a quote is written twice"));
}

#[test]
fn backslashes_before_quotes_are_escapes_where_it_is_said() {
    assert_eq!(
        one(r#""te\"xt","C:\\dir\n","a""b",x\y\"#, DSBULK),
        [r#""te"xt""#, r#""C:\dir\n""#, r#""a"b""#, r"x\y\"]
    );
    assert_eq!(flaws(r#""a\"x"#, DSBULK), [(1, Some(Flaw::Unclosed(0)))]);
    assert_eq!(one("a\\\r\nb,c", COPY), ["a\r\nb", "c"], "a line's end that is escaped is whole");
}

#[test]
fn one_escaped_character_alone_is_known() {
    let mut fields = Fields::default();
    let line = r#"\N,"\N",\Nx,x\N,N,"\Nx","x\N","N","\N""",\"#;
    Records::new(line.as_bytes(), COPY, 1).read(&mut fields).unwrap();
    let known: Vec<_> = (0..10).filter(|place| fields.get(*place).unwrap().escaped).collect();
    assert_eq!(known, [0, 1]);
    assert_eq!(fields.get(9).unwrap().bytes, b"\\");
    // Where a backslash is one before a quote only, it stays in the text.
    Records::new(r#""\N""#.as_bytes(), DSBULK, 1).read(&mut fields).unwrap();
    let quoted = fields.get(0).unwrap();
    assert_eq!((quoted.bytes, quoted.escaped), (&br"\N"[..], false));
}

#[test]
fn a_record_without_bound_ends() {
    let read = |text: &str| Records::new(text.as_bytes(), Dialect::default(), 1).read(&mut Fields::default());
    assert!(read(&",".repeat(FIELDS - 1)).is_ok());
    let error = read(&",".repeat(FIELDS + 300_000)).unwrap_err().to_string();
    assert!(error.contains("line 1: the record has more than 65,536 fields"), "{error}");
    // An input without an end: no more than the bound is kept of it.
    let endless = io::BufReader::new(io::repeat(b','));
    assert!(Records::new(endless, Dialect::default(), 1).read(&mut Fields::default()).is_err());
    let quoted = io::BufReader::new(io::Read::chain(&b"\""[..], io::repeat(b'x')));
    let error = Records::new(quoted, Dialect::default(), 1).read(&mut Fields::default()).unwrap_err();
    assert!(error.to_string().contains("64 MB"), "{error}");
}

#[test]
fn a_first_line_that_names_the_delimiter_is_no_record() {
    let begun = |text: &'static [u8]| {
        let (mut input, dialect, line) = begin(Box::new(text), Dialect::default()).unwrap();
        let mut rest = String::new();
        input.read_to_string(&mut rest).unwrap();
        (char::from(dialect.delimiter), line, rest)
    };
    let expected = |delimiter, line, rest: &str| (delimiter, line, rest.to_owned());
    assert_eq!(begun(b"sep=;\r\nk;v\n"), expected(';', 2, "k;v\n"));
    assert_eq!(begun(b"SEP=|\rk"), expected('|', 2, "k"));
    assert_eq!(begun(b"\nsep=;\nk"), expected(';', 3, "k"), "behind an empty line, such as that of a reason");
    assert_eq!(begun(b"\r\n\r\r\nsep=;\nk"), expected(';', 5, "k"));
    assert_eq!(begun(b"\n\nk,v"), expected(',', 3, "k,v"));
    for none in ["", "sep=;", "sep=;;\n1", "sep,k\n", "k\n"] {
        assert_eq!(begun(none.as_bytes()), expected(',', 1, none));
    }
}

proptest! {
    /// The csv crate writes, we read, whatever the buffer.
    #[test]
    fn what_is_written_is_read(
        rows in prop::collection::vec(prop::collection::vec("[a-z,\"\\\\\r\n é]{0,6}", 2..4), 1..5),
        buffer in 3..40_usize,
        escaped: bool,
    ) {
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .quote_style(csv::QuoteStyle::Always)
            .double_quote(!escaped)
            .escape(b'\\')
            .from_writer(Vec::new());
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let written = writer.into_inner().unwrap();
        // The crate does not escape the escape character itself.
        prop_assume!(!escaped || !written.contains(&b'\\') || !rows.iter().flatten().any(|field| field.contains('\\')));
        let dialect = if escaped { COPY } else { Dialect::default() };
        let read = read(&written, dialect, buffer);
        let expected: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|field| format!("\"{field}\"")).collect()).collect();
        prop_assert_eq!(read.into_iter().map(|(_, fields)| fields).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn any_bytes_are_read_in_bounds(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let fields: usize = read(&bytes, COPY, 7).iter().map(|(_, fields)| fields.len()).sum();
        prop_assert!(fields <= bytes.len() + 1);
    }
}
