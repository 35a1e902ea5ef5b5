//! The four fields of an Astra connection: name, Client ID, Client Secret and bundle.
//!
//! What the magic's line does not give comes from the environment, then from prompts. This file decides what
//! is still missing and whether the parts fit together; it opens no socket and asks nobody by itself.

use std::path::{Path, PathBuf};

use cqlbook_core::diagnostic::{Code, Diagnostic};
use cqlbook_core::secret::Secret;

/// The user name that goes with an application token.
pub(crate) const TOKEN_USER: &str = "token";
/// How every application token of Astra begins.
const TOKEN_PREFIX: &str = "AstraCS:";

/// A field of the form, as users know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// What the connection is called.
    Name,
    /// The Client ID, or the word `token`.
    ClientId,
    /// The Client Secret, or an application token.
    ClientSecret,
    /// The path of the Secure Connect Bundle.
    Bundle,
}

impl Field {
    /// The label that users know from Astra's console.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Name => "Connection Name",
            Self::ClientId => "Client ID",
            Self::ClientSecret => "Client Secret",
            Self::Bundle => "Secure Connect Bundle",
        }
    }

    /// Whether the answer is not to be seen. The Client ID is no secret by itself, but JupyterLab saves what is typed at a
    /// prompt that shows it with the notebook.
    pub(crate) fn is_hidden(self) -> bool {
        matches!(self, Self::ClientId | Self::ClientSecret)
    }

    /// What stands before the cursor when the kernel asks for the field.
    pub(crate) fn prompt(self) -> &'static str {
        match self {
            Self::Name => "Connection Name: ",
            Self::ClientId => "Client ID (empty for an application token): ",
            Self::ClientSecret => "Client Secret or AstraCS: token: ",
            Self::Bundle => "Secure Connect Bundle (path of the .zip): ",
        }
    }
}

/// What is known of a connection before it is complete. Holds a secret, so it prints nothing.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) name: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) secret: Option<Secret>,
    pub(crate) bundle: Option<String>,
    /// Whether a name is needed: not with `--no-save`.
    pub(crate) needs_name: bool,
}

/// The fields, complete and fitting. Holds a secret, so it prints nothing.
pub(crate) struct AstraFields {
    pub(crate) name: Option<String>,
    pub(crate) client_id: String,
    pub(crate) secret: Secret,
    pub(crate) bundle: PathBuf,
}

/// Astra's token JSON, as its console offers it for download.
#[derive(serde::Deserialize)]
struct TokenFile {
    #[serde(rename = "clientId")]
    client_id: Option<String>,
    secret: Option<String>,
    token: Option<String>,
}

impl Draft {
    /// Takes the credentials of a token JSON (`{"clientId", "secret", "token"}`) where the line gave none.
    ///
    /// # Errors
    /// `USAGE` when the text is not such a JSON; nothing of it is repeated.
    pub(crate) fn fill_from_token_json(&mut self, path: &Path, text: &str) -> Result<(), Diagnostic> {
        let unusable = |what: &str| {
            Diagnostic::new(Code::Usage, format!("The token file {} {what}.", path.display())).with_hint(
                "Download the token as JSON from the Astra console: Settings, Tokens, Generate Token.",
            )
        };
        let file: TokenFile =
            serde_json::from_str(text).map_err(|_| unusable("is not the JSON that Astra's console gives"))?;
        let wants_token = self.client_id.as_deref() == Some(TOKEN_USER);
        match file {
            TokenFile { client_id: Some(id), secret: Some(secret), token }
                if !wants_token || token.is_none() =>
            {
                self.client_id.get_or_insert(id);
                self.secret.get_or_insert(Secret::new(secret));
            }
            TokenFile { token: Some(token), .. } => {
                self.client_id.get_or_insert_with(|| TOKEN_USER.to_owned());
                self.secret.get_or_insert(Secret::new(token));
            }
            _ => return Err(unusable("holds neither a token nor a Client ID with its secret")),
        }
        Ok(())
    }

    /// Takes from the environment what is not known yet. An empty variable counts as absent.
    pub(crate) fn fill_from_env(&mut self, env: impl Fn(&str) -> Option<String>) {
        let env = |name: &str| env(name).filter(|value| !value.trim().is_empty());
        if self.bundle.is_none() {
            self.bundle = env("ASTRA_DB_SECURE_BUNDLE_PATH");
        }
        if self.secret.is_some() {
            if self.client_id.is_none() {
                self.client_id = env("ASTRA_DB_CLIENT_ID");
            }
            return;
        }
        let token = env("ASTRA_DB_APPLICATION_TOKEN").map(Secret::new);
        let secret = env("ASTRA_DB_CLIENT_SECRET").map(Secret::new);
        let wants_token = self.client_id.as_deref() == Some(TOKEN_USER);
        match (secret, token) {
            (None, Some(token)) => {
                // A token given alone implies its user.
                self.client_id.get_or_insert_with(|| TOKEN_USER.to_owned());
                self.secret = Some(token);
            }
            (Some(_), Some(token)) if wants_token => self.secret = Some(token),
            (secret, _) => {
                self.secret = secret;
                if self.client_id.is_none() {
                    self.client_id = env("ASTRA_DB_CLIENT_ID");
                }
            }
        }
        if self.client_id.is_none() && self.secret.as_ref().is_some_and(is_token) {
            self.client_id = Some(TOKEN_USER.to_owned());
        }
    }

    /// The fields still missing, in the order of the form.
    pub(crate) fn missing(&self) -> Vec<Field> {
        let blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
        let mut missing = Vec::new();
        if self.needs_name && blank(&self.name) {
            missing.push(Field::Name);
        }
        if blank(&self.client_id) {
            missing.push(Field::ClientId);
        }
        if self.secret.as_ref().is_none_or(|secret| secret.expose().trim().is_empty()) {
            missing.push(Field::ClientSecret);
        }
        if blank(&self.bundle) {
            missing.push(Field::Bundle);
        }
        missing
    }

    /// Takes the answer to a prompt; an empty one leaves the field missing.
    pub(crate) fn answer(&mut self, field: Field, answer: Secret) {
        if answer.expose().trim().is_empty() {
            return;
        }
        let text = || answer.expose().trim().to_owned();
        match field {
            Field::Name => self.name = Some(text()),
            Field::ClientId => self.client_id = Some(text()),
            Field::Bundle => self.bundle = Some(text()),
            Field::ClientSecret => {
                if self.client_id.is_none() && is_token(&answer) {
                    self.client_id = Some(TOKEN_USER.to_owned());
                }
                self.secret = Some(Secret::new(text()));
            }
        }
    }

    /// The complete fields, with `~` and relative paths resolved from `folder`.
    ///
    /// # Errors
    /// `FIELDS_REQUIRED` with the missing ones named; `AUTH_TOKEN_SHAPE` when user and secret do not fit.
    pub(crate) fn finish(self, folder: &Path, home: Option<&Path>) -> Result<AstraFields, Diagnostic> {
        let missing = self.missing();
        let (Some(client_id), Some(secret), Some(bundle)) = (self.client_id, self.secret, self.bundle) else {
            return Err(fields_required(&missing));
        };
        if !missing.is_empty() {
            return Err(fields_required(&missing));
        }
        check_shape(&client_id, &secret)?;
        Ok(AstraFields {
            name: self.name.filter(|name| !name.trim().is_empty()),
            client_id: client_id.trim().to_owned(),
            secret,
            bundle: resolve_path(&bundle, folder, home),
        })
    }
}

/// The path a user typed: `~` is the home folder, a relative one starts at the notebook's folder.
pub(crate) fn resolve_path(typed: &str, folder: &Path, home: Option<&Path>) -> PathBuf {
    let typed = typed.trim();
    let rest = typed.strip_prefix("~/").or_else(|| (typed == "~").then_some(""));
    let path = match (rest, home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(typed),
    };
    // The components leave out a `.` between them; what is printed reads better so.
    path.components().collect()
}

/// Whether a secret is an application token.
pub(crate) fn is_token(secret: &Secret) -> bool {
    secret.expose().trim().starts_with(TOKEN_PREFIX)
}

/// That an answer at a prompt which shows it is no application token.
///
/// # Errors
/// `USAGE`; nothing of the answer is repeated.
pub(crate) fn no_secret(label: &str, answer: &Secret) -> Result<(), Diagnostic> {
    if !answer.expose().to_lowercase().contains(&TOKEN_PREFIX.to_lowercase()) {
        return Ok(());
    }
    Err(Diagnostic::new(Code::Usage, format!("What was typed at the prompt `{label}` is an application token."))
        .with_cause("That prompt shows what is typed, and JupyterLab saves it with the notebook. Nothing was sent.")
        .with_hint("Clear this cell's output before you save the notebook, and revoke the token if the notebook was saved.")
        .with_hint("Run the cell again, and give the token at the hidden prompt `Client Secret or AstraCS: token`."))
}

/// What is said of missing fields.
pub(crate) fn fields_required(missing: &[Field]) -> Diagnostic {
    let names: Vec<_> = missing.iter().map(|field| field.label()).collect();
    let mut diagnostic = Diagnostic::new(
        Code::FieldsRequired,
        format!("All fields are required. Missing: {}.", names.join(", ")),
    )
    .with_cause("Neither the line, the environment nor a prompt gave them. Nothing was tried.");
    for field in missing {
        diagnostic = diagnostic.with_hint(match field {
            Field::Name => "Connection Name: add `--name NAME`, or `--no-save` to connect without one.",
            Field::ClientId => "Client ID: add `--client-id ID`, or set ASTRA_DB_CLIENT_ID. With an application token it is `token`.",
            Field::ClientSecret => "Client Secret: set ASTRA_DB_CLIENT_SECRET or ASTRA_DB_APPLICATION_TOKEN, add `--token-file JSON`, or run the cell where the frontend can ask.",
            Field::Bundle => "Secure Connect Bundle: add `--bundle ZIP`, or set ASTRA_DB_SECURE_BUNDLE_PATH.",
        });
    }
    diagnostic
}

/// Whether user and secret are of one kind.
///
/// # Errors
/// `AUTH_TOKEN_SHAPE`.
pub(crate) fn check_shape(client_id: &str, secret: &Secret) -> Result<(), Diagnostic> {
    let client_id = client_id.trim();
    match (client_id == TOKEN_USER, is_token(secret)) {
        (true, true) | (false, false) => Ok(()),
        (false, true) => Err(Diagnostic::new(
            Code::AuthTokenShape,
            "The secret is an application token, but the Client ID is not `token`.",
        )
        .with_cause("A token that begins with AstraCS: belongs to the user name `token`. Nothing was sent.")
        .with_hint("Use `--client-id token` with this secret.")
        .with_hint("Or keep this Client ID and give the Client Secret that was made with it.")),
        (true, false) => Err(Diagnostic::new(
            Code::AuthTokenShape,
            "The Client ID is `token`, but the secret is not an application token.",
        )
        .with_cause("The user name `token` goes with a secret that begins with `AstraCS:`. Nothing was sent.")
        .with_hint(
            "Give the whole token, from AstraCS: on, at the secret prompt or in ASTRA_DB_APPLICATION_TOKEN.",
        )
        .with_hint("Or give the Client ID that was made with this Client Secret: `--client-id ID`.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(needs_name: bool) -> Draft {
        Draft { needs_name, ..Draft::default() }
    }

    fn env<'a>(pairs: &'a [(&'a str, &'a str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    fn finish(draft: Draft) -> Result<AstraFields, Diagnostic> {
        draft.finish(Path::new("/books"), Some(Path::new("/home/ann")))
    }

    #[test]
    fn a_token_at_a_prompt_that_shows_it_is_refused_and_not_repeated() {
        for typed in ["AstraCS:abc:def", " astracs:abc:def", "~/AstraCS:abc:def.zip", "'AstraCS:abc:def'"] {
            let error = no_secret("Secure Connect Bundle", &Secret::new(typed.to_owned())).unwrap_err();
            assert!(!format!("{error:?}").contains("abc"), "{error:?}");
        }
        for typed in ["", "scb.zip", "~/astra/secure-connect.zip", "Astra"] {
            no_secret("Secure Connect Bundle", &Secret::new(typed.to_owned())).unwrap();
        }
    }

    #[test]
    fn missing_fields_are_named_as_in_the_form() {
        let Err(error) = finish(draft(true)) else { panic!("nothing was given") };
        assert_eq!(error.code, Code::FieldsRequired);
        assert_eq!(
            error.message,
            "All fields are required. Missing: Connection Name, Client ID, Client Secret, Secure Connect Bundle."
        );
        let Err(error) = finish(draft(false)) else { panic!("nothing was given") };
        assert!(!error.message.contains("Connection Name"), "--no-save needs no name");
    }

    #[test]
    fn a_token_alone_implies_its_user() {
        let mut fields = draft(false);
        fields.fill_from_env(env(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", "~/scb.zip"),
            ("ASTRA_DB_APPLICATION_TOKEN", "AstraCS:abc"),
        ]));
        let fields = finish(fields).unwrap_or_else(|error| panic!("{}", error.message));
        assert_eq!(fields.client_id, "token");
        assert_eq!(fields.bundle, Path::new("/home/ann/scb.zip"));
    }

    #[test]
    fn what_the_line_gives_is_not_overridden_by_the_environment() {
        let mut fields = draft(false);
        fields.bundle = Some("here.zip".to_owned());
        fields.client_id = Some("line".to_owned());
        fields.fill_from_env(env(&[
            ("ASTRA_DB_SECURE_BUNDLE_PATH", "/env.zip"),
            ("ASTRA_DB_CLIENT_ID", "env"),
            ("ASTRA_DB_CLIENT_SECRET", "s"),
        ]));
        let fields = finish(fields).unwrap_or_else(|error| panic!("{}", error.message));
        assert_eq!(
            (fields.client_id.as_str(), fields.bundle.as_path()),
            ("line", Path::new("/books/here.zip"))
        );
    }

    #[test]
    fn a_pasted_token_implies_its_user_and_a_secret_does_not() {
        let mut fields = draft(false);
        fields.answer(Field::ClientSecret, Secret::new(" AstraCS:abc\n".to_owned()));
        assert_eq!(fields.missing(), [Field::Bundle]);
        let mut fields = draft(false);
        fields.answer(Field::ClientSecret, Secret::new("abc".to_owned()));
        assert_eq!(fields.missing(), [Field::ClientId, Field::Bundle]);
    }

    #[test]
    fn the_token_json_gives_id_and_secret_or_the_token() {
        let path = Path::new("token.json");
        let json = r#"{"clientId": "id", "secret": "s", "token": "AstraCS:t"}"#;
        let mut fields = draft(false);
        fields.fill_from_token_json(path, json).unwrap();
        assert_eq!(fields.client_id.as_deref(), Some("id"));
        let mut fields = Draft { client_id: Some("token".to_owned()), ..draft(false) };
        fields.fill_from_token_json(path, json).unwrap();
        assert!(fields.secret.as_ref().is_some_and(is_token));
        let mut fields = draft(false);
        fields.fill_from_token_json(path, r#"{"token": "AstraCS:t"}"#).unwrap();
        assert_eq!(fields.client_id.as_deref(), Some("token"));
        let error = draft(false).fill_from_token_json(path, "AstraCS:naked").unwrap_err();
        assert!(!format!("{error:?}").contains("naked"), "the file's text is not repeated");
    }

    #[test]
    fn user_and_secret_of_different_kinds_are_refused_before_anything_is_sent() {
        for (id, secret) in [("someone", "AstraCS:t"), ("token", "s3cret")] {
            let mut fields = draft(false);
            fields.client_id = Some(id.to_owned());
            fields.bundle = Some("b.zip".to_owned());
            fields.secret = Some(Secret::new(secret.to_owned()));
            let Err(error) = finish(fields) else { panic!("{id} does not go with that secret") };
            assert_eq!(error.code, Code::AuthTokenShape);
            assert!(!format!("{error:?}").contains(secret), "the secret is not repeated");
        }
    }
}
