//! Bundles that are not as they should be: taken apart, changed and packed again.

use std::io::{Cursor, Read, Write};
use std::path::Path;

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

/// A bundle's members, in order.
#[derive(Clone, Default)]
pub(crate) struct Packing {
    members: Vec<(String, Vec<u8>)>,
}

impl Packing {
    /// The members of the bundle at `path`.
    pub(crate) fn of(path: &Path) -> Self {
        let mut archive = ZipArchive::new(Cursor::new(std::fs::read(path).unwrap())).unwrap();
        let mut members = Vec::new();
        for index in 0..archive.len() {
            let mut member = archive.by_index(index).unwrap();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            members.push((member.name().unwrap().into_owned(), content));
        }
        Self { members }
    }

    /// The content of a member.
    pub(super) fn member(&self, name: &str) -> &[u8] {
        &self.members.iter().find(|(member, _)| member == name).unwrap().1
    }

    /// Puts a member in, in place of the one of that name if there is one.
    pub(super) fn with(mut self, name: &str, content: impl AsRef<[u8]>) -> Self {
        self = self.without(name);
        self.members.push((name.to_owned(), content.as_ref().to_vec()));
        self
    }

    /// Leaves a member out.
    pub(super) fn without(mut self, name: &str) -> Self {
        self.members.retain(|(member, _)| member != name);
        self
    }

    /// Changes a field of `config.json`; `null` takes it away.
    pub(crate) fn with_config(self, field: &str, value: impl Into<Value>) -> Self {
        let mut config: Value = serde_json::from_slice(self.member("config.json")).unwrap();
        match value.into() {
            Value::Null => drop(config.as_object_mut().unwrap().remove(field)),
            value => config[field] = value,
        }
        self.with("config.json", config.to_string())
    }

    /// All members in a folder of the archive, as when a folder is packed anew.
    pub(super) fn in_a_folder(mut self) -> Self {
        for (name, _) in &mut self.members {
            *name = format!("bundle/{name}");
        }
        self
    }

    /// The archive.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.packed().finish().unwrap().into_inner()
    }

    /// The archive with a symbolic link in it.
    pub(super) fn bytes_with_link(&self, name: &str, target: &str) -> Vec<u8> {
        let mut writer = self.packed();
        writer.add_symlink(name, target, SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap().into_inner()
    }

    /// The archive with a second member of a name it has.
    pub(super) fn bytes_with_twice(&self, name: &str) -> Vec<u8> {
        // No writer makes such a thing: a name of the same length is written, and renamed in both of its places.
        let other = "?".repeat(name.len());
        let mut bytes = self.clone().with(&other, "another").bytes();
        while let Some(at) = bytes.windows(name.len()).position(|found| found == other.as_bytes()) {
            bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
        }
        bytes
    }

    fn packed(&self) -> ZipWriter<Cursor<Vec<u8>>> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.members {
            writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
            writer.write_all(content).unwrap();
        }
        writer
    }
}
