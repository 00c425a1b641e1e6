/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Messages from hostile processes: decoding never panics and allocates no more than was sent.
//!
//! Messages that carry channels are decoded by `direct-sockets-wire`; their tests are there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::num::{NonZeroU16, NonZeroU32};

use direct_sockets_traits::limits::MAX_DATAGRAM;
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Address, AddressQuestion, BufferSizes, ClientEvent, Datagram,
    Destination, DnsQueryType, Grant, Handover, Host, NetStatistics, Outgoing, Owner, ReadEnd,
    RingId, SocketError, SocketEvent, SocketId, SocketList, SocketRequest, TcpExtras, TcpListen,
    TcpOpen, TcpOptions, UdpExtras, UdpMode, UdpOpen, WriteResult,
};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

/// Counts what each thread asks for.
struct Counting;

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATED.try_with(|count| count.set(count.get().saturating_add(layout.size())));
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Decode, and check that no more is allocated than a small multiple of what was sent.
fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    decode_within(bytes, 4)
}

/// Decode what has lists of datagrams or connections in it. Those of no bytes take two in a message and some fifty in
/// memory, twice while a list of them grows. Only net sends these.
fn decode_list<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    decode_within(bytes, 128)
}

/// Decode what points into the bytes.
fn decode_borrowed<'bytes, T: Deserialize<'bytes>>(bytes: &'bytes [u8]) -> Option<T> {
    decode_within(bytes, 4)
}

fn decode_within<'bytes, T: Deserialize<'bytes>>(bytes: &'bytes [u8], factor: usize) -> Option<T> {
    let before = ALLOCATED.get();
    let result = postcard::from_bytes(bytes).ok();
    let allocated = ALLOCATED.get() - before;
    assert!(
        allocated <= factor * bytes.len() + 256,
        "{allocated} bytes for {}",
        bytes.len()
    );
    result
}

fn decode_as_everything(bytes: &[u8]) {
    decode::<SocketRequest>(bytes);
    decode_list::<ClientEvent>(bytes);
    decode_list::<SocketEvent>(bytes);
    decode::<ReadEnd>(bytes);
    decode_list::<AcceptResult>(bytes);
    decode_borrowed::<Datagram>(bytes);
    decode_borrowed::<Outgoing>(bytes);
    decode::<Destination>(bytes);
    decode::<UdpOpen>(bytes);
    decode::<TcpListen>(bytes);
    decode::<WriteResult>(bytes);
    decode::<SocketError>(bytes);
    decode::<TcpOpen>(bytes);
    decode::<TcpOptions>(bytes);
    decode::<Host>(bytes);
    decode::<Address>(bytes);
    decode::<Grant>(bytes);
    decode::<AddressQuestion>(bytes);
    decode::<Owner>(bytes);
    decode::<NetStatistics>(bytes);
    // Sockets have some three hundred bytes in memory, and only net tells of them.
    decode_within::<SocketList>(bytes, 512);
}

fn requests() -> Vec<SocketRequest> {
    let id = SocketId(u64::MAX - 1);
    let open = |host, options, extras| SocketRequest::OpenTcp {
        id,
        open: TcpOpen {
            host,
            port: 443,
            options,
            extras,
        },
    };
    let options = TcpOptions {
        send_buffer_size: Some(1),
        receive_buffer_size: Some(u32::MAX),
        no_delay: true,
        keep_alive_delay: Some(1000),
        dns_query_type: Some(DnsQueryType::Ipv6),
    };
    let extras = TcpExtras {
        bind_address: Some(Address {
            ip: "fe80::1".parse().unwrap(),
            port: 1,
            scope_id: 2,
        }),
        time_to_live: Some(64),
        reuse_address: true,
        reset_on_close: true,
    };
    let ip = Host::Ip("192.0.2.1".parse().unwrap());
    vec![
        open(ip, TcpOptions::default(), TcpExtras::default()),
        open(Host::Name("example.com".to_owned()), options, extras),
        SocketRequest::ReadInto {
            id,
            ring: RingId(u32::MAX),
        },
        SocketRequest::Room { id },
        SocketRequest::CancelRead { id },
        SocketRequest::WriteFrom {
            id,
            ring: RingId(0),
        },
        SocketRequest::Bytes { id },
        SocketRequest::AbortWrite { id, keep: 1 << 40 },
        SocketRequest::ShutdownWrite { id },
        SocketRequest::Close { id, keep: 0 },
        SocketRequest::Abandon { id, keep: u64::MAX },
        SocketRequest::MoreRings,
        SocketRequest::OpenUdp {
            id,
            open: UdpOpen {
                mode: UdpMode::Connected(destination()),
                buffers: BufferSizes {
                    send: NonZeroU32::new(1),
                    receive: NonZeroU32::new(u32::MAX),
                },
                extras: UdpExtras {
                    bind_address: Some(Address::default()),
                    time_to_live: Some(1),
                    reuse_address: true,
                    broadcast: true,
                },
            },
        },
        SocketRequest::OpenUdp {
            id,
            open: UdpOpen {
                mode: UdpMode::Bound {
                    address: "::".parse().unwrap(),
                    port: NonZeroU16::new(53),
                    ipv6_only: Some(false),
                },
                buffers: BufferSizes::default(),
                extras: UdpExtras::default(),
            },
        },
        SocketRequest::ListenTcp {
            id,
            listen: TcpListen {
                address: "127.0.0.1".parse().unwrap(),
                port: NonZeroU16::new(u16::MAX),
                backlog: NonZeroU32::new(5),
                ipv6_only: Some(true),
                reuse_address: true,
            },
        },
        SocketRequest::Receive { id, max: 32 },
        SocketRequest::Accept {
            id,
            first: SocketId(u64::MAX),
            max: 1,
        },
    ]
}

fn outgoing() -> [Outgoing<'static>; 2] {
    [
        Outgoing {
            data: &[3; 300],
            to: Some(destination()),
            answer: true,
        },
        Outgoing {
            data: &[],
            to: None,
            answer: false,
        },
    ]
}

fn datagrams() -> [Datagram<'static>; 2] {
    [
        Datagram {
            data: &[4; 300],
            from: Some(Address::default()),
            is_last: false,
        },
        Datagram {
            data: &[],
            from: None,
            is_last: true,
        },
    ]
}

fn destination() -> Destination {
    Destination {
        host: Host::Name("example.com".to_owned()),
        port: 9,
        dns_query_type: Some(DnsQueryType::Ipv4),
    }
}

fn events() -> Vec<SocketEvent> {
    let id = SocketId(7);
    let address = Address::default();
    vec![
        SocketEvent::Opened {
            local: address,
            remote: address,
        },
        SocketEvent::OpenFailed(SocketError::Os(113)),
        SocketEvent::Readable,
        SocketEvent::ReadEnded(ReadEnd::End),
        SocketEvent::ReadEnded(ReadEnd::Error(SocketError::ConnectionReset)),
        SocketEvent::Writable,
        SocketEvent::WriteFailed(SocketError::BrokenPipe),
        SocketEvent::Written(WriteResult::Done),
        SocketEvent::Written(WriteResult::Error(SocketError::BrokenPipe)),
        SocketEvent::Written(WriteResult::Interrupted),
        SocketEvent::WriteShutdown(Handover::Complete),
        SocketEvent::Closed(Handover::Incomplete),
        SocketEvent::UdpOpened {
            local: address,
            remote: Some(address),
        },
        SocketEvent::UdpOpened {
            local: address,
            remote: None,
        },
        SocketEvent::Listening { local: address },
        SocketEvent::Accepted(AcceptResult::Connections(vec![AcceptedConnection {
            id,
            local: address,
            remote: address,
        }])),
        SocketEvent::Accepted(AcceptResult::End),
        SocketEvent::Accepted(AcceptResult::Error(SocketError::TooManyOpenFiles)),
    ]
}

fn encoded<T: Serialize>(message: &T) -> Vec<u8> {
    postcard::to_stdvec(message).unwrap()
}

#[test]
fn every_message_reads_back_as_it_was_written() {
    for request in requests() {
        assert_eq!(decode::<SocketRequest>(&encoded(&request)), Some(request));
    }
    for event in events() {
        assert_eq!(decode_list::<SocketEvent>(&encoded(&event)), Some(event));
    }
    let refused = ClientEvent::Refused(SocketError::OriginNotAllowed);
    assert_eq!(decode::<ClientEvent>(&encoded(&refused)), Some(refused));
    for record in outgoing() {
        let bytes = encoded(&record);
        assert_eq!(decode_borrowed::<Outgoing>(&bytes), Some(record));
    }
    for record in datagrams() {
        let bytes = encoded(&record);
        assert_eq!(decode_borrowed::<Datagram>(&bytes), Some(record));
    }
}

#[test]
fn a_request_tells_which_socket_it_is_about() {
    for request in requests() {
        let is_about_none = matches!(request, SocketRequest::MoreRings | SocketRequest::Doorbell);
        let id = (!is_about_none).then_some(SocketId(u64::MAX - 1));
        assert_eq!(request.id(), id, "{request:?}");
    }
}

#[test]
fn life_08_messages_that_are_cut_off_are_errors() {
    for request in requests() {
        let bytes = encoded(&request);
        for length in 0..bytes.len() {
            assert_eq!(
                decode::<SocketRequest>(&bytes[..length]),
                None,
                "{request:?} {length}"
            );
        }
    }
    for event in events() {
        let bytes = encoded(&event);
        for length in 0..bytes.len() {
            assert_eq!(
                decode_list::<SocketEvent>(&bytes[..length]),
                None,
                "{event:?} {length}"
            );
        }
    }
}

#[test]
fn life_08_lengths_that_promise_too_much_allocate_nothing() {
    // A datagram of 2^63 bytes, none of which are there.
    let endless = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(decode_borrowed::<Outgoing>(&endless), None);
    assert_eq!(decode_borrowed::<Datagram>(&endless), None);
    let mut bytes = Vec::new();
    // A name of the same length.
    bytes.extend([
        0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ]);
    assert_eq!(decode::<SocketRequest>(&bytes), None);
    decode_as_everything(&bytes);
    // Connections of the same number.
    let none = SocketEvent::Accepted(AcceptResult::Connections(Vec::new()));
    let mut bytes = encoded(&none)[..2].to_vec();
    bytes.extend(endless);
    assert_eq!(decode_list::<SocketEvent>(&bytes), None);
}

#[test]
fn a_datagram_costs_little_more_than_its_bytes() {
    let send = Outgoing {
        data: &[0; MAX_DATAGRAM],
        to: None,
        answer: true,
    };
    assert!(encoded(&send).len() <= MAX_DATAGRAM + 16);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn life_08_life_11_any_bytes_are_decoded_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn life_08_life_11_small_numbers_go_deeper(bytes in prop::collection::vec(0..12_u8, 0..60)) {
        decode_as_everything(&bytes);
    }

    #[test]
    fn life_08_life_11_valid_messages_with_changes_are_decoded_or_refused(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut messages: Vec<Vec<u8>> = requests().iter().map(encoded).collect();
        messages.extend(events().iter().map(encoded));
        let mut bytes = which.get(&messages).clone();
        for (index, value) in changes {
            let index = index.index(bytes.len());
            bytes[index] = value;
        }
        decode_as_everything(&bytes);
        bytes.truncate(cut.index(bytes.len() + 1));
        decode_as_everything(&bytes);
    }
}
