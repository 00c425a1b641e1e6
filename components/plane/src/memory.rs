/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Mappings of shared memory, and spans of them. All unsafe code of this crate is here.
//!
//! # Invariants
//!
//! 1. `base` points to `length` readable and writable bytes for as long as the [`Memory`] lives, aligned to
//!    [`ALIGNMENT`]. For memory that net makes, the seals guarantee that nobody can make the file shorter, which
//!    would turn an access into a fatal signal; content gets its memory from net, which it has to believe in that.
//! 2. No Rust reference to the bytes exists, ever: another process may change them at any time. They are copied from
//!    and to by pointer, and handed to the kernel by pointer. Words that both sides look at are reached by references
//!    to atomics.
//! 3. Every offset is checked against the length before a pointer is made of it.

#![expect(unsafe_code, reason = "shared memory")]

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use ipc_channel::ipc::IpcSharedMemory;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

use crate::ring::{Header, Pieces, Room};

/// What every memory is aligned to: the smallest page.
pub(crate) const ALIGNMENT: usize = 4096;

/// A piece of memory that may be shared with another process. Unmapped when the last [`Arc`] of it is dropped.
#[derive(Debug)]
pub struct Memory {
    base: NonNull<u8>,
    length: usize,
    owner: Owner,
}

/// Who gives the memory back.
enum Owner {
    /// This, by munmap(2).
    Mapping,
    /// ipc-channel. Kept for nothing but that.
    Received { _memory: IpcSharedMemory },
    /// The allocator.
    Heap,
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Mapping => "Mapping",
            Self::Received { .. } => "Received",
            Self::Heap => "Heap",
        })
    }
}

// SAFETY: the memory belongs to nobody's thread, and all access is by copies and atomics (invariant 2). The rings on
// top make sure that two honest threads never touch the same byte at the same time.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Make memory to be shared, and the descriptor to share it by. It takes no room until it is written to. Its size
    /// can never change, whoever has the descriptor.
    pub fn create(length: usize) -> io::Result<(Arc<Self>, OwnedFd)> {
        let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
        let descriptor = memfd_create("direct-sockets", flags)?;
        ftruncate(&descriptor, length as u64)?;
        fcntl_add_seals(
            &descriptor,
            SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL,
        )?;
        // SAFETY: a new mapping where the kernel sees fit touches nothing that exists. The file has `length` bytes
        // and keeps them.
        let base = unsafe {
            mmap(
                std::ptr::null_mut(),
                length,
                ProtFlags::READ | ProtFlags::WRITE,
                MapFlags::SHARED,
                &descriptor,
                0,
            )?
        };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        let memory = Self {
            base,
            length,
            owner: Owner::Mapping,
        };
        Ok((Arc::new(memory), descriptor))
    }

    /// Take memory that net has made. `None` if it has not this length.
    pub fn received(mut memory: IpcSharedMemory, length: usize) -> Option<Arc<Self>> {
        if memory.len() != length {
            return None;
        }
        // SAFETY: the slice is made into a pointer at once and never looked at.
        let base = unsafe { NonNull::new(memory.deref_mut().as_mut_ptr())? };
        if base.as_ptr().addr() % ALIGNMENT != 0 {
            return None;
        }
        Some(Arc::new(Self {
            base,
            length,
            owner: Owner::Received { _memory: memory },
        }))
    }

    /// Memory of this process alone, for tests, also where the system calls above are not to be had.
    #[doc(hidden)]
    pub fn private(length: usize) -> Arc<Self> {
        let layout = Self::layout(length);
        // SAFETY: the layout has a size above 0.
        let base = unsafe { alloc_zeroed(layout) };
        let base = NonNull::new(base).unwrap_or_else(|| handle_alloc_error(layout));
        Arc::new(Self {
            base,
            length,
            owner: Owner::Heap,
        })
    }

    fn layout(length: usize) -> Layout {
        Layout::from_size_align(length.max(1), ALIGNMENT)
            .unwrap_or_else(|_| panic!("{length} bytes are too many"))
    }

    /// How many bytes there are.
    pub fn length(&self) -> usize {
        self.length
    }

    /// A pointer to a range.
    ///
    /// # Panics
    ///
    /// If the range does not lie within the memory.
    fn range(&self, offset: usize, length: usize) -> *mut u8 {
        let end = offset.checked_add(length);
        assert!(end.is_some_and(|end| end <= self.length));
        // SAFETY: within the memory, by the line above.
        unsafe { self.base.as_ptr().add(offset) }
    }

    /// The ring's header at an offset.
    pub(crate) fn header(&self, offset: usize) -> &Header {
        assert_eq!(offset % align_of::<Header>(), 0);
        let header = self.range(offset, Header::SIZE).cast::<Header>();
        // SAFETY: within the memory and aligned, as the memory is. All bit patterns are valid. Everything that anybody
        // changes is an atomic; the rest is padding that nobody reads. It lives as long as the memory, which is
        // borrowed.
        unsafe { &*header }
    }

    /// A word at an offset.
    pub(crate) fn word(&self, offset: usize) -> &AtomicU32 {
        assert_eq!(offset % align_of::<AtomicU32>(), 0);
        let word = self
            .range(offset, size_of::<AtomicU32>())
            .cast::<AtomicU32>();
        // SAFETY: as for `header`.
        unsafe { &*word }
    }

    /// Copy bytes in.
    pub(crate) fn copy_in(&self, offset: usize, bytes: &[u8]) {
        let target = self.range(offset, bytes.len());
        // SAFETY: within the memory. The source is a reference of Rust and so no part of it (invariant 2). That
        // somebody else may write the same bytes at the same time makes them whatever they are.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) };
    }

    /// Copy bytes out.
    pub(crate) fn copy_out(&self, offset: usize, bytes: &mut [u8]) {
        let source = self.range(offset, bytes.len());
        // SAFETY: as above, the other way round.
        unsafe { std::ptr::copy_nonoverlapping(source, bytes.as_mut_ptr(), bytes.len()) };
    }

    /// Give the pages of a range back to the system; they read as zeros afterwards. `offset` is a multiple of a page.
    pub(crate) fn discard(&self, offset: usize, length: usize) {
        if matches!(self.owner, Owner::Heap) {
            return;
        }
        let start = self.range(offset, length);
        // SAFETY: within a shared mapping of this memory, to which no reference exists (invariant 2). The headers, to
        // which some may, keep their addresses and are valid as zeros. What fails leaves the pages as they are.
        let _ = unsafe { madvise(start.cast(), length, Advice::LinuxRemove) };
    }

    fn vectors(&self, start: usize, pieces: &Pieces) -> [libc::iovec; 2] {
        pieces.map(|(offset, length)| libc::iovec {
            iov_base: self.range(start + offset, length).cast(),
            iov_len: length,
        })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        match self.owner {
            // SAFETY: this was mapped with this length, and nothing refers to it any more: spans keep the memory alive.
            Owner::Mapping => unsafe {
                let _ = munmap(self.base.as_ptr().cast(), self.length);
            },
            Owner::Received { .. } => {},
            // SAFETY: this was allocated with this layout.
            Owner::Heap => unsafe {
                dealloc(self.base.as_ptr(), Self::layout(self.length));
            },
        }
    }
}

/// A ring's place in a [`Memory`]: a header and as many bytes as its capacity. Keeps the memory.
#[derive(Clone, Debug)]
pub struct Span {
    memory: Arc<Memory>,
    header: usize,
    start: usize,
    capacity: usize,
}

impl Span {
    /// A ring with its header at `header` and its bytes from `start`.
    ///
    /// # Panics
    ///
    /// If it does not lie within the memory, or if the capacity is no power of two.
    pub(crate) fn new(memory: Arc<Memory>, header: usize, start: usize, capacity: usize) -> Self {
        memory.header(header);
        memory.range(start, capacity);
        assert!(capacity.is_power_of_two());
        Self {
            memory,
            header,
            start,
            capacity,
        }
    }

    /// Make the ring ready for the next who uses it: give all its pages back to the system but the first one, which
    /// little traffic needs again. Only for who knows that nobody uses the ring.
    pub fn recycle(&self) {
        if self.header().claimed() > ALIGNMENT as u64 {
            self.memory
                .discard(self.start + ALIGNMENT, self.capacity - ALIGNMENT);
        }
    }

    /// readv(2) into the pieces. Where the descriptor does not block, this does not.
    pub(crate) fn read_from(
        &self,
        descriptor: BorrowedFd<'_>,
        pieces: &Pieces,
    ) -> io::Result<usize> {
        let vectors = self.memory.vectors(self.start, pieces);
        let descriptor = descriptor.as_raw_fd();
        // SAFETY: the vectors lie within the memory, which outlives the call; the kernel is one more who writes to it.
        let result = unsafe { libc::readv(descriptor, vectors.as_ptr(), count(pieces)) };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    }

    /// writev(2) from the pieces. Where the descriptor does not block, this does not.
    pub(crate) fn write_to(
        &self,
        descriptor: BorrowedFd<'_>,
        pieces: &Pieces,
    ) -> io::Result<usize> {
        let vectors = self.memory.vectors(self.start, pieces);
        let descriptor = descriptor.as_raw_fd();
        // SAFETY: the vectors lie within the memory, which outlives the call.
        let result = unsafe { libc::writev(descriptor, vectors.as_ptr(), count(pieces)) };
        usize::try_from(result).map_err(|_| io::Error::last_os_error())
    }
}

/// How many of the pieces have bytes.
fn count(pieces: &Pieces) -> libc::c_int {
    if pieces[1].1 > 0 { 2 } else { 1 }
}

impl Room for Span {
    fn header(&self) -> &Header {
        self.memory.header(self.header)
    }

    fn capacity(&self) -> usize {
        self.capacity
    }

    fn copy_in(&self, offset: usize, bytes: &[u8]) {
        self.memory.copy_in(self.start + offset, bytes);
    }

    fn copy_out(&self, offset: usize, bytes: &mut [u8]) {
        self.memory.copy_out(self.start + offset, bytes);
    }
}
