//! What a front can be told to do wrong, and what it has seen: the vocabulary shared by the library, the admin API and
//! tests in other languages. Only data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One thing that a front does wrong from now on, until it is reset. In JSON the name is under `switch`, in snake case:
/// `{"switch": "paused", "seconds": 3}`. Switches of different kinds add up; the same kind again replaces the first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "switch", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Switch {
    /// A sleeping database: the metadata service answers 503, the proxy closes what it has and takes nothing.
    Paused {
        /// After how many seconds it is awake again; without, only after a reset.
        seconds: Option<u64>,
    },
    /// The metadata service answers 401, as for a revoked bundle or, misleadingly, a sleeping database.
    Revoked,
    /// The metadata service answers 403.
    Forbidden,
    /// The metadata service answers 404.
    NotFound,
    /// The metadata service answers 200 with a web page, as a portal in between would.
    NotJson,
    /// Metadata answers, proxy handshakes and everything from a node to a client come so much later.
    Slow {
        /// Milliseconds added to each.
        ms: u64,
    },
    /// Both ports are closed, and what was connected is cut.
    Refusing,
    /// Both ports accept and say nothing; what was connected goes silent.
    Hanging,
    /// What is connected goes silent for good, as for a client behind a router that has forgotten it; new connections work.
    /// A reset does not wake it.
    Forgotten,
    /// The certificate was issued by another authority, though with the same name.
    WrongCa {
        /// Who shows it.
        part: Part,
    },
    /// The certificate is of the right authority, for another host.
    WrongHostName {
        /// Who shows it.
        part: Part,
    },
    /// The certificate ended yesterday.
    ExpiredCertificate {
        /// Who shows it.
        part: Part,
    },
    /// The proxy closes this node's connections and takes no new ones; the node itself runs on. Several nodes add up.
    NodeDown {
        /// The node.
        host_id: Uuid,
    },
    /// The proxy knows no SNI name any more. What is connected stays.
    SniUnknown {
        /// How it says so.
        answer: SniAnswer,
    },
    /// A page of rows that is longer than `after_bytes` is cut after that many bytes of its body, with its connection.
    CutMidPage {
        /// Bytes of the RESULT frame's body that still pass.
        after_bytes: u32,
        /// How many pages are cut before all is well again; without, all until a reset.
        times: Option<u32>,
    },
    /// The proxy closes its port, cuts what is connected and opens another, which the metadata service tells.
    /// A reset does not move it back.
    MovedProxy,
    /// The next so many requests that read or write data are answered with error 0x1001.
    RateLimited {
        /// How many.
        requests: u32,
    },
    /// The next so many `TRUNCATE` are answered with error 0x1003, as where a replica has not heard of the table yet.
    TruncateFails {
        /// How many.
        times: u32,
    },
    /// Server-side `DESCRIBE` is answered with error 0x2100. Connections opened from now on are offered no compression, as
    /// statements could not be read in it.
    RefuseDescribe,
    /// Statements are not traced, though the client asks for it, and the answers carry no trace's id.
    NoTracing,
    /// Traces cannot be read: what is asked of `system_traces` is answered with error 0x2100.
    RefuseTraces,
    /// A hostile node: a QUERY or PREPARE whose text contains a word is not given to the node, and gets these messages, as
    /// they are, instead. Connections opened from now on are offered no compression.
    Answers {
        /// The word.
        containing: String,
        /// Whole messages of protocol v4, header and body; the stream of one that is not negative becomes the request's.
        messages: Vec<Vec<u8>>,
        /// How often they are sent, one round behind the other.
        times: u32,
    },
}

/// Which of a front's two services shows a bad certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The metadata service only.
    Metadata,
    /// The SNI proxy only.
    Proxy,
    /// Both of them.
    #[default]
    Both,
}

/// What a proxy does about an SNI name it does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SniAnswer {
    /// Closes the connection.
    #[default]
    Close,
    /// Sends a TLS alert.
    Alert,
    /// Keeps the connection and says nothing.
    Silence,
}

/// What a front has seen since it was made, or since its facts were last cleared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Facts {
    /// Answers of the metadata service, whatever their status.
    pub metadata_requests: u64,
    /// Clients that came to either service without a certificate.
    pub missing_client_certificates: u64,
    /// TLS handshakes that failed at either service, those without a certificate included.
    pub failed_handshakes: u64,
    /// Connections the proxy closed for their SNI name: none, unknown or of a node that is down.
    pub refused_names: u64,
    /// The SNI names that reached the proxy, each once, in order of first sight.
    pub sni_names: Vec<String>,
    /// Connections whose client offered a protocol version above 4 and was told to come down.
    pub versions_refused: u64,
    /// Pages cut by [`Switch::CutMidPage`].
    pub pages_cut: u64,
    /// Requests that the front answered itself, with an error.
    pub requests_refused: u64,
    /// What went to each node, by host id.
    pub nodes: BTreeMap<Uuid, NodeFacts>,
}

impl Facts {
    /// The requests of all nodes.
    pub fn requests(&self) -> u64 {
        self.nodes.values().map(|node| node.requests).sum()
    }

    /// Those of them that asked for a trace.
    pub fn traced(&self) -> u64 {
        self.nodes.values().map(|node| node.traced).sum()
    }
}

/// What went through a front to one node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NodeFacts {
    /// Connections that reached the node.
    pub connections: u64,
    /// Those of them that are open now.
    pub open: u64,
    /// QUERY, EXECUTE and BATCH frames.
    pub requests: u64,
    /// Those of them that asked for a trace.
    pub traced: u64,
    /// Bytes from the client to the node, without TLS.
    pub bytes_from_client: u64,
    /// Bytes from the node to the client, without TLS.
    pub bytes_to_client: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_are_plain_json() {
        let read = |text: &str| serde_json::from_str::<Switch>(text).unwrap();
        assert_eq!(read(r#"{"switch": "paused", "seconds": 3}"#), Switch::Paused { seconds: Some(3) });
        assert_eq!(read(r#"{"switch": "paused"}"#), Switch::Paused { seconds: None });
        assert_eq!(read(r#"{"switch": "wrong_ca", "part": "proxy"}"#), Switch::WrongCa { part: Part::Proxy });
        assert_eq!(read(r#"{"switch": "forgotten"}"#), Switch::Forgotten);
        assert_eq!(serde_json::to_string(&Switch::NotJson).unwrap(), r#"{"switch":"not_json"}"#);
    }
}
