//! Signs what is sent, and lets in only what is signed with the same key and has not been seen before.
//!
//! The layout of a message is the one of
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol>.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use uuid::Uuid;
use zeromq::ZmqMessage;

/// The version of the protocol that is spoken.
pub(crate) const PROTOCOL_VERSION: &str = "5.5";

const DELIMITER: &[u8] = b"<IDS|MSG>";

/// How many signatures are remembered, as many as jupyter_client remembers. 32 bytes each.
const REMEMBERED: usize = 65_536;

/// One side of a signed conversation.
pub(crate) struct Session {
    id: String,
    key: Option<Hmac<Sha256>>,
    sent: AtomicU64,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    set: HashSet<[u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

/// A message that was let in. Its header stays as the bytes that came: it is the parent header of every answer.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// What the ROUTER socket put in front: whom to answer.
    pub(crate) identities: Vec<Bytes>,
    pub(crate) header: Bytes,
    pub(crate) parent_header: Bytes,
    pub(crate) metadata: Bytes,
    pub(crate) content: Bytes,
    /// The parts of `header` that the kernel looks at.
    pub(crate) head: Head,
}

/// The parts of a header that the kernel looks at; other fields may be there or not.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Head {
    #[serde(default)]
    pub(crate) session: Option<String>,
    /// When it was sent, by the clock of its sender.
    #[serde(default)]
    pub(crate) date: Option<String>,
    pub(crate) msg_type: String,
    #[serde(default)]
    pub(crate) subshell_id: Option<String>,
}

/// A sender's clock may be set back between two messages. Only what is older by less than this, in seconds, is surely not
/// newer; a message that overtakes another does so by much less.
const OVERTAKEN: f64 = 2.0;

impl Head {
    /// Whether the same sender surely sent this message before the other one. Clocks of different senders are not compared.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        let (Some(session), Some(mine), Some(theirs)) = (&self.session, &self.date, &other.date) else {
            return false;
        };
        // `2026-11-30T05:10:07.123456Z`: up to the minute as it stands, then the seconds.
        let parts = |date: &str| {
            let (minute, rest) = date.split_at_checked(17)?;
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let (seconds, zone) = rest.split_at(digits);
            Some((minute.to_owned(), seconds.parse::<f64>().ok()?, zone.to_owned()))
        };
        let (Some((minute, seconds, zone)), Some((later, after, of_zone))) = (parts(mine), parts(theirs))
        else {
            return false;
        };
        let gap = after - seconds;
        other.session.as_ref() == Some(session)
            && (minute, zone) == (later, of_zone)
            && gap > 0.0
            && gap < OVERTAKEN
    }
}

/// Why a message was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejected {
    #[error("it has no delimiter or too few parts")]
    Malformed,
    #[error("its signature is wrong")]
    Signature,
    #[error("it was received before")]
    Replayed,
    #[error("its header is not JSON with a msg_type")]
    Header,
}

#[derive(Serialize)]
struct Header<'a> {
    msg_id: String,
    session: &'a str,
    username: &'a str,
    date: String,
    msg_type: &'a str,
    version: &'a str,
}

impl Session {
    /// A conversation with a new id. An empty key means that nothing is signed and everything is let in, as
    /// Jupyter defines it.
    pub(crate) fn new(key: &str) -> Self {
        Self {
            id: Uuid::new_v4().simple().to_string(),
            key: if key.is_empty() { None } else { Hmac::new_from_slice(key.as_bytes()).ok() },
            sent: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    #[cfg(feature = "testing")]
    /// The id that this side writes in its headers.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    fn mac(&self, parts: [&[u8]; 4]) -> Option<Hmac<Sha256>> {
        let mut mac = self.key.clone()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }

    /// Reads a message and decides whether it is let in.
    pub(crate) fn read(&self, message: ZmqMessage) -> Result<Incoming, Rejected> {
        let mut frames = message.into_vec();
        let at = frames.iter().position(|frame| **frame == *DELIMITER).ok_or(Rejected::Malformed)?;
        let rest = frames.split_off(at);
        let [_, signature, header, parent_header, metadata, content, ..] = rest.as_slice() else {
            return Err(Rejected::Malformed);
        };
        if let Some(mac) = self.mac([header, parent_header, metadata, content]) {
            let signature = unhex(signature).ok_or(Rejected::Signature)?;
            mac.verify_slice(&signature).map_err(|_| Rejected::Signature)?;
            if !self.seen.lock().unwrap_or_else(PoisonError::into_inner).first_time(signature) {
                return Err(Rejected::Replayed);
            }
        }
        let head: Head = serde_json::from_slice(header).map_err(|_| Rejected::Header)?;
        Ok(Incoming {
            identities: frames,
            header: header.clone(),
            parent_header: parent_header.clone(),
            metadata: metadata.clone(),
            content: content.clone(),
            head,
        })
    }

    /// Writes a message: `envelope` (identities, or a topic), then the signed parts. `content` is JSON.
    /// Returns the message and its id.
    pub(crate) fn write(
        &self,
        envelope: &[Bytes],
        msg_type: &str,
        parent_header: &Bytes,
        content: Bytes,
    ) -> (ZmqMessage, String) {
        let msg_id = format!("{}_{}", self.id, self.sent.fetch_add(1, Ordering::Relaxed));
        let header = Header {
            msg_id: msg_id.clone(),
            session: &self.id,
            username: "kernel",
            date: utc_now(),
            msg_type,
            version: PROTOCOL_VERSION,
        };
        (self.write_raw(envelope, to_json(&header), parent_header.clone(), content), msg_id)
    }

    /// Writes a message with a header of the caller's.
    pub(crate) fn write_raw(
        &self,
        envelope: &[Bytes],
        header: Bytes,
        parent_header: Bytes,
        content: Bytes,
    ) -> ZmqMessage {
        let metadata = Bytes::from_static(b"{}");
        let signature = match self.mac([&header, &parent_header, &metadata, &content]) {
            Some(mac) => hex(&mac.finalize().into_bytes()),
            None => Bytes::new(),
        };
        let mut message = ZmqMessage::from(Bytes::from_static(DELIMITER));
        for frame in [signature, header, parent_header, metadata, content] {
            message.push_back(frame);
        }
        for frame in envelope.iter().rev() {
            message.push_front(frame.clone());
        }
        message
    }
}

impl Seen {
    fn first_time(&mut self, signature: [u8; 32]) -> bool {
        if !self.set.insert(signature) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.set.remove(&oldest);
        }
        true
    }
}

/// The parent header of a message that answers nothing.
pub(crate) fn no_parent() -> Bytes {
    Bytes::from_static(b"{}")
}

/// JSON of a value that serialises without fail (our own structs with string keys).
pub(crate) fn to_json(value: &impl Serialize) -> Bytes {
    serde_json::to_vec(value).map_or_else(|_| Bytes::from_static(b"{}"), Bytes::from)
}

fn hex(bytes: &[u8]) -> Bytes {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS[usize::from(value & 15)];
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

fn unhex(text: &[u8]) -> Option<[u8; 32]> {
    if text.len() != 64 {
        return None;
    }
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let digits = std::str::from_utf8(pair).ok().filter(|pair| !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    Some(out)
}

/// Now, as ISO 8601 in UTC with microseconds.
fn utc_now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    iso8601(now.as_secs(), now.subsec_micros())
}

/// Gregorian date of a Unix time, by counting days from 1 March of the year 0 in eras of 400 years.
fn iso8601(seconds: u64, micros: u32) -> String {
    let (days, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{micros:06}Z")
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    fn message(session: &Session) -> ZmqMessage {
        session.write(&[Bytes::from_static(b"who")], "kernel_info_request", &no_parent(), "{}".into()).0
    }

    fn with_frame(message: &ZmqMessage, index: usize, frame: &'static [u8]) -> ZmqMessage {
        let mut frames = message.clone().into_vec();
        frames[index] = Bytes::from_static(frame);
        ZmqMessage::try_from(frames).unwrap()
    }

    #[test]
    fn a_signed_message_is_let_in_once() {
        let (client, kernel) = (Session::new("key"), Session::new("key"));
        let message = message(&client);
        let incoming = kernel.read(message.clone()).unwrap();
        assert_eq!(incoming.head.msg_type, "kernel_info_request");
        assert_eq!(incoming.identities, ["who"]);
        assert_eq!(kernel.read(message).unwrap_err(), Rejected::Replayed);
    }

    #[test]
    fn anything_else_is_not() {
        let (client, kernel) = (Session::new("key"), Session::new("key"));
        let good = message(&client);
        assert_eq!(kernel.read(message(&Session::new("other"))).unwrap_err(), Rejected::Signature);
        assert_eq!(kernel.read(message(&Session::new(""))).unwrap_err(), Rejected::Signature);
        assert_eq!(kernel.read(with_frame(&good, 2, b"short")).unwrap_err(), Rejected::Signature);
        assert_eq!(kernel.read(with_frame(&good, 6, b"{\"code\":1}")).unwrap_err(), Rejected::Signature);
        assert_eq!(kernel.read(with_frame(&good, 1, b"<IDS>")).unwrap_err(), Rejected::Malformed);
        assert_eq!(kernel.read("<IDS|MSG>".into()).unwrap_err(), Rejected::Malformed);
        assert!(kernel.read(good).is_ok());
        let open = Session::new("");
        assert_eq!(open.read(with_frame(&message(&open), 3, b"[1")).unwrap_err(), Rejected::Header);
    }

    #[test]
    fn without_a_key_nothing_is_signed_and_everything_let_in() {
        let message = message(&Session::new(""));
        assert_eq!(message.get(2).unwrap().len(), 0);
        assert!(Session::new("").read(message).is_ok());
    }

    /// A signature that Python's `hmac` made: `hmac.new(b"key", b'{"msg_type":"a"}{}{}{}', sha256)`.
    #[test]
    fn the_signature_is_the_one_of_jupyter_client() {
        let mac = Session::new("key").mac([b"{\"msg_type\":\"a\"}", b"{}", b"{}", b"{}"]).unwrap();
        assert_eq!(
            hex(&mac.finalize().into_bytes()),
            "cb1d3df993c8d5e96e4430d55293bbc54ca70b0c2a603bb86f4a02e549c7cf09"
        );
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        for n in 0..REMEMBERED + 10 {
            let mut signature = [0; 32];
            signature[..8].copy_from_slice(&n.to_le_bytes());
            assert!(seen.first_time(signature));
        }
        assert_eq!((seen.set.len(), seen.order.len()), (REMEMBERED, REMEMBERED));
    }

    proptest! {
        /// Whatever frames come, signed or not: no panic, and nothing is let in that was not signed.
        #[test]
        fn any_frames_are_read_without_a_panic(frames in vec(frame(), 1..9)) {
            let message = ZmqMessage::try_from(frames).unwrap();
            prop_assert!(Session::new("key").read(message.clone()).is_err());
            if let Ok(incoming) = Session::new("").read(message) {
                let fields = crate::requests::Fields::of(&incoming);
                let _ = (fields.history(), fields.texts("user_expressions").count(), fields.count("cursor_pos"));
                let _ = crate::requests::cell_id(&incoming);
            }
        }

        /// One byte of a good message changed, one frame lost, doubled or out of place: it is let in only if what was
        /// signed is the same as before.
        #[test]
        fn a_changed_message_is_let_in_only_with_what_was_signed(change in change(), at in any::<Index>(), byte: u8) {
            let good = message(&Session::new("key")).into_vec();
            let mut frames = good.clone();
            let index = at.index(frames.len());
            match change {
                Change::Byte => {
                    let mut frame = frames[index].to_vec();
                    let place = at.index(frame.len());
                    frame[place] ^= byte;
                    frames[index] = frame.into();
                }
                Change::Lost => drop(frames.remove(index)),
                Change::Doubled => frames.insert(index, frames[index].clone()),
                Change::Swapped => frames.swap(index, good.len() - 1),
            }
            if let Ok(incoming) = Session::new("key").read(ZmqMessage::try_from(frames).unwrap()) {
                let parts = [incoming.header, incoming.parent_header, incoming.metadata, incoming.content];
                prop_assert_eq!(parts.concat(), good[3..].concat());
            }
        }
    }

    #[derive(Clone, Copy, Debug)]
    enum Change {
        Byte,
        Lost,
        Doubled,
        Swapped,
    }

    fn change() -> impl Strategy<Value = Change> {
        prop_oneof![Just(Change::Byte), Just(Change::Lost), Just(Change::Doubled), Just(Change::Swapped)]
    }

    /// A frame: bytes, or what frames of messages look like.
    fn frame() -> impl Strategy<Value = Bytes> {
        prop_oneof![
            3 => Just(Bytes::from_static(DELIMITER)),
            1 => Just(Bytes::from_static(&[b'0'; 64])),
            2 => Just(Bytes::from_static(br#"{"msg_type":"execute_request","session":null,"cursor_pos":-1}"#)),
            1 => "\\{\"(msg_type|session|code|cellId)\":(\"x\"|-?[0-9]{1,30}|null|\\[\\[)\\}?".prop_map(Bytes::from),
            2 => vec(any::<u8>(), 0..80).prop_map(Bytes::from),
        ]
    }

    #[test]
    fn dates() {
        assert_eq!(iso8601(0, 0), "1970-01-01T00:00:00.000000Z");
        assert_eq!(iso8601(951_782_399, 5), "2000-02-28T23:59:59.000005Z");
        assert_eq!(iso8601(951_782_400, 0), "2000-02-29T00:00:00.000000Z");
        assert_eq!(iso8601(4_107_542_400, 0), "2100-03-01T00:00:00.000000Z");
    }
}
