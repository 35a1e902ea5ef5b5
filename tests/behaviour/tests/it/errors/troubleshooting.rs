//! The guide's troubleshooting table: each of its five symptoms, provoked by each of its causes, leads to its resolution.

use cqlbook_sandbox::{AstraOptions, Switch};

use super::kept::Case;
use super::packing::Packing;
use crate::notebook::{Notebook, database};

const TEST: &str = "%connection test astra";

/// Whether a message has the code and each of the words of the table's resolution.
fn leads_to(told: &str, code: &str, resolution: &[&str]) {
    assert!(told.starts_with(&format!("{code}: ")), "{told}");
    for words in resolution {
        assert!(told.contains(words), "`{words}` is not said: {told}");
    }
}

#[tokio::test]
async fn the_five_symptoms_of_the_troubleshooting_table_lead_to_their_answers() {
    connection_test_fails_immediately().await;
    connection_test_fails_with_a_tls_error().await;
    connection_test_times_out().await;
    schema_operations_return_permission_errors().await;
    all_fields_are_required().await;
}

/// Missing or incorrect Client ID or Client Secret: verify or regenerate the token in the console.
async fn connection_test_fails_immediately() {
    let astra = database().await;
    let notebook = Notebook::open_with(&[
        ("ASTRA_DB_SECURE_BUNDLE_PATH", astra.bundle().to_str().unwrap()),
        ("ASTRA_DB_CLIENT_ID", &astra.credentials().client_id),
        ("ASTRA_DB_CLIENT_SECRET", "lost-and-guessed"),
    ])
    .await;
    let mut case = Case { astra, notebook };
    leads_to(
        &case.told(TEST).await,
        "AUTH_FAILED",
        &["Client ID", "Client Secret", "Generate a token in the Astra console"],
    );
    let told = case.told(&format!("{TEST} --client-id token")).await;
    leads_to(&told, "AUTH_TOKEN_SHAPE", &["AstraCS:", "--client-id"]);
}

/// Corrupted or extracted bundle: download it again, as a `.zip` that has not been unzipped.
async fn connection_test_fails_with_a_tls_error() {
    let mut case = Case::open().await;
    let folder = case.notebook.folder.path().to_owned();
    let whole = std::fs::read(case.astra.bundle()).unwrap();
    let members = Packing::of(case.astra.bundle());
    std::fs::write(folder.join("cut.zip"), &whole[..whole.len() / 2]).unwrap();
    std::fs::write(folder.join("lacking.zip"), members.clone().without("key").bytes()).unwrap();
    std::fs::create_dir(folder.join("unzipped")).unwrap();
    std::fs::write(folder.join("unzipped/config.json"), members.member("config.json")).unwrap();
    for (bundle, code) in [("cut.zip", "BUNDLE_NOT_ZIP"), ("lacking.zip", "BUNDLE_INCOMPLETE")] {
        let told = case.told(&format!("{TEST} --bundle {bundle}")).await;
        leads_to(&told, code, &["Download", "again", "Astra console"]);
    }
    let told = case.told(&format!("{TEST} --bundle unzipped")).await;
    leads_to(&told, "BUNDLE_EXTRACTED", &[".zip", "unpack", "download it again"]);
    case.astra.switch(Switch::WrongCa { part: cqlbook_sandbox::Part::Both }).await.unwrap();
    leads_to(&case.told(TEST).await, "TLS_UNTRUSTED", &["Download the Secure Connect Bundle again"]);
}

/// The database is paused, or the network is restricted: look at the console, allow outbound HTTPS.
async fn connection_test_times_out() {
    let mut case = Case::open().await;
    case.notebook.ok("%set timeout 2s").await;
    case.astra.switch(Switch::Paused { seconds: None }).await.unwrap();
    leads_to(&case.told(TEST).await, "DATABASE_PAUSED", &["2.0 s", "Astra console", "%set timeout"]);
    case.astra.reset().await.unwrap();
    case.astra.switch(Switch::Hanging).await.unwrap();
    leads_to(&case.told(TEST).await, "NETWORK_UNREACHABLE", &["2.0 s", "outbound HTTPS", "VPN"]);
}

/// Insufficient token role: generate a token with one that may, e.g. Database Administrator.
async fn schema_operations_return_permission_errors() {
    let options = AstraOptions { read_only: true, ..AstraOptions::default() };
    let mut case = Case::connected_by_client_id(options).await;
    let told = case.told("CREATE TABLE t (id int PRIMARY KEY)").await;
    leads_to(&told, "PERMISSION_DENIED", &["CREATE", "Generate a token", "Database Administrator"]);
    let told = case
        .told("CREATE KEYSPACE k WITH replication = {'class': 'NetworkTopologyStrategy', 'dc1': 3}")
        .await;
    leads_to(&told, "ASTRA_KEYSPACE_DDL", &["Astra console"]);
}

/// One or more fields are empty: give name, Client ID, Client Secret and the bundle's path.
async fn all_fields_are_required() {
    let mut case = Case { astra: database().await, notebook: Notebook::open().await };
    let request = case.notebook.start_without_prompts("%connect astra").await;
    let exchange = case.notebook.frontend.finish(&request).await;
    let told = case.kept("%connect astra", &exchange);
    let fields =
        ["All fields are required", "Connection Name", "Client ID", "Client Secret", "Secure Connect Bundle"];
    leads_to(&told, "FIELDS_REQUIRED", &fields);
}
