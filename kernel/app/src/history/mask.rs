//! What must not be in the history: secrets that show by what stands before them, and those that this session knows.

use std::sync::Arc;

use cqlbook_core::redact;
use cqlbook_core::secret::Secret;

use crate::connect::recipe::Recipe;
use crate::notebook::Notebook;

/// Where the environment may hold secrets.
const VARIABLES: [&str; 4] = [
    "ASTRA_DB_APPLICATION_TOKEN",
    "ASTRA_DB_CLIENT_SECRET",
    "CASSANDRA_PASSWORD",
    "CQLBOOK_VAULT_PASSPHRASE",
];

/// The password of Cassandra's first user. Everyone knows it, and masked it would tell that it is in use.
const DEFAULT_PASSWORD: &str = "cassandra";

/// What the session's connections are made of.
pub(super) fn recipes(notebook: &Notebook) -> Vec<Arc<Recipe>> {
    let state = notebook.state();
    let open = state.open.iter().map(|open| &open.recipe);
    let mut recipes: Vec<_> = open.chain(state.recipes.values()).cloned().collect();
    recipes.dedup_by(|one, other| Arc::ptr_eq(one, other));
    recipes
}

/// The cell without its secrets.
pub(super) fn masked(cell: &str, recipes: &[Arc<Recipe>]) -> String {
    let mut masked = redact::redact(cell).into_owned();
    let mut mask = |secret: &Secret| {
        if secret.expose() != DEFAULT_PASSWORD {
            masked = secret.mask_in(&masked).into_owned();
        }
    };
    recipes.iter().filter_map(|recipe| recipe.secret()).for_each(&mut mask);
    let variables = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    variables.for_each(|value| mask(&Secret::new(value)));
    masked
}

#[cfg(test)]
mod tests {
    use crate::connect::recipe::{Login, Place};

    use super::*;

    fn cluster(password: &str) -> Arc<Recipe> {
        let login = Login { user: "ann".to_owned(), password: Secret::new(password.to_owned()) };
        let place = Place::Cassandra {
            hosts: vec!["h".to_owned()],
            port: 9042,
            login: Some(login),
            dc: None,
            tls: None,
        };
        Arc::new(Recipe { name: None, place, keyspace: None, read_only: false })
    }

    #[test]
    fn a_connections_own_secret_is_masked_wherever_it_stands() {
        let recipes = [cluster("hunter2"), cluster("cassandra")];
        assert_eq!(
            masked("-- hunter2 of ann\nALTER ROLE x WITH PASSWORD = 'y'", &recipes),
            "-- <secret> of ann\nALTER ROLE x WITH PASSWORD = <secret>"
        );
        assert_eq!(masked("%connect cassandra --host h", &recipes), "%connect cassandra --host h");
    }
}
