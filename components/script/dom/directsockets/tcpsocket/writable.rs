/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The writable side of a [`TCPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>.

use direct_sockets_trace::page;
use direct_sockets_traits::{Handover, SocketEvent, SocketRequest, WriteResult};
use js::context::JSContext;
use js::rust::HandleValue;

use super::TCPSocket;
use crate::dom::bindings::buffer_source::get_buffer_source_slice;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::directsockets::buffersource::convert_buffer_source;
use crate::dom::directsockets::rings::{Chunk, Written};
use crate::dom::directsockets::socketcore::DirectSocket;
use crate::dom::directsockets::writeside::{WriteOperationKind, WriteSide};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise};

impl TCPSocket {
    /// Step 3 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: the write
    /// algorithm.
    pub(crate) fn write_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        chunk: HandleValue,
    ) -> Option<RootedPromise> {
        let _hop = self.core().handle.hop(&page::WRITE);
        // Step 3.1. The promise is the controller's own write, which ends when the socket says so: nobody else would
        // see it.
        // Step 3.2. The signal is not aborted: Streams stops writing once it is.
        // Steps 3.3 and 3.4. Get a copy of the bytes, or refuse the chunk.
        let source = match convert_buffer_source(cx, chunk) {
            Ok(source) => source,
            Err(error) => return Some(self.refuse_chunk(cx, error)),
        };
        // Step 3.5. Have the OS write them, in parallel. What is in the ring is queued for transmission; an error that
        // comes later errors the stream.
        let core = self.core();
        core.begin_write();
        let written = core.handle.connection.as_ref().map(|connection| {
            let bytes = get_buffer_source_slice(&source, cx.no_gc());
            connection.write(core.handle.id, bytes, Chunk::Bytes)
        });
        match written {
            Some(Written::Now) => {
                self.queue_event(global, SocketEvent::Written(WriteResult::Done));
            },
            Some(Written::Failed(error)) => {
                self.queue_event(global, SocketEvent::WriteFailed(error));
            },
            Some(Written::Later) | None => {},
        }
        self.update_liveness();
        // Step 3.6. There is no promise to return.
        None
    }

    /// The steps that the socket has added to the signal of its writable.
    pub(crate) fn interrupt_write(&self) {
        if self.core().interrupt_write() {
            self.queue_event(
                &self.global(),
                SocketEvent::Written(WriteResult::Interrupted),
            );
        }
    }

    /// Step 4 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: the abort
    /// algorithm.
    pub(crate) fn abort_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.shut_down_for_writing(cx, global, WriteOperationKind::Abort)
    }

    /// Step 5 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: the close
    /// algorithm.
    pub(crate) fn close_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.shut_down_for_writing(cx, global, WriteOperationKind::Close)
    }

    fn shut_down_for_writing(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        kind: WriteOperationKind,
    ) -> RootedPromise {
        // Steps 4.1 and 5.1. Make the promise.
        let promise = Promise::new(cx, global);
        // Steps 4.2.1 and 5.2.1. Have the OS shut the socket down for writing, in parallel.
        let core = self.core();
        core.begin_write_operation(kind, &promise);
        if core.write_side_open.get() {
            if kind == WriteOperationKind::Abort
                && let Some(connection) = &core.handle.connection
            {
                // What was reported as written is still given to the OS, for a while.
                connection.interrupt_write(core.handle.id);
            }
            core.handle
                .send(SocketRequest::ShutdownWrite { id: core.handle.id });
            if kind == WriteOperationKind::Abort && !core.read_side_open.get() {
                // Nothing is left but to close the socket, which the end of this side will ask for: net knows it now,
                // and its two answers come together.
                core.request_close();
            }
        } else {
            // An error or a refused chunk came first, and the OS socket may be gone: there is nothing to shut down
            // (decision AMB-20).
            self.queue_event(global, SocketEvent::WriteShutdown(Handover::Complete));
        }
        self.update_liveness();
        // Steps 4.3 and 5.3. Return the promise.
        promise
    }

    /// Steps 4.2.2 and 5.2.2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>:
    /// the task for a finished shutdown.
    pub(super) fn handle_write_shutdown(&self, cx: &mut JSContext, handover: Handover) {
        let core = self.core();
        self.note_handover(handover);
        let Some((kind, promise)) = core.take_write_operation(cx) else {
            return;
        };
        // Steps 4.2.2.1 and 5.2.2.1. The write side has ended.
        self.end_write_side();
        // Step 5.2.2.2. A close that was overtaken by an abort has failed (decision AMB-19).
        if kind == WriteOperationKind::Close && core.is_aborted() {
            core.reject_with_abort_reason(cx, &promise);
            return;
        }
        // Steps 4.2.2.2 and 5.2.2.3. It is done.
        promise.resolve_native(cx, &());
    }
}
