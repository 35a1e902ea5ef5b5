//! Frames of the CQL native protocol, as much as a proxy needs that counts, answers and cuts: headers, the text of
//! statements, errors and SUPPORTED. Pure. Source: Apache Cassandra's `doc/native_protocol_v4.spec`, sections 2, 3, 4.1.4,
//! 4.2.1 and 4.2.4.

/// Bytes of a header in versions 3 and 4.
pub(crate) const HEADER: usize = 9;
/// The highest version that Astra speaks.
pub(crate) const HIGHEST_VERSION: u8 = 4;
const RESPONSE: u8 = 0x80;
const FLAG_COMPRESSED: u8 = 0x01;
const FLAG_TRACING: u8 = 0x02;
const FLAG_CUSTOM_PAYLOAD: u8 = 0x04;
const FLAG_WARNING: u8 = 0x08;

pub(crate) const OP_ERROR: u8 = 0x00;
pub(crate) const OP_SUPPORTED: u8 = 0x06;
pub(crate) const OP_QUERY: u8 = 0x07;
pub(crate) const OP_RESULT: u8 = 0x08;
pub(crate) const OP_PREPARE: u8 = 0x09;
pub(crate) const OP_EXECUTE: u8 = 0x0A;
pub(crate) const OP_BATCH: u8 = 0x0D;

/// Error codes that the front answers with.
pub(crate) const PROTOCOL_ERROR: u32 = 0x000A;
pub(crate) const OVERLOADED: u32 = 0x1001;
pub(crate) const TRUNCATE: u32 = 0x1003;
pub(crate) const UNAUTHORIZED: u32 = 0x2100;
pub(crate) const INVALID: u32 = 0x2200;

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The version byte without its direction bit.
    pub(crate) version: u8,
    flags: u8,
    /// The stream that a response has to carry.
    pub(crate) stream: i16,
    /// The kind of message.
    pub(crate) opcode: u8,
    /// Bytes of the body.
    pub(crate) length: usize,
}

impl Header {
    /// Reads the header at the start of `bytes`, if all of it is there.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let &[version, flags, s0, s1, opcode, l0, l1, l2, l3] = bytes.first_chunk::<HEADER>()?;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        Some(Self {
            version: version & !RESPONSE,
            flags,
            stream: i16::from_be_bytes([s0, s1]),
            opcode,
            length,
        })
    }

    /// The statement of a QUERY or PREPARE, unless it is compressed or preceded by a custom payload.
    pub(crate) fn statement<'a>(&self, body: &'a [u8]) -> Option<&'a str> {
        let readable = self.flags & (FLAG_COMPRESSED | FLAG_CUSTOM_PAYLOAD) == 0;
        if !readable || !matches!(self.opcode, OP_QUERY | OP_PREPARE) {
            return None;
        }
        let (length, text) = body.split_first_chunk::<4>()?;
        std::str::from_utf8(text.get(..u32::from_be_bytes(*length) as usize)?).ok()
    }

    /// Whether the message asks for a trace.
    pub(crate) fn is_traced(&self) -> bool {
        self.flags & FLAG_TRACING != 0
    }

    /// Whether the message reads or writes data.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self.opcode, OP_QUERY | OP_EXECUTE | OP_BATCH)
    }
}

/// Takes out of a request's frame that it is to be traced.
pub(crate) fn untraced(frame: &mut [u8]) {
    if let Some(flags) = frame.get_mut(1) {
        *flags &= !FLAG_TRACING;
    }
}

/// Makes a response's frame that of another request. An event, whose stream is negative, stays one.
pub(crate) fn readdress(frame: &mut [u8], stream: i16) {
    if let Some(place) = frame.get_mut(2..4).filter(|place| place[0] & 0x80 == 0) {
        place.copy_from_slice(&stream.to_be_bytes());
    }
}

/// A whole ERROR frame. Only for codes that ask for nothing after the message.
pub(crate) fn error(stream: i16, code: u32, message: &str) -> Vec<u8> {
    let mut body = code.to_be_bytes().to_vec();
    put_string(&mut body, message);
    frame(0, stream, OP_ERROR, &body)
}

/// SUPPORTED as Astra would send it, from what Cassandra sent: the product's type added, versions above 4 left out and,
/// if `plain`, compression too. `None` if the body is not what it should be.
pub(crate) fn supported(stream: i16, body: &[u8], plain: bool) -> Option<Vec<u8>> {
    let mut options = read_multimap(body)?;
    for (name, values) in &mut options {
        match *name {
            "PROTOCOL_VERSIONS" => values.retain(|value| {
                value
                    .split('/')
                    .next()
                    .and_then(|number| number.parse::<u8>().ok())
                    .is_some_and(|n| n <= HIGHEST_VERSION)
            }),
            "COMPRESSION" if plain => values.clear(),
            _ => {}
        }
    }
    options.push(("PRODUCT_TYPE", vec!["DATASTAX_APOLLO"]));
    let mut body = Vec::new();
    put_short(&mut body, options.len());
    for (name, values) in options {
        put_string(&mut body, name);
        put_short(&mut body, values.len());
        values.into_iter().for_each(|value| put_string(&mut body, value));
    }
    Some(frame(0, stream, OP_SUPPORTED, &body))
}

/// An ERROR frame in Astra's words, where Cassandra's differ: the refused level of a write. `None` for all others.
pub(crate) fn astras_error(header: &Header, body: &[u8]) -> Option<Vec<u8>> {
    if header.opcode != OP_ERROR || header.flags & (FLAG_COMPRESSED | FLAG_CUSTOM_PAYLOAD) != 0 {
        return None;
    }
    let mut rest = body;
    if header.flags & FLAG_TRACING != 0 {
        rest = rest.get(16..)?;
    }
    if header.flags & FLAG_WARNING != 0 {
        for _ in 0..take_short(&mut rest)? {
            take_string(&mut rest)?;
        }
    }
    let (code, mut after) = rest.split_first_chunk::<4>()?;
    let before = &body[..body.len() - after.len()];
    let (_, values) = take_string(&mut after)?.split_once("Provided values [")?;
    let (level, list) = values.split_once("] are not allowed for write consistency levels")?;
    if u32::from_be_bytes(*code) != INVALID {
        return None;
    }
    let mut changed = before.to_vec();
    put_string(
        &mut changed,
        &format!("Provided value {level} is not allowed for Write Consistency Level{list}"),
    );
    changed.extend(after);
    Some(frame(header.flags, header.stream, OP_ERROR, &changed))
}

/// The first words of a statement in upper case, comments and white space before them left out.
pub(crate) fn first_words(statement: &str, count: usize) -> Vec<String> {
    let mut rest = statement.trim_start();
    loop {
        let after = if rest.starts_with("--") || rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map_or("", |(_, after)| after)
        } else {
            break;
        };
        rest = after.trim_start();
    }
    rest.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
        .take(count)
        .map(str::to_uppercase)
        .collect()
}

fn frame(flags: u8, stream: i16, opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![RESPONSE | HIGHEST_VERSION, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.push(opcode);
    bytes.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn put_short(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend(u16::try_from(number).unwrap_or(u16::MAX).to_be_bytes());
}

fn put_string(bytes: &mut Vec<u8>, text: &str) {
    let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
    put_short(bytes, text.len());
    bytes.extend(text);
}

fn read_multimap(mut bytes: &[u8]) -> Option<Vec<(&str, Vec<&str>)>> {
    let count = take_short(&mut bytes)?;
    (0..count)
        .map(|_| {
            let name = take_string(&mut bytes)?;
            let values = take_short(&mut bytes)?;
            Some((name, (0..values).map(|_| take_string(&mut bytes)).collect::<Option<_>>()?))
        })
        .collect()
}

fn take_short(bytes: &mut &[u8]) -> Option<u16> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(u16::from_be_bytes(*number))
}

fn take_string<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::from(take_short(bytes)?);
    let (text, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    std::str::from_utf8(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_from_query_frames() {
        let mut bytes = vec![0x04, 0, 0, 7, OP_QUERY, 0, 0, 0, 15];
        bytes.extend(8u32.to_be_bytes());
        bytes.extend(b"DESC x.y\x00\x06\x00");
        let header = Header::read(&bytes).unwrap();
        assert_eq!((header.version, header.stream, header.length), (4, 7, 15));
        assert_eq!(header.statement(&bytes[HEADER..]), Some("DESC x.y"));
        assert_eq!(Header { flags: FLAG_COMPRESSED, ..header }.statement(&bytes[HEADER..]), None);
        assert_eq!(Header::read(&bytes[..8]), None);
    }

    #[test]
    fn a_request_that_asks_for_a_trace_asks_no_longer() {
        let mut frame = [4, FLAG_TRACING | FLAG_CUSTOM_PAYLOAD, 0, 1, OP_QUERY, 0, 0, 0, 0];
        untraced(&mut frame);
        assert_eq!(Header::read(&frame).unwrap().flags, FLAG_CUSTOM_PAYLOAD);
    }

    #[test]
    fn an_answer_is_given_the_stream_of_its_request_and_an_event_keeps_its_own() {
        let mut answer = frame(0, 0, OP_RESULT, &[]);
        readdress(&mut answer, 300);
        assert_eq!(Header::read(&answer).unwrap().stream, 300);
        let mut event = frame(0, -1, 0x0C, &[]);
        readdress(&mut event, 300);
        assert_eq!(Header::read(&event).unwrap().stream, -1);
        readdress(&mut [], 1);
    }

    #[test]
    fn supported_is_made_astras() {
        let mut body = Vec::new();
        put_short(&mut body, 2);
        put_string(&mut body, "PROTOCOL_VERSIONS");
        put_short(&mut body, 2);
        put_string(&mut body, "4/v4");
        put_string(&mut body, "5/v5");
        put_string(&mut body, "COMPRESSION");
        put_short(&mut body, 1);
        put_string(&mut body, "lz4");
        let frame = supported(3, &body, true).unwrap();
        assert_eq!(
            read_multimap(&frame[HEADER..]).unwrap(),
            [
                ("PROTOCOL_VERSIONS", vec!["4/v4"]),
                ("COMPRESSION", vec![]),
                ("PRODUCT_TYPE", vec!["DATASTAX_APOLLO"])
            ]
        );
        assert_eq!(supported(3, &body[..9], false), None);
    }

    #[test]
    fn a_refused_level_is_told_in_astras_words() {
        let cassandras = "Guardrail write_consistency_levels violated: Provided values [ONE] are not allowed for \
                          write consistency levels (disallowed values are: [ANY, ONE, LOCAL_ONE])";
        let astras = "Provided value ONE is not allowed for Write Consistency Level (disallowed values are: \
                      [ANY, ONE, LOCAL_ONE])";
        let told = error(9, INVALID, cassandras);
        let header = Header::read(&told).unwrap();
        assert_eq!(astras_error(&header, &told[HEADER..]), Some(error(9, INVALID, astras)));
        let other = error(9, INVALID, "Undefined column name x");
        assert_eq!(astras_error(&header, &other[HEADER..]), None);

        // A warning before the error stays where it is.
        let mut warned = Vec::new();
        put_short(&mut warned, 1);
        put_string(&mut warned, "careful");
        let prefix = warned.clone();
        warned.extend(&told[HEADER..]);
        let header = Header { flags: FLAG_WARNING, length: warned.len(), ..header };
        let changed = astras_error(&header, &warned).unwrap();
        assert_eq!(&changed[HEADER..HEADER + prefix.len()], prefix);
        assert_eq!(&changed[HEADER + prefix.len()..], &error(9, INVALID, astras)[HEADER..]);
    }

    #[test]
    fn comments_do_not_hide_a_statement() {
        assert_eq!(
            first_words("/* a */ -- b\n create Materialized\tVIEW v", 3),
            ["CREATE", "MATERIALIZED", "VIEW"]
        );
        assert!(first_words("-- nothing", 1).is_empty());
    }
}
