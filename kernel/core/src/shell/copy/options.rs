//! The options of `COPY`: cqlsh's names, what each takes, and which way it is for.

use super::Direction;
use crate::nearest::nearest;
use crate::value::Styles;

/// One of the options.
#[derive(Debug, PartialEq, Eq)]
pub struct CopyOption {
    /// Its name, in capitals.
    pub name: &'static str,
    /// The direction it is for; `None` for both.
    pub only: Option<Direction>,
    /// What its value looks like.
    pub value: &'static str,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// Whether it changes anything here. Others are accepted because cqlsh has them.
    pub effective: bool,
}

const fn both(name: &'static str, value: &'static str, meaning: &'static str) -> CopyOption {
    CopyOption { name, only: None, value, meaning, effective: true }
}

const fn from(name: &'static str, value: &'static str, meaning: &'static str) -> CopyOption {
    CopyOption { only: Some(Direction::From), ..both(name, value, meaning) }
}

const fn to(name: &'static str, value: &'static str, meaning: &'static str) -> CopyOption {
    CopyOption { only: Some(Direction::To), ..both(name, value, meaning) }
}

const fn idle(option: CopyOption) -> CopyOption {
    CopyOption { effective: false, ..option }
}

/// All options, in the order of cqlsh's help.
pub static OPTIONS: &[CopyOption] = &[
    both("HEADER", "true|false", "Whether the first line names the columns; false if not given."),
    both("DELIMITER", "'C'", "The character between fields; a comma if not given."),
    both("QUOTE", "'C'", "The character around fields that need it; a double quote if not given."),
    both("ESCAPE", "'C'", "The character before one that is meant as it stands; a backslash if not given."),
    both("NULL", "'TEXT'", "The text that stands for null; an empty field if not given."),
    both("DATETIMEFORMAT", "'FORMAT'", "How timestamps are written, e.g. '%Y-%m-%d %H:%M:%S%z'."),
    both("DECIMALSEP", "'C'", "The decimal separator; a point if not given."),
    both("THOUSANDSSEP", "'C'", "The separator of thousands; none if not given."),
    both("BOOLSTYLE", "'TRUE,FALSE'", "How booleans are written; 'True,False' if not given."),
    both("ENCODING", "utf8", "The file's encoding; only utf8 is known."),
    from("CHUNKSIZE", "ROWS", "Rows that are sorted into batches at a time; 5000 if not given."),
    from("INGESTRATE", "ROWS", "Rows a second at most; 100000 if not given."),
    from("MAXBATCHSIZE", "ROWS", "Rows of one batch at most; 20 if not given."),
    from("MAXROWS", "ROWS", "Rows read at most; -1, all of them, if not given."),
    from("SKIPROWS", "ROWS", "Rows left out at the start; 0 if not given."),
    from("SKIPCOLS", "'COLUMNS'", "Columns of the file that are not loaded, with commas between them."),
    from(
        "MAXPARSEERRORS",
        "ROWS",
        "Rows that may fail to parse before the load stops; -1, any number, if not given.",
    ),
    from(
        "MAXINSERTERRORS",
        "ROWS",
        "Rows that the server may refuse before the load stops; 1000 if not given.",
    ),
    from("ERRFILE", "'FILE'", "Where rows go that were not loaded; import_KEYSPACE_TABLE.err if not given."),
    from("TTL", "SECONDS", "How long the rows live; for ever if not given."),
    to(
        "FLOATPRECISION",
        "DIGITS",
        "Digits of a `float` that are written, as cqlsh rounds them; all if not given.",
    ),
    to("DOUBLEPRECISION", "DIGITS", "Digits of a `double` that are written; all if not given."),
    to("PAGESIZE", "ROWS", "Rows asked of the server at a time; 1000 if not given."),
    to("BEGINTOKEN", "TOKEN", "The first token of the rows that are written."),
    to("ENDTOKEN", "TOKEN", "The last token of the rows that are written."),
    to(
        "MAXOUTPUTSIZE",
        "LINES",
        "Lines of one file, before another is begun; -1, all of them, if not given.",
    ),
    idle(to("MAXREQUESTS", "N", "Has no effect: the number of requests under way is chosen.")),
    idle(to("PAGETIMEOUT", "SECONDS", "Has no effect: `timeout` of `%set` counts.")),
    idle(from("MINBATCHSIZE", "ROWS", "Has no effect: rows of a partition travel together.")),
    idle(from("PREPAREDSTATEMENTS", "true|false", "Has no effect: statements are always prepared.")),
    idle(from("MAXINFLIGHTMESSAGES", "N", "Has no effect: the number of batches under way is chosen.")),
    idle(from("MAXBACKOFFATTEMPTS", "N", "Has no effect: pauses grow while the service is busy.")),
    idle(from("MAXPENDINGCHUNKS", "N", "Has no effect: what is read ahead is bounded.")),
    idle(both("NUMPROCESSES", "N", "Has no effect: one process does it all.")),
    idle(both("MAXATTEMPTS", "N", "Has no effect: what is safe to repeat is repeated.")),
    idle(both("REPORTFREQUENCY", "SECONDS", "Has no effect: progress is drawn twice a second.")),
];

/// What `WITH` says; [`CopyOptions::default`] is what cqlsh does without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOptions {
    /// Whether the first line names the columns.
    pub header: bool,
    /// Between fields.
    pub delimiter: char,
    /// Around fields that need it.
    pub quote: char,
    /// Before a character that is meant as it stands. The same as `quote` where quotes are doubled.
    pub escape: char,
    /// What stands for null.
    pub null: String,
    /// How timestamps are written, in the letters of strftime; `None` for the usual form.
    pub datetime_format: Option<String>,
    /// The decimal separator.
    pub decimal_separator: char,
    /// The separator of thousands.
    pub thousands_separator: Option<char>,
    /// How true and false are written.
    pub booleans: (String, String),
    /// `FROM`: rows sorted into batches at a time.
    pub chunk_size: usize,
    /// `FROM`: rows a second at most.
    pub ingest_rate: u64,
    /// `FROM`: rows of one batch at most.
    pub max_batch_size: usize,
    /// `FROM`: rows read at most.
    pub max_rows: Option<u64>,
    /// `FROM`: rows left out at the start.
    pub skip_rows: u64,
    /// `FROM`: columns of the file that are not loaded.
    pub skip_columns: Vec<String>,
    /// `FROM`: rows that may fail to parse.
    pub max_parse_errors: Option<u64>,
    /// `FROM`: rows that the server may refuse.
    pub max_insert_errors: Option<u64>,
    /// `FROM`: where rows go that were not loaded.
    pub error_file: Option<String>,
    /// `FROM`: how long the rows live, in seconds.
    pub ttl: Option<u32>,
    /// `TO`: rows asked of the server at a time.
    pub page_size: Option<u32>,
    /// `TO`: the first token.
    pub begin_token: Option<i64>,
    /// `TO`: the last token.
    pub end_token: Option<i64>,
    /// `TO`: lines of one file.
    pub max_output_size: Option<u64>,
    /// `TO`: digits of a `float`; `None` for all.
    pub float_precision: Option<u8>,
    /// `TO`: digits of a `double`; `None` for all.
    pub double_precision: Option<u8>,
    /// Options that were given and change nothing here, by name.
    pub idle: Vec<&'static str>,
}

impl Default for CopyOptions {
    fn default() -> Self {
        Self {
            header: false,
            delimiter: ',',
            quote: '"',
            escape: '\\',
            null: String::new(),
            datetime_format: None,
            decimal_separator: '.',
            thousands_separator: None,
            booleans: ("True".to_owned(), "False".to_owned()),
            chunk_size: 5000,
            ingest_rate: 100_000,
            max_batch_size: 20,
            max_rows: None,
            skip_rows: 0,
            skip_columns: Vec::new(),
            max_parse_errors: None,
            max_insert_errors: Some(1000),
            error_file: None,
            ttl: None,
            page_size: None,
            begin_token: None,
            end_token: None,
            max_output_size: None,
            float_precision: None,
            double_precision: None,
            idle: Vec::new(),
        }
    }
}

impl CopyOptions {
    /// Sets one by its name, or says in a sentence why not.
    pub(super) fn set(&mut self, direction: Direction, name: &str, value: &str) -> Result<(), String> {
        let name = name.to_ascii_uppercase();
        if matches!(name.as_str(), "CONFIGFILE" | "RATEFILE") {
            return Err(format!(
                "`{name}` is not known here. Give the options on this line; progress is drawn."
            ));
        }
        let option = OPTIONS.iter().find(|option| option.name == name).ok_or_else(|| {
            let names = OPTIONS.iter().map(|option| option.name);
            let near = nearest(&name, names).map(|near| format!(" Did you mean `{near}`?"));
            format!("`COPY` has no option `{name}`.{}", near.unwrap_or_default())
        })?;
        if option.only.is_some_and(|only| only != direction) {
            return Err(format!("`{name}` is no option of `COPY … {}`.", direction.name()));
        }
        let refused = || format!("`{name}` takes {}.", option.value);
        let text = unescape(value);
        let character = || one(&text).ok_or_else(refused);
        let number = || value.parse::<i64>().map_err(|_| refused());
        let count = || value.parse::<u64>().ok().filter(|count| *count > 0).ok_or_else(refused);
        // Below zero is no limit, as in cqlsh.
        let limit = || number().map(|limit| u64::try_from(limit).ok());
        match name.as_str() {
            "HEADER" => self.header = boolean(value).ok_or_else(refused)?,
            "DELIMITER" => self.delimiter = character()?,
            "QUOTE" => self.quote = character()?,
            "ESCAPE" => self.escape = character()?,
            "NULL" => self.null = text,
            "DATETIMEFORMAT" => self.datetime_format = Some(value.to_owned()),
            "DECIMALSEP" => self.decimal_separator = character()?,
            "THOUSANDSSEP" if text.is_empty() => self.thousands_separator = None,
            "THOUSANDSSEP" => self.thousands_separator = Some(character()?),
            "BOOLSTYLE" => self.booleans = styles(&text).ok_or_else(refused)?,
            "ENCODING" if !matches!(value.to_ascii_lowercase().as_str(), "utf8" | "utf-8") => {
                return Err(format!(
                    "`COPY` reads and writes utf8 only, not {value}. `%import FILE INTO TABLE --encoding latin1` loads another."
                ));
            }
            "ENCODING" => {}
            "CHUNKSIZE" => self.chunk_size = usize::try_from(count()?).map_err(|_| refused())?,
            "INGESTRATE" => self.ingest_rate = count()?,
            "MAXBATCHSIZE" => {
                self.max_batch_size = usize::try_from(count()?.min(10_000)).map_err(|_| refused())?;
            }
            "MAXROWS" => self.max_rows = limit()?,
            "SKIPROWS" => self.skip_rows = limit()?.unwrap_or(0),
            "SKIPCOLS" => {
                let names = value.split(',').map(str::trim).filter(|name| !name.is_empty());
                self.skip_columns = names.map(crate::cql::keywords::unquote_name).collect();
            }
            "MAXPARSEERRORS" => self.max_parse_errors = limit()?,
            "MAXINSERTERRORS" => self.max_insert_errors = limit()?,
            "ERRFILE" => self.error_file = Some(value.to_owned()).filter(|file| !file.is_empty()),
            // The server's own bound: twenty years.
            "TTL" => {
                self.ttl = Some(value.parse().ok().filter(|ttl| *ttl <= 630_720_000).ok_or_else(refused)?)
            }
            "FLOATPRECISION" => self.float_precision = Some(value.parse().map_err(|_| refused())?),
            "DOUBLEPRECISION" => self.double_precision = Some(value.parse().map_err(|_| refused())?),
            "PAGESIZE" => self.page_size = Some(u32::try_from(count()?).map_err(|_| refused())?),
            "BEGINTOKEN" => self.begin_token = Some(number()?),
            "ENDTOKEN" => self.end_token = Some(number()?),
            "MAXOUTPUTSIZE" => self.max_output_size = limit()?,
            _ => {}
        }
        if !option.effective && !self.idle.contains(&option.name) {
            self.idle.push(option.name);
        }
        Ok(())
    }

    /// The forms of single values in a file that is written.
    pub fn styles(&self) -> Styles {
        Styles {
            null: self.null.clone(),
            booleans: self.booleans.clone(),
            decimal_separator: self.decimal_separator,
            thousands_separator: self.thousands_separator,
            datetime_format: self.datetime_format.clone(),
            float_precision: self.float_precision,
            double_precision: self.double_precision,
        }
    }

    /// Whether the options go together.
    pub(super) fn check(&self) -> Result<(), &'static str> {
        if self.delimiter == self.quote || self.delimiter == self.escape {
            return Err("`DELIMITER` must be another character than `QUOTE` and `ESCAPE`.");
        }
        if self.thousands_separator == Some(self.decimal_separator) {
            return Err("`THOUSANDSSEP` must be another character than `DECIMALSEP`.");
        }
        if matches!((self.begin_token, self.end_token), (Some(begin), Some(end)) if begin > end) {
            return Err("`BEGINTOKEN` must not be greater than `ENDTOKEN`.");
        }
        Ok(())
    }
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// The one character of a text; those that a line of CSV cannot do without are none.
fn one(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let first = characters.next()?;
    (characters.next().is_none() && first.is_ascii() && !matches!(first, '\n' | '\r' | '\0')).then_some(first)
}

/// The two words of `BOOLSTYLE`.
fn styles(text: &str) -> Option<(String, String)> {
    let (yes, no) = text.split_once(',')?;
    let (yes, no) = (yes.trim(), no.trim());
    let fit = !yes.is_empty() && !no.is_empty() && !no.contains(',') && !yes.eq_ignore_ascii_case(no);
    fit.then(|| (yes.to_owned(), no.to_owned()))
}

/// What Python would read between quotes: `\t`, `\n`, `\r`, `\\`, `\x1f`. A backslash before anything else stays.
fn unescape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let mut characters = after.chars();
        let hex = after.strip_prefix('x').and_then(|digits| digits.get(..2));
        let code = hex.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match (characters.next(), code) {
            (_, Some(code)) => {
                out.push(char::from(code));
                rest = &after[3..];
                continue;
            }
            (Some('t'), _) => out.push('\t'),
            (Some('n'), _) => out.push('\n'),
            (Some('r'), _) => out.push('\r'),
            (Some('\\'), _) => out.push('\\'),
            _ => {
                out.push('\\');
                rest = after;
                continue;
            }
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
    out
}
