/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::{
    Corrupt, MAX_MESSAGE, MessageReader, MessageWriter, Plane, Producer, Room, Span,
};
use proptest::prelude::*;

fn queue() -> (MessageWriter<Span>, MessageReader<Span>) {
    let span = Plane::private().events();
    (MessageWriter::new(span.clone()), MessageReader::new(span))
}

#[test]
fn messages_arrive_whole_and_in_order() {
    let (mut writer, mut reader) = queue();
    let mut message = vec![9; 3];
    assert_eq!(reader.read(&mut message), Ok(false));
    for text in [&b"first"[..], b"", b"third"] {
        assert_eq!(writer.write(text), Ok(true));
    }
    for text in [&b"first"[..], b"", b"third"] {
        assert_eq!(reader.read(&mut message), Ok(true));
        assert_eq!(message, text);
    }
    assert_eq!(reader.read(&mut message), Ok(false));
}

#[test]
fn both_sides_know_what_waits_and_where() {
    let (mut writer, mut reader) = queue();
    assert_eq!((writer.used(), reader.available()), (Ok(0), Ok(0)));
    assert_eq!(writer.write(&[0; 96]), Ok(true));
    assert_eq!(writer.write(&[0; 46]), Ok(true));
    // Four bytes of length each.
    assert_eq!((writer.used(), reader.available()), (Ok(150), Ok(150)));
    assert_eq!(reader.read(&mut Vec::new()), Ok(true));
    assert_eq!((writer.used(), reader.available()), (Ok(50), Ok(50)));
    assert_eq!(writer.place().capacity(), reader.place().capacity());
}

#[test]
fn messages_that_are_looked_at_stay_until_they_are_skipped() {
    let (mut writer, mut reader) = queue();
    let mut message = vec![9; 30];
    assert_eq!(reader.look(0, &mut message), Ok(None));
    for text in [&b"first"[..], b"", b"third"] {
        assert_eq!(writer.write(text), Ok(true));
    }
    for _ in 0..2 {
        let mut ahead = 0;
        for text in [&b"first"[..], b"", b"third"] {
            let bytes = reader.look(ahead, &mut message).unwrap().unwrap();
            assert_eq!(message, text);
            assert_eq!(bytes, 4 + text.len());
            ahead += bytes;
        }
        assert_eq!(reader.look(ahead, &mut message), Ok(None));
        assert_eq!(ahead as u64, writer.position());
    }
    assert_eq!(reader.position(), 0);
    reader.skip(4 + 5 + 4);
    assert_eq!(reader.position(), 13);
    assert_eq!(reader.look(0, &mut message), Ok(Some(9)));
    assert_eq!(reader.read(&mut message), Ok(true));
    assert_eq!(message, b"third");
    assert_eq!(reader.read(&mut message), Ok(false));
}

#[test]
fn a_full_queue_takes_nothing_and_tells_when_there_is_room_again() {
    let (mut writer, mut reader) = queue();
    let long = vec![1; MAX_MESSAGE];
    let mut count = 0;
    while writer.write(&long).unwrap() {
        count += 1;
    }
    assert!(count > 4);
    assert_eq!(writer.wait_for_room(), Ok(true));
    let mut message = Vec::new();
    let mut told = false;
    for _ in 0..count {
        assert_eq!(reader.read(&mut message), Ok(true));
        assert_eq!(message, long);
        told |= reader.must_tell();
    }
    assert!(told);
    assert_eq!(writer.wait_for_room(), Ok(false));
    assert_eq!(writer.write(&long), Ok(true));
}

#[test]
fn the_reader_is_told_only_if_it_sleeps() {
    let (mut writer, mut reader) = queue();
    assert_eq!(reader.wait_for_message(), Ok(true));
    writer.write(b"x").unwrap();
    assert!(writer.must_tell());
    assert_eq!(reader.wait_for_message(), Ok(false));
    writer.write(b"y").unwrap();
    assert!(!writer.must_tell());
}

#[test]
fn a_length_that_cannot_be_is_corruption() {
    for length in [MAX_MESSAGE as u32 + 1, u32::MAX, 100] {
        let span = Plane::private().events();
        span.header().reset();
        let mut raw = Producer::new(span.clone());
        raw.write(&length.to_ne_bytes()).unwrap();
        raw.write(b"too few").unwrap();
        let mut reader = MessageReader::new(span);
        assert_eq!(reader.read(&mut Vec::new()), Err(Corrupt));
    }
}

#[test]
fn a_part_of_a_length_is_corruption() {
    let span = Plane::private().events();
    let mut raw = Producer::new(span.clone());
    raw.write(&[1, 0]).unwrap();
    assert_eq!(MessageReader::new(span).read(&mut Vec::new()), Err(Corrupt));
}

proptest! {
    #[test]
    fn whatever_the_lengths_the_messages_are_the_same(
        steps in prop::collection::vec((any::<bool>(), 0_usize..MAX_MESSAGE), 1..60),
    ) {
        let (mut writer, mut reader) = queue();
        let mut waiting = std::collections::VecDeque::new();
        let mut message = Vec::new();
        for (index, (writes, length)) in steps.into_iter().enumerate() {
            if writes {
                let sent = vec![index as u8; length];
                if writer.write(&sent).unwrap() {
                    waiting.push_back(sent);
                }
            } else {
                prop_assert_eq!(reader.read(&mut message).unwrap(), !waiting.is_empty());
                if let Some(sent) = waiting.pop_front() {
                    prop_assert_eq!(&message, &sent);
                }
            }
        }
    }
}
