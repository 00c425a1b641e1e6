/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::{ErrorKind, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use direct_sockets_wire::{Assembly, Endpoint, Incoming, Listener, ReceiveError, Wait};
use ipc_channel::ipc;
use proptest::prelude::*;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

fn soon() -> Wait {
    Wait::Until(Instant::now() + Duration::from_millis(20))
}

/// Send a packet that may say anything about its length.
fn send_packet(
    endpoint: &Endpoint,
    packet: usize,
    message: usize,
    bytes: &[u8],
    rights: &[OwnedFd],
) {
    let (packet, message) = (packet.to_ne_bytes(), message.to_ne_bytes());
    let parts = [
        IoSlice::new(&packet),
        IoSlice::new(&message),
        IoSlice::new(bytes),
    ];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(8))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let rights: Vec<_> = rights.iter().map(AsFd::as_fd).collect();
    if !rights.is_empty() {
        assert!(control.push(SendAncillaryMessage::ScmRights(&rights)));
    }
    sendmsg(endpoint, &parts, &mut control, SendFlags::empty()).unwrap();
}

#[test]
fn messages_travel_between_two_ends() {
    let (one, other) = Endpoint::pair().unwrap();
    one.send(b"first", &[], Wait::Never).unwrap();
    one.send(b"", &[], Wait::Never).unwrap();
    let mut buffer = [0; 100];
    let message = other.receive_message(&mut buffer, Wait::Never).unwrap();
    assert_eq!(message.bytes, b"first");
    let message = other.receive_message(&mut buffer, Wait::Never).unwrap();
    assert_eq!(message.bytes, b"");
    assert!(matches!(
        other.receive(&mut buffer, Wait::Never),
        Err(ReceiveError::WouldBlock)
    ));
    assert!(matches!(
        other.receive(&mut buffer, soon()),
        Err(ReceiveError::WouldBlock)
    ));
    drop(one);
    assert!(matches!(
        other.receive(&mut buffer, Wait::Forever),
        Err(ReceiveError::Closed)
    ));
}

#[test]
fn sending_to_nobody_is_an_error_and_no_signal() {
    let (one, other) = Endpoint::pair().unwrap();
    drop(other);
    assert_eq!(
        one.send(b"x", &[], Wait::Never).unwrap_err().kind(),
        ErrorKind::BrokenPipe
    );
}

#[test]
fn sending_to_one_who_does_not_read_does_not_wait() {
    let (one, other) = Endpoint::pair().unwrap();
    let message = vec![0; 60_000];
    let mut sent = 0;
    let error = loop {
        match one.send(&message, &[], Wait::Never) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 1000);
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert_eq!(
        one.send(&message, &[], soon()).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    // Nothing was sent by halves.
    let mut buffer = vec![0; 60_000];
    for _ in 0..sent {
        assert_eq!(
            other
                .receive_message(&mut buffer, Wait::Never)
                .unwrap()
                .bytes,
            message
        );
    }
    assert!(matches!(
        other.receive(&mut buffer, Wait::Never),
        Err(ReceiveError::WouldBlock)
    ));
}

#[test]
fn a_message_in_several_packets_is_put_together() {
    let (sender, endpoint) = Endpoint::for_ipc_sender::<Vec<u8>>().unwrap();
    let long: Vec<u8> = (0..1_000_000).map(|index| (index / 7) as u8).collect();
    let sent = long.clone();
    let thread = std::thread::spawn(move || sender.send(sent).unwrap());
    let mut buffer = vec![0; 1_100_000];
    let message = endpoint
        .receive_message(&mut buffer, Wait::Forever)
        .unwrap();
    thread.join().unwrap();
    assert_eq!(
        postcard::from_bytes::<Vec<u8>>(&message.bytes).unwrap(),
        long
    );
}

#[test]
fn a_message_over_the_limit_is_refused_before_anything_is_allocated() {
    let (sender, endpoint) = Endpoint::for_ipc_sender::<Vec<u8>>().unwrap();
    // Its sender waits for ever for somebody to take the rest. That is its own business.
    std::thread::spawn(move || drop(sender.send(vec![1; 10_000_000])));
    let result = endpoint.receive(&mut vec![0; 300_000], Wait::Forever);
    assert!(
        matches!(result, Err(ReceiveError::Malformed(_))),
        "{result:?}"
    );
}

#[test]
fn life_08_impossible_lengths_are_refused() {
    let (one, other) = Endpoint::pair().unwrap();
    let mut buffer = [0; 1000];
    for (packet, message) in [
        (0, 0),
        (15, 4),
        (20, 0),
        (20, 3),
        (20, 5),
        (20, 1001),
        (20, 1 << 46),
        (20, usize::MAX),
        (usize::MAX, 4),
    ] {
        send_packet(&one, packet, message, b"1234", &[]);
        let result = other.receive(&mut buffer, Wait::Never);
        assert!(
            matches!(result, Err(ReceiveError::Malformed(_))),
            "{packet} {message} {result:?}"
        );
    }
    rustix::net::send(&one, b"short", SendFlags::empty()).unwrap();
    let result = other.receive(&mut buffer, Wait::Never);
    assert!(
        matches!(result, Err(ReceiveError::Malformed(_))),
        "{result:?}"
    );
    send_packet(&one, 2016, 2000, &[0; 2000], &[]);
    let result = other.receive(&mut buffer, Wait::Never);
    assert!(
        matches!(result, Err(ReceiveError::Malformed(_))),
        "{result:?}"
    );
    // The channel goes on after all of them.
    send_packet(&one, 20, 4, b"1234", &[]);
    assert!(matches!(
        other.receive(&mut buffer, Wait::Never),
        Ok(Incoming::Whole { length: 4, .. })
    ));
}

/// A message that has begun: its end that receives, and where the rest is to be sent.
fn begun(total: usize) -> (Assembly, Endpoint) {
    let (one, other) = Endpoint::pair().unwrap();
    let (rest, far) = Endpoint::pair().unwrap();
    send_packet(&one, 20, total, b"1234", &[far.into()]);
    match other.receive(&mut [0; 1000], Wait::Never).unwrap() {
        Incoming::Begun(assembly) => (assembly, rest),
        whole => panic!("{whole:?}"),
    }
}

#[test]
fn life_08_a_rest_that_does_not_come_is_not_waited_for() {
    let (mut assembly, rest) = begun(100);
    assert!(matches!(
        assembly.advance(Wait::Never),
        Err(ReceiveError::WouldBlock)
    ));
    assert!(matches!(
        assembly.advance(soon()),
        Err(ReceiveError::WouldBlock)
    ));
    rustix::net::send(&rest, &[7; 10], SendFlags::empty()).unwrap();
    assert!(matches!(assembly.advance(Wait::Never), Ok(false)));
    drop(rest);
    assert!(matches!(
        assembly.advance(Wait::Forever),
        Err(ReceiveError::Malformed(_))
    ));
}

#[test]
fn life_08_a_rest_that_is_too_long_is_cut() {
    let (mut assembly, rest) = begun(10);
    rustix::net::send(&rest, &[7; 1000], SendFlags::empty()).unwrap();
    assert!(matches!(assembly.advance(Wait::Never), Ok(true)));
    assert_eq!(assembly.finish().bytes, b"1234\x07\x07\x07\x07\x07\x07");
}

#[test]
fn life_08_descriptors_that_do_not_fit_are_closed() {
    let (one, other) = Endpoint::pair().unwrap();
    let (near, far) = Endpoint::pair().unwrap();
    let far = OwnedFd::from(far);
    let many: Vec<_> = (0..8).map(|_| far.try_clone().unwrap()).collect();
    drop(far);
    send_packet(&one, 20, 4, b"1234", &many);
    drop(many);
    let result = other.receive(&mut [0; 1000], Wait::Never);
    assert!(
        matches!(result, Err(ReceiveError::Malformed(_))),
        "{result:?}"
    );
    // Nobody has the other end any more.
    assert!(matches!(
        near.receive(&mut [0; 10], Wait::Forever),
        Err(ReceiveError::Closed)
    ));
}

#[test]
fn only_channels_are_taken_for_channels() {
    let file = std::fs::File::open("/dev/null").unwrap();
    assert!(Endpoint::from_untrusted(file.into()).is_none());
    let stream = std::os::unix::net::UnixStream::pair().unwrap();
    assert!(Endpoint::from_untrusted(stream.0.into()).is_none());
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(Endpoint::from_untrusted(tcp.into()).is_none());
    assert!(Endpoint::from_untrusted(Endpoint::pair().unwrap().0.into()).is_some());
}

#[test]
fn an_ipc_sender_has_a_receiving_end_here() {
    let (sender, endpoint) = Endpoint::for_ipc_sender::<(u32, ipc::IpcSender<u32>)>().unwrap();
    let (far, near) = ipc::channel().unwrap();
    sender.clone().send((1, far)).unwrap();
    let message = endpoint
        .receive_message(&mut [0; 100], Wait::Forever)
        .unwrap();
    assert_eq!(message.descriptors.len(), 1);
    let other = message
        .descriptors
        .into_iter()
        .next()
        .and_then(Endpoint::from_untrusted)
        .unwrap();
    other
        .send(&postcard::to_stdvec(&2_u32).unwrap(), &[], Wait::Never)
        .unwrap();
    assert_eq!(near.recv().unwrap(), 2);
    drop(sender);
    let result = endpoint.receive(&mut [0; 100], Wait::Forever);
    assert!(matches!(result, Err(ReceiveError::Closed)));
}

#[test]
fn a_listener_waits_as_long_as_it_is_told_to_and_leaves_nothing_behind() {
    let listener = Listener::new().unwrap();
    let path = listener.path().to_owned();
    assert_eq!(
        listener.accept(Wait::Never).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    assert_eq!(
        listener.accept(soon()).unwrap_err().kind(),
        ErrorKind::WouldBlock
    );
    let near = Endpoint::connect(&path).unwrap();
    let far = listener.accept(Wait::Forever).unwrap();
    near.send(b"x", &[], Wait::Never).unwrap();
    assert_eq!(
        far.receive_message(&mut [0; 10], Wait::Forever)
            .unwrap()
            .bytes,
        b"x"
    );
    // Nobody else may enter the directory.
    use std::os::unix::fs::PermissionsExt;
    let directory = std::path::Path::new(&path).parent().unwrap();
    let mode = std::fs::metadata(directory).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    drop(listener);
    assert!(!directory.exists());
    assert!(Endpoint::connect(&path).is_err());
}

proptest! {
    #[test]
    fn life_11_any_packets_are_survived(
        packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 1..20),
    ) {
        let (one, other) = Endpoint::pair().unwrap();
        for packet in &packets {
            rustix::net::send(&one, packet, SendFlags::empty()).unwrap();
        }
        drop(one);
        let mut buffer = [0; 50];
        for _ in &packets {
            prop_assert!(other.receive(&mut buffer, Wait::Forever).is_err());
        }
        prop_assert!(matches!(other.receive(&mut buffer, Wait::Forever), Err(ReceiveError::Closed)));
    }
}
