/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the writable sides of TCPSocket and UDPSocket have in common: one operation at a time, and the ways in
//! which it and the side end.

use direct_sockets_traits::{SocketError, WriteResult};
use js::context::JSContext;
use js::jsval::UndefinedValue;
use js::rust::{HandleValue, MutableHandleValue};

use crate::dom::abortsignal::AbortAlgorithm;
use crate::dom::bindings::codegen::Bindings::AbortSignalBinding::AbortSignalMethods;
use crate::dom::bindings::codegen::Bindings::QueuingStrategyBinding::QueuingStrategy;
use crate::dom::bindings::codegen::Bindings::WritableStreamDefaultControllerBinding::WritableStreamDefaultControllerMethods;
use crate::dom::bindings::error::{Error, Fallible};
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::DomRoot;
use crate::dom::countqueuingstrategy::extract_size_algorithm;
use crate::dom::directsockets::sink::DirectSocketSink;
use crate::dom::directsockets::socketcore::{DirectSocket, Side, SocketCore};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise, TracedPromise};
use crate::dom::stream::writablestream::create_writable_stream;
use crate::dom::stream::writablestreamdefaultcontroller::UnderlyingSinkType;
use crate::dom::writablestream::WritableStream;

/// Which of the sink's algorithms is waiting for the OS.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
pub(crate) enum WriteOperationKind {
    Write,
    Abort,
    Close,
}

/// An algorithm of the sink that is waiting for the OS, and the promise that it returned. A write has none.
#[derive(JSTraceable, MallocSizeOf)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) struct WriteOperation {
    kind: WriteOperationKind,
    promise: Option<TracedPromise>,
}

impl SocketCore {
    /// A write waits for the OS.
    pub(crate) fn begin_write(&self) {
        *self.write_operation.borrow_mut() = Some(WriteOperation {
            kind: WriteOperationKind::Write,
            promise: None,
        });
    }

    /// A write waits no more; whether one did.
    fn end_write(&self) -> bool {
        let mut operation = self.write_operation.borrow_mut();
        let is_write =
            matches!(&*operation, Some(operation) if operation.kind == WriteOperationKind::Write);
        if is_write {
            *operation = None;
        }
        is_write
    }

    /// An abort or a close waits for the OS.
    pub(crate) fn begin_write_operation(&self, kind: WriteOperationKind, promise: &RootedPromise) {
        *self.write_operation.borrow_mut() = Some(WriteOperation {
            kind,
            promise: Some(promise.to_traced()),
        });
    }

    /// The promise of the abort or the close that waits, if one does; it waits no more.
    pub(crate) fn take_write_operation(
        &self,
        cx: &JSContext,
    ) -> Option<(WriteOperationKind, RootedPromise)> {
        let mut operation = self.write_operation.borrow_mut();
        let waiting = operation.as_ref()?;
        let result = (waiting.kind, waiting.promise.as_ref()?.root(cx));
        *operation = None;
        Some(result)
    }

    /// Whether the abort algorithm waits for the OS.
    pub(crate) fn is_aborting(&self) -> bool {
        let operation = self.write_operation.borrow();
        matches!(&*operation, Some(operation) if operation.kind == WriteOperationKind::Abort)
    }

    /// Whether the signal of the writable is aborted.
    pub(crate) fn is_aborted(&self) -> bool {
        self.writable
            .get()
            .is_some_and(|writable| writable.get_default_controller().Signal().aborted())
    }

    /// The reason of that abort.
    fn abort_reason(&self, reason: MutableHandleValue) {
        if let Some(writable) = self.writable.get() {
            writable.get_default_controller().Signal().Reason(reason);
        }
    }

    pub(crate) fn reject_with_abort_reason(&self, cx: &mut JSContext, promise: &RootedPromise) {
        rooted!(&in(cx) let mut reason = UndefinedValue());
        self.abort_reason(reason.handle_mut());
        promise.reject(cx, reason.handle());
    }

    /// Step 7.1 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>: have a write
    /// return as soon as possible.
    ///
    /// Whether a chunk was waiting for room in its ring: then nothing more is said about it, and its promise has to be
    /// settled.
    pub(crate) fn interrupt_write(&self) -> bool {
        let kind = self
            .write_operation
            .borrow()
            .as_ref()
            .map(|operation| operation.kind);
        match (kind, &self.handle.connection) {
            // A close waits for the OS however long it takes; once it is aborted, not for ever.
            (Some(WriteOperationKind::Write | WriteOperationKind::Close), Some(connection)) => {
                connection.interrupt_write(self.handle.id)
            },
            _ => false,
        }
    }
}

/// What sockets with a writable do alike.
pub(crate) trait WriteSide: DirectSocket {
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>, and
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>, which has the same steps.
    fn initialize_writable_stream(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        sink: DirectSocketSink,
        high_water_mark: u32,
    ) -> Fallible<DomRoot<WritableStream>> {
        // Step 1. Make a stream.
        // Steps 3 to 5 are the algorithms of `DirectSocketSink`.
        // Step 6. Set it up with them.
        let size_algorithm = extract_size_algorithm(cx, &QueuingStrategy::empty());
        let stream = create_writable_stream(
            cx,
            global,
            high_water_mark.into(),
            size_algorithm,
            UnderlyingSinkType::DirectSocket(sink.clone()),
        )?;
        // Step 2. Take its signal, which exists only now (decision AMB-17).
        // Step 7. Have the signal interrupt a write.
        let signal = stream.get_default_controller().Signal();
        signal.add(&AbortAlgorithm::DirectSocketWrite(sink));
        // Step 8. Keep the stream.
        self.core().writable.set(Some(&stream));
        Ok(stream)
    }

    /// A chunk is refused: step 3.4 of
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>.
    fn refuse_chunk(&self, cx: &mut JSContext, error: Error) -> RootedPromise {
        let promise = Promise::new(cx, &self.global());
        promise.reject_error(cx, error);
        // The stream is errored now, and nothing would ever close the socket (decision AMB-14).
        self.end_write_side();
        self.update_liveness();
        promise
    }

    /// Step 3.5.2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream> and 3.8.2 of
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>: the task for the result of a
    /// write. Exactly one of three holds (decision AMB-16).
    fn handle_written(&self, cx: &mut JSContext, result: WriteResult) {
        let core = self.core();
        if !core.end_write() {
            return;
        }
        match result {
            // Step 3.5.2.1. The chunk was written.
            WriteResult::Done => {
                if let Some(writable) = core.writable.get() {
                    writable
                        .get_default_controller()
                        .handle_write_fulfilled(cx, &self.global());
                }
            },
            // Step 3.5.2.2. The OS reports an error.
            WriteResult::Error(error) => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_write_side();
                self.fail_write(cx, exception.handle());
            },
            // Step 3.5.2.3. An abort came first.
            WriteResult::Interrupted => {
                rooted!(&in(cx) let mut reason = UndefinedValue());
                core.abort_reason(reason.handle_mut());
                self.fail_write(cx, reason.handle());
            },
        }
    }

    /// The write that was waiting for the OS has failed. Streams may go on with the abort algorithm at once.
    fn fail_write(&self, cx: &mut JSContext, reason: HandleValue) {
        if let Some(writable) = self.core().writable.get() {
            writable
                .get_default_controller()
                .handle_write_rejected(cx, &self.global(), reason);
        }
    }

    /// The OS has reported an error to what was in the ring: the stream is errored at once, whatever it is doing.
    fn handle_write_failed(&self, cx: &mut JSContext, error: SocketError) {
        let core = self.core();
        // An abort is under way, or has ended the side: it ends as it would have, and `closed` knows that something is
        // lost.
        if core.is_aborting() || !core.write_side_open.get() {
            core.is_incomplete.set(true);
            return;
        }
        rooted!(&in(cx) let mut exception = UndefinedValue());
        self.create_exception(cx, error, exception.handle_mut());
        self.end_write_side_with_error(cx, exception.handle());
    }

    /// The write side ends with an error that concerns whatever the stream is doing.
    fn end_write_side_with_error(&self, cx: &mut JSContext, error: HandleValue) {
        let core = self.core();
        if !core.write_side_open.get() {
            return;
        }
        if core.end_write() {
            self.end_write_side();
            return self.fail_write(cx, error);
        }
        match core.take_write_operation(cx) {
            // Streams errors the stream with what the algorithm's promise is rejected with.
            Some((_, promise)) => promise.reject(cx, error),
            None => {
                if let Some(writable) = core.writable.get() {
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
        if self.core().write_side_open.replace(false) {
            self.handle_closing(Side::Writable);
        }
    }

    /// The abort and the close algorithm of a socket that has nothing to tell the OS (decision AMB-61).
    fn end_write_side_at_once(&self, cx: &mut JSContext, global: &GlobalScope) -> RootedPromise {
        self.end_write_side();
        self.update_liveness();
        Promise::new_resolved(cx, global, ())
    }
}

impl<T: DirectSocket> WriteSide for T {}
