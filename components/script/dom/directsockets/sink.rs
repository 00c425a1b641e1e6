/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use js::context::JSContext;
use js::rust::HandleValue;

use crate::dom::bindings::root::Dom;
use crate::dom::directsockets::tcpsocket::TCPSocket;
use crate::dom::directsockets::udpsocket::UDPSocket;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;

/// The native underlying sink of a writable stream of Direct Sockets: the socket itself.
#[derive(Clone, JSTraceable, MallocSizeOf, PartialEq)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) enum DirectSocketSink {
    Tcp(Dom<TCPSocket>),
    Udp(Dom<UDPSocket>),
}

impl DirectSocketSink {
    /// The write algorithm of the socket's writable stream. A promise only if the chunk is refused; otherwise the
    /// socket tells the stream's controller how the write has ended.
    pub(crate) fn write_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        chunk: HandleValue,
    ) -> Option<RootedPromise> {
        match self {
            Self::Tcp(socket) => socket.write_algorithm(cx, global, chunk),
            Self::Udp(socket) => socket.write_algorithm(cx, global, chunk),
        }
    }

    /// The abort algorithm of the socket's writable stream.
    pub(crate) fn abort_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        match self {
            Self::Tcp(socket) => socket.abort_algorithm(cx, global),
            Self::Udp(socket) => socket.abort_algorithm(cx, global),
        }
    }

    /// The close algorithm of the socket's writable stream.
    pub(crate) fn close_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        match self {
            Self::Tcp(socket) => socket.close_algorithm(cx, global),
            Self::Udp(socket) => socket.close_algorithm(cx, global),
        }
    }

    /// The steps that the socket has added to the signal of its writable stream.
    pub(crate) fn interrupt_write(&self) {
        match self {
            Self::Tcp(socket) => socket.interrupt_write(),
            Self::Udp(socket) => socket.interrupt_write(),
        }
    }
}
