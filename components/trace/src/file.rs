/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The file that all processes write to.
//!
//! Each of them appends whole lines, each line an event with a comma behind it, by single calls of write(2), which
//! Linux does one after the other. Who may still write holds a shared lock on the file, which goes with the process
//! however that ends. Who ends the file takes the lock for itself, so nothing is written behind the end.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

use crate::event::{Microseconds, now};

/// What a file begins with.
const BEGIN: &[u8] = b"[\n";

/// What a file ends with. What stands before has no comma behind it.
const END: &[u8] = b"\n]\n";

/// How often to look whether the others have ended.
const LOOK: Duration = Duration::from_millis(2);

/// The file, as one process has it.
#[derive(Debug)]
pub struct TraceFile {
    file: File,
    /// How long it may get. A line and an end come on top, and what other processes write at the same moment: a
    /// buffer of each at most.
    limit: u64,
    /// Nothing follows.
    is_over: bool,
}

impl TraceFile {
    /// Make the file, for all processes. What it held is lost, unless somebody is still writing there.
    pub fn create(path: &Path, limit: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(path)?;
        check_kind(&file)?;
        flock(&file, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| io::Error::other("another run writes its trace there"))?;
        file.set_len(0)?;
        file.write_all(BEGIN)?;
        flock(&file, FlockOperation::NonBlockingLockShared)?;
        Ok(Self::new(file, limit))
    }

    /// Add to a file that another process has made, and not ended.
    pub fn join(path: &Path, limit: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).append(true).open(path)?;
        check_kind(&file)?;
        flock(&file, FlockOperation::NonBlockingLockShared)?;
        let length = file.metadata()?.len();
        let mut begin = [0; BEGIN.len()];
        let mut end = [0; END.len()];
        file.read_exact_at(&mut begin, 0)?;
        if begin != BEGIN {
            return Err(io::Error::other("not a trace"));
        }
        let last = length.checked_sub(END.len() as u64);
        if let Some(last) = last
            && file.read_exact_at(&mut end, last).is_ok()
            && end == END
        {
            return Err(io::Error::other("that trace has ended"));
        }
        Ok(Self::new(file, limit))
    }

    fn new(file: File, limit: u64) -> Self {
        Self {
            file,
            limit,
            is_over: false,
        }
    }

    /// Append whole lines. False if no others can follow: there is no more room, which the file says, or the system
    /// takes no more.
    pub fn append(&mut self, lines: &[u8]) -> bool {
        self.is_over = self.is_over || !self.try_append(lines).unwrap_or_else(complain);
        !self.is_over
    }

    fn try_append(&mut self, lines: &[u8]) -> io::Result<bool> {
        let length = self.file.metadata()?.len();
        let Some(room) = self.limit.checked_sub(length).filter(|room| *room > 0) else {
            // The one who came to the limit has said so.
            return Ok(false);
        };
        if (lines.len() as u64) < room {
            self.file.write_all(lines)?;
            return Ok(true);
        }
        // With the line that leads over the limit, so that all others see that it is reached.
        let room = room as usize;
        let rest = lines[room..].iter().position(|byte| *byte == b'\n');
        let mut lines = lines[..rest.map_or(lines.len(), |rest| room + rest + 1)].to_vec();
        lines.extend(mark("the trace is full"));
        lines.extend_from_slice(b",\n");
        self.file.write_all(&lines)?;
        Ok(false)
    }

    /// End the file, once no other process writes any more; false if one still did when `patience` was over.
    pub fn finish(&mut self, patience: Duration) -> bool {
        self.is_over = true;
        let deadline = Instant::now() + patience;
        while let Err(error) = flock(&self.file, FlockOperation::NonBlockingLockExclusive) {
            if error != rustix::io::Errno::WOULDBLOCK || Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(LOOK);
        }
        let mut lines = mark("the trace ends");
        lines.extend_from_slice(END);
        self.file.write_all(&lines).map_or_else(complain, |()| true)
    }
}

/// Nothing else can be cut, or be ended.
fn check_kind(file: &File) -> io::Result<()> {
    match file.metadata()?.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("not a regular file")),
    }
}

fn complain(error: io::Error) -> bool {
    log::warn!("The trace ends early: {error}");
    false
}

/// An event of the file itself, without a comma.
fn mark(text: &str) -> Vec<u8> {
    format!(
        "{{\"name\":\"{text}\",\"cat\":\"trace\",\"ph\":\"i\",\"s\":\"g\",\"ts\":{},\"pid\":{},\"tid\":0,\
         \"args\":{{}}}}",
        Microseconds(now()),
        std::process::id(),
    )
    .into_bytes()
}
