/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! <https://wicg.github.io/direct-sockets/#udpsocket-interface>

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use direct_sockets_plane::{MessageReader, Span};
use direct_sockets_traits::limits::UDP_WRITABLE_HIGH_WATER_MARK;
use direct_sockets_traits::{
    Address, ReadEnd, SocketEvent, SocketRequest, UdpOptions, WriteResult,
};
use dom_struct::dom_struct;
use js::context::JSContext;
use js::realm::CurrentRealm;
use js::rust::HandleObject;
use script_bindings::reflector::{Reflector, reflect_weak_referenceable_dom_object_with_proto};

use crate::dom::bindings::codegen::Bindings::UDPSocketBinding::{
    UDPSocketMethods, UDPSocketOpenInfo, UDPSocketOptions,
};
use crate::dom::bindings::error::Fallible;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::{Dom, DomRoot};
use crate::dom::bindings::str::DOMString;
use crate::dom::bindings::weakref::WeakRef;
use crate::dom::directsockets::anysocket::{PinnedSocket, SocketKind, WeakSocket};
use crate::dom::directsockets::sink::DirectSocketSink;
use crate::dom::directsockets::socketcore::{DirectSocket, SocketCore, SocketState};
use crate::dom::directsockets::sockethandle::SocketHandle;
use crate::dom::directsockets::writeside::WriteSide;
use crate::dom::directsockets::{check_allowed_to_use, dns_query_type, refused_option};
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;

mod destinations;
mod readable;
mod writable;

use destinations::Destinations;

/// <https://wicg.github.io/direct-sockets/#udpsocket-interface>
#[dom_struct]
pub(crate) struct UDPSocket {
    reflector_: Reflector,

    core: SocketCore,

    /// Whether this is a socket in connected mode, and not in bound mode.
    connected: Cell<bool>,

    /// Where the datagrams come from, once the first one has been asked for. Net owns the other end.
    #[no_trace]
    #[ignore_malloc_size_of = "shared memory"]
    reader: RefCell<Option<MessageReader<Span>>>,

    /// The error with which reading ends, once the ring is empty.
    #[no_trace]
    #[ignore_malloc_size_of = "nothing on the heap"]
    read_end: Cell<Option<ReadEnd>>,

    /// Whether a task is queued that looks at the ring.
    look_queued: Cell<bool>,

    /// Which writes are fulfilled before the OS has answered.
    #[no_trace]
    #[ignore_malloc_size_of = "small"]
    destinations: RefCell<Destinations>,
}

impl UDPSocket {
    fn new(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        handle: SocketHandle,
        connected: bool,
    ) -> DomRoot<Self> {
        let socket = Rc::new(Self {
            reflector_: Reflector::new(),
            core: SocketCore::new(cx, global, handle),
            connected: Cell::new(connected),
            reader: Default::default(),
            read_end: Cell::new(None),
            look_queued: Cell::new(false),
            destinations: Default::default(),
        });
        reflect_weak_referenceable_dom_object_with_proto(cx, socket, global, proto)
    }

    /// Step 11.3 of <https://wicg.github.io/direct-sockets/#dom-udpsocket-constructor>
    fn handle_opened(&self, cx: &mut JSContext, local: Address, remote: Option<Address>) {
        let core = &self.core;
        if core.state.get() != SocketState::Opening {
            return;
        }
        let global = self.global();
        core.state.set(SocketState::Open);
        core.read_side_open.set(true);
        core.write_side_open.set(true);
        // Step 11.3.1. Make the readable,
        let readable = self.initialize_readable_stream(cx, &global);
        // Step 11.3.2. and the writable.
        let writable = self.initialize_writable_stream(
            cx,
            &global,
            DirectSocketSink::Udp(Dom::from_ref(self)),
            UDP_WRITABLE_HIGH_WATER_MARK,
        );
        let Ok(writable) = writable else {
            return self.fail_without_streams(cx);
        };
        // Steps 11.3.3 to 11.3.7. Say what the streams are and what the OS has bound or connected. Only connected mode
        // has a remote end.
        let open_info = UDPSocketOpenInfo {
            readable: Some(readable),
            writable: Some(writable),
            remoteAddress: remote.map(|remote| DOMString::from(remote.host_text())),
            remotePort: remote.map(|remote| remote.port),
            localAddress: Some(DOMString::from(local.host_text())),
            localPort: Some(local.port),
        };
        // Step 11.3.8. Resolve `opened`.
        core.opened_promise().resolve_native(cx, &open_info);
    }
}

impl DirectSocket for UDPSocket {
    const KIND: SocketKind = SocketKind::Udp;

    fn core(&self) -> &SocketCore {
        &self.core
    }

    fn weak(&self) -> WeakSocket {
        WeakSocket::Udp(WeakRef::new(self))
    }

    fn pinned(&self) -> PinnedSocket {
        PinnedSocket::Udp(Dom::from_ref(self))
    }

    fn handle_own_event(&self, cx: &mut JSContext, event: SocketEvent) {
        match event {
            SocketEvent::UdpOpened { local, remote } => self.handle_opened(cx, local, remote),
            SocketEvent::Readable => self.handle_readable(cx),
            SocketEvent::ReadEnded(end) => self.handle_read_ended(cx, end),
            // The others belong to other interfaces.
            _ => {},
        }
    }

    fn note_written(&self, result: WriteResult) {
        self.destinations.borrow_mut().note(result);
    }

    fn let_go(&self) {
        self.reader.take();
    }

    fn error_readable(&self, cx: &mut JSContext) {
        // Datagrams that wait are dropped with it (decision AMB-50).
        if let Some(readable) = self.core.readable.get() {
            rooted!(&in(cx) let error = self.core.read_error.get());
            readable.get_default_controller().error(cx, error.handle());
        }
    }
}

impl UDPSocketMethods<crate::DomTypeHolder> for UDPSocket {
    /// <https://wicg.github.io/direct-sockets/#dom-udpsocket-constructor>
    fn Constructor(
        cx: &mut JSContext,
        global: &GlobalScope,
        proto: Option<HandleObject>,
        options: &UDPSocketOptions,
    ) -> Fallible<DomRoot<UDPSocket>> {
        // Step 1. The policy-controlled feature "direct-sockets" must be allowed.
        check_allowed_to_use(global)?;
        // Step 3. Both remote members select connected mode; that they are not mixed with others comes below.
        let connected = options.remoteAddress.is_some();
        let options = UdpOptions {
            remote_address: options.remoteAddress.as_ref().map(DOMString::to_string),
            remote_port: options.remotePort,
            local_address: options.localAddress.as_ref().map(DOMString::to_string),
            local_port: options.localPort,
            send_buffer_size: options.sendBufferSize,
            receive_buffer_size: options.receiveBufferSize,
            dns_query_type: options.dnsQueryType.map(dns_query_type),
            ipv6_only: options.ipv6Only,
        };
        // Steps 2 to 10. The options must make sense.
        let open = options.validate().map_err(refused_option)?;
        // Step 11. Open the socket, in parallel.
        let handle = SocketHandle::for_new_socket(global);
        let id = handle.id;
        let socket = Self::new(cx, global, proto, handle, connected);
        socket.open(global, open.map(|open| SocketRequest::OpenUdp { id, open }));
        Ok(socket)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-udpsocket-opened>
    fn Opened(&self, cx: &JSContext) -> RootedPromise {
        self.core.opened(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-udpsocket-closed>
    fn Closed(&self, cx: &JSContext) -> RootedPromise {
        self.core.closed(cx)
    }

    /// <https://wicg.github.io/direct-sockets/#dom-udpsocket-close>
    fn Close(&self, realm: &mut CurrentRealm) -> RootedPromise {
        self.close(realm)
    }
}
