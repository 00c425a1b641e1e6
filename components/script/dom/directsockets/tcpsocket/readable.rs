/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The readable side of a [`TCPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>.

use direct_sockets_plane::{Consumer, Corrupt, Span};
use direct_sockets_trace::page;
use direct_sockets_traits::limits::TCP_READABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{ReadEnd, SocketError, SocketEvent, SocketRequest};
use js::context::JSContext;
use js::jsval::UndefinedValue;

use super::TCPSocket;
use crate::dom::bindings::error::Fallible;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::DomRoot;
use crate::dom::directsockets::socketcore::{DirectSocket, Side};
use crate::dom::directsockets::source::DirectSocketSourceType;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;
use crate::dom::readablestream::ReadableStream;
use crate::dom::stream::readablebytestreamcontroller::ReadableByteStreamController;
use crate::dom::stream::underlyingsourcecontainer::UnderlyingSourceType;

impl TCPSocket {
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>
    pub(super) fn initialize_readable_stream(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> Fallible<DomRoot<ReadableStream>> {
        // Step 1. Make a stream.
        let stream = ReadableStream::new_with_proto(cx, global, None);
        // Steps 2 and 3 are the algorithms below.
        // Step 4. Set it up with them and with byte reading support.
        let controller = ReadableByteStreamController::new(
            cx,
            UnderlyingSourceType::DirectSocket(DirectSocketSourceType::Tcp(self)),
            TCP_READABLE_HIGH_WATER_MARK.into(),
            global,
        );
        controller.setup(cx, global, &stream)?;
        // Step 5. Keep it.
        self.core.readable.set(Some(&stream));
        Ok(stream)
    }

    /// Step 2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>: the pull
    /// algorithm.
    pub(crate) fn pull_algorithm(&self, cx: &mut JSContext, global: &GlobalScope) {
        let _hop = self.core.handle.hop(&page::PULL);
        self.apply_deferred_read_error(cx);
        if self.begin_read() {
            // Step 2.3. Have the OS read, in parallel: it does so all the time, into the ring.
            self.look_later(global);
        }
        self.update_liveness();
        // Step 2.4. Nobody waits for the pull: the promise is not made.
    }

    /// Have a task look at the ring: now, if there is something in it, or when net says that there is.
    fn look_later(&self, global: &GlobalScope) {
        if self.look_queued.get() || !self.has_bytes_or_waits() {
            return;
        }
        self.look_queued.set(true);
        self.queue_event(global, SocketEvent::Readable);
    }

    /// Whether there is something to be read now. Where there is not, net tells when there is.
    fn has_bytes_or_waits(&self) -> bool {
        let core = self.core();
        let mut reader = self.reader.borrow_mut();
        if reader.is_none()
            && self.read_end.get().is_none()
            && let Some(connection) = &core.handle.connection
        {
            *reader = connection.start_read(core.handle.id).map(Consumer::new);
        }
        match reader.as_mut().map(Consumer::wait_for_bytes) {
            Some(Ok(true)) | None => self.read_end.get().is_some(),
            Some(Ok(false)) => true,
            Some(Err(Corrupt)) => {
                self.end_damaged_ring(&mut reader);
                true
            },
        }
    }

    /// What stands in the ring cannot be believed: reading ends with an error.
    fn end_damaged_ring(&self, reader: &mut Option<Consumer<Span>>) {
        *reader = None;
        self.read_end
            .set(Some(ReadEnd::Error(SocketError::MemoryDamaged)));
        let handle = &self.core().handle;
        handle.send(SocketRequest::CancelRead { id: handle.id });
    }

    /// Step 3 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>: the cancel
    /// algorithm.
    pub(crate) fn cancel_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        // The stream is closed: an error that was to come is applied no more, but still decides how
        // `closed` settles (decision AMB-85).
        self.read_error_deferred.set(false);
        self.cancel_readable(cx, global)
    }

    /// Net has read everything that there is, or cannot read any more.
    pub(super) fn handle_read_ended(&self, cx: &mut JSContext, end: ReadEnd) {
        // What is in the ring comes first.
        if self.read_end.get().is_none() {
            self.read_end.set(Some(end));
        }
        self.handle_readable(cx);
    }

    /// Step 2.3.2 of the pull algorithm: the task for the result of a read. The three outcomes exclude each other
    /// (decision AMB-06).
    pub(super) fn handle_readable(&self, cx: &mut JSContext) {
        self.look_queued.set(false);
        // Nothing is asked for, or the read was cancelled.
        if !self.core.read_side_open.get() || !self.core.read_outstanding.get() {
            return;
        }
        let Some(readable) = self.core.readable.get() else {
            return;
        };
        let available = {
            let mut reader = self.reader.borrow_mut();
            match reader.as_mut().map_or(Ok(0), Consumer::available) {
                Ok(available) => available,
                Err(Corrupt) => {
                    self.end_damaged_ring(&mut reader);
                    0
                },
            }
        };
        let _hop = self.core.handle.hop(&page::LOOK).bytes(available);
        // Step 2.3.2.2. There are bytes.
        if available > 0 {
            self.core.read_outstanding.set(false);
            self.enqueue(cx, &readable, available);
            return;
        }
        match self.read_end.get() {
            // Step 2.3.2.1. The peer has closed its side.
            Some(ReadEnd::End) => {
                self.core.read_outstanding.set(false);
                self.core.read_side_open.set(false);
                Self::close_stream(cx, &readable);
                self.handle_closing_the_tcpsocket_readable_stream();
            },
            // Step 2.3.2.3. The OS reports an error.
            Some(ReadEnd::Error(error)) => {
                self.core.read_outstanding.set(false);
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
            },
            // A false alarm.
            None => self.look_later(&self.global()),
        }
    }

    /// <https://streams.spec.whatwg.org/#readablestream-close>
    fn close_stream(cx: &mut JSContext, readable: &ReadableStream) {
        let controller = readable.get_byte_controller();
        // Fails, and errors the stream, if a view is left with a part of an element (decision AMB-11).
        let _ = controller.close(cx);
        // The second half of "close": answer the BYOB read that waits.
        if readable.is_closed() && controller.get_pending_pull_intos_size() > 0 {
            let _ = controller.respond(cx, 0);
        }
    }

    /// Steps 2.1, 2.2 and 2.3.2.2.1 to 2.3.2.2.3 of the pull algorithm, where `available` bytes are in the ring.
    fn enqueue(&self, cx: &mut JSContext, readable: &ReadableStream, available: usize) {
        let _hop = self.core.handle.hop(&page::ENQUEUE);
        let controller = readable.get_byte_controller();
        // Steps 2.2 and 2.3.2.2.1. Into the view of the current BYOB request, as many as it takes, if somebody still
        // waits with it: the view of a reader that was released is no place for what another waits for.
        let result = if let Some(length) = controller.first_pull_into_length() {
            let count = available.min(length);
            controller.respond_filled(cx, count, |memory| self.take_bytes(memory))
        } else {
            // Step 2.1. Else the room up to the high water mark, and never nothing (decision AMB-07).
            let wanted = match controller.get_desired_size() {
                Some(size) if size >= 1.0 => size as usize,
                _ => TCP_READABLE_HIGH_WATER_MARK as usize,
            };
            // Steps 2.3.2.2.2 and 2.3.2.2.3. A new Uint8Array.
            let count = available.min(wanted);
            controller.enqueue_filled(cx, count, |memory| self.take_bytes(memory))
        };
        if result.is_err() {
            // Only reached when the engine is out of memory. The bytes stay in the ring.
            log::warn!("A chunk is not delivered: no memory can be had for it");
        }
    }

    /// Copy bytes out of the ring, where there are so many.
    fn take_bytes(&self, bytes: &mut [u8]) {
        let mut reader = self.reader.borrow_mut();
        let Some(ring) = reader.as_mut() else {
            return;
        };
        // Fails for nothing that was not found when the ring was asked how much there is: what is missing is left as
        // zeros, and found again with the next read.
        let hop = self.core.handle.hop(&page::TAKE);
        let _ = ring.read(bytes);
        hop.moved(bytes.len(), || ring.position());
        if ring.must_tell() {
            let handle = &self.core().handle;
            handle.send(SocketRequest::Room { id: handle.id });
        }
    }

    /// Error the stream if a read error waits and nothing is left to read before it.
    pub(super) fn apply_deferred_read_error(&self, cx: &mut JSContext) {
        if !self.read_error_deferred.get() {
            return;
        }
        let Some(readable) = self.core.readable.get() else {
            return;
        };
        let controller = readable.get_byte_controller();
        if controller.get_queue_total_size() > 0.0 {
            return;
        }
        self.read_error_deferred.set(false);
        rooted!(&in(cx) let error = self.core.read_error.get());
        controller.error(cx, error.handle());
    }

    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-readable-stream>
    fn handle_closing_the_tcpsocket_readable_stream(&self) {
        self.handle_closing(Side::Readable);
    }
}
