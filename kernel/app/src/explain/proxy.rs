//! Proxies of the network that the environment names. This program uses none of them: CQL is not HTTP, and a proxy for web pages does
//! not carry it. Who has one set may take a closed port for the proxy's fault, or for a ban of HTTPS.

/// The variables that name one, as other programs read them.
const VARIABLES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/// Which of the variables are set to something.
pub(crate) fn set() -> Vec<&'static str> {
    set_by(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// The same by another environment than the process's own.
pub(crate) fn set_by(is_set: impl Fn(&str) -> bool) -> Vec<&'static str> {
    VARIABLES.into_iter().filter(|name| is_set(name)).collect()
}

/// `HTTPS_PROXY is`, `HTTPS_PROXY, ALL_PROXY are`.
pub(crate) fn are(names: &[&str]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}
