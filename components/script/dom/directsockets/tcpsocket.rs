/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! <https://wicg.github.io/direct-sockets/#tcpsocket-interface>

use std::cell::Cell;
use std::ffi::CString;
use std::rc::Rc;
use std::sync::Arc;

use direct_sockets_traits::limits::TCP_WRITABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{
    Address, DnsQueryType, DomExceptionName, Host, SocketError, SocketEvent, SocketId,
    SocketRequest, TcpOpen, TcpOptions,
};
use dom_struct::dom_struct;
use js::context::JSContext;
use js::jsapi::{Heap, Value};
use js::jsval::UndefinedValue;
use js::realm::CurrentRealm;
use js::rust::{HandleObject, MutableHandleValue};
use script_bindings::cell::DomRefCell;
use script_bindings::reflector::{Reflector, reflect_weak_referenceable_dom_object_with_proto};

use crate::dom::abortsignal::AbortAlgorithm;
use crate::dom::bindings::codegen::Bindings::QueuingStrategyBinding::QueuingStrategy;
use crate::dom::bindings::codegen::Bindings::TCPSocketBinding::{
    SocketDnsQueryType, TCPSocketMethods, TCPSocketOpenInfo, TCPSocketOptions,
};
use crate::dom::bindings::codegen::Bindings::WritableStreamDefaultControllerBinding::WritableStreamDefaultControllerMethods;
use crate::dom::bindings::error::{Error, ErrorToJsval, Fallible};
use crate::dom::bindings::refcounted::Trusted;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::{Dom, DomRoot, MutNullableDom};
use crate::dom::bindings::str::DOMString;
use crate::dom::countqueuingstrategy::extract_size_algorithm;
use crate::dom::directsockets::allowed_to_use;
use crate::dom::directsockets::connection::Connection;
use crate::dom::directsockets::directsocketsclient::DirectSocketsClient;
use crate::dom::directsockets::sink::DirectSocketSink;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::{Promise, RootedPromise, TracedPromise};
use crate::dom::readablestream::ReadableStream;
use crate::dom::stream::writablestream::create_writable_stream;
use crate::dom::stream::writablestreamdefaultcontroller::UnderlyingSinkType;
use crate::dom::writablestream::WritableStream;
use crate::realms::enter_auto_realm;

mod readable;
mod writable;

use self::writable::WriteOperation;

/// Where a socket is in its life. It only moves downwards in this list.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
enum SocketState {
    /// The constructor has returned, the OS has not answered.
    Opening,
    /// `opened` is fulfilled, and a side of the connection is open.
    Open,
    /// Neither side is open: the OS socket is being closed, `closed` is pending.
    Closing,
    /// `closed` is settled, or opening failed.
    Closed,
}

/// One direction of the connection.
#[derive(Clone, Copy, Debug, Eq, JSTraceable, MallocSizeOf, PartialEq)]
enum Side {
    Readable,
    Writable,
}

/// The net side of a socket. Net closes the OS socket when this is dropped, which happens when the
/// object is collected.
struct SocketHandle {
    id: SocketId,
    /// `None` if there never was one; then opening fails.
    connection: Option<Arc<Connection>>,
    /// Whether net knows this socket.
    live: Cell<bool>,
}

impl SocketHandle {
    fn send(&self, request: SocketRequest) {
        if let Some(connection) = &self.connection {
            connection.send(request);
        }
    }
}

impl Drop for SocketHandle {
    fn drop(&mut self) {
        if self.live.get() {
            self.send(SocketRequest::Abandon { id: self.id });
        }
    }
}

/// <https://wicg.github.io/direct-sockets/#tcpsocket-interface>
#[dom_struct]
pub(crate) struct TCPSocket {
    reflector_: Reflector,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-readable-slot>
    readable: MutNullableDom<ReadableStream>,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-writable-slot>
    writable: MutNullableDom<WritableStream>,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-openedpromise-slot>
    opened_promise: TracedPromise,

    /// <https://wicg.github.io/direct-sockets/#dfn-tcpsocket-closedpromise-slot>
    closed_promise: TracedPromise,

    state: Cell<SocketState>,

    /// Whether the readable is "active" (decision AMB-01).
    read_side_open: Cell<bool>,

    /// Whether net owes the answer to a read. At most one is outstanding (decision AMB-08).
    read_outstanding: Cell<bool>,

    /// The error that ended the read side, if [`Self::has_read_error`].
    #[ignore_malloc_size_of = "mozjs"]
    read_error: Heap<Value>,
    has_read_error: Cell<bool>,

    /// Whether the read error waits for the stream's queue to drain (decision AMB-85).
    read_error_deferred: Cell<bool>,

    /// Whether the writable is "active" (decision AMB-01).
    write_side_open: Cell<bool>,

    /// What the writable is waiting for. Streams ask for one thing at a time.
    write_operation: DomRefCell<Option<WriteOperation>>,

    /// Whether the writable was aborted by [`TCPSocketMethods::Close`], which is no error (decision AMB-03).
    aborted_by_close: Cell<bool>,

    /// The side whose end closed the socket. Its handler asks for the other side's error first
    /// (decision AMB-29).
    closed_by: Cell<Option<Side>>,

    #[no_trace]
    #[ignore_malloc_size_of = "Arc"]
    handle: SocketHandle,
}

impl TCPSocket {
    fn new_inherited(
        opened_promise: &RootedPromise,
        closed_promise: &RootedPromise,
        handle: SocketHandle,
    ) -> Self {
        Self {
            reflector_: Reflector::new(),
            readable: Default::default(),
            writable: Default::default(),
            opened_promise: opened_promise.to_traced(),
            closed_promise: closed_promise.to_traced(),
            state: Cell::new(SocketState::Opening),
            read_side_open: Cell::new(false),
            read_outstanding: Cell::new(false),
            read_error: Default::default(),
            has_read_error: Cell::new(false),
            read_error_deferred: Cell::new(false),
            write_side_open: Cell::new(false),
            write_operation: Default::default(),
            aborted_by_close: Cell::new(false),
            closed_by: Cell::new(None),
            handle,
        }
    }

    fn new(cx: &mut JSContext, global: &GlobalScope, proto: Option<HandleObject>) -> DomRoot<Self> {
        let opened_promise = Promise::new(cx, global);
        let closed_promise = Promise::new(cx, global);
        // A page that looks only at `opened` is not told about `closed` (decision AMB-25).
        closed_promise.set_promise_is_handled(cx);
        let client = global.direct_sockets();
        let handle = SocketHandle {
            id: client.next_id(),
            connection: client.connection(global).ok(),
            live: Cell::new(false),
        };
        reflect_weak_referenceable_dom_object_with_proto(
            cx,
            Rc::new(Self::new_inherited(
                &opened_promise,
                &closed_promise,
                handle,
            )),
            global,
            proto,
        )
    }

    /// Step 5.1 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>: have the OS
    /// open a connection, in parallel.
    fn open(&self, global: &GlobalScope, remote_address: &str, port: u16, options: TcpOptions) {
        let id = self.handle.id;
        let client = global.direct_sockets();
        client.register(id, self);
        client.pin(id, self);
        let error = match (Host::parse(remote_address), &self.handle.connection) {
            (Ok(host), Some(_)) => {
                self.handle.live.set(true);
                self.handle.send(SocketRequest::OpenTcp {
                    id,
                    open: TcpOpen {
                        host,
                        port,
                        options,
                        extras: Default::default(),
                    },
                });
                return;
            },
            (Err(error), _) => error,
            (_, None) => SocketError::NetProcessUnavailable,
        };
        let socket = Trusted::new(self);
        global.task_manager().tcp_socket_task_source().queue(
            task!(direct_socket_cannot_open: move |cx| {
                socket.root().run_task(cx, SocketEvent::OpenFailed(error));
            }),
        );
    }

    /// Whether this socket's channel to net is `connection`.
    pub(crate) fn uses(&self, connection: &Arc<Connection>) -> bool {
        self.handle
            .connection
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, connection))
    }

    /// Run a task for an event that does not come from net.
    fn run_task(&self, cx: &mut JSContext, event: SocketEvent) {
        DirectSocketsClient::run_task(cx, &self.global(), |cx| self.handle_event(cx, event));
    }

    /// Run the steps of the task for one event.
    pub(crate) fn handle_event(&self, cx: &mut JSContext, event: SocketEvent) {
        let mut realm = enter_auto_realm(cx, self);
        let cx = &mut *realm;
        match event {
            SocketEvent::Opened { local, remote } => self.handle_opened(cx, local, remote),
            SocketEvent::OpenFailed(error) => self.handle_open_failed(cx, error),
            SocketEvent::Read(result) => self.handle_read(cx, result),
            SocketEvent::Written(result) => self.handle_written(cx, result),
            SocketEvent::WriteShutdown => self.handle_write_shutdown(cx),
            SocketEvent::Closed => self.settle_closed(cx),
            // Handled where it arrives, without a task.
            SocketEvent::WriteCredit(_) => {},
        }
        self.update_liveness();
    }

    /// Run the task for the loss of net (decision AMB-81): an error of the OS in every pending operation.
    pub(crate) fn handle_loss(&self, cx: &mut JSContext, error: SocketError) {
        let mut realm = enter_auto_realm(cx, self);
        let cx = &mut *realm;
        self.handle.live.set(false);
        match self.state.get() {
            SocketState::Opening => self.handle_open_failed(cx, error),
            SocketState::Open => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
                self.end_write_side_with_error(cx, exception.handle());
                // `Close` could not be sent; the task that its answer would have queued is queued here.
                self.queue_settle_closed();
            },
            SocketState::Closing => self.queue_settle_closed(),
            SocketState::Closed => {},
        }
        self.update_liveness();
    }

    fn queue_settle_closed(&self) {
        let socket = Trusted::new(self);
        self.global().task_manager().tcp_socket_task_source().queue(
            task!(direct_socket_closed: move |cx| {
                socket.root().run_task(cx, SocketEvent::Closed);
            }),
        );
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
        if self.state.get() != SocketState::Opening {
            return;
        }
        self.state.set(SocketState::Closed);
        self.handle.live.set(false);
        self.global().direct_sockets().forget(self.handle.id);
        // One exception for both promises (decision AMB-26).
        rooted!(&in(cx) let mut exception = UndefinedValue());
        self.create_exception(cx, error, exception.handle_mut());
        // Step 5.2.1. Reject `opened`,
        self.opened_promise.reject(cx, exception.handle());
        // Step 5.2.2. then `closed`.
        self.closed_promise.reject(cx, exception.handle());
    }

    /// Step 5.3 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>
    fn handle_opened(&self, cx: &mut JSContext, local: Address, remote: Address) {
        if self.state.get() != SocketState::Opening {
            return;
        }
        let global = self.global();
        self.state.set(SocketState::Open);
        self.read_side_open.set(true);
        self.write_side_open.set(true);
        // Step 5.3.1. Make the readable,
        // Step 5.3.2. and the writable.
        let readable = self.initialize_readable_stream(cx, &global);
        let writable = self.initialize_writable_stream(cx, &global);
        let (Ok(readable), Ok(writable)) = (readable, writable) else {
            // Only reached when the engine is out of memory: the socket is of no use without streams.
            self.state.set(SocketState::Opening);
            self.handle
                .send(SocketRequest::Abandon { id: self.handle.id });
            self.handle_open_failed(cx, SocketError::OutOfBuffers);
            return;
        };
        // Steps 5.3.3 to 5.3.6. Say what the streams are and what the OS has connected.
        let open_info = TCPSocketOpenInfo {
            readable: Some(readable),
            writable: Some(writable),
            remoteAddress: Some(DOMString::from(remote.host_text())),
            remotePort: Some(remote.port),
            localAddress: Some(DOMString::from(local.host_text())),
            localPort: Some(local.port),
        };
        // Step 5.3.7. Resolve `opened`.
        self.opened_promise.resolve_native(cx, &open_info);
    }

    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpsocket-writable-stream>
    fn initialize_writable_stream(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> Fallible<DomRoot<WritableStream>> {
        // Step 1. Make a stream.
        // Steps 3 to 5 are the algorithms of `DirectSocketSink`.
        // Step 6. Set it up with them.
        let size_algorithm = extract_size_algorithm(cx, &QueuingStrategy::empty());
        let stream = create_writable_stream(
            cx,
            global,
            TCP_WRITABLE_HIGH_WATER_MARK.into(),
            size_algorithm,
            UnderlyingSinkType::DirectSocket(DirectSocketSink::Tcp(Dom::from_ref(self))),
        )?;
        // Step 2. Take its signal, which exists only now (decision AMB-17).
        // Step 7. Have the signal interrupt a write.
        let signal = stream.get_default_controller().Signal();
        signal.add(&AbortAlgorithm::DirectSocketWrite(DirectSocketSink::Tcp(
            Dom::from_ref(self),
        )));
        // Step 8. Keep the stream.
        self.writable.set(Some(&stream));
        Ok(stream)
    }

    /// A side has ended. Close the socket if it was the last one: step 1 and 2.1 of both
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-readable-stream> and
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-writable-stream>.
    ///
    /// Runs to its end once a socket (decision AMB-13).
    fn handle_closing(&self, side: Side) {
        // Step 1. While the other side is active there is nothing to do.
        if self.state.get() != SocketState::Open
            || self.read_side_open.get()
            || self.write_side_open.get()
        {
            return;
        }
        self.state.set(SocketState::Closing);
        self.closed_by.set(Some(side));
        // Step 2.1. Have the OS close the socket. The answer queues the task of step 2.2.
        self.handle
            .send(SocketRequest::Close { id: self.handle.id });
    }

    /// Step 2.2 of both
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-readable-stream> and
    /// <https://wicg.github.io/direct-sockets/#dfn-handle-closing-the-tcpsocket-writable-stream>: settle `closed`.
    fn settle_closed(&self, cx: &mut JSContext) {
        if self.state.get() != SocketState::Closing {
            return;
        }
        self.state.set(SocketState::Closed);
        self.handle.live.set(false);
        self.global().direct_sockets().forget(self.handle.id);
        // The handler of one side asks for the other side's error first, then for its own.
        let order = match self.closed_by.get() {
            Some(Side::Writable) => [Side::Readable, Side::Writable],
            _ => [Side::Writable, Side::Readable],
        };
        rooted!(&in(cx) let mut error = UndefinedValue());
        for side in order {
            let errored = match side {
                Side::Readable => self.readable_error(error.handle_mut()),
                Side::Writable => self.writable_error(error.handle_mut()),
            };
            if errored {
                self.closed_promise.reject(cx, error.handle());
                return;
            }
        }
        self.closed_promise.resolve_native(cx, &());
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

    /// Keep the socket alive while something is outstanding that the page can observe, and no longer
    /// (decision AMB-79).
    fn update_liveness(&self) {
        let outstanding = match self.state.get() {
            SocketState::Opening | SocketState::Closing => true,
            SocketState::Open => self.write_operation.borrow().is_some() || self.has_waiting_read(),
            SocketState::Closed => false,
        };
        let global = self.global();
        let client = global.direct_sockets();
        if outstanding && self.handle.live.get() {
            client.pin(self.handle.id, self);
        } else {
            client.unpin(self.handle.id);
        }
    }
}

impl TCPSocketMethods<crate::DomTypeHolder> for TCPSocket {
    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>
    fn Constructor(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        remote_address: DOMString,
        remote_port: u16,
        options: &TCPSocketOptions,
    ) -> Fallible<DomRoot<TCPSocket>> {
        // Step 1. The policy-controlled feature "direct-sockets" must be allowed.
        if !allowed_to_use(global) {
            return Err(Error::NotAllowed(Some(
                "Direct sockets are not allowed here: by the Permissions-Policy \"direct-sockets\" of \
                 the document, because it is not fully active or has an opaque origin, or by the \
                 embedder for this origin."
                    .to_owned(),
            )));
        }
        let options = TcpOptions {
            send_buffer_size: options.sendBufferSize,
            receive_buffer_size: options.receiveBufferSize,
            no_delay: options.noDelay,
            keep_alive_delay: options.keepAliveDelay,
            dns_query_type: options.dnsQueryType.map(|query_type| match query_type {
                SocketDnsQueryType::Ipv4 => DnsQueryType::Ipv4,
                SocketDnsQueryType::Ipv6 => DnsQueryType::Ipv6,
            }),
        };
        // Steps 2 to 4. The options must make sense.
        options
            .validate()
            .map_err(|error| Error::Type(CString::new(error.to_string()).unwrap_or_default()))?;
        // Step 5. Connect, in parallel.
        let socket = Self::new(cx, global, proto);
        socket.open(global, &remote_address.str(), remote_port, options);
        Ok(socket)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-opened>
    fn Opened(&self, cx: &JSContext) -> RootedPromise {
        self.opened_promise.root(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-closed>
    fn Closed(&self, cx: &JSContext) -> RootedPromise {
        self.closed_promise.root(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-close>
    fn Close(&self, realm: &mut CurrentRealm) -> RootedPromise {
        let global = self.global();
        // Step 1. A socket that is not open yet, or never opened, cannot be closed.
        let (Some(readable), Some(writable)) = (self.readable.get(), self.writable.get()) else {
            return self.rejected_with_invalid_state(realm, "The socket is not open.");
        };
        // Step 2. One that is closed already stays so.
        if self.closed_promise.is_fulfilled() {
            return self.closed_promise.root(realm);
        }
        // Step 3. One that somebody reads from or writes to is theirs.
        if readable.is_locked() || writable.is_locked() {
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
        if !writable.is_errored() && !writable.is_erroring() {
            self.aborted_by_close.set(true);
        }
        let abort_promise = writable.abort(realm, &global, reason.handle());
        abort_promise.set_promise_is_handled(realm);
        // Step 8. The socket has closed when `closed` says so.
        self.closed_promise.root(realm)
    }
}

impl TCPSocket {
    fn rejected_with_invalid_state(&self, cx: &mut JSContext, message: &str) -> RootedPromise {
        let promise = Promise::new(cx, &self.global());
        promise.reject_error(cx, Error::InvalidState(Some(message.to_owned())));
        promise
    }
}
