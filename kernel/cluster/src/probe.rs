//! The login probe: one short CQL conversation with one node before the driver is started.
//!
//! The driver tells of a refused login only after it has tried every node, and wrapped in several layers; of the SUPPORTED
//! message it tells nothing. So the first contact is made here, in the plainest form of the native protocol v4
//! (`native_protocol_v4.spec`): OPTIONS, STARTUP, AUTH_RESPONSE and one query of `system.local`. Every step is bounded and
//! every failure typed; nothing is kept of it but what was learned.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::{ConnectError, ServerError, ServerErrorKind};
use crate::link::{Endpoint, Step};
use crate::stage::Stage;
use crate::target::Credentials;

/// The longest message that is read, in bytes; real ones have a few hundred.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;

// Message kinds, section 2.4.
const ERROR: u8 = 0x00;
const STARTUP: u8 = 0x01;
const READY: u8 = 0x02;
const AUTHENTICATE: u8 = 0x03;
const OPTIONS: u8 = 0x05;
const SUPPORTED: u8 = 0x06;
const QUERY: u8 = 0x07;
const RESULT: u8 = 0x08;
const AUTH_CHALLENGE: u8 = 0x0E;
const AUTH_RESPONSE: u8 = 0x0F;
const AUTH_SUCCESS: u8 = 0x10;

/// What one node says of itself and its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    /// Whether the server announces to be Astra DB.
    pub(crate) astra: bool,
    pub(crate) data_center: String,
    pub(crate) release_version: String,
    pub(crate) cluster_name: String,
    pub(crate) cql_version: String,
    /// The host id of the node itself.
    pub(crate) host_id: Uuid,
}

/// Asks the node at the other end of `stream`, telling `progress` of the login and of the query.
pub(crate) async fn ask(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    endpoint: &Endpoint,
    login: Option<&Credentials>,
    answer_bound: Duration,
    progress: &(dyn Fn(Stage) + Send + Sync),
) -> Result<Findings, ConnectError> {
    let mut talk = Conversation { stream, endpoint, bound: answer_bound };

    let supported = talk.exchange(OPTIONS, &[], &[SUPPORTED]).await?;
    let astra = talk.read(&supported, announces_astra)?;

    let startup = string_map(&[("CQL_VERSION", "3.0.0"), ("DRIVER_NAME", "cqlbook")]);
    let reply = talk.exchange(STARTUP, &startup, &[READY, AUTHENTICATE]).await?;
    if reply.kind == AUTHENTICATE {
        let login = login.ok_or(ConnectError::CredentialsRequired)?;
        let response = plain_response(login);
        let reply = talk.exchange(AUTH_RESPONSE, &response, &[AUTH_SUCCESS, AUTH_CHALLENGE]).await?;
        if reply.kind == AUTH_CHALLENGE {
            return Err(talk.unexpected("it asks for another kind of login than user and password"));
        }
    }
    progress(Stage::Login);

    let query = "SELECT data_center, release_version, cluster_name, cql_version, host_id FROM system.local WHERE key = 'local'";
    let reply = talk.exchange(QUERY, &query_body(query), &[RESULT]).await?;
    let [data_center, release_version, cluster_name, cql_version, host_id] = talk.read(&reply, row)?;
    let [data_center, release_version, cluster_name, cql_version] =
        [data_center, release_version, cluster_name, cql_version]
            .map(|cell| String::from_utf8_lossy(&cell).into_owned());
    let host_id = Uuid::from_slice(&host_id).map_err(|_| talk.unexpected("its host id is not a UUID"))?;
    progress(Stage::Queried { release_version: release_version.clone(), data_center: data_center.clone() });
    Ok(Findings { astra, data_center, release_version, cluster_name, cql_version, host_id })
}

/// One message of the server.
struct Message {
    kind: u8,
    body: Vec<u8>,
}

struct Conversation<'a, S> {
    stream: &'a mut S,
    endpoint: &'a Endpoint,
    bound: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// Sends one message and takes the answer, which must be of one of the kinds `expected`.
    async fn exchange(&mut self, kind: u8, body: &[u8], expected: &[u8]) -> Result<Message, ConnectError> {
        let exchange = async {
            // Version 4, no flags, stream 0, kind, length (section 2).
            let mut frame = Zeroizing::new(vec![0x04, 0, 0, 0, kind]);
            frame.extend_from_slice(&(body.len() as u32).to_be_bytes());
            frame.extend_from_slice(body);
            self.stream.write_all(&frame).await?;
            self.stream.flush().await?;

            let mut header = [0; 9];
            self.stream.read_exact(&mut header).await?;
            let [version, flags, _, _, kind, length @ ..] = header;
            let length = u32::from_be_bytes(length) as usize;
            if version & 0x80 == 0 || length > MAX_MESSAGE_BYTES {
                return Ok(None);
            }
            let mut body = vec![0; length];
            self.stream.read_exact(&mut body).await?;
            Ok::<_, std::io::Error>(Some((flags, Message { kind, body })))
        };
        let (flags, mut message) = match timeout(self.bound, exchange).await {
            Err(_) => return Err(self.endpoint.timed_out(Step::Answer, self.bound).into()),
            Ok(Err(error)) => return Err(self.endpoint.broken(&error).into()),
            Ok(Ok(None)) => return Err(self.unexpected("its answer has another form")),
            Ok(Ok(Some(answer))) => answer,
        };
        let body = skip_extensions(flags, &message.body)
            .ok_or_else(|| self.unexpected("its answer is cut short"))?
            .to_vec();
        message.body = body;
        match message.kind {
            ERROR => Err(self.read(&message, error)?),
            kind if expected.contains(&kind) => Ok(message),
            kind => Err(self.unexpected(&format!("it answered with message {kind:#04x}"))),
        }
    }

    /// Reads a message's body to what `parse` makes of it.
    fn read<T>(
        &self,
        message: &Message,
        parse: impl Fn(&mut Body<'_>) -> Option<T>,
    ) -> Result<T, ConnectError> {
        parse(&mut Body(&message.body)).ok_or_else(|| self.unexpected("its answer is cut short"))
    }

    fn unexpected(&self, reason: &str) -> ConnectError {
        ConnectError::Protocol {
            host: self.endpoint.host.clone(),
            port: self.endpoint.port,
            reason: reason.to_owned(),
        }
    }
}

/// What is left to read of a message's body; `None` at its end (section 3 has the notations).
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn int(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<String> {
        let length = self.short()?;
        Some(String::from_utf8_lossy(self.bytes(length.into())?).into_owned())
    }

    /// A value: null is empty here.
    fn value(&mut self) -> Option<&'a [u8]> {
        let length = self.int()?;
        self.bytes(usize::try_from(length).unwrap_or(0))
    }
}

/// Steps over what the header's flags announce before the body proper: trace id, warnings, custom payload (section 2.2).
fn skip_extensions(flags: u8, body: &[u8]) -> Option<&[u8]> {
    let mut body = Body(body);
    if flags & 0x02 != 0 {
        body.bytes(16)?;
    }
    if flags & 0x08 != 0 {
        for _ in 0..body.short()? {
            body.string()?;
        }
    }
    if flags & 0x04 != 0 {
        for _ in 0..body.short()? {
            body.string()?;
            body.value()?;
        }
    }
    Some(body.0)
}

/// SUPPORTED (section 4.2.4): a multimap of strings. Astra puts a product type of its own there.
fn announces_astra(body: &mut Body<'_>) -> Option<bool> {
    let mut astra = false;
    for _ in 0..body.short()? {
        let key = body.string()?;
        for _ in 0..body.short()? {
            astra |= body.string()? == "DATASTAX_APOLLO" && key == "PRODUCT_TYPE";
        }
    }
    Some(astra)
}

fn skip_strings(body: &mut Body<'_>, count: usize) -> Option<()> {
    for _ in 0..count {
        body.string()?;
    }
    Some(())
}

/// RESULT of kind rows (section 4.2.5.2), one row of columns of simple types.
fn row<const N: usize>(body: &mut Body<'_>) -> Option<[Vec<u8>; N]> {
    const ROWS: i32 = 2;
    const GLOBAL_TABLE: i32 = 0x01;
    const HAS_MORE_PAGES: i32 = 0x02;
    if body.int()? != ROWS {
        return None;
    }
    let flags = body.int()?;
    let columns = usize::try_from(body.int()?).ok().filter(|&columns| columns == N)?;
    if flags & HAS_MORE_PAGES != 0 {
        body.value()?;
    }
    if flags & GLOBAL_TABLE != 0 {
        skip_strings(body, 2)?;
    }
    for _ in 0..columns {
        if flags & GLOBAL_TABLE == 0 {
            skip_strings(body, 2)?;
        }
        skip_strings(body, 1)?;
        // Text, uuid and their kin have no parameters.
        body.short()?;
    }
    if body.int()? < 1 {
        return None;
    }
    let mut row = [const { Vec::new() }; N];
    for cell in &mut row {
        *cell = body.value()?.to_vec();
    }
    Some(row)
}

/// ERROR (section 9): code and message. The fields of timeouts and the like do not come up here.
fn error(body: &mut Body<'_>) -> Option<ConnectError> {
    let code = body.int()?;
    let message = body.string()?;
    let kind = match code {
        0x0100 => return Some(ConnectError::AuthFailed { server_text: message }),
        0x0000 => ServerErrorKind::Server,
        0x000A => ServerErrorKind::Protocol,
        0x1001 => ServerErrorKind::Overloaded,
        0x1002 => ServerErrorKind::Bootstrapping,
        0x2000 => ServerErrorKind::Syntax,
        0x2100 => ServerErrorKind::Unauthorized,
        0x2200 => ServerErrorKind::Invalid,
        0x2300 => ServerErrorKind::Config,
        _ => ServerErrorKind::Other,
    };
    Some(ConnectError::Server(Box::new(ServerError { code, kind, message, position: None })))
}

fn string_map(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut body = (entries.len() as u16).to_be_bytes().to_vec();
    for text in entries.iter().flat_map(|(key, value)| [key, value]) {
        body.extend_from_slice(&(text.len() as u16).to_be_bytes());
        body.extend_from_slice(text.as_bytes());
    }
    body
}

/// The initial response of SASL PLAIN (RFC 4616), which Cassandra's and Astra's PasswordAuthenticator takes, as a value.
fn plain_response(login: &Credentials) -> Zeroizing<Vec<u8>> {
    let token = plain_token(login);
    let mut body = Zeroizing::new(Vec::with_capacity(token.len() + 4));
    body.extend_from_slice(&(token.len() as u32).to_be_bytes());
    body.extend_from_slice(&token);
    body
}

/// User and password as SASL PLAIN writes them.
pub(crate) fn plain_token(login: &Credentials) -> Zeroizing<Vec<u8>> {
    let (username, password) = (&login.username, login.password.expose().as_bytes());
    // Reserved in full, so that no piece of it is left behind by growing.
    let mut token = Zeroizing::new(Vec::with_capacity(username.len() + password.len() + 2));
    token.push(0);
    token.extend_from_slice(username.as_bytes());
    token.push(0);
    token.extend_from_slice(password);
    token
}

fn query_body(query: &str) -> Vec<u8> {
    const CONSISTENCY_ONE: u16 = 0x0001;
    const NO_FLAGS: u8 = 0;
    let mut body = (query.len() as u32).to_be_bytes().to_vec();
    body.extend_from_slice(query.as_bytes());
    body.extend_from_slice(&CONSISTENCY_ONE.to_be_bytes());
    body.push(NO_FLAGS);
    body
}
