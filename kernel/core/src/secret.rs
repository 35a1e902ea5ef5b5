//! A secret as a type: it cannot be displayed, debugged, cloned by accident or serialised, and is zeroed when dropped.

use zeroize::Zeroizing;

/// A password, token or passphrase. The only way to its text is [`Secret::expose`], which is easy to search for.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that sends or seals it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A second holder of the same secret, made on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::new(String::clone(&self.0))
    }
}
