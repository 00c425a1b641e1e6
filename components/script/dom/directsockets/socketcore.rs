/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What the three interfaces have in common: opening, closing, and settling their promises exactly once.
//!
//! Steps are those of TCPSocket where only one interface is named; the others have the same ones.

use std::cell::Cell;
use std::sync::Arc;

use direct_sockets_trace::page;
use direct_sockets_traits::{
    DomExceptionName, Handover, SocketError, SocketEvent, SocketRequest, WriteResult,
};
use js::context::JSContext;
use js::jsapi::{Heap, Value};
use js::jsval::UndefinedValue;
use js::realm::CurrentRealm;
use js::rust::{HandleValue, MutableHandleValue};
use script_bindings::cell::DomRefCell;
use script_bindings::reflector::DomObject;

use crate::dom::bindings::error::{Error, ErrorToJsval};
use crate::dom::bindings::refcounted::Trusted;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::MutNullableDom;
use crate::dom::directsockets::anysocket::{PinnedSocket, SocketKind, WeakSocket};
use crate::dom::directsockets::connection::Connection;
use crate::dom::directsockets::directsocketsclient::DirectSocketsClient;
use crate::dom::directsockets::sockethandle::SocketHandle;
use crate::dom::directsockets::writeside::{WriteOperation, WriteSide};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise, TracedPromise};
use crate::dom::readablestream::ReadableStream;
use crate::dom::writablestream::WritableStream;
use crate::realms::enter_auto_realm;

/// Where a socket is in its life. It only moves downwards in this list.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
pub(crate) enum SocketState {
    /// The constructor has returned, the OS has not answered.
    Opening,
    /// `opened` is fulfilled, and a side of the socket is open.
    Open,
    /// Neither side is open: the OS socket is being closed, `closed` is pending.
    Closing,
    /// `closed` is settled, or opening failed.
    Closed,
}

/// One direction of a socket. A server has only the first.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
pub(crate) enum Side {
    Readable,
    Writable,
}

/// The state that every socket has. A field of each of the three.
#[derive(JSTraceable, MallocSizeOf)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) struct SocketCore {
    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-readable-slot>
    pub(crate) readable: MutNullableDom<ReadableStream>,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-writable-slot>. Never set for a server.
    pub(crate) writable: MutNullableDom<WritableStream>,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-openedpromise-slot>
    opened_promise: TracedPromise,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-closedpromise-slot>
    closed_promise: TracedPromise,

    pub(crate) state: Cell<SocketState>,

    /// Whether the readable is "active" (decision AMB-01).
    pub(crate) read_side_open: Cell<bool>,

    /// Whether net owes the answer to a read, a batch or an accept. At most one is outstanding (decision AMB-08).
    pub(crate) read_outstanding: Cell<bool>,

    /// The error that ended the read side, if [`Self::has_read_error`].
    #[ignore_malloc_size_of = "mozjs"]
    pub(crate) read_error: Heap<Value>,
    pub(crate) has_read_error: Cell<bool>,

    /// Whether the writable is "active" (decision AMB-01).
    pub(crate) write_side_open: Cell<bool>,

    /// What the writable is waiting for. Streams ask for one thing at a time.
    pub(crate) write_operation: DomRefCell<Option<WriteOperation>>,

    /// Whether the writable was aborted by `close()`, which is no error (decision AMB-03).
    aborted_by_close: Cell<bool>,

    /// Whether bytes that were reported as written are known to be lost: `closed` says so, if no error does.
    pub(crate) is_incomplete: Cell<bool>,

    /// Whether net has been asked to close the OS socket.
    close_requested: Cell<bool>,

    /// Whether [`DirectSocketsClient::pin`] keeps this alive.
    is_pinned: Cell<bool>,

    /// The side whose end closed the socket. Its handler asks for the other side's error first
    /// (decision AMB-29).
    closed_by: Cell<Option<Side>>,

    #[no_trace]
    #[ignore_malloc_size_of = "Arc"]
    pub(crate) handle: SocketHandle,
}

impl SocketCore {
    pub(crate) fn new(cx: &mut JSContext, global: &GlobalScope, handle: SocketHandle) -> Self {
        let opened_promise = Promise::new(cx, global);
        let closed_promise = Promise::new(cx, global);
        // A page that looks only at `opened` is not told about `closed` (decision AMB-25).
        closed_promise.set_promise_is_handled(cx);
        Self {
            readable: Default::default(),
            writable: Default::default(),
            opened_promise: opened_promise.to_traced(),
            closed_promise: closed_promise.to_traced(),
            state: Cell::new(SocketState::Opening),
            read_side_open: Cell::new(false),
            read_outstanding: Cell::new(false),
            read_error: Default::default(),
            has_read_error: Cell::new(false),
            write_side_open: Cell::new(false),
            write_operation: Default::default(),
            aborted_by_close: Cell::new(false),
            is_incomplete: Cell::new(false),
            close_requested: Cell::new(false),
            is_pinned: Cell::new(false),
            closed_by: Cell::new(None),
            handle,
        }
    }

    /// Whether this socket's channel to net is `connection`.
    pub(crate) fn uses(&self, connection: &Arc<Connection>) -> bool {
        self.handle
            .connection
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, connection))
    }

    pub(crate) fn opened(&self, cx: &JSContext) -> RootedPromise {
        self.opened_promise.root(cx)
    }

    pub(crate) fn closed(&self, cx: &JSContext) -> RootedPromise {
        self.closed_promise.root(cx)
    }

    /// To be resolved in the last step of opening.
    pub(crate) fn opened_promise(&self) -> &TracedPromise {
        &self.opened_promise
    }

    /// Whether the readable counts as errored, and the error (decisions AMB-02 and AMB-85).
    fn readable_error(&self, mut rval: MutableHandleValue) -> bool {
        if self.has_read_error.get() {
            rval.set(self.read_error.get());
            return true;
        }
        // An error that Streams made of the end of the stream (decision AMB-11).
        let Some(readable) = self.readable.get() else {
            return false;
        };
        if !readable.is_errored() {
            return false;
        }
        readable.get_stored_error(rval);
        true
    }

    /// Whether the writable counts as errored, and the error. An abort by the page counts (decision AMB-04), the
    /// one that `close()` makes does not (decision AMB-03).
    fn writable_error(&self, rval: MutableHandleValue) -> bool {
        let Some(writable) = self.writable.get() else {
            return false;
        };
        if self.aborted_by_close.get() || !(writable.is_errored() || writable.is_erroring()) {
            return false;
        }
        writable.get_stored_error(rval);
        true
    }

    /// The read side has ended with an error, which decides how `closed` settles. False if it had ended before.
    pub(crate) fn record_read_error(&self, error: HandleValue) -> bool {
        if !self.read_side_open.replace(false) {
            return false;
        }
        self.read_outstanding.set(false);
        self.read_error.set(error.get());
        self.has_read_error.set(true);
        true
    }

    /// Have net close the OS socket, if it has not been asked to.
    pub(crate) fn request_close(&self) {
        if !self.close_requested.replace(true) {
            let _hop = self.handle.hop(&page::CLOSE);
            self.handle.close();
        }
    }

    /// Whether somebody waits for what the outstanding read brings.
    fn has_waiting_read(&self) -> bool {
        if self.state.get() != SocketState::Open || !self.read_outstanding.get() {
            return false;
        }
        let Some(readable) = self.readable.get() else {
            return false;
        };
        (readable.has_default_reader() && readable.get_num_read_requests() > 0)
            || (readable.has_byob_reader() && readable.get_num_read_into_requests() > 0)
    }
}

/// What the three interfaces do alike.
pub(crate) trait DirectSocket: DomObject + Sized {
    const KIND: SocketKind;

    /// Whether `closed` rejects when a stream is errored. A server's never does (decision AMB-30).
    const CLOSED_REJECTS: bool = true;

    fn core(&self) -> &SocketCore;

    fn weak(&self) -> WeakSocket;

    fn pinned(&self) -> PinnedSocket;

    /// The steps of the task for one event that only this interface gets.
    fn handle_own_event(&self, cx: &mut JSContext, event: SocketEvent);

    /// A write has ended so.
    fn note_written(&self, _result: WriteResult) {}

    /// Nothing happens to this socket any more: let go of what it shares with net.
    fn let_go(&self) {}

    /// Error the readable with what [`SocketCore::record_read_error`] has recorded.
    fn error_readable(&self, cx: &mut JSContext);

    /// Step 5.1 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>: have the OS open the
    /// socket, in parallel. An error that is known already is reported like one of the OS.
    fn open(&self, global: &GlobalScope, request: Result<SocketRequest, SocketError>) {
        let handle = &self.core().handle;
        let _hop = handle.hop(&page::OPEN);
        let client = global.direct_sockets();
        client.register(handle.id, self.weak());
        client.pin(handle.id, self.pinned());
        self.core().is_pinned.set(true);
        let error = match (request, &handle.connection) {
            (Ok(request), Some(_)) => {
                handle.live.set(true);
                handle.send(request);
                return;
            },
            (Err(error), _) => error,
            (_, None) => SocketError::NetProcessUnavailable,
        };
        self.queue_event(global, SocketEvent::OpenFailed(error));
    }

    /// Queue a task for an event that does not come from net.
    fn queue_event(&self, global: &GlobalScope, event: SocketEvent) {
        let core = self.core();
        let handle = &core.handle;
        let mut event = event;
        // A socket that works gets it in order with what comes from net, if anybody can see what it does then: what the
        // page can observe keeps the socket alive. One that is closing may be forgotten before its turn comes.
        let works = matches!(core.state.get(), SocketState::Opening | SocketState::Open);
        if works
            && handle.live.get()
            && let Some(connection) = &handle.connection
        {
            match connection.queue(Self::KIND, handle.id, event) {
                Ok(Some(kind)) => {
                    return global.direct_sockets().queue_task(global, connection, kind);
                },
                Ok(None) => return,
                Err(unused) => event = unused,
            }
        }
        let socket = Trusted::new(self);
        Self::KIND
            .task_source(global)
            .queue(task!(direct_socket_own_event: move |cx| {
                let socket = socket.root();
                DirectSocketsClient::run_task(cx, &socket.global(), |cx| {
                    socket.handle_event(cx, event);
                });
            }));
    }

    /// Run the steps of the task for one event.
    fn handle_event(&self, cx: &mut JSContext, event: SocketEvent) {
        let mut realm = enter_auto_realm(cx, self);
        let cx = &mut *realm;
        match event {
            SocketEvent::OpenFailed(error) => self.handle_open_failed(cx, error),
            SocketEvent::Written(result) => {
                self.note_written(result);
                self.handle_written(cx, result);
            },
            SocketEvent::WriteFailed(error) => self.handle_write_failed(cx, error),
            SocketEvent::Closed(handover) => {
                self.let_go();
                self.note_handover(handover);
                self.settle_closed(cx);
            },
            event => self.handle_own_event(cx, event),
        }
        self.update_liveness();
    }

    /// Run the steps of the task for the loss of net (decision AMB-81): an error of the OS in every pending
    /// operation.
    fn handle_loss(&self, cx: &mut JSContext, error: SocketError) {
        let mut realm = enter_auto_realm(cx, self);
        let cx = &mut *realm;
        let core = self.core();
        core.handle.live.set(false);
        let connection = core.handle.connection.as_ref();
        if connection.is_some_and(|connection| connection.has_unsent(core.handle.id)) {
            core.is_incomplete.set(true);
        }
        match core.state.get() {
            SocketState::Opening => self.handle_open_failed(cx, error),
            SocketState::Open => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
                self.end_write_side_with_error(cx, exception.handle());
                // `Close` could not be sent; the task that its answer would have queued is queued here.
                self.queue_event(&self.global(), SocketEvent::Closed(Handover::Complete));
            },
            SocketState::Closing => {
                self.queue_event(&self.global(), SocketEvent::Closed(Handover::Complete));
            },
            SocketState::Closed => {},
        }
        self.update_liveness();
    }

    /// The DOMException for an error of the OS.
    fn create_exception(&self, cx: &mut JSContext, error: SocketError, rval: MutableHandleValue) {
        let message = Some(error.to_string());
        match error.dom_exception_name() {
            DomExceptionName::NetworkError => Error::Network(message),
            DomExceptionName::NotAllowedError => Error::NotAllowed(message),
        }
        .to_jsval(cx, &self.global(), rval);
    }

    /// Step 5.2 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>
    fn handle_open_failed(&self, cx: &mut JSContext, error: SocketError) {
        let core = self.core();
        if core.state.get() != SocketState::Opening {
            return;
        }
        core.state.set(SocketState::Closed);
        core.handle.live.set(false);
        self.global().direct_sockets().forget(core.handle.id);
        // One exception for both promises (decision AMB-26).
        rooted!(&in(cx) let mut exception = UndefinedValue());
        self.create_exception(cx, error, exception.handle_mut());
        // Step 5.2.1. Reject `opened`,
        core.opened_promise.reject(cx, exception.handle());
        // Step 5.2.2. then `closed`.
        core.closed_promise.reject(cx, exception.handle());
    }

    /// The streams could not be made, which is only reached when the engine is out of memory: the socket is of no
    /// use without them.
    fn fail_without_streams(&self, cx: &mut JSContext) {
        let core = self.core();
        core.state.set(SocketState::Opening);
        core.handle.abandon();
        self.handle_open_failed(cx, SocketError::OutOfBuffers);
    }

    /// A read that the readable asks for has begun. False if one is outstanding already, or the side has ended: its
    /// completion makes Streams look again (decision AMB-08).
    fn begin_read(&self) -> bool {
        let core = self.core();
        core.read_side_open.get() && !core.read_outstanding.replace(true)
    }

    /// The cancel algorithm of the readable: step 3 of
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-readable-stream>.
    fn cancel_readable(&self, cx: &mut JSContext, global: &GlobalScope) -> RootedPromise {
        let core = self.core();
        if core.read_side_open.replace(false) {
            // The result of a read that is outstanding is dropped (decision AMB-12).
            core.read_outstanding.set(false);
            core.handle
                .send(SocketRequest::CancelRead { id: core.handle.id });
        }
        // Step 3.1. Close the socket if nobody can write to it either.
        self.handle_closing(Side::Readable);
        self.update_liveness();
        // Step 3.2. Nobody waits for the OS.
        Promise::new_resolved(cx, global, ())
    }

    /// The read side ends with an error.
    fn end_read_side_with_error(&self, cx: &mut JSContext, error: HandleValue) {
        if !self.core().record_read_error(error) {
            return;
        }
        self.error_readable(cx);
        self.handle_closing(Side::Readable);
    }

    /// A side has ended. Close the socket if it was the last one: steps 1 and 2.1 of
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-readable-stream>,
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-writable-stream>, and those of the
    /// other interfaces.
    ///
    /// Runs to its end once a socket (decision AMB-13).
    fn handle_closing(&self, side: Side) {
        let core = self.core();
        // Step 1. While the other side is active there is nothing to do.
        if core.state.get() != SocketState::Open
            || core.read_side_open.get()
            || core.write_side_open.get()
        {
            return;
        }
        core.state.set(SocketState::Closing);
        core.closed_by.set(Some(side));
        // Step 2.1. Have the OS close the socket. The answer queues the task of step 2.2.
        core.request_close();
    }

    /// What net says of the bytes that were reported as written.
    fn note_handover(&self, handover: Handover) {
        if handover == Handover::Incomplete {
            self.core().is_incomplete.set(true);
        }
    }

    /// Step 2.2 of the steps that [`Self::handle_closing`] begins: settle `closed`.
    fn settle_closed(&self, cx: &mut JSContext) {
        let core = self.core();
        if core.state.get() != SocketState::Closing {
            return;
        }
        core.state.set(SocketState::Closed);
        core.handle.live.set(false);
        self.let_go();
        self.global().direct_sockets().forget(core.handle.id);
        // The handler of one side asks for the other side's error first, then for its own.
        let order = match core.closed_by.get() {
            Some(Side::Readable) => [Side::Writable, Side::Readable],
            _ => [Side::Readable, Side::Writable],
        };
        rooted!(&in(cx) let mut error = UndefinedValue());
        for side in order {
            let errored = match side {
                Side::Readable => core.readable_error(error.handle_mut()),
                Side::Writable => core.writable_error(error.handle_mut()),
            };
            if errored && Self::CLOSED_REJECTS {
                core.closed_promise.reject(cx, error.handle());
                return;
            }
        }
        if core.is_incomplete.get() {
            self.create_exception(cx, SocketError::NotHandedOver, error.handle_mut());
            core.closed_promise.reject(cx, error.handle());
            return;
        }
        core.closed_promise.resolve_native(cx, &());
    }

    /// Keep the socket alive while something is outstanding that the page can observe, and no longer
    /// (decision AMB-79).
    fn update_liveness(&self) {
        let core = self.core();
        let outstanding = match core.state.get() {
            SocketState::Opening | SocketState::Closing => true,
            SocketState::Open => core.write_operation.borrow().is_some() || core.has_waiting_read(),
            SocketState::Closed => false,
        };
        let pins = outstanding && core.handle.live.get();
        if core.is_pinned.replace(pins) == pins {
            return;
        }
        let global = self.global();
        let client = global.direct_sockets();
        if pins {
            client.pin(core.handle.id, self.pinned());
        } else {
            client.unpin(core.handle.id);
        }
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-close>,
    /// <https://wicg.github.io/direct-sockets/#dom-udpsocket-close> and
    /// <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-close>, which has no steps for a writable.
    fn close(&self, realm: &mut CurrentRealm) -> RootedPromise {
        let global = self.global();
        let core = self.core();
        // Step 1. A socket that is not open yet, or never opened, cannot be closed.
        let Some(readable) = core.readable.get() else {
            return self.rejected_with_invalid_state(realm, "The socket is not open.");
        };
        let writable = core.writable.get();
        // Step 2. One that is closed already stays so.
        if core.closed_promise.is_fulfilled() {
            return core.closed_promise.root(realm);
        }
        // Step 3. One that somebody reads from or writes to is theirs.
        if readable.is_locked()
            || writable
                .as_ref()
                .is_some_and(|writable| writable.is_locked())
        {
            return self
                .rejected_with_invalid_state(realm, "A stream of the socket is locked: release its \
                                                     reader or writer, or cancel and abort through them.");
        }
        // One reason for both streams (decision AMB-05).
        rooted!(&in(realm) let mut reason = UndefinedValue());
        Error::Abort(Some("The socket was closed.".to_owned())).to_jsval(
            realm,
            &global,
            reason.handle_mut(),
        );
        // Steps 4 and 5. Cancel the readable, and let nobody hear of it if that fails.
        let cancel_promise = readable.cancel(realm, &global, reason.handle());
        cancel_promise.set_promise_is_handled(realm);
        // Steps 6 and 7. Abort the writable likewise. An earlier error stays one (decision AMB-03).
        if let Some(writable) = writable {
            if !writable.is_errored() && !writable.is_erroring() {
                core.aborted_by_close.set(true);
            }
            let abort_promise = writable.abort(realm, &global, reason.handle());
            abort_promise.set_promise_is_handled(realm);
        }
        // Step 8. The socket has closed when `closed` says so.
        core.closed_promise.root(realm)
    }

    fn rejected_with_invalid_state(&self, cx: &mut JSContext, message: &str) -> RootedPromise {
        let promise = Promise::new(cx, &self.global());
        promise.reject_error(cx, Error::InvalidState(Some(message.to_owned())));
        promise
    }
}
