/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! <https://wicg.github.io/direct-sockets/#tcpsocket-interface>

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use direct_sockets_plane::{Consumer, Span};
use direct_sockets_traits::limits::TCP_WRITABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{
    AcceptedConnection, Address, Host, ReadEnd, SocketEvent, SocketRequest, TcpOpen, TcpOptions,
};
use dom_struct::dom_struct;
use js::context::JSContext;
use js::realm::CurrentRealm;
use js::rust::HandleObject;
use script_bindings::reflector::{Reflector, reflect_weak_referenceable_dom_object_with_proto};

use crate::dom::bindings::codegen::Bindings::TCPSocketBinding::{
    TCPSocketMethods, TCPSocketOpenInfo, TCPSocketOptions,
};
use crate::dom::bindings::error::Fallible;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::{Dom, DomRoot};
use crate::dom::bindings::str::DOMString;
use crate::dom::bindings::weakref::WeakRef;
use crate::dom::directsockets::anysocket::{PinnedSocket, SocketKind, WeakSocket};
use crate::dom::directsockets::connection::Connection;
use crate::dom::directsockets::sink::DirectSocketSink;
use crate::dom::directsockets::socketcore::{DirectSocket, SocketCore, SocketState};
use crate::dom::directsockets::sockethandle::SocketHandle;
use crate::dom::directsockets::writeside::WriteSide;
use crate::dom::directsockets::{check_allowed_to_use, dns_query_type, refused_option};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;

mod readable;
mod writable;

/// <https://wicg.github.io/direct-sockets/#tcpsocket-interface>
#[dom_struct]
pub(crate) struct TCPSocket {
    reflector_: Reflector,

    core: SocketCore,

    /// Whether the read error waits for the stream's queue to drain (decision AMB-85).
    read_error_deferred: Cell<bool>,

    /// Where the bytes come from, once the first one has been asked for. Net owns the other end.
    #[no_trace]
    #[ignore_malloc_size_of = "shared memory"]
    reader: RefCell<Option<Consumer<Span>>>,

    /// How reading ends, once the ring is empty.
    #[no_trace]
    #[ignore_malloc_size_of = "nothing on the heap"]
    read_end: Cell<Option<ReadEnd>>,

    /// Whether a task is queued that looks at the ring.
    look_queued: Cell<bool>,
}

impl TCPSocket {
    fn new(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        handle: SocketHandle,
    ) -> DomRoot<Self> {
        let socket = Rc::new(Self {
            reflector_: Reflector::new(),
            core: SocketCore::new(cx, global, handle),
            read_error_deferred: Cell::new(false),
            reader: Default::default(),
            read_end: Cell::new(None),
            look_queued: Cell::new(false),
        });
        reflect_weak_referenceable_dom_object_with_proto(cx, socket, global, proto)
    }

    /// A socket that the OS has accepted: born open (decision AMB-62). Nobody asks the policy.
    pub(crate) fn new_accepted(
        cx: &mut JSContext,
        global: &GlobalScope,
        connection: Arc<Connection>,
        accepted: AcceptedConnection,
    ) -> DomRoot<Self> {
        let handle = SocketHandle {
            id: accepted.id,
            connection: Some(connection),
            live: Cell::new(true),
        };
        let socket = Self::new(cx, global, None, handle);
        global.direct_sockets().register(accepted.id, socket.weak());
        socket.handle_opened(cx, accepted.local, accepted.remote);
        socket.update_liveness();
        socket
    }

    /// Nobody has seen this accepted socket, and nobody will: have net close it (decision AMB-65).
    pub(crate) fn abandon(&self) {
        let core = &self.core;
        if core.state.get() == SocketState::Closed {
            return;
        }
        core.state.set(SocketState::Closed);
        core.read_side_open.set(false);
        core.write_side_open.set(false);
        self.reader.take();
        if core.handle.live.replace(false) {
            core.handle.abandon();
        }
        self.global().direct_sockets().forget(core.handle.id);
    }

    /// Step 5.3 of <https://wicg.github.io/direct-sockets/#dom-tcpsocket-constructor>
    fn handle_opened(&self, cx: &mut JSContext, local: Address, remote: Address) {
        let core = &self.core;
        if core.state.get() != SocketState::Opening {
            return;
        }
        let global = self.global();
        core.state.set(SocketState::Open);
        core.read_side_open.set(true);
        core.write_side_open.set(true);
        // Step 5.3.1. Make the readable,
        // Step 5.3.2. and the writable.
        let readable = self.initialize_readable_stream(cx, &global);
        let writable = self.initialize_writable_stream(
            cx,
            &global,
            DirectSocketSink::Tcp(Dom::from_ref(self)),
            TCP_WRITABLE_HIGH_WATER_MARK,
        );
        let (Ok(readable), Ok(writable)) = (readable, writable) else {
            return self.fail_without_streams(cx);
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
        core.opened_promise().resolve_native(cx, &open_info);
    }
}

impl DirectSocket for TCPSocket {
    const KIND: SocketKind = SocketKind::Tcp;

    fn core(&self) -> &SocketCore {
        &self.core
    }

    fn weak(&self) -> WeakSocket {
        WeakSocket::Tcp(WeakRef::new(self))
    }

    fn pinned(&self) -> PinnedSocket {
        PinnedSocket::Tcp(Dom::from_ref(self))
    }

    fn handle_own_event(&self, cx: &mut JSContext, event: SocketEvent) {
        match event {
            SocketEvent::Opened { local, remote } => self.handle_opened(cx, local, remote),
            SocketEvent::Readable => self.handle_readable(cx),
            SocketEvent::ReadEnded(end) => self.handle_read_ended(cx, end),
            SocketEvent::WriteShutdown(handover) => self.handle_write_shutdown(cx, handover),
            // Room is handled where it arrives, without a task. The others belong to other interfaces.
            _ => {},
        }
    }

    fn let_go(&self) {
        self.reader.take();
    }

    fn error_readable(&self, cx: &mut JSContext) {
        // Bytes that came before the error are read first (decision AMB-85).
        self.read_error_deferred.set(true);
        self.apply_deferred_read_error(cx);
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
        check_allowed_to_use(global)?;
        let options = TcpOptions {
            send_buffer_size: options.sendBufferSize,
            receive_buffer_size: options.receiveBufferSize,
            no_delay: options.noDelay,
            keep_alive_delay: options.keepAliveDelay,
            dns_query_type: options.dnsQueryType.map(dns_query_type),
        };
        // Steps 2 to 4. The options must make sense.
        options.validate().map_err(refused_option)?;
        // Step 5. Connect, in parallel.
        let handle = SocketHandle::for_new_socket(global);
        let id = handle.id;
        let socket = Self::new(cx, global, proto, handle);
        let request = Host::parse(&remote_address.str()).map(|host| SocketRequest::OpenTcp {
            id,
            open: TcpOpen {
                host,
                port: remote_port,
                options,
                extras: Default::default(),
            },
        });
        socket.open(global, request);
        Ok(socket)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-opened>
    fn Opened(&self, cx: &JSContext) -> RootedPromise {
        self.core.opened(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-closed>
    fn Closed(&self, cx: &JSContext) -> RootedPromise {
        self.core.closed(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-tcpsocket-close>
    fn Close(&self, realm: &mut CurrentRealm) -> RootedPromise {
        self.close(realm)
    }
}
