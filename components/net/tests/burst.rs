/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io::Error;
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;

use direct_sockets_net::burst::{Burst, MostTogether};
use direct_sockets_plane::encode;
use direct_sockets_traits::{
    Destination, Handover, Outgoing, SocketError, SocketEvent, SocketId, SocketRequest, WriteResult,
};
use socket2::Type;

use crate::support::{
    PATIENCE, TestClient, TestNet, destination, early, ipv6_is_off, peer, socket_in_net,
};

fn udp_peer(host: &str) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn to(address: SocketAddr) -> Option<Destination> {
    destination(&address.ip().to_string(), address.port())
}

/// The next so many datagrams.
fn receive(socket: &UdpSocket, count: usize) -> Vec<Vec<u8>> {
    let mut buffer = vec![0; 65536];
    let mut all = Vec::new();
    for _ in 0..count {
        let count = socket.recv(&mut buffer).unwrap();
        all.push(buffer[..count].to_vec());
    }
    all
}

/// Whether nothing is there.
fn is_quiet(socket: &UdpSocket) -> bool {
    socket.set_nonblocking(true).unwrap();
    let is_quiet = socket.recv(&mut [0; 1]).is_err();
    socket.set_nonblocking(false).unwrap();
    is_quiet
}

/// Datagrams of these lengths, each with contents of its own.
fn datagrams(lengths: impl IntoIterator<Item = usize>) -> Vec<Vec<u8>> {
    let with_contents = |(index, length): (usize, usize)| {
        let mut data = peer::pattern(length);
        data.iter_mut()
            .for_each(|byte| *byte = byte.wrapping_add(index as u8));
        data
    };
    lengths.into_iter().enumerate().map(with_contents).collect()
}

/// All of them early, to the same destination.
fn all_early<'a>(datagrams: &'a [Vec<u8>], to: &Option<Destination>) -> Vec<Outgoing<'a>> {
    let with_destination = |data: &'a Vec<u8>| early(data, to.clone());
    datagrams.iter().map(with_destination).collect()
}

/// Wait until so many datagrams have been sent; by how many calls.
fn writes(net: &TestNet, datagrams: usize) -> u64 {
    net.wait_for("all are sent", |figures| {
        figures.datagrams_sent >= datagrams as u64
    });
    let figures = net.statistics();
    assert_eq!(figures.datagrams_sent, datagrams as u64);
    assert_eq!(figures.datagrams_in_flight, 0);
    figures.writes
}

fn connect(client: &TestClient, address: SocketAddr, bound: bool) -> SocketId {
    match bound {
        true => client.bind(&address.ip().to_string()).0,
        false => client.connect_udp(address).0,
    }
}

#[test]
fn udp_w_17_many_of_one_size_go_by_few_calls_whole_and_in_order() {
    for host in ["127.0.0.1", "::1"] {
        if host == "::1" && ipv6_is_off() {
            return;
        }
        for bound in [false, true] {
            let net = TestNet::start();
            let client = net.client();
            let (socket, address) = udp_peer(host);
            let id = connect(&client, address, bound);
            let to = bound.then(|| to(address)).flatten();
            // The last one may be shorter.
            let sent = datagrams([[100; 99].as_slice(), &[3]].concat());
            client.put_datagrams(id, &all_early(&sent, &to));
            assert_eq!(receive(&socket, 100), sent);
            assert_eq!(writes(&net, 100), 2, "{host} {bound}");
            // And some more, when all of that is done.
            let more = datagrams([1; 64]);
            client.put_datagrams(id, &all_early(&more, &to));
            assert_eq!(receive(&socket, 64), more);
            let figures = net.statistics();
            assert_eq!(figures.bytes_sent, 99 * 100 + 3 + 64);
            assert_eq!(figures.bytes_held, 0);
            client.close(id);
            assert!(is_quiet(&socket));
        }
    }
}

#[test]
fn udp_w_17_no_call_sends_more_bytes_than_a_packet_holds() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    let id = connect(&client, address, false);
    let sent = datagrams([15_000; 6]);
    client.put_datagrams(id, &all_early(&sent, &None));
    assert_eq!(receive(&socket, 6), sent);
    assert_eq!(writes(&net, 6), 2);
    let longest = datagrams([65_507, 65_507]);
    client.put_datagrams(id, &all_early(&longest, &None));
    assert_eq!(receive(&socket, 2), longest);
    assert_eq!(writes(&net, 8), 4);
}

#[test]
fn udp_w_17_udp_w_06_other_sizes_and_destinations_keep_their_order() {
    let net = TestNet::start();
    let client = net.client();
    let (one, first) = udp_peer("127.0.0.1");
    let (other, second) = udp_peer("127.0.0.1");
    let (id, _) = client.bind("127.0.0.1");
    // What stands together here is sent together.
    let runs: [(&[usize], SocketAddr); 9] = [
        (&[10, 10], first),
        (&[20, 20, 20, 5], first),
        (&[0], first),
        (&[0], first),
        (&[7, 7], first),
        (&[7], second),
        (&[7], first),
        (&[8], second),
        (&[9, 9, 9, 9], second),
    ];
    let lengths = runs.iter().flat_map(|(lengths, _)| *lengths);
    let sent = datagrams(lengths.copied());
    let addresses = runs
        .iter()
        .flat_map(|(lengths, address)| std::iter::repeat_n(*address, lengths.len()));
    let outgoing: Vec<_> = sent
        .iter()
        .zip(addresses)
        .map(|(data, address)| (early(data, to(address)), address))
        .collect();
    let of = |wanted: SocketAddr| -> Vec<_> {
        let those = outgoing.iter().filter(|(_, address)| *address == wanted);
        those.map(|(datagram, _)| datagram.data.to_vec()).collect()
    };
    let (to_one, to_other) = (of(first), of(second));
    let outgoing: Vec<_> = outgoing
        .iter()
        .map(|(datagram, _)| datagram.clone())
        .collect();
    client.put_datagrams(id, &outgoing);
    assert_eq!(receive(&one, to_one.len()), to_one);
    assert_eq!(receive(&other, to_other.len()), to_other);
    assert_eq!(writes(&net, sent.len()), runs.len() as u64);
}

#[test]
fn udp_w_17_one_that_waits_for_its_result_goes_by_itself_in_its_turn() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    let id = connect(&client, address, false);
    let sent = datagrams([30; 9]);
    let mut outgoing = all_early(&sent, &None);
    outgoing[4].answer = true;
    outgoing[8].answer = true;
    client.put_datagrams(id, &outgoing);
    for _ in 0..2 {
        let done = SocketEvent::Written(WriteResult::Done);
        assert_eq!(client.next_of(id), done);
    }
    assert_eq!(receive(&socket, 9), sent);
    assert_eq!(writes(&net, 9), 4);
}

/// No checksums, without which the kernel cuts nothing up. The libc crate has no name for it.
const SO_NO_CHECK: i32 = 11;

/// Set an option of the OS that is a number.
fn set_option(socket: &impl AsRawFd, level: i32, name: i32, value: libc::c_int) {
    let length = size_of_val(&value) as libc::socklen_t;
    let value = (&raw const value).cast();
    // SAFETY: `value` outlives the call, and `length` is its size.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, name, value, length) };
    assert_eq!(result, 0);
}

#[test]
fn udp_w_17_what_the_os_does_not_take_together_goes_one_by_one() {
    // A socket that cannot, and a path that takes little at once.
    for (host, level, name, value, calls_for_short) in [
        ("127.0.0.1", libc::SOL_SOCKET, SO_NO_CHECK, 1, 10),
        ("::1", libc::IPPROTO_IPV6, libc::IPV6_MTU, 1280, 1),
    ] {
        if host == "::1" && ipv6_is_off() {
            return;
        }
        let net = TestNet::start();
        let client = net.client();
        let (socket, address) = udp_peer(host);
        let (id, local) = client.connect_udp(address);
        let own = socket_in_net(&net, Type::DGRAM, local.into());
        set_option(&own, level, name, value);
        let sent = datagrams([2000; 10]);
        client.put_datagrams(id, &all_early(&sent, &None));
        assert_eq!(receive(&socket, 10), sent);
        assert_eq!(writes(&net, 10), 10, "{host}");
        // Shorter ones are tried again.
        let short = datagrams([1000; 10]);
        client.put_datagrams(id, &all_early(&short, &None));
        assert_eq!(receive(&socket, 10), short);
        assert_eq!(writes(&net, 20), 10 + calls_for_short, "{host}");
    }
}

#[test]
fn udp_w_10_one_that_is_too_long_fails_in_its_turn_and_nothing_follows() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    for bound in [false, true] {
        let id = connect(&client, address, bound);
        let to = bound.then(|| to(address)).flatten();
        let sent = datagrams([100, 100, 100, 65_508, 100, 100]);
        client.put_datagrams(id, &all_early(&sent, &to));
        let error = SocketEvent::WriteFailed(SocketError::MessageTooLarge);
        assert_eq!(client.next_of(id), error);
        assert_eq!(receive(&socket, 3), sent[..3]);
        client.close(id);
        assert!(is_quiet(&socket));
    }
    assert_eq!(writes(&net, 6), 2);
}

#[test]
fn udp_w_10_an_icmp_error_ends_the_writing_of_a_connected_socket() {
    let net = TestNet::start();
    let client = net.client();
    let closed = udp_peer("127.0.0.1").1;
    let id = connect(&client, closed, false);
    let sent = datagrams([10; 200]);
    client.put_datagrams(id, &all_early(&sent, &None));
    let error = SocketEvent::WriteFailed(SocketError::ConnectionRefused);
    assert_eq!(client.next_of(id), error);
    client.expect_nothing();
    // The answer to one call is met by a later one, all of which is not sent.
    let figures = net.statistics();
    assert_eq!(figures.datagrams_sent, 64 * figures.writes);
    assert_eq!(figures.bytes_held, 0);
    client.close(id);
}

#[test]
fn udp_r_06_bound_sockets_go_on_after_icmp_errors() {
    let net = TestNet::start();
    let client = net.client();
    let closed = udp_peer("127.0.0.1").1;
    let (socket, address) = udp_peer("127.0.0.1");
    let (id, _) = client.bind("127.0.0.1");
    let sent = datagrams([10; 30]);
    let mut outgoing = all_early(&sent, &to(address));
    for datagram in &mut outgoing[10..20] {
        datagram.to = to(closed);
    }
    client.put_datagrams(id, &outgoing);
    let arrived = [&sent[..10], &sent[20..]].concat();
    assert_eq!(receive(&socket, 20), arrived);
    assert_eq!(writes(&net, 30), 3);
    client.close(id);
}

#[test]
fn udp_w_12_udp_w_18_an_abort_sends_what_was_reported_as_written_and_no_more() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    let id = connect(&client, address, false);
    let sent = datagrams([50; 10]);
    let outgoing = all_early(&sent, &None);
    // With its length in front.
    let record = 4 + encode(&outgoing[0], Vec::new()).unwrap().len();
    let keep = 4 * record as u64;
    client.send(SocketRequest::AbortWrite { id, keep });
    assert_eq!(client.put_datagrams(id, &outgoing), 10 * record as u64);
    assert_eq!(receive(&socket, 4), sent[..4]);
    assert_eq!(writes(&net, 4), 1);
    client.close(id);
    assert!(is_quiet(&socket));
}

#[test]
fn udp_close_05_what_was_reported_as_written_is_sent_before_the_socket_closes() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    let id = connect(&client, address, false);
    let sent = datagrams([20; 150]);
    let keep = client.put_datagrams(id, &all_early(&sent, &None));
    client.send(SocketRequest::Close { id, keep });
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(client.next_of(id), closed);
    assert_eq!(writes(&net, 150), 3);
    assert_eq!(receive(&socket, 150), sent);
    // Also when the client has gone.
    let id = connect(&client, address, false);
    client.put_datagrams(id, &all_early(&sent, &None));
    drop(client);
    assert_eq!(receive(&socket, 150), sent);
    net.wait_for("no socket", |figures| figures.sockets == 0);
}

#[test]
fn life_08_what_stands_before_garbage_is_sent() {
    let net = TestNet::start();
    let client = net.client();
    let (socket, address) = udp_peer("127.0.0.1");
    let id = connect(&client, address, false);
    let sent = datagrams([20; 3]);
    let records = all_early(&sent, &None)
        .iter()
        .map(|datagram| encode(datagram, Vec::new()).unwrap())
        .chain([vec![255; 100]])
        .collect::<Vec<_>>();
    client.put_records(id, records);
    let closed = SocketEvent::Closed(Handover::Complete);
    assert_eq!(client.next_of(id), closed);
    assert_eq!(receive(&socket, 3), sent);
    assert_eq!(writes(&net, 3), 1);
}

fn address(port: u16) -> Option<SocketAddr> {
    Some(([127, 0, 0, 1], port).into())
}

/// How many of these go together.
fn together(most: &MostTogether, datagrams: &[(&[u8], Option<SocketAddr>)]) -> usize {
    let mut burst = Burst::default();
    let mut count = 0;
    for (data, to) in datagrams {
        if !burst.add(data, *to, data.len() + 10, most) {
            break;
        }
        count += 1;
        let bytes: usize = datagrams[..count].iter().map(|(data, _)| data.len()).sum();
        assert_eq!(burst.count(), count);
        assert_eq!(burst.taken(), bytes + 10 * count);
        assert_eq!(burst.contents().0.len(), bytes);
    }
    count
}

#[test]
fn what_is_alike_goes_together() {
    let most = MostTogether::new(4);
    let x: (&[u8], _) = (b"xx", address(1));
    assert_eq!(together(&most, &[x]), 1);
    assert_eq!(together(&most, &[x; 3]), 3);
    assert_eq!(together(&most, &[x; 9]), 4);
    assert_eq!(together(&MostTogether::new(1), &[x; 9]), 1);
    // A shorter one is the last one; a longer one, an empty one and one that goes elsewhere stay behind.
    assert_eq!(together(&most, &[x, x, (b"y", address(1)), x]), 3);
    assert_eq!(
        together(&most, &[x, (b"y", address(1)), (b"y", address(1))]),
        2
    );
    assert_eq!(together(&most, &[x, x, (b"yyy", address(1))]), 2);
    assert_eq!(together(&most, &[x, (b"", address(1))]), 1);
    assert_eq!(together(&most, &[(b"", None), (b"", None)]), 1);
    assert_eq!(together(&most, &[x, (b"xx", address(2))]), 1);
    assert_eq!(together(&most, &[x, (b"xx", None)]), 1);
    let half = [0; 32_754];
    assert_eq!(together(&most, &[(&half, None), (&half, None)]), 1);
    let half = (&half[..32_753], None);
    assert_eq!(together(&most, &[half; 3]), 2);
}

#[test]
fn what_was_refused_for_ever_is_not_tried_again() {
    let burst = |count| {
        let mut burst = Burst::default();
        for _ in 0..count {
            assert!(burst.add(b"12345678", None, 1, &MostTogether::new(4)));
        }
        burst
    };
    let long: (&[u8], _) = (b"12345678", None);
    let short: (&[u8], _) = (b"1234567", None);
    for (number, refuses, longs, shorts) in [
        (libc::EMSGSIZE, true, 1, 4),
        (libc::EINVAL, true, 1, 4),
        (libc::EIO, true, 1, 1),
        (libc::ENOBUFS, true, 4, 4),
        (libc::ECONNREFUSED, false, 4, 4),
        (libc::EHOSTUNREACH, false, 4, 4),
        (libc::EPERM, false, 4, 4),
        (libc::EAGAIN, false, 4, 4),
    ] {
        let most = MostTogether::new(4);
        let error = Error::from_raw_os_error(number);
        assert!(!most.refuses(&burst(1), &error), "one is no burst");
        assert_eq!(most.refuses(&burst(2), &error), refuses, "{error}");
        assert_eq!(together(&most, &[long; 9]), longs, "{error}");
        assert_eq!(together(&most, &[short; 9]), shorts, "{error}");
    }
}
