/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The writable side of a [`TCPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>.

use direct_sockets_traits::{SocketEvent, SocketRequest};
use js::context::JSContext;
use js::rust::HandleValue;

use super::TCPSocket;
use crate::dom::directsockets::buffersource::copy_of_buffer_source;
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
    ) -> RootedPromise {
        // Step 3.1. Make the promise.
        let promise = Promise::new(cx, global);
        // Step 3.2. The signal is not aborted: Streams stops writing once it is.
        // Steps 3.3 and 3.4. Get a copy of the bytes, or refuse the chunk.
        let bytes = match copy_of_buffer_source(cx, chunk) {
            Ok(bytes) => bytes,
            Err(error) => return self.refuse_chunk(cx, promise, error),
        };
        // Step 3.5. Have the OS write them, in parallel.
        let core = self.core();
        core.begin_write_operation(WriteOperationKind::Write, &promise);
        if let Some(connection) = &core.handle.connection {
            connection.write(core.handle.id, bytes);
        }
        self.update_liveness();
        // Step 3.6. Return the promise.
        promise
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
            core.handle
                .send(SocketRequest::ShutdownWrite { id: core.handle.id });
        } else {
            // An error or a refused chunk came first, and the OS socket may be gone: there is nothing to shut down
            // (decision AMB-20).
            self.queue_event(global, SocketEvent::WriteShutdown);
        }
        self.update_liveness();
        // Steps 4.3 and 5.3. Return the promise.
        promise
    }

    /// Steps 4.2.2 and 5.2.2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>:
    /// the task for a finished shutdown.
    pub(super) fn handle_write_shutdown(&self, cx: &mut JSContext) {
        let core = self.core();
        let Some((kind, promise)) =
            core.take_write_operation(cx, &[WriteOperationKind::Abort, WriteOperationKind::Close])
        else {
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
