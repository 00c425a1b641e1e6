/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Messages from hostile processes: decoding never panics and allocates no more than was sent.
//!
//! Messages that carry channels are decoded by `direct-sockets-wire`; their tests are there.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::num::{NonZeroU16, NonZeroU32};

use direct_sockets_traits::limits::{MAX_DATAGRAM, MAX_PAYLOAD};
use direct_sockets_traits::{
    AcceptResult, AcceptedConnection, Address, AddressQuestion, BufferSizes, ClientEvent, Datagram,
    Destination, DnsQueryType, Grant, Host, NetStatistics, Owner, ReadResult, ReceiveResult,
    SocketError, SocketEvent, SocketId, SocketRequest, TcpExtras, TcpListen, TcpOpen, TcpOptions,
    UdpExtras, UdpMode, UdpOpen, WriteResult,
};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_bytes::ByteBuf;

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

fn decode_within<T: DeserializeOwned>(bytes: &[u8], factor: usize) -> Option<T> {
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
    decode::<ReadResult>(bytes);
    decode_list::<ReceiveResult>(bytes);
    decode_list::<AcceptResult>(bytes);
    decode::<Datagram>(bytes);
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
        SocketRequest::Read { id, max: u32::MAX },
        SocketRequest::CancelRead { id },
        SocketRequest::Write {
            id,
            bytes: ByteBuf::from(vec![1; 300]),
            last: false,
        },
        SocketRequest::AbortWrite { id },
        SocketRequest::ShutdownWrite { id },
        SocketRequest::Close { id },
        SocketRequest::Abandon { id },
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
        SocketRequest::Send {
            id,
            data: ByteBuf::from(vec![3; 300]),
            to: Some(destination()),
        },
        SocketRequest::Send {
            id,
            data: ByteBuf::new(),
            to: None,
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

fn events() -> Vec<ClientEvent> {
    let id = SocketId(7);
    let address = Address::default();
    let socket_events = [
        SocketEvent::Opened {
            local: address,
            remote: address,
        },
        SocketEvent::OpenFailed(SocketError::Os(113)),
        SocketEvent::Read(ReadResult::Data(ByteBuf::from(vec![2; 300]))),
        SocketEvent::Read(ReadResult::End),
        SocketEvent::Read(ReadResult::Error(SocketError::ConnectionReset)),
        SocketEvent::WriteCredit(u32::MAX),
        SocketEvent::Written(WriteResult::Done),
        SocketEvent::Written(WriteResult::Error(SocketError::BrokenPipe)),
        SocketEvent::Written(WriteResult::Interrupted),
        SocketEvent::WriteShutdown,
        SocketEvent::Closed,
        SocketEvent::UdpOpened {
            local: address,
            remote: Some(address),
        },
        SocketEvent::UdpOpened {
            local: address,
            remote: None,
        },
        SocketEvent::Listening { local: address },
        SocketEvent::Received(ReceiveResult::Datagrams {
            datagrams: vec![
                Datagram {
                    data: ByteBuf::from(vec![4; 300]),
                    from: Some(address),
                },
                Datagram {
                    data: ByteBuf::new(),
                    from: None,
                },
            ],
            last: true,
        }),
        SocketEvent::Received(ReceiveResult::Error(SocketError::ConnectionRefused)),
        SocketEvent::Accepted(AcceptResult::Connections(vec![AcceptedConnection {
            id,
            local: address,
            remote: address,
        }])),
        SocketEvent::Accepted(AcceptResult::End),
        SocketEvent::Accepted(AcceptResult::Error(SocketError::TooManyOpenFiles)),
    ];
    let mut events: Vec<_> = socket_events
        .into_iter()
        .map(|event| ClientEvent::Socket { id, event })
        .collect();
    events.push(ClientEvent::Ready { net_pid: 1 });
    events.push(ClientEvent::Refused(SocketError::OriginNotAllowed));
    events
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
        assert_eq!(decode_list::<ClientEvent>(&encoded(&event)), Some(event));
    }
}

#[test]
fn a_request_tells_which_socket_it_is_about() {
    for request in requests() {
        assert_eq!(request.id(), SocketId(u64::MAX - 1), "{request:?}");
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
                decode_list::<ClientEvent>(&bytes[..length]),
                None,
                "{event:?} {length}"
            );
        }
    }
}

#[test]
fn life_08_lengths_that_promise_too_much_allocate_nothing() {
    // A write of 2^63 bytes, none of which are there.
    let write = SocketRequest::Write {
        id: SocketId(1),
        bytes: ByteBuf::new(),
        last: true,
    };
    let mut bytes = encoded(&write);
    let end = bytes.len() - 2;
    bytes.truncate(end);
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(decode::<SocketRequest>(&bytes), None);
    // A name of the same length.
    bytes.clear();
    bytes.extend([
        0, 1, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
    ]);
    assert_eq!(decode::<SocketRequest>(&bytes), None);
    decode_as_everything(&bytes);
    // Datagrams and connections of the same number.
    let none = ReceiveResult::Datagrams {
        datagrams: Vec::new(),
        last: true,
    };
    let no_connection = AcceptResult::Connections(Vec::new());
    for event in [
        SocketEvent::Received(none),
        SocketEvent::Accepted(no_connection),
    ] {
        let bytes = encoded(&event);
        let mut bytes = bytes[..2].to_vec();
        bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
        assert_eq!(decode_list::<SocketEvent>(&bytes), None);
    }
}

#[test]
fn a_full_payload_costs_little_more_than_its_bytes() {
    let write = SocketRequest::Write {
        id: SocketId(u64::MAX),
        bytes: ByteBuf::from(vec![0; MAX_PAYLOAD]),
        last: true,
    };
    assert!(encoded(&write).len() <= MAX_PAYLOAD + 16);
    assert_eq!(decode::<SocketRequest>(&encoded(&write)), Some(write));
    let send = SocketRequest::Send {
        id: SocketId(u64::MAX),
        data: ByteBuf::from(vec![0; MAX_DATAGRAM]),
        to: None,
    };
    assert!(encoded(&send).len() <= MAX_DATAGRAM + 16);
    assert_eq!(decode::<SocketRequest>(&encoded(&send)), Some(send));
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
