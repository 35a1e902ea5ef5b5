//! What must not be in the history: secrets that show by what stands before them, and those that this session knows.

use std::sync::Arc;

use cqlbook_core::redact;
use cqlbook_core::secret::Secret;

use crate::connect::SECRET_VARIABLES;

/// The password of Cassandra's first user. Everyone knows it, and masked it would tell that it is in use.
const DEFAULT_PASSWORD: &str = "cassandra";

/// The cell without its secrets: those that show, and `secrets`, which the session has used.
pub(super) fn masked(cell: &str, secrets: &[Arc<Secret>]) -> String {
    let mut masked = redact::redact(cell).into_owned();
    let mut mask = |secret: &Secret| {
        if secret.expose() != DEFAULT_PASSWORD {
            masked = secret.mask_in(&masked).into_owned();
        }
    };
    secrets.iter().for_each(|secret| mask(secret));
    let variables = SECRET_VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
    variables.for_each(|value| mask(&Secret::new(value)));
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_own_secret_is_masked_wherever_it_stands() {
        let secrets = ["hunter2", "cassandra"].map(|secret| Arc::new(Secret::new(secret.to_owned())));
        assert_eq!(
            masked("-- hunter2 of ann\nALTER ROLE x WITH PASSWORD = 'y'", &secrets),
            "-- <secret> of ann\nALTER ROLE x WITH PASSWORD = <secret>"
        );
        assert_eq!(masked("%connect cassandra --host h", &secrets), "%connect cassandra --host h");
    }
}
