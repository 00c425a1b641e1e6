/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The three interfaces as one, for the table of a global's sockets.

use std::sync::Arc;

use direct_sockets_traits::{SocketError, SocketEvent};
use js::context::JSContext;

use crate::dom::bindings::root::{Dom, DomRoot};
use crate::dom::bindings::weakref::WeakRef;
use crate::dom::directsockets::connection::Connection;
use crate::dom::directsockets::socketcore::DirectSocket;
use crate::dom::directsockets::tcpserversocket::TCPServerSocket;
use crate::dom::directsockets::tcpsocket::TCPSocket;
use crate::dom::directsockets::udpsocket::UDPSocket;
use crate::dom::globalscope::GlobalScope;
use crate::tasks::task_source::SendableTaskSource;

/// Which interface a socket has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SocketKind {
    Tcp,
    TcpServer,
    Udp,
}

impl SocketKind {
    /// The interface's own task source. Must be called in a task or in page code, as a worker has one only then.
    pub(crate) fn task_source(self, global: &GlobalScope) -> SendableTaskSource {
        let manager = global.task_manager();
        match self {
            Self::Tcp => manager.tcp_socket_task_source(),
            Self::TcpServer => manager.tcp_server_socket_task_source(),
            Self::Udp => manager.udp_socket_task_source(),
        }
        .to_sendable()
    }
}

/// A socket that may be collected.
#[derive(JSTraceable)]
pub(crate) enum WeakSocket {
    Tcp(WeakRef<TCPSocket>),
    TcpServer(WeakRef<TCPServerSocket>),
    Udp(WeakRef<UDPSocket>),
}

impl WeakSocket {
    pub(crate) fn is_alive(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.is_alive(),
            Self::TcpServer(socket) => socket.is_alive(),
            Self::Udp(socket) => socket.is_alive(),
        }
    }

    pub(crate) fn root(&self) -> Option<RootedSocket> {
        Some(match self {
            Self::Tcp(socket) => RootedSocket::Tcp(socket.root()?),
            Self::TcpServer(socket) => RootedSocket::TcpServer(socket.root()?),
            Self::Udp(socket) => RootedSocket::Udp(socket.root()?),
        })
    }
}

/// A socket that is kept alive. It only has to be traced.
#[derive(JSTraceable)]
#[cfg_attr(crown, crown::unrooted_must_root_lint::must_root)]
pub(crate) enum PinnedSocket {
    Tcp(Dom<TCPSocket>),
    TcpServer(Dom<TCPServerSocket>),
    Udp(Dom<UDPSocket>),
}

/// A socket that is being used.
pub(crate) enum RootedSocket {
    Tcp(DomRoot<TCPSocket>),
    TcpServer(DomRoot<TCPServerSocket>),
    Udp(DomRoot<UDPSocket>),
}

impl RootedSocket {
    /// Run the steps of the task for one event.
    pub(crate) fn handle_event(&self, cx: &mut JSContext, event: SocketEvent) {
        match self {
            Self::Tcp(socket) => socket.handle_event(cx, event),
            Self::TcpServer(socket) => socket.handle_event(cx, event),
            Self::Udp(socket) => socket.handle_event(cx, event),
        }
    }

    /// Run the steps of the task for the loss of net.
    pub(crate) fn handle_loss(&self, cx: &mut JSContext, error: SocketError) {
        match self {
            Self::Tcp(socket) => socket.handle_loss(cx, error),
            Self::TcpServer(socket) => socket.handle_loss(cx, error),
            Self::Udp(socket) => socket.handle_loss(cx, error),
        }
    }

    /// Whether this socket's channel to net is `connection`.
    pub(crate) fn uses(&self, connection: &Arc<Connection>) -> bool {
        match self {
            Self::Tcp(socket) => socket.core().uses(connection),
            Self::TcpServer(socket) => socket.core().uses(connection),
            Self::Udp(socket) => socket.core().uses(connection),
        }
    }
}
