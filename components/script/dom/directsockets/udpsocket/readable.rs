/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The readable side of a [`UDPSocket`]. Steps are those of
//! <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-readable-stream>.

use std::ptr;

use direct_sockets_plane::{Corrupt, MessageReader, decode};
use direct_sockets_trace::page;
use direct_sockets_traits::limits::{MAX_RECORD, UDP_READABLE_HIGH_WATER_MARK};
use direct_sockets_traits::{Datagram, ReadEnd, SocketError, SocketEvent, SocketRequest};
use js::context::JSContext;
use js::conversions::ToJSValConvertible;
use js::jsapi::JSObject;
use js::jsval::{ObjectValue, UndefinedValue};
use js::rust::MutableHandleObject;
use js::typedarray::Uint8;
use script_bindings::utils::define_dictionary_property;

use super::UDPSocket;
use crate::dom::bindings::buffer_source::create_buffer_source;
use crate::dom::bindings::reflector::DomGlobal;
use crate::dom::bindings::root::DomRoot;
use crate::dom::bindings::str::DOMString;
use crate::dom::directsockets::buffersource::new_plain_object;
use crate::dom::directsockets::socketcore::DirectSocket;
use crate::dom::directsockets::source::DirectSocketSourceType;
use crate::dom::globalscope::GlobalScope;
use crate::dom::promise::RootedPromise;
use crate::dom::readablestream::{ReadableStream, create_readable_stream};
use crate::dom::stream::underlyingsourcecontainer::UnderlyingSourceType;

impl UDPSocket {
    /// <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-readable-stream>
    pub(super) fn initialize_readable_stream(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> DomRoot<ReadableStream> {
        // Step 1. Make a stream.
        // Steps 2 and 3 are the algorithms below.
        // Step 4. Set it up with them; its high water mark counts datagrams.
        let stream = create_readable_stream(
            cx,
            global,
            UnderlyingSourceType::DirectSocket(DirectSocketSourceType::Udp(self)),
            None,
            Some(UDP_READABLE_HIGH_WATER_MARK.into()),
        );
        // Step 5. Keep it.
        self.core.readable.set(Some(&stream));
        stream
    }

    /// Step 2 of <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-readable-stream>: the pull
    /// algorithm.
    pub(crate) fn pull_algorithm(&self, global: &GlobalScope) {
        let _hop = self.core.handle.hop(&page::PULL);
        if self.begin_read() {
            // Step 2.1. How many are wanted: what fits, and never none (decision AMB-07).
            let desired_size = self
                .core
                .readable
                .get()
                .and_then(|readable| readable.get_default_controller().get_desired_size());
            let max = match desired_size {
                Some(size) if size >= 1.0 => size as u32,
                _ => 1,
            };
            // Step 2.2. Have the OS receive, in parallel, into the ring.
            self.ensure_reader();
            self.core.handle.send(SocketRequest::Receive {
                id: self.core.handle.id,
                max,
            });
            self.look_later(global);
        }
        self.update_liveness();
        // Step 2.3. Nobody waits for the pull: the promise is not made.
    }

    /// Step 3 of <https://wicg.github.io/direct-sockets/#dfn-initialize-udpsocket-readable-stream>: the cancel
    /// algorithm.
    pub(crate) fn cancel_algorithm(
        &self,
        cx: &mut JSContext,
        global: &GlobalScope,
    ) -> RootedPromise {
        self.cancel_readable(cx, global)
    }

    /// Have net receive into a ring, if it does not already and if there is one.
    fn ensure_reader(&self) {
        let mut reader = self.reader.borrow_mut();
        let handle = &self.core.handle;
        if reader.is_none()
            && self.read_end.get().is_none()
            && let Some(connection) = &handle.connection
        {
            let span = connection.start_read(handle.id);
            *reader = span.map(|span| MessageReader::with_limit(span, MAX_RECORD));
        }
    }

    /// Have a task look at the ring: now, if there is something in it, or when net says that there is.
    fn look_later(&self, global: &GlobalScope) {
        if self.look_queued.get() || !self.has_datagrams_or_waits() {
            return;
        }
        self.look_queued.set(true);
        self.queue_event(global, SocketEvent::Readable);
    }

    /// Whether there is something to be read now. Where there is not, net tells when there is.
    fn has_datagrams_or_waits(&self) -> bool {
        let mut reader = self.reader.borrow_mut();
        match reader.as_mut().map(MessageReader::wait_for_message) {
            Some(Ok(true)) | None => self.read_end.get().is_some(),
            Some(Ok(false)) => true,
            Some(Err(Corrupt)) => {
                drop(reader);
                self.end_damaged_ring();
                true
            },
        }
    }

    /// What stands in the ring cannot be believed: reading ends with an error.
    fn end_damaged_ring(&self) {
        self.reader.take();
        self.read_end
            .set(Some(ReadEnd::Error(SocketError::MemoryDamaged)));
        let handle = &self.core.handle;
        handle.send(SocketRequest::CancelRead { id: handle.id });
    }

    /// Nothing comes after what is in the ring.
    pub(super) fn handle_read_ended(&self, cx: &mut JSContext, end: ReadEnd) {
        if self.read_end.get().is_none() {
            self.read_end.set(Some(end));
        }
        self.handle_readable(cx);
    }

    /// Step 2.2.2 of the pull algorithm: the task for a batch, or for a part of it.
    pub(super) fn handle_readable(&self, cx: &mut JSContext) {
        self.look_queued.set(false);
        let Some(readable) = self.core.readable.get() else {
            return;
        };
        let _hop = self.core.handle.hop(&page::LOOK);
        let mut record = Vec::new();
        // Step 2.2.2.1. There are datagrams. Late ones, of a batch that was cancelled, are dropped; enqueueing can run
        // code of the page, which may cancel.
        while self.core.read_side_open.get() && self.core.read_outstanding.get() {
            match self.take_record(&mut record) {
                Ok(true) => {},
                Ok(false) => break,
                Err(Corrupt) => {
                    self.end_damaged_ring();
                    break;
                },
            }
            // Net was asked for no more than fit.
            let controller = readable.get_default_controller();
            let fits = controller
                .get_desired_size()
                .is_some_and(|size| size >= 1.0);
            let Some(datagram) = decode::<Datagram>(&record).ok().filter(|_| fits) else {
                self.end_damaged_ring();
                break;
            };
            // Only with the last one enqueued it is known how many more fit.
            if datagram.is_last {
                self.core.read_outstanding.set(false);
            }
            self.enqueue(cx, &readable, datagram);
        }
        if !self.core.read_side_open.get() || !self.core.read_outstanding.get() {
            return;
        }
        match self.read_end.get() {
            // Step 2.2.2.2. The OS reports an error.
            Some(ReadEnd::Error(error)) => {
                rooted!(&in(cx) let mut exception = UndefinedValue());
                self.create_exception(cx, error, exception.handle_mut());
                self.end_read_side_with_error(cx, exception.handle());
            },
            // The batch is not complete, or this was a false alarm.
            Some(ReadEnd::End) | None => {
                self.ensure_reader();
                self.look_later(&self.global());
            },
        }
    }

    /// Take the next record out of the ring, if there is one.
    fn take_record(&self, record: &mut Vec<u8>) -> Result<bool, Corrupt> {
        let mut reader = self.reader.borrow_mut();
        let Some(ring) = reader.as_mut() else {
            return Ok(false);
        };
        let hop = self.core.handle.hop(&page::TAKE);
        if !ring.read(record)? {
            return Ok(false);
        }
        hop.moved(record.len(), || ring.position());
        if ring.must_tell() {
            let handle = &self.core.handle;
            handle.send(SocketRequest::Room { id: handle.id });
        }
        Ok(true)
    }

    /// Steps 2.2.2.1.1 to 2.2.2.1.7 of the pull algorithm.
    fn enqueue(&self, cx: &mut JSContext, readable: &ReadableStream, datagram: Datagram<'_>) {
        let _hop = self
            .core
            .handle
            .hop(&page::ENQUEUE)
            .bytes(datagram.data.len());
        rooted!(&in(cx) let mut message = ptr::null_mut::<JSObject>());
        if self
            .create_message(cx, datagram, message.handle_mut())
            .is_err()
        {
            // Only reached when the engine is out of memory. The datagram is lost, as datagrams may be.
            log::warn!("A datagram is dropped: no object can be made for it");
            return;
        }
        rooted!(&in(cx) let message = ObjectValue(message.get()));
        // Step 2.2.2.1.7. Enqueue it. Fails only for size algorithms of pages.
        let _ = readable
            .get_default_controller()
            .enqueue(cx, message.handle());
    }

    /// Steps 2.2.2.1.1 to 2.2.2.1.6 of the pull algorithm: a
    /// [UDPMessage](https://wicg.github.io/direct-sockets/#dom-udpmessage) as an ordinary object with the members
    /// that are present (decision AMB-80).
    fn create_message(
        &self,
        cx: &mut JSContext,
        datagram: Datagram<'_>,
        mut message: MutableHandleObject,
    ) -> Result<(), ()> {
        // Steps 2.2.2.1.1 to 2.2.2.1.3. A Uint8Array over a buffer of its own.
        rooted!(&in(cx) let mut data = ptr::null_mut::<JSObject>());
        create_buffer_source::<Uint8>(cx, datagram.data, data.handle_mut())?;
        // Step 2.2.2.1.4. A message
        new_plain_object(cx, message.reborrow())?;
        // Step 2.2.2.1.5. with the data
        rooted!(&in(cx) let mut value = ObjectValue(data.get()));
        define_dictionary_property(cx, message.handle(), c"data", value.handle())?;
        // Step 2.2.2.1.6. and, in bound mode, with its sender.
        if let Some(from) = datagram.from
            && !self.connected.get()
        {
            DOMString::from(from.host_text()).to_jsval(cx, value.handle_mut());
            define_dictionary_property(cx, message.handle(), c"remoteAddress", value.handle())?;
            from.port.to_jsval(cx, value.handle_mut());
            define_dictionary_property(cx, message.handle(), c"remotePort", value.handle())?;
        }
        Ok(())
    }
}
