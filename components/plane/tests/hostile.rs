/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The other side writes whatever it likes into the memory.

use direct_sockets_plane::{
    Consumer, MAX_MESSAGE, MessageReader, MessageWriter, Plane, Post, Producer, Room, decode,
};
use direct_sockets_traits::limits::MAX_DATAGRAM;
use direct_sockets_traits::{Datagram, Outgoing, SocketEvent, SocketId, SocketRequest};

/// What one of the sides does next.
#[derive(Clone, Debug, bolero::TypeGenerator)]
enum Step {
    Write(u16),
    Read(u16),
    Window(u32),
    WaitForRoom(u16),
    WaitForBytes,
    Message(u16),
    ReadMessage,
    Scribble([u64; 5]),
    /// Near the honest values, where mistakes would be.
    Nudge([i8; 3]),
    Garbage(u16, u8),
    LookAtMessages,
}

#[test]
fn whatever_stands_in_the_memory_every_call_returns() {
    bolero::check!()
        .with_type::<Vec<Step>>()
        .for_each(|steps| run(steps));
}

fn run(steps: &[Step]) {
    thread_local! {
        static PLANE: Plane = Plane::private();
    }
    PLANE.with(|plane| {
        let ring = plane.segment().ring(0).unwrap();
        ring.header().reset();
        plane.events().header().reset();
        let mut producer = Producer::new(ring.clone());
        let mut consumer = Consumer::new(ring.clone());
        let mut writer = MessageWriter::new(plane.events());
        let mut reader = MessageReader::new(plane.events());
        let capacity = ring.capacity();
        let mut bytes = vec![0; usize::from(u16::MAX)];
        for step in steps {
            match *step {
                Step::Write(length) => {
                    let result = producer.write(&bytes[..length.into()]);
                    assert!(result.is_err() || result.is_ok_and(|count| count <= length.into()));
                },
                Step::Read(length) => {
                    let result = consumer.read(&mut bytes[..length.into()]);
                    assert!(result.is_err() || result.is_ok_and(|count| count <= length.into()));
                },
                Step::Window(window) => producer.set_window(window as usize),
                Step::WaitForRoom(length) => {
                    let _ = producer.wait_for_room(length.into());
                    let _ = consumer.must_tell();
                },
                Step::WaitForBytes => {
                    let _ = consumer.wait_for_bytes();
                    let _ = producer.must_tell();
                },
                Step::Message(length) => {
                    let _ = writer.write(&bytes[..usize::from(length).min(MAX_MESSAGE)]);
                    let _ = writer.must_tell();
                },
                Step::ReadMessage => {
                    let _ = reader.read(&mut bytes);
                    bytes.resize(u16::MAX.into(), 0);
                    let _ = reader.wait_for_message();
                },
                Step::LookAtMessages => {
                    let mut ahead = 0;
                    while let Ok(Some(count)) = reader.look(ahead, &mut bytes) {
                        ahead += count;
                    }
                    reader.skip(ahead);
                    bytes.resize(u16::MAX.into(), 0);
                },
                Step::Scribble(words) => {
                    ring.header().scribble(words);
                    plane.events().header().scribble(words);
                },
                Step::Nudge([head, tail, base]) => {
                    let near = |position: u64, by: i8| position.wrapping_add_signed(by.into());
                    ring.header().scribble([
                        near(producer.position(), head),
                        near(producer.position(), base),
                        near(consumer.position(), tail),
                        near(producer.position(), head),
                        near(consumer.position(), tail),
                    ]);
                },
                Step::Garbage(offset, byte) => {
                    plane.events().copy_in(offset.into(), &[byte; 8]);
                },
            }
            if let Ok(used) = producer.used() {
                assert!(used <= capacity);
            }
            if let Ok(available) = consumer.available() {
                assert!(available <= capacity);
            }
        }
    });
}

#[test]
fn whatever_a_message_says_it_is_understood_or_refused() {
    bolero::check!()
        .with_type::<Vec<Vec<u8>>>()
        .for_each(|messages| understand(messages));
}

/// Both sides are told these messages by the other one, and find them in a ring of datagrams.
fn understand(messages: &[Vec<u8>]) {
    thread_local! {
        static PLANE: Plane = Plane::private();
    }
    PLANE.with(|plane| {
        plane.events().header().reset();
        plane.requests().header().reset();
        let mut net = Post::of_net(plane, 0);
        let mut script = Post::of_script(plane, 0);
        let mut events = MessageWriter::new(plane.events());
        let mut requests = MessageWriter::new(plane.requests());
        for message in messages {
            if let Ok(datagram) = decode::<Datagram<'_>>(message) {
                assert!(datagram.data.len() <= message.len());
            }
            if let Ok(datagram) = decode::<Outgoing<'_>>(message) {
                assert!(datagram.data.len() <= message.len().min(MAX_DATAGRAM + 1));
            }
            let message = &message[..message.len().min(MAX_MESSAGE)];
            assert!(events.write(message).is_ok() && requests.write(message).is_ok());
            let event = script.receive::<(SocketId, SocketEvent)>();
            let request = net.receive::<SocketRequest>();
            assert!(!matches!(event, Ok(None)) && !matches!(request, Ok(None)));
            if event.is_err() && request.is_err() {
                // Whoever is told nonsense ends it.
                return;
            }
        }
    });
}
