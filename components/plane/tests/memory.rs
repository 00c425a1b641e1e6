/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::os::fd::OwnedFd;

use direct_sockets_plane::{Consumer, Memory, Plane, Producer, Segment};
use ipc_channel::ipc::{self, IpcSharedMemory};
use rustix::fs::{SealFlags, fcntl_get_seals, ftruncate};

/// What the other process would see.
pub fn map_again(descriptor: OwnedFd) -> Plane {
    Plane::received(through_a_channel(descriptor)).unwrap()
}

/// A descriptor as it comes out of ipc-channel: net sends it in a packet of its own making.
fn through_a_channel(descriptor: OwnedFd) -> IpcSharedMemory {
    use std::io::IoSlice;
    use std::mem::MaybeUninit;
    use std::os::fd::AsFd;

    use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

    // The name of a one-shot server is the path of a socket that takes packets.
    let (server, name) = ipc::IpcOneShotServer::<IpcSharedMemory>::new().unwrap();
    let socket = rustix::net::socket(
        rustix::net::AddressFamily::UNIX,
        rustix::net::SocketType::SEQPACKET,
        None,
    )
    .unwrap();
    let address = rustix::net::SocketAddrUnix::new(name.as_str()).unwrap();
    rustix::net::connect(&socket, &address).unwrap();
    // The index of the region in the message, as ipc-channel encodes it.
    let message = [0_u8];
    let length = (2 * size_of::<usize>() + message.len()).to_ne_bytes();
    let total = message.len().to_ne_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [descriptor.as_fd()];
    assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let parts = [
        IoSlice::new(&length),
        IoSlice::new(&total),
        IoSlice::new(&message),
    ];
    sendmsg(&socket, &parts, &mut control, SendFlags::empty()).unwrap();
    server.accept().unwrap().1
}

#[test]
fn nobody_can_change_the_size() {
    let (_plane, descriptor) = Plane::create().unwrap();
    let seals = fcntl_get_seals(&descriptor).unwrap();
    assert!(seals.contains(SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL));
    ftruncate(&descriptor, 0).unwrap_err();
    ftruncate(&descriptor, 1 << 40).unwrap_err();
}

#[test]
fn both_mappings_are_the_same_memory() {
    let (plane, descriptor) = Plane::create().unwrap();
    let other = map_again(descriptor);
    let mut producer = Producer::new(plane.segment().ring(3).unwrap());
    let mut consumer = Consumer::new(other.segment().ring(3).unwrap());
    producer.write(b"across").unwrap();
    let mut bytes = [0; 6];
    assert_eq!(consumer.read(&mut bytes), Ok(6));
    assert_eq!(&bytes, b"across");
}

#[test]
fn memory_of_another_size_is_refused() {
    assert!(Plane::received(IpcSharedMemory::from_byte(0, 4096)).is_none());
    assert!(Segment::received(IpcSharedMemory::from_byte(0, 4096)).is_none());
    let (_, descriptor) = Segment::create().unwrap();
    assert!(Plane::received(through_a_channel(descriptor)).is_none());
}

#[test]
fn memory_that_is_not_used_takes_no_room() {
    use std::os::unix::fs::MetadataExt;
    let (plane, descriptor) = Plane::create().unwrap();
    let blocks = || {
        std::fs::File::from(descriptor.try_clone().unwrap())
            .metadata()
            .unwrap()
            .blocks()
    };
    // Of 512 bytes each: the headers of the queues.
    assert!(blocks() <= 16, "{} blocks", blocks());
    let mut producer = Producer::new(plane.segment().ring(200).unwrap());
    let mut consumer = Consumer::new(plane.segment().ring(200).unwrap());
    for _ in 0..1000 {
        producer.write(&[1; 1000]).unwrap();
        consumer.read(&mut [0; 1000]).unwrap();
    }
    // A page for the bytes, one for the header.
    assert!(blocks() <= 32, "{} blocks", blocks());
    producer.write(&[1; 300_000]).unwrap();
    assert!(blocks() >= 300_000 / 512);
    plane.segment().ring(200).unwrap().recycle();
    assert!(blocks() <= 32, "{} blocks", blocks());
}

#[test]
#[should_panic]
fn a_range_outside_is_not_reached() {
    use direct_sockets_plane::Room;
    let plane = Plane::private();
    let last = plane.segment().ring(plane.segment().slots() - 1).unwrap();
    let capacity = last.capacity();
    last.copy_in(capacity - 1, &[1, 2]);
}

#[test]
fn it_can_be_dropped_in_any_order() {
    let memory = Memory::private(1);
    assert_eq!(memory.length(), 1);
    let ring = Plane::private().segment().ring(0).unwrap();
    // The plane has gone, the memory has not.
    let mut producer = Producer::new(ring);
    assert_eq!(producer.write(b"still there"), Ok(11));
}
