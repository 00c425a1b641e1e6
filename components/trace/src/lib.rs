/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A timeline of hops: page call → ring → net → kernel and back, in one file for all processes of an embedder.
//!
//! The format is the array form of the [Trace Event Format], which <https://ui.perfetto.dev> and chrome://tracing open.
//!
//! ```text
//! name.rs        the hops that there are, and which of them belong together
//! link.rs        what ties the hops of two processes together
//! hop.rs           one hop, from its begin to its end
//! event.rs           what is kept of it, and its line in the file
//! recorder.rs      the events of this process that are not in the file yet
//! file.rs          the file that all processes write to
//! ```
//!
//! The embedder makes the file ([`create`]) and ends it ([`finish`]). The processes that it starts find its name in the
//! environment ([`VARIABLE`]) and [`join`]. While nothing is traced, each hop costs one relaxed load.
//!
//! [Trace Event Format]: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

#![deny(missing_docs, unsafe_code)]

mod event;
mod file;
mod hop;
mod link;
mod name;
mod recorder;

use std::io;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use direct_sockets_traits::TRACE_VARIABLE as VARIABLE;
use direct_sockets_traits::limits::MAX_TRACE_BYTES;

pub use crate::file::TraceFile;
pub use crate::hop::Hop;
pub use crate::link::Link;
pub use crate::name::{ALL, Name, net, page};
pub use crate::recorder::Recorder;

/// Whether this process records anything. Nothing else is looked at where it does not.
static ON: AtomicBool = AtomicBool::new(false);

/// Set once.
static RECORDER: OnceLock<Recorder> = OnceLock::new();

/// Make the file, and record what happens in this process under the name `process`. What the file held is lost.
pub fn create(path: &Path, process: &str) -> io::Result<()> {
    record(TraceFile::create(path, MAX_TRACE_BYTES)?, process)
}

/// Record what happens in this process, if the one that started it says where to. A file that cannot be used is no
/// reason to fail.
pub fn join(process: &str) {
    let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()) else {
        return;
    };
    let joined =
        TraceFile::join(Path::new(&path), MAX_TRACE_BYTES).and_then(|file| record(file, process));
    if let Err(error) = joined {
        log::warn!(
            "Nothing is traced in this process: {}: {error}",
            path.display()
        );
    }
}

fn record(file: TraceFile, process: &str) -> io::Result<()> {
    let recorder = Recorder::start(file, process, &ON)?;
    RECORDER
        .set(recorder)
        .map_err(|_| io::Error::other("this process writes a trace already"))?;
    ON.store(true, Ordering::Relaxed);
    Ok(())
}

/// Whether this process records anything.
#[inline]
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Write what has been recorded. To be called before the process ends.
pub fn flush() {
    if let Some(recorder) = RECORDER.get() {
        recorder.flush();
    }
}

/// Write what has been recorded, wait until the other processes have done so and ended, and end the file. Where one of
/// them goes on for longer than `patience`, the file is left without an end, which viewers do not mind.
pub fn finish(patience: Duration) {
    if let Some(recorder) = RECORDER.get() {
        recorder.finish(patience);
    }
}
