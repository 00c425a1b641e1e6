/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The writable side of a [`TCPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>.

use direct_sockets_traits::{SocketRequest, WriteResult};
use js::context::JSContext;
use js::jsval::UndefinedValue;
use js::rust::HandleValue;

use super::{Side, TCPSocket};
use crate::dom::bindings::codegen::Bindings::AbortSignalBinding::AbortSignalMethods;
use crate::dom::bindings::codegen::Bindings::WritableStreamDefaultControllerBinding::WritableStreamDefaultControllerMethods;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::directsockets::buffersource::copy_of_buffer_source;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise, TracedPromise};

/// Which of the sink's algorithms is waiting for the OS.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
pub(super) enum WriteOperationKind {
    Write,
    Abort,
    Close,
}

/// An algorithm of the sink that is waiting for the OS, and the promise that it returned.
#[derive(JSTraceable, MallocSizeOf)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(super) struct WriteOperation {
    kind: WriteOperationKind,
    promise: TracedPromise,
}

impl TCPSocket {
    fn begin_write_operation(&self, kind: WriteOperationKind, promise: &RootedPromise) {
        *self.write_operation.borrow_mut() = Some(WriteOperation {
            kind,
            promise: promise.to_traced(),
        });
    }

    /// The promise of the operation that waits, if it is one of these kinds; it waits no more.
    fn take_write_operation(
        &self,
        cx: &JSContext,
        kinds: &[WriteOperationKind],
    ) -> Option<(WriteOperationKind, RootedPromise)> {
        let mut operation = self.write_operation.borrow_mut();
        let waiting = operation.as_ref()?;
        if !kinds.contains(&waiting.kind) {
            return None;
        }
        let result = (waiting.kind, waiting.promise.root(cx));
        *operation = None;
        Some(result)
    }

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
            Err(error) => {
                promise.reject_error(cx, error);
                // The stream is errored now, and nothing would ever close the socket (decision AMB-14).
                self.end_write_side();
                self.update_liveness();
                return promise;
            },
        };
        // Step 3.5. Have the OS write them, in parallel.
        self.begin_write_operation(WriteOperationKind::Write, &promise);
        if let Some(connection) = &self.handle.connection {
            connection.write(self.handle.id, bytes);
        }
        self.update_liveness();
        // Step 3.6. Return the promise.
        promise
    }

    /// Step 3.5.2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: the task for
    /// the result of a write. Exactly one of three holds (decision AMB-16).
    pub(super) fn handle_written(&self, cx: &mut JSContext, result: WriteResult) {
        let Some((_, promise)) = self.take_write_operation(cx, &[WriteOperationKind::Write]) else {
            return;
        };
        match result {
            // Step 3.5.2.1. The chunk was written.
            WriteResult::Done => promise.resolve_native(cx, &()),
            // Step 3.5.2.2. The OS reports an error.
            WriteResult::Error(error) => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                promise.reject(cx, exception.handle());
                self.end_write_side();
            },
            // Step 3.5.2.3. An abort came first.
            WriteResult::Interrupted => self.reject_with_abort_reason(cx, &promise),
        }
    }

    fn reject_with_abort_reason(&self, cx: &mut JSContext, promise: &RootedPromise) {
        rooted!(&in(cx) let mut reason = UndefinedValue());
        if let Some(writable) = self.writable.get() {
            writable
                .get_default_controller()
                .Signal()
                .Reason(reason.handle_mut());
        }
        promise.reject(cx, reason.handle());
    }

    /// Step 7.1 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: have a write
    /// return as soon as possible.
    pub(crate) fn interrupt_write(&self) {
        let writing = self
            .write_operation
            .borrow()
            .as_ref()
            .is_some_and(|operation| operation.kind == WriteOperationKind::Write);
        if writing && let Some(connection) = &self.handle.connection {
            connection.interrupt_write(self.handle.id);
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
        self.begin_write_operation(kind, &promise);
        self.handle
            .send(SocketRequest::ShutdownWrite { id: self.handle.id });
        self.update_liveness();
        // Steps 4.3 and 5.3. Return the promise.
        promise
    }

    /// Steps 4.2.2 and 5.2.2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>:
    /// the task for a finished shutdown.
    pub(super) fn handle_write_shutdown(&self, cx: &mut JSContext) {
        let Some((kind, promise)) =
            self.take_write_operation(cx, &[WriteOperationKind::Abort, WriteOperationKind::Close])
        else {
            return;
        };
        // Steps 4.2.2.1 and 5.2.2.1. The write side has ended.
        self.end_write_side();
        // Step 5.2.2.2. A close that was overtaken by an abort has failed (decision AMB-19).
        let aborted = self
            .writable
            .get()
            .is_some_and(|writable| writable.get_default_controller().Signal().aborted());
        if kind == WriteOperationKind::Close && aborted {
            self.reject_with_abort_reason(cx, &promise);
            return;
        }
        // Steps 4.2.2.2 and 5.2.2.3. It is done.
        promise.resolve_native(cx, &());
    }

    /// The write side ends with an error that concerns whatever the stream is doing.
    pub(super) fn end_write_side_with_error(&self, cx: &mut JSContext, error: HandleValue) {
        if !self.write_side_open.get() {
            return;
        }
        let waiting = self.take_write_operation(
            cx,
            &[
                WriteOperationKind::Write,
                WriteOperationKind::Abort,
                WriteOperationKind::Close,
            ],
        );
        match waiting {
            // Streams errors the stream with what the algorithm's promise is rejected with.
            Some((_, promise)) => promise.reject(cx, error),
            None => {
                if let Some(writable) = self.writable.get() {
                    writable
                        .get_default_controller()
                        .error_if_needed(cx, error, &self.global());
                }
            },
        }
        self.end_write_side();
    }

    /// The write side has ended.
    fn end_write_side(&self) {
        if self.write_side_open.replace(false) {
            self.handle_closing_the_tcpsocket_writable_stream();
        }
    }

    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-writable-stream>
    fn handle_closing_the_tcpsocket_writable_stream(&self) {
        self.handle_closing(Side::Writable);
    }
}
