//! What of a login others do not get to read: a password, and Astra's Client ID. It takes them out of what the other side says,
//! once, where an error leaves this room: an error is kept with the notebook. The user of a self-hosted cluster has a name that
//! stands in `%connect` anyway; it is left.

use std::sync::Arc;

use cqlbook_core::secret::Secret;

use crate::error::{ConnectError, QueryError, ServerError, ServerErrorKind};
use crate::metadata::MetadataError;
use crate::target::{Credentials, Service};

/// What stands in the Client ID's place.
const PLACEHOLDER: &str = "<Client ID>";
/// The user's name where an application token is the password: it names nobody.
const NOBODY: &str = "token";

/// What of a connection's login is kept from errors.
#[derive(Clone, Default)]
pub(crate) struct Withheld {
    client_id: Option<String>,
    password: Option<Arc<Secret>>,
}

impl Withheld {
    /// That of a connection to `service`.
    pub(crate) fn of(service: &Service) -> Self {
        match service {
            Service::Astra(astra) => Self::of_login(&astra.credentials, true),
            Service::Cassandra(cassandra) => {
                cassandra.credentials.as_ref().map(|login| Self::of_login(login, false)).unwrap_or_default()
            }
        }
    }

    /// That of a login, to Astra where the server is one, whatever the target said of the service.
    pub(crate) fn of_login(login: &Credentials, astra: bool) -> Self {
        let name = login.username.trim();
        let client_id =
            Some(name).filter(|name| astra && !name.is_empty() && *name != NOBODY).map(str::to_owned);
        // A password that is the user's name is known from it, and may be a word of the server's own (`cassandra`).
        let is_known = !astra && login.password.expose().trim() == name;
        let password = (!is_known).then(|| Arc::new(login.password.duplicate()));
        Self { client_id, password }
    }

    /// The same failure without it.
    pub(crate) fn hidden_in_connect(&self, mut error: ConnectError) -> ConnectError {
        match &mut error {
            ConnectError::AuthFailed { server_text: text }
            | ConnectError::Keyspace { reason: text, .. }
            | ConnectError::Protocol { reason: text, .. }
            | ConnectError::Driver { reason: text } => self.hide(text),
            ConnectError::Server(server) => self.hide_in_server(server),
            ConnectError::NoNodes { known, .. } => known.iter_mut().for_each(|name| self.hide(name)),
            ConnectError::Metadata(error) => self.hide_in_metadata(error),
            ConnectError::TimedOut { last: Some(last), .. } => {
                // Put back changed; what stands there meanwhile is seen by nobody.
                let held = std::mem::replace(&mut **last, ConnectError::CredentialsRequired);
                **last = self.hidden_in_connect(held);
            }
            _ => {}
        }
        error
    }

    /// The same failure without it.
    pub(crate) fn hidden_in_query(&self, mut error: QueryError) -> QueryError {
        match &mut error {
            QueryError::Server(server) => self.hide_in_server(server),
            QueryError::ConnectionLost(lost) => {
                lost.cause = lost.cause.take().map(|cause| self.hidden_in_connect(cause));
            }
            QueryError::UnknownType { class: text }
            | QueryError::ColumnsChanged { difference: text }
            | QueryError::Driver { reason: text } => self.hide(text),
            _ => {}
        }
        error
    }

    fn hide_in_server(&self, server: &mut ServerError) {
        self.hide(&mut server.message);
        match &mut server.kind {
            ServerErrorKind::WriteTimeout { write_type: text, .. }
            | ServerErrorKind::WriteFailure { write_type: text, .. } => self.hide(text),
            ServerErrorKind::FunctionFailure { keyspace, function, arg_types } => {
                [keyspace, function].into_iter().chain(arg_types).for_each(|text| self.hide(text));
            }
            ServerErrorKind::AlreadyExists { keyspace, table } => {
                self.hide(keyspace);
                self.hide(table);
            }
            _ => {}
        }
    }

    fn hide_in_metadata(&self, error: &mut MetadataError) {
        match error {
            MetadataError::Paused { text }
            | MetadataError::Refused { text, .. }
            | MetadataError::Invalid { first_bytes: text, .. } => self.hide(text),
            _ => {}
        }
    }

    /// Takes both out of a text.
    fn hide(&self, text: &mut String) {
        let hidden = self.without_client_id(text);
        *text = match &self.password {
            Some(password) => password.mask_in(&hidden).into_owned(),
            None => hidden,
        };
    }

    /// `text` with the placeholder wherever the name stands as a word of its own.
    fn without_client_id(&self, text: &str) -> String {
        let Some(name) = &self.client_id else { return text.to_owned() };
        let belongs = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let mut hidden = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(name.as_str()) {
            let (before, found) = rest.split_at(at);
            let behind = &found[name.len()..];
            hidden.push_str(before);
            let is_word = !belongs(hidden.chars().next_back()) && !belongs(behind.chars().next());
            hidden.push_str(if is_word { PLACEHOLDER } else { name });
            rest = behind;
        }
        hidden.push_str(rest);
        hidden
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::error::ConnectionLost;
    use crate::target::{AstraTarget, CassandraTarget};

    fn login(user: &str, password: &str) -> Credentials {
        Credentials { username: user.to_owned(), password: Secret::new(password.to_owned()) }
    }

    fn id(name: &str) -> Withheld {
        let credentials = login(name, "s3cret");
        Withheld::of(&Service::Astra(AstraTarget { bundle: PathBuf::new(), credentials }))
    }

    fn of_cluster(user: &str, password: &str) -> Withheld {
        Withheld::of(&Service::Cassandra(CassandraTarget {
            hosts: Vec::new(),
            port: 9042,
            credentials: Some(login(user, password)),
            local_dc: None,
            tls: None,
        }))
    }

    fn hidden(withheld: &Withheld, text: &str) -> String {
        let mut text = text.to_owned();
        withheld.hide(&mut text);
        text
    }

    fn refusal(message: &str) -> Box<ServerError> {
        Box::new(ServerError {
            code: 0x2100,
            kind: ServerErrorKind::Unauthorized,
            message: message.to_owned(),
            position: None,
        })
    }

    #[test]
    fn a_password_is_taken_out_of_whatever_the_other_side_says() {
        let withheld = of_cluster("admin", "hunter22secret");
        let said = || "Bad credentials admin:hunter22secret".to_owned();
        let failures = [
            ConnectError::AuthFailed { server_text: said() },
            ConnectError::Server(refusal(&said())),
            ConnectError::Keyspace { keyspace: "ks".to_owned(), reason: said() },
            ConnectError::Driver { reason: said() },
            ConnectError::TimedOut {
                after: std::time::Duration::from_secs(1),
                asked: None,
                last: Some(Box::new(ConnectError::AuthFailed { server_text: said() })),
            },
        ];
        for failure in failures {
            let told = format!("{:?}", withheld.hidden_in_connect(failure));
            assert!(told.contains("admin:<secret>") && !told.contains("hunter22secret"), "{told}");
        }
        let lost = ConnectionLost {
            since: None,
            cause: Some(ConnectError::AuthFailed { server_text: said() }),
            maybe_applied: false,
        };
        for failure in [
            QueryError::Server(refusal(&said())),
            QueryError::Driver { reason: said() },
            QueryError::ConnectionLost(Box::new(lost)),
        ] {
            let told = format!("{:?}", withheld.hidden_in_query(failure));
            assert!(told.contains("admin:<secret>") && !told.contains("hunter22secret"), "{told}");
        }
        assert_eq!(hidden(&id("aBc"), "aBc with s3cret"), "<Client ID> with <secret>");
        assert_eq!(hidden(&id("token"), "token s3cret"), "token <secret>");
    }

    #[test]
    fn a_password_that_is_the_users_name_is_no_secret_of_the_servers_words() {
        let text = "org.apache.cassandra.exceptions.UnauthorizedException";
        assert_eq!(hidden(&of_cluster("cassandra", "cassandra"), text), text);
        assert_eq!(
            hidden(&of_cluster("ann", "cassandra"), text),
            "org.apache.<secret>.exceptions.UnauthorizedException"
        );
    }

    #[test]
    fn it_is_taken_out_of_what_the_server_says() {
        assert_eq!(
            hidden(&id("aBc"), "User aBc has no MODIFY permission on <table ks.aBcd> or any of its parents"),
            "User <Client ID> has no MODIFY permission on <table ks.aBcd> or any of its parents"
        );
        assert_eq!(
            hidden(&id("aBc"), "Provided username aBc and/or password are incorrect"),
            "Provided username <Client ID> and/or password are incorrect"
        );
    }

    #[test]
    fn the_user_of_a_token_names_nobody() {
        let text = "User token has no SELECT permission on <table ks.t> or any of its parents";
        assert_eq!(hidden(&id("token"), text), text);
    }

    #[test]
    fn it_is_taken_out_of_the_cause_of_a_lost_connection() {
        let refused = ConnectError::AuthFailed { server_text: "username aBc".to_owned() };
        let lost = ConnectionLost { since: None, cause: Some(refused), maybe_applied: false };
        let QueryError::ConnectionLost(lost) =
            id("aBc").hidden_in_query(QueryError::ConnectionLost(Box::new(lost)))
        else {
            panic!("it is another error now");
        };
        assert_eq!(
            lost.cause.map(|cause| cause.to_string()).as_deref(),
            Some("the server refused the credentials: username <Client ID>")
        );
    }

    #[test]
    fn it_is_taken_out_of_a_refusal() {
        let server = refusal("User aBc has no MODIFY permission on <table ks.t>");
        let hidden = id("aBc").hidden_in_query(QueryError::Server(server));
        assert_eq!(hidden.to_string(), "User <Client ID> has no MODIFY permission on <table ks.t>");
    }
}
