/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The events of this process that are not in the file yet.
//!
//! Who records an event writes nothing: a thread of its own does that, a moment after the first one has come, and
//! sleeps where nothing happens. So what was recorded is in the file soon, also if the process is killed then.

use std::cell::Cell;
use std::fmt::Write;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use direct_sockets_traits::limits::{MAX_TRACE_EVENTS, TRACE_DELAY_MS};

use crate::event::{Event, Quoted, now};
use crate::file::TraceFile;

thread_local! {
    /// The number that the system gives this thread, once its name has been recorded.
    static THREAD: Cell<Option<i32>> = const { Cell::new(None) };
}

#[derive(Debug)]
enum Entry {
    Hop(Event),
    /// A line that was written when it was recorded.
    Line(String),
}

/// Records the events of one process.
#[derive(Debug)]
pub struct Recorder(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    on: &'static AtomicBool,
    waiting: Mutex<Vec<Entry>>,
    has_some: Condvar,
    /// Held while entries are taken and written, so that they stay in order.
    file: Mutex<TraceFile>,
}

impl Recorder {
    /// Record into this file, under the name `process`. `on` is set to false when no more can be recorded.
    pub fn start(file: TraceFile, process: &str, on: &'static AtomicBool) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            on,
            waiting: Mutex::default(),
            has_some: Condvar::new(),
            file: Mutex::new(file),
        });
        let recorder = Self(shared.clone());
        recorder.record_entry(Entry::Line(metadata("process_name", 0, process)));
        thread::Builder::new()
            .name("Trace".to_owned())
            .spawn(move || shared.write_now_and_then())?;
        Ok(recorder)
    }

    /// A hop ends now, in this thread.
    pub(crate) fn record(&self, mut event: Event) {
        event.end = now();
        event.thread = self.thread();
        self.record_entry(Entry::Hop(event));
    }

    /// Tell whom a number means.
    pub(crate) fn tell_client(&self, client: u32, pipeline: &str, worker: &str) {
        let line = format!(
            "{{\"name\":\"client\",\"cat\":\"trace\",\"ph\":\"i\",\"s\":\"p\",\"ts\":{},\"pid\":{},\"tid\":{},\
             \"args\":{{\"client\":{client},\"pipeline\":{},\"worker\":{}}}}},\n",
            crate::event::Microseconds(now()),
            std::process::id(),
            self.thread(),
            Quoted(pipeline),
            Quoted(worker),
        );
        self.record_entry(Entry::Line(line));
    }

    /// The number of this thread, whose name is recorded first.
    fn thread(&self) -> i32 {
        THREAD.get().unwrap_or_else(|| {
            let id = rustix::thread::gettid().as_raw_nonzero().get();
            THREAD.set(Some(id));
            let thread = thread::current();
            let name = thread.name().unwrap_or("without a name");
            self.record_entry(Entry::Line(metadata("thread_name", id, name)));
            id
        })
    }

    fn record_entry(&self, entry: Entry) {
        let is_full = {
            let mut waiting = self.0.waiting();
            if waiting.is_empty() {
                self.0.has_some.notify_one();
            }
            waiting.push(entry);
            waiting.len() >= MAX_TRACE_EVENTS
        };
        if is_full {
            self.flush();
        }
    }

    /// Write what has been recorded.
    pub fn flush(&self) {
        self.0.write(&mut self.0.file());
    }

    /// Write what has been recorded, and end the file as [`TraceFile::finish`] does.
    pub fn finish(&self, patience: Duration) -> bool {
        let mut file = self.0.file();
        self.0.on.store(false, Ordering::Relaxed);
        self.0.write(&mut file);
        file.finish(patience)
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(&self) -> MutexGuard<'_, TraceFile> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_now_and_then(&self) {
        loop {
            let waiting = self
                .has_some
                .wait_while(self.waiting(), |waiting| waiting.is_empty());
            drop(waiting.unwrap_or_else(PoisonError::into_inner));
            thread::sleep(Duration::from_millis(TRACE_DELAY_MS));
            self.write(&mut self.file());
        }
    }

    fn write(&self, file: &mut TraceFile) {
        let entries = mem::take(&mut *self.waiting());
        let process = std::process::id();
        let mut lines = Vec::new();
        for entry in entries {
            match entry {
                Entry::Hop(event) => event.write(&mut lines, process),
                Entry::Line(line) => lines.extend_from_slice(line.as_bytes()),
            }
        }
        if !lines.is_empty() && !file.append(&lines) {
            self.on.store(false, Ordering::Relaxed);
        }
    }
}

/// What a process or a thread is called.
fn metadata(kind: &str, thread: i32, name: &str) -> String {
    let mut line = String::new();
    // Writing into memory does not fail.
    let _ = writeln!(
        line,
        "{{\"name\":\"{kind}\",\"ph\":\"M\",\"pid\":{},\"tid\":{thread},\"args\":{{\"name\":{}}}}},",
        std::process::id(),
        Quoted(name),
    );
    line
}
