//! What an output is made of: one value in several formats, and the name of an output that may change.
//!
//! Only data; what the formats mean is the business of the frontends.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use uuid::Uuid;

/// One output in several formats: `(MIME type, value)` pairs in the order they were given, and metadata.
///
/// A value is a JSON string for text formats and base64 text for images, and any JSON for `…+json` formats
/// (see [display_data](https://jupyter-client.readthedocs.io/en/stable/messaging.html#display-data)).
/// Give a `text/plain` always: it is what a frontend without the other formats shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MimeBundle {
    data: Vec<(String, Value)>,
    metadata: Map<String, Value>,
}

impl MimeBundle {
    /// A bundle without a format; add some with [`MimeBundle::with`].
    pub fn new() -> Self {
        Self::default()
    }

    /// A bundle with `text/plain` only.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new().with("text/plain", text.into())
    }

    /// The bundle with one more format; a format that is already there gets the new value.
    #[must_use]
    pub fn with(mut self, mime: impl Into<String>, value: impl Into<Value>) -> Self {
        let (mime, value) = (mime.into(), value.into());
        match self.data.iter_mut().find(|(known, _)| *known == mime) {
            Some((_, old)) => *old = value,
            None => self.data.push((mime, value)),
        }
        self
    }

    /// The bundle with one more entry of metadata.
    #[must_use]
    pub fn with_metadata(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }

    /// The value of one format.
    pub fn get(&self, mime: &str) -> Option<&Value> {
        self.data.iter().find(|(known, _)| known == mime).map(|(_, value)| value)
    }

    /// The formats with their values, in order.
    pub fn formats(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.data.iter().map(|(mime, value)| (mime.as_str(), value))
    }

    /// The metadata.
    pub fn metadata(&self) -> &Map<String, Value> {
        &self.metadata
    }

    /// The formats as the JSON object that `data` is in messages.
    pub(crate) fn data(&self) -> Data<'_> {
        Data(&self.data)
    }
}

impl<M: Into<String>, V: Into<Value>> FromIterator<(M, V)> for MimeBundle {
    fn from_iter<I: IntoIterator<Item = (M, V)>>(formats: I) -> Self {
        formats.into_iter().fold(Self::new(), |bundle, (mime, value)| bundle.with(mime, value))
    }
}

/// A view of a bundle's formats that serialises as a JSON object, in their order.
pub(crate) struct Data<'a>(&'a [(String, Value)]);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (mime, value) in self.0 {
            map.serialize_entry(mime, value)?;
        }
        map.end()
    }
}

/// The name of an output that [`Io::update`](crate::Io::update) can change later.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DisplayId(String);

impl DisplayId {
    /// A name that no other output has.
    #[expect(clippy::new_without_default, reason = "two defaults would be different names")]
    pub fn new() -> Self {
        Self(Uuid::new_v4().to_string())
    }

    /// The name as it is written in messages.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for DisplayId {
    fn from(name: String) -> Self {
        Self(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_keep_their_order_and_a_second_value_replaces_the_first() {
        let bundle =
            MimeBundle::plain("1 row").with("text/html", "<p>1 row</p>").with("text/plain", "2 rows");
        let json = serde_json::to_string(&bundle.data()).unwrap();
        assert_eq!(json, r#"{"text/plain":"2 rows","text/html":"<p>1 row</p>"}"#);
    }
}
