/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The shapes of this crate against the contract, as the real `ipc_channel` sends it.

use direct_sockets_traits::limits::MAX_SOCKETS_PER_CLIENT;
use direct_sockets_traits::{
    Address, AddressGrant, AddressQuestion, AddressSpace, AddressUse, BrokerMessage, ClientEvent,
    ConnectRequest, Decision, Grant, NetControl, NetHello, NetStatistics, Owner, PortFloors,
    QuestionId, RingStatistics, SocketError, SocketId, SocketKey, SocketKind, SocketList,
    SocketRequest, SocketStatistics,
};
use direct_sockets_wire::{
    Connect, Control, Endpoint, Hello, Listener, MAX_MESSAGE, MemoryEvent, Message, Wait,
};
use ipc_channel::ipc::{self, IpcOneShotServer, IpcSender};
use proptest::prelude::*;

fn owner() -> Owner {
    Owner {
        pipeline: "(1,2)".to_owned(),
        worker: Some("worker".to_owned()),
    }
}

fn grant() -> Grant {
    Grant {
        origin: "https://page.example".to_owned(),
        max_sockets: MAX_SOCKETS_PER_CLIENT,
        addresses: AddressGrant {
            loopback: Decision::Deny,
            local: Decision::Ask,
            public: Decision::Allow,
        },
        port_floors: PortFloors {
            udp_bind: 1,
            tcp_listen: 1024,
            remote: u16::MAX,
        },
    }
}

fn key() -> SocketKey {
    SocketKey {
        client: 3,
        socket: u64::MAX,
    }
}

fn sockets() -> SocketList {
    let ring = RingStatistics {
        capacity: 512 * 1024,
        window: 65536,
        waiting: 1,
    };
    let socket = SocketStatistics {
        key: key(),
        kind: SocketKind::Tcp,
        origin: grant().origin,
        owner: owner(),
        local: Some(Address::default()),
        remote: None,
        age: std::time::Duration::from_millis(1500),
        bytes_received: 1,
        bytes_sent: 2,
        datagrams_received: 3,
        datagrams_sent: 4,
        datagrams_dropped: 5,
        reads: 6,
        writes: 7,
        doorbells: 8,
        bells: 9,
        wake_ups: 10,
        receive_ring: Some(ring),
        send_ring: None,
    };
    SocketList {
        sockets: vec![socket],
        is_complete: true,
    }
}

fn receive(endpoint: &Endpoint) -> Message {
    endpoint
        .receive_message(&mut vec![0; MAX_MESSAGE], Wait::Forever)
        .unwrap()
}

/// What goes in at one end of these channels comes out at the other.
fn are_connected(requests: &Endpoint, events: &Endpoint, far: &Far) {
    let request = SocketRequest::CancelRead { id: SocketId(5) };
    far.requests.send(request.clone()).unwrap();
    let message = receive(requests);
    assert_eq!(
        postcard::from_bytes::<SocketRequest>(&message.bytes).unwrap(),
        request
    );
    let event = ClientEvent::Refused(SocketError::Os(42));
    let bytes = postcard::to_stdvec(&event).unwrap();
    events.send(&bytes, &[], Wait::Forever).unwrap();
    assert_eq!(far.events.recv().unwrap(), event);
}

struct Far {
    requests: IpcSender<SocketRequest>,
    events: ipc::IpcReceiver<ClientEvent>,
}

#[test]
fn a_connect_request_is_read_as_script_sends_it() {
    let (sender, endpoint) = Endpoint::for_ipc_sender::<BrokerMessage>().unwrap();
    let (requests, to_net) = ipc::channel().unwrap();
    let (to_client, events) = ipc::channel().unwrap();
    let request = ConnectRequest {
        owner: owner(),
        origin: grant().origin,
        attempt: 3,
        requests: to_net,
        events: to_client,
    };
    sender.send(BrokerMessage::Connect(request)).unwrap();
    let message = receive(&endpoint);
    let connect = Connect::decode(&message.bytes, message.descriptors).unwrap();
    assert_eq!(connect.owner, owner());
    assert_eq!(connect.origin, grant().origin);
    assert_eq!(connect.attempt, 3);
    are_connected(
        &connect.requests,
        &connect.events,
        &Far { requests, events },
    );
}

#[test]
fn control_messages_are_read_as_the_contract_has_them() {
    let (sender, endpoint) = Endpoint::for_ipc_sender::<NetControl>().unwrap();
    let (requests, to_net) = ipc::channel().unwrap();
    let (to_client, events) = ipc::channel().unwrap();
    let register = NetControl::Register {
        owner: owner(),
        grant: grant(),
        requests: to_net,
        events: to_client,
    };
    sender.send(register).unwrap();
    let message = receive(&endpoint);
    match Control::decode(&message.bytes, message.descriptors).unwrap() {
        Control::Register {
            owner: read_owner,
            grant: read_grant,
            requests: read_requests,
            events: read_events,
        } => {
            assert_eq!((read_owner, read_grant), (owner(), grant()));
            are_connected(&read_requests, &read_events, &Far { requests, events });
        },
        other => panic!("{other:?}"),
    }

    let (reply, figures) = ipc::channel::<NetStatistics>().unwrap();
    sender.send(NetControl::Statistics(reply)).unwrap();
    let message = receive(&endpoint);
    let Control::Statistics(reply) = Control::decode(&message.bytes, message.descriptors).unwrap()
    else {
        panic!("not a request for the figures");
    };
    let sent = NetStatistics {
        clients: 1,
        sockets: 2,
        bytes_held: 3,
        datagrams_in_flight: 6,
        datagrams_dropped: 7,
        bytes_received: u64::MAX,
        bytes_sent: 5,
        wake_ups: 8,
        ..Default::default()
    };
    reply
        .send(&postcard::to_stdvec(&sent).unwrap(), &[], Wait::Forever)
        .unwrap();
    assert_eq!(figures.recv().unwrap(), sent);

    for asked in [None, Some(key())] {
        let (reply, lists) = ipc::channel::<SocketList>().unwrap();
        let after = asked;
        sender.send(NetControl::Sockets { after, reply }).unwrap();
        let message = receive(&endpoint);
        let control = Control::decode(&message.bytes, message.descriptors).unwrap();
        let Control::Sockets { after, reply } = control else {
            panic!("not a request for sockets");
        };
        assert_eq!(after, asked);
        let sent = sockets();
        reply
            .send(&postcard::to_stdvec(&sent).unwrap(), &[], Wait::Forever)
            .unwrap();
        assert_eq!(lists.recv().unwrap(), sent);
    }

    let (id, allow) = (QuestionId(7), false);
    sender.send(NetControl::Answer { id, allow }).unwrap();
    let message = receive(&endpoint);
    let answer = Control::decode(&message.bytes, message.descriptors).unwrap();
    assert!(matches!(
        answer,
        Control::Answer {
            id: QuestionId(7),
            allow: false
        }
    ));

    sender.send(NetControl::Exit).unwrap();
    let message = receive(&endpoint);
    let exit = Control::decode(&message.bytes, message.descriptors).unwrap();
    assert!(matches!(exit, Control::Exit));
}

#[test]
fn control_messages_are_written_as_the_contract_has_them() {
    // `ipc_channel` receives what this crate sends.
    let (control, endpoint) = receiver_from_endpoint::<NetControl>();
    let (requests, events) = (Endpoint::pair().unwrap(), Endpoint::pair().unwrap());
    let register = Control::Register {
        owner: owner(),
        grant: grant(),
        requests: requests.0,
        events: events.0,
    };
    let (reply, _) = Endpoint::pair().unwrap();
    let statistics = Control::Statistics(reply);
    let (reply, list) = Endpoint::pair().unwrap();
    let after = Some(key());
    let sockets_after = Control::Sockets { after, reply };
    let (id, allow) = (QuestionId(9), true);
    let answer = Control::Answer { id, allow };
    for message in [register, statistics, sockets_after, answer, Control::Exit] {
        let (bytes, descriptors) = message.encode().unwrap();
        endpoint.send(&bytes, &descriptors, Wait::Forever).unwrap();
    }
    match control.recv().unwrap() {
        NetControl::Register {
            owner: read_owner,
            grant: read_grant,
            events: read_events,
            ..
        } => {
            assert_eq!((read_owner, read_grant), (owner(), grant()));
            let event = ClientEvent::Refused(SocketError::Os(1));
            read_events.send(event.clone()).unwrap();
            let message = receive(&events.1);
            assert_eq!(
                postcard::from_bytes::<ClientEvent>(&message.bytes).unwrap(),
                event
            );
        },
        other => panic!("{other:?}"),
    }
    assert!(matches!(control.recv().unwrap(), NetControl::Statistics(_)));
    match control.recv().unwrap() {
        NetControl::Sockets { after, reply } => {
            assert_eq!(after, Some(key()));
            reply.send(sockets()).unwrap();
            let message = receive(&list);
            let read: SocketList = postcard::from_bytes(&message.bytes).unwrap();
            assert_eq!(read, sockets());
        },
        other => panic!("{other:?}"),
    }
    let answer = control.recv().unwrap();
    assert!(matches!(
        answer,
        NetControl::Answer {
            id: QuestionId(9),
            allow: true
        }
    ));
    assert!(matches!(control.recv().unwrap(), NetControl::Exit));
}

/// An `ipc_channel` receiver of what an endpoint sends.
fn receiver_from_endpoint<T>() -> (ipc::IpcReceiver<T>, Endpoint)
where
    T: serde::de::DeserializeOwned + serde::Serialize,
{
    use std::os::fd::AsFd;
    let (server, path) = IpcOneShotServer::<ipc::IpcReceiver<T>>::new().unwrap();
    let (own, other) = Endpoint::pair().unwrap();
    let carrier = Endpoint::connect(&path).unwrap();
    carrier
        .send(
            &postcard::to_stdvec(&0_usize).unwrap(),
            &[other.as_fd()],
            Wait::Forever,
        )
        .unwrap();
    (server.accept().unwrap().1, own)
}

#[test]
fn a_report_is_understood_by_a_one_shot_server() {
    let (server, path) = IpcOneShotServer::<NetHello>::new().unwrap();
    let (own, control) = Endpoint::pair().unwrap();
    let (asks, questions) = Endpoint::pair().unwrap();
    let hello = Hello {
        version: 1,
        pid: 2,
        control,
        questions,
    };
    let (bytes, descriptors) = hello.encode().unwrap();
    Endpoint::connect(&path)
        .unwrap()
        .send(&bytes, &descriptors, Wait::Forever)
        .unwrap();
    let (_, read) = server.accept().unwrap();
    assert_eq!((read.version, read.pid), (1, 2));
    read.control.send(NetControl::Exit).unwrap();
    let message = receive(&own);
    let exit = Control::decode(&message.bytes, message.descriptors).unwrap();
    assert!(matches!(exit, Control::Exit));
    let bytes = postcard::to_stdvec(&question()).unwrap();
    asks.send(&bytes, &[], Wait::Forever).unwrap();
    assert_eq!(read.questions.recv().unwrap(), question());
}

fn question() -> AddressQuestion {
    AddressQuestion {
        id: QuestionId(u64::MAX),
        origin: "https://page.example".to_owned(),
        space: AddressSpace::Local,
        address: Address::default(),
        usage: AddressUse::UdpSend,
    }
}

#[test]
fn a_report_of_ipc_channel_is_understood() {
    let listener = Listener::new().unwrap();
    let sender: IpcSender<NetHello> = IpcSender::connect(listener.path().to_owned()).unwrap();
    let (control, messages) = ipc::channel().unwrap();
    let (asks, questions) = ipc::channel().unwrap();
    let (version, pid) = (7, 8);
    sender
        .send(NetHello {
            version,
            pid,
            control,
            questions,
        })
        .unwrap();
    let endpoint = listener.accept(Wait::Forever).unwrap();
    assert_eq!(endpoint.peer_process().unwrap(), std::process::id());
    let message = receive(&endpoint);
    let hello = Hello::decode(&message.bytes, message.descriptors).unwrap();
    assert_eq!((hello.version, hello.pid), (7, 8));
    let (bytes, descriptors) = Control::Exit.encode().unwrap();
    hello
        .control
        .send(&bytes, &descriptors, Wait::Forever)
        .unwrap();
    assert!(matches!(messages.recv().unwrap(), NetControl::Exit));
    asks.send(question()).unwrap();
    let message = receive(&hello.questions);
    let read: AddressQuestion = postcard::from_bytes(&message.bytes).unwrap();
    assert_eq!(read, question());
}

proptest! {
    #[test]
    fn life_11_any_bytes_with_any_descriptors_are_survived(
        bytes in prop::collection::vec(prop_oneof![Just(0_u8), Just(1_u8), any::<u8>()], 0..60),
        count in 0..4_usize,
    ) {
        let descriptors = || -> Vec<_> {
            (0..count)
                .map(|index| match index {
                    0 | 1 => Endpoint::pair().unwrap().0.into(),
                    _ => std::fs::File::open("/dev/null").unwrap().into(),
                })
                .collect()
        };
        // Not to panic is all that is asked.
        let _ = Connect::decode(&bytes, descriptors());
        let _ = Control::decode(&bytes, descriptors());
        let _ = Hello::decode(&bytes, descriptors());
    }
}

#[test]
fn memory_arrives_as_ipc_channel_hands_it_over() {
    use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
    use std::os::fd::AsFd;
    let memory = |length| {
        let descriptor = memfd_create("test", MemfdFlags::CLOEXEC).unwrap();
        ftruncate(&descriptor, length).unwrap();
        descriptor
    };
    let (events, endpoint) = receiver_from_endpoint::<ClientEvent>();
    for event in [
        MemoryEvent::Ready {
            net_pid: 42,
            memory: memory(8192),
        },
        MemoryEvent::Rings(memory(4096)),
    ] {
        let (bytes, descriptor) = event.encode().unwrap();
        let descriptors = [descriptor.as_fd()];
        endpoint.send(&bytes, &descriptors, Wait::Forever).unwrap();
    }
    match events.recv().unwrap() {
        ClientEvent::Ready { net_pid, memory } => {
            assert_eq!((net_pid, memory.0.len()), (42, 8192));
            // Nothing of what is in there is told.
            assert_eq!(format!("{memory:?}"), "SharedMemory(8192 bytes)");
        },
        other => panic!("{other:?}"),
    }
    match events.recv().unwrap() {
        ClientEvent::Rings(memory) => assert_eq!(memory.0.len(), 4096),
        other => panic!("{other:?}"),
    }
}
