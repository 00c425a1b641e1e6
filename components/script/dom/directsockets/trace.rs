/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_trace::{Hop, Name};

use crate::dom::directsockets::socketcore::SocketHandle;

impl SocketHandle {
    /// A hop of this socket, in the timeline of [`direct_sockets_trace`].
    #[inline]
    pub(crate) fn hop(&self, name: &'static Name) -> Hop {
        match &self.connection {
            Some(connection) => connection.link.hop(name, self.id),
            None => Hop::NONE,
        }
    }
}
