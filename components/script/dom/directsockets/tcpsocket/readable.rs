/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The readable side of a [`TCPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>.

use direct_sockets_traits::limits::TCP_READABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{ReadResult, SocketRequest};
use js::context::JSContext;
use js::jsval::UndefinedValue;

use super::TCPSocket;
use crate::dom::bindings::error::Fallible;
use crate::dom::bindings::root::DomRoot;
use crate::dom::directsockets::socketcore::{DirectSocket, Side};
use crate::dom::directsockets::source::DirectSocketSourceType;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise};
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
    pub(crate) fn pull_algorithm(&self, cx: &mut JSContext, global: &GlobalScope) -> RootedPromise {
        self.apply_deferred_read_error(cx);
        if self.begin_read() {
            // Steps 2.1 and 2.2. How much is wanted.
            let max = self.wanted_bytes(cx);
            // Step 2.3. Have the OS read, in parallel.
            self.core.handle.send(SocketRequest::Read {
                id: self.core.handle.id,
                max,
            });
        }
        self.update_liveness();
        // Step 2.4. Nobody waits for the pull.
        Promise::new_resolved(cx, global, ())
    }

    /// Steps 2.1 and 2.2 of the pull algorithm: how many bytes the next read asks for.
    fn wanted_bytes(&self, cx: &mut JSContext) -> u32 {
        let Some(readable) = self.core.readable.get() else {
            return TCP_READABLE_HIGH_WATER_MARK;
        };
        let controller = readable.get_byte_controller();
        // Step 2.2. The length of the current BYOB request's view, if there is one.
        if controller.get_pending_pull_intos_size() > 0
            && let Ok(Some(request)) = controller.get_byob_request(cx)
        {
            let length = request.get_view().byte_length();
            return u32::try_from(length).unwrap_or(u32::MAX).max(1);
        }
        // Step 2.1. Else the room up to the high water mark, and never nothing (decision AMB-07).
        match controller.get_desired_size() {
            Some(size) if size >= 1.0 => size as u32,
            _ => TCP_READABLE_HIGH_WATER_MARK,
        }
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

    /// Step 2.3.2 of the pull algorithm: the task for the result of a read. The three outcomes exclude each other
    /// (decision AMB-06).
    pub(super) fn handle_read(&self, cx: &mut JSContext, result: ReadResult) {
        // The late result of a read that was cancelled.
        if !self.core.read_side_open.get() || !self.core.read_outstanding.replace(false) {
            return;
        }
        let Some(readable) = self.core.readable.get() else {
            return;
        };
        match result {
            // Step 2.3.2.1. The peer has closed its side.
            ReadResult::End => {
                self.core.read_side_open.set(false);
                Self::close_stream(cx, &readable);
                self.handle_closing_the_tcpsocket_readable_stream();
            },
            // Step 2.3.2.2. There are bytes.
            ReadResult::Data(bytes) => Self::enqueue(cx, &readable, bytes.into_vec()),
            // Step 2.3.2.3. The OS reports an error.
            ReadResult::Error(error) => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
            },
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

    /// Steps 2.3.2.2.1 to 2.3.2.2.3 of the pull algorithm.
    fn enqueue(cx: &mut JSContext, readable: &ReadableStream, bytes: Vec<u8>) {
        if !readable.is_readable() || bytes.is_empty() {
            return;
        }
        let controller = readable.get_byte_controller();
        // Step 2.3.2.2.1. Into the view of the current BYOB request, if it is long enough (decision AMB-09), and if
        // somebody still waits with it: the view of a reader that was released is no place for what another waits for.
        if readable.has_byob_reader()
            && readable.get_num_read_into_requests() > 0
            && controller.get_pending_pull_intos_size() > 0
            && let Ok(Some(request)) = controller.get_byob_request(cx)
        {
            let view = request.get_view();
            if view.byte_length() >= bytes.len()
                && let Ok(mut array) = view.get_typed_array()
                && let Some(memory) = array.as_mut_slice_safe(cx.no_gc())
                && let Some(memory) = memory.get_mut(..bytes.len())
            {
                memory.copy_from_slice(&bytes);
                let _ = controller.respond(cx, bytes.len() as u64);
                return;
            }
        }
        // Steps 2.3.2.2.2 and 2.3.2.2.3. Else enqueue a new Uint8Array; Streams fills a shorter view from it.
        readable.enqueue_native(cx, bytes);
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
