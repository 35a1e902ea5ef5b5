//! Takes the Client ID out of what Astra says, once, where an error leaves this room: an error is kept with the notebook,
//! which others get to read. The user of a self-hosted cluster has a name that stands in `%connect` anyway; it is left.

use crate::error::{ConnectError, QueryError};
use crate::target::{Credentials, Service};

/// What stands in its place.
const PLACEHOLDER: &str = "<Client ID>";
/// The user's name where an application token is the password: it names nobody.
const NOBODY: &str = "token";

/// The Client ID of a connection, if it has one that is to be kept from errors.
#[derive(Clone, Default)]
pub(crate) struct ClientId(Option<String>);

impl ClientId {
    /// That of a connection to `service`.
    pub(crate) fn of(service: &Service) -> Self {
        match service {
            Service::Astra(astra) => Self::of_login(&astra.credentials),
            Service::Cassandra(_) => Self::default(),
        }
    }

    /// That of a login to Astra, whatever the target said of the service.
    pub(crate) fn of_login(login: &Credentials) -> Self {
        let name = login.username.trim();
        Self(Some(name).filter(|name| !name.is_empty() && *name != NOBODY).map(str::to_owned))
    }

    /// The same failure without it.
    pub(crate) fn hidden_in_connect(&self, error: ConnectError) -> ConnectError {
        if self.0.is_none() {
            return error;
        }
        match error {
            ConnectError::AuthFailed { server_text } => {
                ConnectError::AuthFailed { server_text: self.hidden(&server_text) }
            }
            ConnectError::Server(mut server) => {
                server.message = self.hidden(&server.message);
                ConnectError::Server(server)
            }
            ConnectError::Keyspace { keyspace, reason } => {
                ConnectError::Keyspace { keyspace, reason: self.hidden(&reason) }
            }
            ConnectError::Driver { reason } => ConnectError::Driver { reason: self.hidden(&reason) },
            ConnectError::TimedOut { after, asked, last } => ConnectError::TimedOut {
                after,
                asked,
                last: last.map(|last| Box::new(self.hidden_in_connect(*last))),
            },
            other => other,
        }
    }

    /// The same failure without it.
    pub(crate) fn hidden_in_query(&self, error: QueryError) -> QueryError {
        if self.0.is_none() {
            return error;
        }
        match error {
            QueryError::Server(mut server) => {
                server.message = self.hidden(&server.message);
                QueryError::Server(server)
            }
            QueryError::ConnectionLost(mut lost) => {
                lost.cause = lost.cause.map(|cause| self.hidden_in_connect(cause));
                QueryError::ConnectionLost(lost)
            }
            QueryError::Driver { reason } => QueryError::Driver { reason: self.hidden(&reason) },
            other => other,
        }
    }

    /// `text` with the placeholder wherever the name stands as a word of its own.
    fn hidden(&self, text: &str) -> String {
        let Some(name) = &self.0 else { return text.to_owned() };
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

    use cqlbook_core::secret::Secret;

    use super::*;
    use crate::error::{ConnectionLost, ServerError, ServerErrorKind};
    use crate::target::AstraTarget;

    fn id(name: &str) -> ClientId {
        let credentials =
            Credentials { username: name.to_owned(), password: Secret::new("s3cret".to_owned()) };
        ClientId::of(&Service::Astra(AstraTarget { bundle: PathBuf::new(), credentials }))
    }

    #[test]
    fn it_is_taken_out_of_what_the_server_says() {
        assert_eq!(
            id("aBc").hidden("User aBc has no MODIFY permission on <table ks.aBcd> or any of its parents"),
            "User <Client ID> has no MODIFY permission on <table ks.aBcd> or any of its parents"
        );
        assert_eq!(
            id("aBc").hidden("Provided username aBc and/or password are incorrect"),
            "Provided username <Client ID> and/or password are incorrect"
        );
    }

    #[test]
    fn the_user_of_a_token_names_nobody() {
        let text = "User token has no SELECT permission on <table ks.t> or any of its parents";
        assert_eq!(id("token").hidden(text), text);
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
        let server = ServerError {
            code: 0x2100,
            kind: ServerErrorKind::Unauthorized,
            message: "User aBc has no MODIFY permission on <table ks.t>".to_owned(),
            position: None,
        };
        let hidden = id("aBc").hidden_in_query(QueryError::Server(Box::new(server)));
        assert_eq!(hidden.to_string(), "User <Client ID> has no MODIFY permission on <table ks.t>");
    }
}
