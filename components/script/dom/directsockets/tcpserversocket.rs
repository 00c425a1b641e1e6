/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! <https://wicg.github.io/direct-sockets/#tcpserversocket-interface>

use std::rc::Rc;

use direct_sockets_trace::page;
use direct_sockets_traits::limits::SERVER_READABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Address, ServerOptions, SocketEvent, SocketRequest,
};
use dom_struct::dom_struct;
use js::context::JSContext;
use js::conversions::ToJSValConvertible;
use js::jsval::UndefinedValue;
use js::realm::CurrentRealm;
use js::rust::HandleObject;
use script_bindings::cell::DomRefCell;
use script_bindings::reflector::{Reflector, reflect_weak_referenceable_dom_object_with_proto};

use crate::dom::bindings::codegen::Bindings::TCPServerSocketBinding::{
    TCPServerSocketMethods, TCPServerSocketOpenInfo, TCPServerSocketOptions,
};
use crate::dom::bindings::error::Fallible;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::{Dom, DomRoot};
use crate::dom::bindings::str::DOMString;
use crate::dom::bindings::weakref::WeakRef;
use crate::dom::directsockets::anysocket::{PinnedSocket, SocketKind, WeakSocket};
use crate::dom::directsockets::socketcore::{DirectSocket, Side, SocketCore, SocketState};
use crate::dom::directsockets::sockethandle::SocketHandle;
use crate::dom::directsockets::source::DirectSocketSourceType;
use crate::dom::directsockets::tcpsocket::TCPSocket;
use crate::dom::directsockets::{check_allowed_to_use, refused_option};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;
use crate::dom::readablestream::{ReadableStream, create_readable_stream};
use crate::dom::stream::underlyingsourcecontainer::UnderlyingSourceType;

/// <https://wicg.github.io/direct-sockets/#tcpserversocket-interface>
#[dom_struct]
pub(crate) struct TCPServerSocket {
    reflector_: Reflector,

    core: SocketCore,

    /// The sockets in the readable's queue, which nobody has read. They are closed with the server (decision AMB-65).
    unread: DomRefCell<Vec<Dom<TCPSocket>>>,
}

impl TCPServerSocket {
    fn new(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        handle: SocketHandle,
    ) -> DomRoot<Self> {
        let socket = Rc::new(Self {
            reflector_: Reflector::new(),
            core: SocketCore::new(cx, global, handle),
            unread: Default::default(),
        });
        reflect_weak_referenceable_dom_object_with_proto(cx, socket, global, proto)
    }

    /// Step 6.3 of <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-constructor>
    fn handle_listening(&self, cx: &mut JSContext, local: Address) {
        let core = &self.core;
        if core.state.get() != SocketState::Opening {
            return;
        }
        let global = self.global();
        core.state.set(SocketState::Open);
        core.read_side_open.set(true);
        // Step 6.3.1. Make the readable.
        let readable = self.initialize_readable_stream(cx, &global);
        // Steps 6.3.2 to 6.3.4. Say what it is and what the OS has bound.
        let open_info = TCPServerSocketOpenInfo {
            readable: Some(readable),
            localAddress: Some(DOMString::from(local.host_text())),
            localPort: Some(local.port),
        };
        // Step 6.3.5. Resolve `opened`.
        core.opened_promise().resolve_native(cx, &open_info);
    }

    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpserversocket-readable-stream>
    fn initialize_readable_stream(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> DomRoot<ReadableStream> {
        // Step 1. Make a stream.
        // Steps 2 and 3 are the algorithms below.
        // Step 4. Set it up with them; its high water mark counts connections.
        let stream = create_readable_stream(
            cx,
            global,
            UnderlyingSourceType::DirectSocket(DirectSocketSourceType::TcpServer(self)),
            None,
            Some(SERVER_READABLE_HIGH_WATER_MARK.into()),
        );
        // Step 5. Keep it.
        self.core.readable.set(Some(&stream));
        stream
    }

    /// What fits into the readable's queue.
    fn desired_size(&self) -> f64 {
        self.core
            .readable
            .get()
            .and_then(|readable| readable.get_default_controller().get_desired_size())
            .unwrap_or_default()
    }

    /// Forget the sockets that the page has read: the queue holds the last ones.
    fn forget_read_sockets(&self) {
        let queued = f64::from(SERVER_READABLE_HIGH_WATER_MARK) - self.desired_size();
        let mut unread = self.unread.borrow_mut();
        let read = unread.len().saturating_sub(queued.max(0.0) as usize);
        unread.drain(..read);
    }

    /// Step 2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpserversocket-readable-stream>: the pull
    /// algorithm.
    pub(crate) fn pull_algorithm(&self, global: &GlobalScope) {
        let _hop = self.core.handle.hop(&page::PULL);
        self.forget_read_sockets();
        if self.begin_read() {
            // Step 2.1. How many are wanted: what fits, and never none (decision AMB-07).
            let max = self.desired_size().max(1.0) as u32;
            // Step 2.2. Have the OS accept, in parallel.
            self.core.handle.send(SocketRequest::Accept {
                id: self.core.handle.id,
                first: global.direct_sockets().next_ids(max),
                max,
            });
        }
        self.update_liveness();
        // Step 2.3. Nobody waits for the pull: the promise is not made.
    }

    /// Step 3 of <https://wicg.github.io/direct-sockets/#dfn-initialize-tcpserversocket-readable-stream>: the cancel
    /// algorithm.
    pub(crate) fn cancel_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.abandon_unread();
        self.cancel_readable(cx, global)
    }

    /// The queue of the readable is gone: close what was in it (decision AMB-65).
    fn abandon_unread(&self) {
        let unread: Vec<DomRoot<TCPSocket>> = self
            .unread
            .borrow_mut()
            .drain(..)
            .map(|socket| socket.as_rooted())
            .collect();
        for socket in unread {
            socket.abandon();
        }
    }

    /// Step 2.2.2 of the pull algorithm: the task for the result of an accept.
    fn handle_accepted(&self, cx: &mut JSContext, result: AcceptResult) {
        let core = &self.core;
        let readable = core.readable.get();
        let waits = core.read_side_open.get() && core.read_outstanding.get();
        match (result, readable.filter(|_| waits)) {
            // The late result of an accept that was cancelled: nobody will see these connections.
            (AcceptResult::Connections(connections), None) => {
                if let Some(connection) = &core.handle.connection {
                    for accepted in connections {
                        connection.abandon(accepted.id);
                    }
                }
            },
            (_, None) => {},
            // Step 2.2.2.1. The listening socket was ended, and not by the page (decision AMB-66).
            (AcceptResult::End, Some(readable)) => {
                core.read_side_open.set(false);
                core.read_outstanding.set(false);
                readable.get_default_controller().close(cx);
                self.handle_closing(Side::Readable);
            },
            // Step 2.2.2.2. There are connections (decision AMB-63).
            (AcceptResult::Connections(connections), Some(readable)) => {
                self.enqueue(cx, &readable, connections);
            },
            // Step 2.2.2.3. The OS reports an error.
            (AcceptResult::Error(error), Some(_)) => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
            },
        }
    }

    /// Steps 2.2.2.2.1 and 2.2.2.2.2 of the pull algorithm, for each connection.
    fn enqueue(
        &self,
        cx: &mut JSContext,
        readable: &ReadableStream,
        connections: Vec<AcceptedConnection>,
    ) {
        let core = &self.core;
        let Some(connection) = &core.handle.connection else {
            return;
        };
        let _hop = core.handle.hop(&page::ENQUEUE);
        let global = self.global();
        let count = connections.len();
        for (index, accepted) in connections.into_iter().enumerate() {
            // Enqueueing can run code of the page, which may have cancelled.
            if !core.read_side_open.get() {
                connection.abandon(accepted.id);
                continue;
            }
            // Only with the last one enqueued it is known how many more fit.
            if index + 1 == count {
                core.read_outstanding.set(false);
            }
            // Step 2.2.2.2.1. A socket that is open already.
            let socket = TCPSocket::new_accepted(cx, &global, connection.clone(), accepted);
            self.unread.borrow_mut().push(Dom::from_ref(&*socket));
            // Step 2.2.2.2.2. Enqueue it. Fails only for size algorithms of pages.
            rooted!(&in(cx) let mut value = UndefinedValue());
            socket.to_jsval(cx, value.handle_mut());
            let _ = readable
                .get_default_controller()
                .enqueue(cx, value.handle());
            if core.read_side_open.get() {
                self.forget_read_sockets();
            }
        }
    }
}

impl DirectSocket for TCPServerSocket {
    const KIND: SocketKind = SocketKind::TcpServer;

    const CLOSED_REJECTS: bool = false;

    fn core(&self) -> &SocketCore {
        &self.core
    }

    fn weak(&self) -> WeakSocket {
        WeakSocket::TcpServer(WeakRef::new(self))
    }

    fn pinned(&self) -> PinnedSocket {
        PinnedSocket::TcpServer(Dom::from_ref(self))
    }

    fn handle_own_event(&self, cx: &mut JSContext, event: SocketEvent) {
        match event {
            SocketEvent::Listening { local } => self.handle_listening(cx, local),
            SocketEvent::Accepted(result) => self.handle_accepted(cx, result),
            // The others belong to other interfaces.
            _ => {},
        }
    }

    fn error_readable(&self, cx: &mut JSContext) {
        if let Some(readable) = self.core.readable.get() {
            rooted!(&in(cx) let error = self.core.read_error.get());
            readable.get_default_controller().error(cx, error.handle());
        }
        self.abandon_unread();
    }
}

impl TCPServerSocketMethods<crate::DomTypeHolder> for TCPServerSocket {
    /// <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-constructor>
    fn Constructor(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        local_address: DOMString,
        options: &TCPServerSocketOptions,
    ) -> Fallible<DomRoot<TCPServerSocket>> {
        // Step 1. The policy-controlled feature "direct-sockets" must be allowed.
        check_allowed_to_use(global)?;
        let options = ServerOptions {
            local_port: options.localPort,
            backlog: options.backlog,
            ipv6_only: options.ipv6Only,
        };
        // Steps 2 to 5. The address and the options must make sense.
        let listen = options
            .validate(local_address.to_string())
            .map_err(refused_option)?;
        // Step 6. Listen, in parallel.
        let handle = SocketHandle::for_new_socket(global);
        let id = handle.id;
        let socket = Self::new(cx, global, proto, handle);
        socket.open(global, Ok(SocketRequest::ListenTcp { id, listen }));
        Ok(socket)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-opened>
    fn Opened(&self, cx: &JSContext) -> RootedPromise {
        self.core.opened(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-closed>
    fn Closed(&self, cx: &JSContext) -> RootedPromise {
        self.core.closed(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpserversocket-close>
    fn Close(&self, realm: &mut CurrentRealm) -> RootedPromise {
        self.close(realm)
    }
}
