//! Rows into files: from kept results, or streamed from the server with bounded memory. Pages are fetched by several tasks and
//! written by one thread; a bounded queue between them slows the fetching down to the writing.

mod fetching;
mod files;
mod pace;
mod progress;
mod pump;
mod work;

pub(crate) use files::numbered;
pub(crate) use progress::Progress;
pub(crate) use pump::{Done, ExportError, Target, kept, stream};
pub(crate) use work::work;
