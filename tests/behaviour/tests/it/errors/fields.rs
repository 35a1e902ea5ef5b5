//! `FIELDS_REQUIRED`: each of the four fields, and all of them, missing; nothing is tried.

use insta::assert_snapshot;

use super::kept::Case;
use crate::notebook::{Notebook, database};

/// A case whose notebook knows nothing of its database.
async fn unknown() -> Case {
    Case { astra: database().await, notebook: Notebook::open().await }
}

/// What is told to someone whose frontend cannot ask.
async fn told_without_prompts(case: &mut Case, cell: &str) -> String {
    let request = case.notebook.start_without_prompts(cell).await;
    let exchange = case.notebook.frontend.finish(&request).await;
    case.kept(cell, &exchange)
}

#[tokio::test]
async fn all_that_is_missing_is_named() {
    let mut case = unknown().await;
    assert_snapshot!(told_without_prompts(&mut case, "%connect astra").await, @"
    FIELDS_REQUIRED: All fields are required. Missing: Connection Name, Client ID, Client Secret, Secure Connect Bundle.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Connection Name: add `--name NAME`, or `--no-save` to connect without one.
    → Client ID: add `--client-id ID`, or set ASTRA_DB_CLIENT_ID. With an application token it is `token`.
    → Client Secret: set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN, add `--token-file JSON`, or run the cell where the frontend can ask.
    → Secure Connect Bundle: add `--bundle ZIP`, or set ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
    assert_snapshot!(told_without_prompts(&mut case, "%connection test astra").await, @"
    FIELDS_REQUIRED: All fields are required. Missing: Client ID, Client Secret, Secure Connect Bundle.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Client ID: add `--client-id ID`, or set ASTRA_DB_CLIENT_ID. With an application token it is `token`.
    → Client Secret: set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN, add `--token-file JSON`, or run the cell where the frontend can ask.
    → Secure Connect Bundle: add `--bundle ZIP`, or set ASTRA_DB_SECURE_BUNDLE_PATH.
    ");
}

#[tokio::test]
async fn each_field_alone_is_named() {
    let mut case = unknown().await;
    let token = case.astra.token_json();
    std::fs::copy(token, case.notebook.folder.path().join("token.json")).unwrap();
    std::fs::copy(case.astra.bundle(), case.notebook.folder.path().join("scb.zip")).unwrap();
    let mut told = Vec::new();
    for options in [
        "--bundle scb.zip --token-file token.json",
        "--name Production --token-file token.json",
        "--name Production --bundle scb.zip --client-id someone",
    ] {
        told.push(told_without_prompts(&mut case, &format!("%connect astra {options}")).await);
    }
    assert_snapshot!(told.join("\n\n"), @"
    FIELDS_REQUIRED: All fields are required. Missing: Connection Name.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Connection Name: add `--name NAME`, or `--no-save` to connect without one.

    FIELDS_REQUIRED: All fields are required. Missing: Secure Connect Bundle.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Secure Connect Bundle: add `--bundle ZIP`, or set ASTRA_DB_SECURE_BUNDLE_PATH.

    FIELDS_REQUIRED: All fields are required. Missing: Client Secret.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Client Secret: set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN, add `--token-file JSON`, or run the cell where the frontend can ask.
    ");
}

#[tokio::test]
async fn a_field_left_empty_at_its_prompt_is_missing() {
    let mut case = unknown().await;
    for answer in ["Production", "", " ", "scb.zip"] {
        case.notebook.frontend.answer(answer);
    }
    assert_snapshot!(case.told("%connect astra").await, @"
    FIELDS_REQUIRED: All fields are required. Missing: Client ID, Client Secret.
    Neither the line, the environment nor a prompt gave them. Nothing was tried.

    → Client ID: add `--client-id ID`, or set ASTRA_DB_CLIENT_ID. With an application token it is `token`.
    → Client Secret: set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN, add `--token-file JSON`, or run the cell where the frontend can ask.
    ");
}

#[tokio::test]
async fn nothing_was_tried() {
    let mut case = unknown().await;
    let bundle = case.astra.bundle().display().to_string();
    told_without_prompts(&mut case, &format!("%connect astra --no-save --bundle {bundle}")).await;
    assert_eq!(case.astra.facts().await.unwrap().metadata_requests, 0);
}
