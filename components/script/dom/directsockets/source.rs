/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use js::context::JSContext;

use crate::dom::bindings::root::Dom;
use crate::dom::directsockets::tcpserversocket::TCPServerSocket;
use crate::dom::directsockets::tcpsocket::TCPSocket;
use crate::dom::directsockets::udpsocket::UDPSocket;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;

/// What a [`DirectSocketSource`] is made of, for as long as the stream does not exist yet.
#[derive(Clone, Copy)]
pub(crate) enum DirectSocketSourceType<'a> {
    Tcp(&'a TCPSocket),
    TcpServer(&'a TCPServerSocket),
    Udp(&'a UDPSocket),
}

/// The native underlying source of a readable stream of Direct Sockets: the socket itself.
#[derive(JSTraceable)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) enum DirectSocketSource {
    Tcp(Dom<TCPSocket>),
    TcpServer(Dom<TCPServerSocket>),
    Udp(Dom<UDPSocket>),
}

impl From<DirectSocketSourceType<'_>> for DirectSocketSource {
    fn from(source: DirectSocketSourceType<'_>) -> Self {
        match source {
            DirectSocketSourceType::Tcp(socket) => Self::Tcp(Dom::from_ref(socket)),
            DirectSocketSourceType::TcpServer(socket) => Self::TcpServer(Dom::from_ref(socket)),
            DirectSocketSourceType::Udp(socket) => Self::Udp(Dom::from_ref(socket)),
        }
    }
}

impl DirectSocketSource {
    /// The pull algorithm of the socket's readable stream.
    pub(crate) fn pull_algorithm(&self, cx: &mut JSContext, global: &GlobalScope) {
        match self {
            Self::Tcp(socket) => socket.pull_algorithm(cx, global),
            Self::TcpServer(socket) => socket.pull_algorithm(global),
            Self::Udp(socket) => socket.pull_algorithm(global),
        }
    }

    /// The cancel algorithm of the socket's readable stream.
    pub(crate) fn cancel_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        match self {
            Self::Tcp(socket) => socket.cancel_algorithm(cx, global),
            Self::TcpServer(socket) => socket.cancel_algorithm(cx, global),
            Self::Udp(socket) => socket.cancel_algorithm(cx, global),
        }
    }
}
