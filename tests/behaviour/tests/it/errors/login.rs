//! `AUTH_FAILED`, `AUTH_TOKEN_SHAPE`, and a keyspace that cannot be opened: what is told after TLS, before the first statement.

use insta::assert_snapshot;

use super::kept::Case;
use crate::notebook::{Notebook, database};

/// A notebook with this Client ID and secret in its environment.
async fn with_login(id: Option<&str>, secret: &str) -> Case {
    let astra = database().await;
    let notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_CLIENT_ID", id.unwrap_or(&astra.credentials().client_id)),
        ("ASTRA_DB_CLIENT_SECRET", secret),
    ])
    .await;
    Case { astra, notebook }
}

const CONNECT: &str = "%connect astra --no-save";

#[tokio::test]
async fn a_wrong_secret() {
    let mut case = with_login(None, "not-the-secret").await;
    let told = case.told(CONNECT).await;
    assert!(!told.contains("not-the-secret"), "{told}");
    assert_snapshot!(told, @"
    AUTH_FAILED: The server refused the Client ID and Client Secret.
    One of them is wrong, was revoked, or belongs to another organisation than the database. The same holds for a token, which goes with the Client ID `token`.

    → Generate a token in the Astra console (Settings, Tokens), and connect with its Client ID and Client Secret.

    The server said:
        Provided username <Client ID> and/or password are incorrect
    ");
    assert_eq!(case.told("%connection test astra").await, told, "a test says the same");
}

#[tokio::test]
async fn a_wrong_client_id() {
    let mut case = with_login(Some("nobody"), "not-the-secret").await;
    assert_snapshot!(case.told(CONNECT).await, @"
    AUTH_FAILED: The server refused the Client ID and Client Secret.
    One of them is wrong, was revoked, or belongs to another organisation than the database. The same holds for a token, which goes with the Client ID `token`.

    → Generate a token in the Astra console (Settings, Tokens), and connect with its Client ID and Client Secret.

    The server said:
        Provided username <Client ID> and/or password are incorrect
    ");
}

#[tokio::test]
async fn a_wrong_token() {
    let mut case = with_login(Some("token"), "AstraCS:not:the-token").await;
    let told = case.told(CONNECT).await;
    assert!(!told.contains("AstraCS:not"), "{told}");
    assert_snapshot!(told, @"
    AUTH_FAILED: The server refused the Client ID and Client Secret.
    One of them is wrong, was revoked, or belongs to another organisation than the database. The same holds for a token, which goes with the Client ID `token`.

    → Generate a token in the Astra console (Settings, Tokens), and connect with its Client ID and Client Secret.

    The server said:
        Provided username token and/or password are incorrect
    ");
}

#[tokio::test]
async fn a_token_with_another_user() {
    let mut case = with_login(Some("someone"), "AstraCS:not:the-token").await;
    let told = case.told(CONNECT).await;
    assert!(!told.contains("AstraCS:not"), "{told}");
    assert_snapshot!(told, @"
    AUTH_TOKEN_SHAPE: The secret is an application token, but the Client ID is not `token`.
    A token that begins with AstraCS: belongs to the user name `token`. Nothing was sent.

    → Use `--client-id token` with this secret.
    → Or keep this Client ID and give the Client Secret that was made with it.
    ");
    assert_eq!(case.astra.facts().await.unwrap().metadata_requests, 0, "nothing was sent");
}

#[tokio::test]
async fn the_user_token_with_a_secret_that_is_none() {
    let mut case = with_login(Some("token"), "not-a-token").await;
    let told = case.told(CONNECT).await;
    assert!(!told.contains("not-a-token"), "{told}");
    assert_snapshot!(told, @"
    AUTH_TOKEN_SHAPE: The Client ID is `token`, but the secret is not an application token.
    The user name `token` goes with a secret that begins with `AstraCS:`. Nothing was sent.

    → Give the whole token, from AstraCS: on, at the secret prompt or in ASTRA_DB_APPLICATION_TOKEN.
    → Or give the Client ID that was made with this Client Secret: `--client-id ID`.
    ");
    assert_eq!(case.astra.facts().await.unwrap().metadata_requests, 0, "nothing was sent");
}

#[tokio::test]
async fn a_keyspace_that_is_not_there() {
    let mut case = Case::open().await;
    assert_snapshot!(case.told(&format!("{CONNECT} --keyspace nowhere")).await, @"
    INVALID_QUERY: The keyspace `nowhere` cannot be used.
    There is no keyspace of that name, or the role may not see it. Names that were created in quotes keep their case.

    → Connect without `--keyspace`, and list the names with `DESCRIBE KEYSPACES`.

    The server said:
        Keyspace 'nowhere' does not exist
    ");
}
