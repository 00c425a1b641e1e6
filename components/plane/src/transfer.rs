/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Bytes between rings and descriptors, without a copy in between.

use std::io;
use std::os::fd::BorrowedFd;

use crate::memory::Span;
use crate::ring::{Consumer, Corrupt, Producer};

/// Why nothing was transferred.
#[derive(Debug)]
pub enum TransferError {
    /// The ring is of no use any more.
    Corrupt,
    /// There is no room in the ring, or there are no bytes in it.
    Nothing,
    /// What the OS says.
    Io(io::Error),
}

impl From<Corrupt> for TransferError {
    fn from(_: Corrupt) -> Self {
        Self::Corrupt
    }
}

impl Producer<Span> {
    /// One readv(2) of up to `most` bytes straight into the ring. `Ok(0)` is the end of what is being read.
    pub fn read_from(
        &mut self,
        descriptor: BorrowedFd<'_>,
        most: usize,
    ) -> Result<usize, TransferError> {
        let length = self.room()?.min(most);
        if length == 0 {
            return Err(TransferError::Nothing);
        }
        let pieces = self.next(length);
        let read = self.place().read_from(descriptor, &pieces);
        let count = read.map_err(TransferError::Io)?;
        if count > 0 {
            self.publish(count);
        }
        Ok(count)
    }
}

impl Consumer<Span> {
    /// One writev(2) of up to `most` bytes straight from the ring.
    pub fn write_to(
        &mut self,
        descriptor: BorrowedFd<'_>,
        most: usize,
    ) -> Result<usize, TransferError> {
        let length = self.available()?.min(most);
        if length == 0 {
            return Err(TransferError::Nothing);
        }
        let pieces = self.next(length);
        let written = self.place().write_to(descriptor, &pieces);
        let count = written.map_err(TransferError::Io)?;
        self.consume(count);
        Ok(count)
    }
}
