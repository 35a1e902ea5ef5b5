//! The files of one export: one, or several of a bounded number of rows. None has its name before all are complete.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cqlbook_analysis::formats::{
    CompleteFile, Compression, PartFile, RowWriter, WriteError, Written, of_name,
};
use cqlbook_core::column::Column;
use cqlbook_core::page::{MalformedPage, Page};

use super::pump::{Done, ExportError, Target};

/// What is being written.
pub(super) struct Files<'a> {
    target: &'a Target,
    /// The one that rows go into, and its writer once there are columns.
    part: PartFile,
    writer: Option<RowWriter>,
    /// Those that are full.
    full: Vec<CompleteFile>,
    written: Written,
    bytes: u64,
}

impl<'a> Files<'a> {
    /// Begins with a file that is there already.
    pub(super) fn new(part: PartFile, target: &'a Target) -> Self {
        Self { target, part, writer: None, full: Vec::new(), written: Written::default(), bytes: 0 }
    }

    /// Writes a page, which may end a file and begin another.
    pub(super) fn write(&mut self, page: &dyn Page) -> Result<(), ExportError> {
        let Some(limit) = self.target.rows_per_file else {
            return Ok(self.writer(page.columns())?.write(page)?);
        };
        let mut from = 0;
        loop {
            let writer = self.writer(page.columns())?;
            let room = limit.get().saturating_sub(writer.rows());
            let count = (page.rows() - from).min(usize::try_from(room).unwrap_or(usize::MAX));
            writer.write(&Rows { page, from, count })?;
            from += count;
            if from == page.rows() {
                return Ok(());
            }
            self.begin_another()?;
        }
    }

    /// Completes all files, which have no names yet.
    pub(super) fn finish(mut self) -> Result<Ready, ExportError> {
        let writer = self.writer.take().ok_or(ExportError::NoRows)?;
        self.add(writer)?;
        self.bytes += size(&self.part)?;
        let Self { part, mut full, written, bytes, .. } = self;
        let done = Done { written, bytes, files: full.len() + 1 };
        // What takes another's place is waited for until it is on disk, and that is not for a moment only.
        let last = if self.target.replace {
            full.push(part.complete().map_err(WriteError::Io)?);
            None
        } else {
            Some(part)
        };
        Ok(Ready { full, last, done })
    }

    fn writer(&mut self, columns: &Arc<[Column]>) -> Result<&mut RowWriter, WriteError> {
        match &mut self.writer {
            Some(writer) => Ok(writer),
            none => {
                let file = self.part.writer().map_err(WriteError::Io)?;
                Ok(none.insert(RowWriter::new(file, columns, &self.target.options)?))
            }
        }
    }

    fn begin_another(&mut self) -> Result<(), WriteError> {
        let path = numbered(&self.target.path, self.full.len() + 1);
        let full = std::mem::replace(&mut self.part, PartFile::create(&path, self.target.replace)?);
        if let Some(writer) = self.writer.take() {
            self.add(writer)?;
        }
        self.bytes += size(&full)?;
        self.full.push(full.complete()?);
        Ok(())
    }

    /// Ends a file, and adds what was written to what all say.
    fn add(&mut self, writer: RowWriter) -> Result<(), WriteError> {
        let written = writer.finish()?;
        self.written.rows += written.rows;
        for note in written.notes {
            if !self.written.notes.contains(&note) {
                self.written.notes.push(note);
            }
        }
        Ok(())
    }
}

/// Files that are complete and on disk, and have no names. Dropped, they leave nothing.
pub(super) struct Ready {
    full: Vec<CompleteFile>,
    last: Option<PartFile>,
    done: Done,
}

impl Ready {
    /// Gives them their names.
    pub(super) fn publish(self) -> Result<Done, ExportError> {
        let named = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => ExportError::Exists,
            _ => ExportError::Write(WriteError::Io(error)),
        };
        for complete in self.full {
            complete.publish().map_err(named)?;
        }
        if let Some(part) = self.last {
            part.publish().map_err(named)?;
        }
        Ok(self.done)
    }
}

fn size(part: &PartFile) -> Result<u64, WriteError> {
    Ok(part.writer()?.metadata()?.len())
}

/// The name of a further file: the number behind the first one's name, as cqlsh has it, and before what tells the compression.
pub(crate) fn numbered(path: &Path, number: usize) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let (stem, packed) = match of_name(&name).1 {
        Compression::None => (&*name, ""),
        Compression::Gz | Compression::Zst => name.rsplit_once('.').unwrap_or((&*name, "")),
    };
    let dot = if packed.is_empty() { "" } else { "." };
    path.with_file_name(format!("{stem}.{number}{dot}{packed}"))
}

/// Some rows of a page.
#[derive(Debug)]
struct Rows<'a> {
    page: &'a dyn Page,
    from: usize,
    count: usize,
}

impl Page for Rows<'_> {
    fn columns(&self) -> &Arc<[Column]> {
        self.page.columns()
    }

    fn rows(&self) -> usize {
        self.count
    }

    fn size_bytes(&self) -> usize {
        self.page.size_bytes() * self.count / self.page.rows().max(1)
    }

    fn visit(
        &self,
        start: usize,
        visit: &mut dyn FnMut(&[Option<&[u8]>]) -> ControlFlow<()>,
    ) -> Result<(), MalformedPage> {
        let mut left = self.count.saturating_sub(start);
        if left == 0 {
            return Ok(());
        }
        self.page.visit(self.from + start, &mut |cells| {
            left -= 1;
            let flow = visit(cells);
            if left == 0 { ControlFlow::Break(()) } else { flow }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_files_are_numbered_as_cqlsh_does() {
        let name = |name: &str| numbered(Path::new(name), 2).display().to_string();
        assert_eq!(name("out/t.csv"), "out/t.csv.2");
        assert_eq!(name("out/t"), "out/t.2");
        assert_eq!(name("t.csv.gz"), "t.csv.2.gz");
    }
}
