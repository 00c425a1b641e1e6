/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::{
    Consumer, FIRST_SLOTS, LATER_SLOTS, Plane, Producer, Room, Segment, ring_of,
};
use direct_sockets_traits::RingId;

#[test]
fn no_two_rings_share_a_byte() {
    let plane = Plane::private();
    let segment = plane.segment();
    let spans = [
        plane.requests(),
        plane.events(),
        segment.ring(0).unwrap(),
        segment.ring(1).unwrap(),
        segment.ring(FIRST_SLOTS - 1).unwrap(),
    ];
    let rings_before = plane.bell().count();
    for (index, span) in spans.iter().enumerate() {
        span.header().reset();
        let mut producer = Producer::new(span.clone());
        let bytes = vec![index as u8 + 1; span.capacity()];
        assert_eq!(producer.write(&bytes), Ok(span.capacity()));
    }
    for (index, span) in spans.iter().enumerate() {
        let mut bytes = vec![0; span.capacity()];
        span.copy_out(0, &mut bytes);
        assert!(bytes.iter().all(|byte| *byte == index as u8 + 1));
        // The header was not overwritten by anybody's bytes.
        assert_eq!(Consumer::new(span.clone()).available(), Ok(span.capacity()));
    }
    assert_eq!(plane.bell().count(), rings_before);
}

#[test]
fn slots_count_through_all_segments() {
    let plane = Plane::private();
    let (later, _descriptor) = Segment::create().unwrap();
    let segments = [plane.segment(), later];
    assert!(ring_of(&segments, RingId(0)).is_some());
    assert!(ring_of(&segments, RingId(FIRST_SLOTS - 1)).is_some());
    assert!(ring_of(&segments, RingId(FIRST_SLOTS)).is_some());
    assert!(ring_of(&segments, RingId(FIRST_SLOTS + LATER_SLOTS - 1)).is_some());
    assert!(ring_of(&segments, RingId(FIRST_SLOTS + LATER_SLOTS)).is_none());
    assert!(ring_of(&segments, RingId(u32::MAX)).is_none());
    assert!(ring_of(&[], RingId(0)).is_none());
    assert_eq!(segments[0].slots(), FIRST_SLOTS);
    assert_eq!(segments[1].slots(), LATER_SLOTS);
    for segment in segments {
        let rings = segment.slots() as usize * segment.ring(0).unwrap().capacity();
        assert!(segment.memory_length() > rings && segment.memory_length() < rings + rings / 4);
    }
}
