/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::read_side::ReadSide;
use direct_sockets_plane::{Consumer, Corrupt, Plane, Room, Span};
use direct_sockets_traits::limits::FIRST_WINDOW;

/// A read side with a ring of its own, and script's end of it.
fn with_ring() -> (ReadSide, Consumer<Span>) {
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    let mut reading = ReadSide::default();
    reading.attach(span.clone());
    (reading, Consumer::new(span))
}

fn fill(reading: &mut ReadSide) -> usize {
    let ring = reading.ring().unwrap();
    let room = ring.room().unwrap();
    ring.write(&vec![1; room]).unwrap()
}

#[test]
fn nothing_is_read_before_there_is_a_ring() {
    let mut reading = ReadSide::default();
    assert_eq!(reading.has_room(), Ok(false));
    assert!(reading.ring().is_none());
}

#[test]
fn life_09_a_page_that_does_not_read_gets_the_first_window_and_no_more() {
    let (mut reading, _script) = with_ring();
    assert_eq!(reading.has_room(), Ok(true));
    assert_eq!(fill(&mut reading), FIRST_WINDOW);
    for _ in 0..3 {
        assert_eq!(reading.has_room(), Ok(false));
    }
}

#[test]
fn script_tells_when_half_of_the_window_is_free_and_the_window_grows() {
    let (mut reading, mut script) = with_ring();
    let capacity = script.place().capacity();
    let mut window = FIRST_WINDOW;
    for _ in 0..10 {
        fill(&mut reading);
        assert_eq!(reading.has_room(), Ok(false));
        script.read(&mut vec![0; window / 2 - 1]).unwrap();
        assert!(!script.must_tell());
        script.read(&mut [0; 1]).unwrap();
        assert!(script.must_tell());
        assert_eq!(reading.has_room(), Ok(true));
        window = capacity.min(window * 2);
        assert_eq!(reading.ring().unwrap().window(), window);
        script.read(&mut vec![0; capacity]).unwrap();
    }
    assert_eq!(window, capacity);
}

#[test]
fn the_end_is_news_once() {
    let (mut reading, _script) = with_ring();
    assert!(reading.end());
    assert!(!reading.end());
    assert_eq!(reading.has_room(), Ok(false));
    reading.attach(Plane::private().segment().ring(1).unwrap());
    assert!(reading.ring().is_none());
}

#[test]
fn damage_is_found() {
    let (mut reading, script) = with_ring();
    script.place().header().scribble([7, 7, 7, 7, 7]);
    assert_eq!(reading.has_room(), Err(Corrupt));
}
