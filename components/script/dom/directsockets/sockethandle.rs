/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::cell::Cell;
use std::sync::Arc;

use direct_sockets_trace::{Hop, Name};
use direct_sockets_traits::{SocketId, SocketRequest};

use crate::dom::directsockets::connection::Connection;
use crate::dom::globalscope::GlobalScope;

/// The net side of a socket. Net closes the OS socket when this is dropped, which happens when the
/// object is collected.
pub(crate) struct SocketHandle {
    pub(crate) id: SocketId,
    /// `None` if there never was one; then opening fails.
    pub(crate) connection: Option<Arc<Connection>>,
    /// Whether net knows this socket.
    pub(crate) live: Cell<bool>,
}

impl SocketHandle {
    /// For a socket that is constructed by the page.
    pub(crate) fn for_new_socket(global: &GlobalScope) -> Self {
        let client = global.direct_sockets();
        Self {
            id: client.next_ids(1),
            connection: client.connection(global).ok(),
            live: Cell::new(false),
        }
    }

    pub(crate) fn send(&self, request: SocketRequest) {
        if let Some(connection) = &self.connection {
            connection.send(request);
        }
    }

    /// Have net close the OS socket.
    pub(crate) fn close(&self) {
        if let Some(connection) = &self.connection {
            connection.close(self.id);
        }
    }

    /// A hop of this socket, in the timeline of [`direct_sockets_trace`].
    #[inline]
    pub(crate) fn hop(&self, name: &'static Name) -> Hop {
        match &self.connection {
            Some(connection) => connection.link.hop(name, self.id),
            None => Hop::NONE,
        }
    }

    /// Have net close the OS socket, which nobody will look at any more.
    pub(crate) fn abandon(&self) {
        if let Some(connection) = &self.connection {
            connection.abandon(self.id);
        }
    }
}

impl Drop for SocketHandle {
    fn drop(&mut self) {
        if self.live.get() {
            self.abandon();
        }
    }
}
