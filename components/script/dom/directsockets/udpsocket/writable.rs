/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The writable side of a [`UDPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>.

use direct_sockets_plane::encode;
use direct_sockets_trace::page;
use direct_sockets_traits::limits::MAX_DATAGRAM;
use direct_sockets_traits::{Destination, Host, Outgoing, SocketError, SocketEvent, WriteResult};
use js::context::JSContext;
use js::conversions::ConversionResult;
use js::rust::HandleValue;

use super::UDPSocket;
use crate::dom::bindings::codegen::Bindings::UDPSocketBinding::UDPMessage;
use crate::dom::bindings::error::{Error, Fallible};
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::directsockets::buffersource::{copy_of_converted, refuse_unusual_memory};
use crate::dom::directsockets::dns_query_type;
use crate::dom::directsockets::rings::{Chunk, Written};
use crate::dom::directsockets::socketcore::DirectSocket;
use crate::dom::directsockets::writeside::WriteSide;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;

/// A message that may be sent: its bytes, and where to, in bound mode. An error about the destination or the size is
/// one that the OS would report.
type Converted = Result<(Vec<u8>, Option<Destination>), SocketError>;

impl UDPSocket {
    /// Step 3 of <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>: the write
    /// algorithm.
    pub(crate) fn write_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
        chunk: HandleValue,
    ) -> Option<RootedPromise> {
        let _hop = self.core().handle.hop(&page::WRITE);
        // Step 3.1. The promise is the controller's own write, which ends when the socket says so: nobody else would
        // see it.
        // Step 3.2. The signal is not aborted: Streams stops writing once it is.
        // Steps 3.3 to 3.7. Get a message and a copy of its bytes, or refuse the chunk.
        let outgoing = match self.convert(cx, chunk) {
            Ok(outgoing) => outgoing,
            Err(error) => return Some(self.refuse_chunk(cx, error)),
        };
        // Step 3.8. Have the OS send it, in parallel.
        let core = self.core();
        core.begin_write();
        let event = match outgoing {
            Ok((data, to)) => self.send(&data, to),
            Err(error) => Some(SocketEvent::Written(WriteResult::Error(error))),
        };
        if let Some(event) = event {
            self.queue_event(global, event);
        }
        self.update_liveness();
        // Step 3.9. There is no promise to return.
        None
    }

    /// Put a datagram into the ring. What is to be said of it, if anything is known now.
    fn send(&self, data: &[u8], to: Option<Destination>) -> Option<SocketEvent> {
        let core = self.core();
        let connection = core.handle.connection.as_ref()?;
        let early = self
            .destinations
            .borrow_mut()
            .is_early(to.as_ref(), data.len());
        let outgoing = Outgoing {
            data,
            to,
            answer: !early,
        };
        let Ok(record) = encode(&outgoing, Vec::new()) else {
            return Some(SocketEvent::Written(WriteResult::Error(
                SocketError::MessageTooLarge,
            )));
        };
        match connection.write(core.handle.id, &record, Chunk::Datagram { early }) {
            // It is queued for transmission; an error that comes later errors the stream.
            Written::Now if early => Some(SocketEvent::Written(WriteResult::Done)),
            Written::Now | Written::Later => None,
            Written::Failed(error) => Some(SocketEvent::WriteFailed(error)),
        }
    }

    /// The steps that the socket has added to the signal of its writable.
    pub(crate) fn interrupt_write(&self) {
        let core = self.core();
        core.interrupt_write();
        // Where the answer is on the way already, it comes first.
        if core.write_operation.borrow().is_some() {
            self.queue_event(
                &self.global(),
                SocketEvent::Written(WriteResult::Interrupted),
            );
        }
    }

    /// Steps 3.3 to 3.7 of the write algorithm, in the order of decision AMB-58.
    fn convert(&self, cx: &mut JSContext, chunk: HandleValue) -> Fallible<Converted> {
        // Steps 3.3 and 3.4. Convert the chunk. What the page's own code throws meanwhile stays as it is (decision
        // AMB-24).
        let message = match UDPMessage::new(cx, chunk) {
            Ok(ConversionResult::Success(message)) => message,
            Ok(ConversionResult::Failure(_)) => {
                return Err(Error::Type(c"The chunk is not a UDPMessage.".to_owned()));
            },
            // An exception is pending: whoever turns this into a value takes it.
            Err(()) => return Err(Error::JSFailed),
        };
        if let Some(data) = &message.data {
            refuse_unusual_memory(data)?;
        }
        // Step 3.5. In connected mode the destination is known, and must not be given.
        if self.connected.get()
            && (message.remoteAddress.is_some()
                || message.remotePort.is_some()
                || message.dnsQueryType.is_some())
        {
            return Err(Error::Type(
                c"A message of a connected socket has no remoteAddress, remotePort or dnsQueryType.".to_owned(),
            ));
        }
        // Step 3.6. In bound mode it must be given.
        let destination = match (&message.remoteAddress, message.remotePort) {
            _ if self.connected.get() => None,
            (Some(address), Some(port)) => Some((address, port)),
            _ => {
                return Err(Error::Type(
                    c"A message of a bound socket needs a remoteAddress and a remotePort."
                        .to_owned(),
                ));
            },
        };
        // Step 3.7. Get a copy of the bytes. A message without any is refused (decision AMB-52).
        let Some(data) = &message.data else {
            return Err(Error::Type(c"The message has no data.".to_owned()));
        };
        let data = copy_of_converted(data);
        if data.len() > MAX_DATAGRAM {
            return Ok(Err(SocketError::MessageTooLarge));
        }
        let Some((address, port)) = destination else {
            return Ok(Ok((data, None)));
        };
        Ok(Host::parse(&address.str()).map(|host| {
            let to = Destination {
                host,
                port,
                dns_query_type: message.dnsQueryType.map(dns_query_type),
            };
            (data, Some(to))
        }))
    }

    /// Step 4 of <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>: the abort
    /// algorithm.
    pub(crate) fn abort_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.end_write_side_at_once(cx, global)
    }

    /// Step 5 of <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-writable-stream>: the close
    /// algorithm.
    pub(crate) fn close_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.end_write_side_at_once(cx, global)
    }
}
