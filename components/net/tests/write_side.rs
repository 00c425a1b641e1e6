/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::write_side::WriteSide;
use direct_sockets_plane::{Consumer, Corrupt, Plane, Producer, Room, Span};

/// A write side with a ring of its own, and script's end of it.
fn with_ring() -> (WriteSide, Producer<Span>) {
    let span = Plane::private().segment().ring(0).unwrap();
    span.header().reset();
    let mut writing = WriteSide::default();
    writing.attach(span.clone());
    (writing, Producer::new(span))
}

fn take(ring: &mut Consumer<Span>, count: usize) {
    assert_eq!(ring.read(&mut vec![0; count]), Ok(count));
}

#[test]
fn there_is_nothing_to_write_before_there_is_a_ring() {
    let mut writing = WriteSide::default();
    assert_eq!(writing.waiting(), Ok(0));
    assert_eq!(writing.has_work(), Ok(false));
    assert!(writing.ring().is_none());
}

#[test]
fn what_is_in_the_ring_waits_and_script_tells_when_there_is_more() {
    let (mut writing, mut script) = with_ring();
    assert_eq!(writing.has_work(), Ok(false));
    script.write(&[1; 10]).unwrap();
    assert!(script.must_tell());
    assert_eq!(writing.has_work(), Ok(true));
    assert_eq!(writing.waiting(), Ok(10));
    take(writing.ring().unwrap(), 10);
    assert_eq!(writing.has_work(), Ok(false));
}

#[test]
fn tcp_w_13_only_what_is_kept_is_written() {
    let (mut writing, mut script) = with_ring();
    script.write(&[1; 10]).unwrap();
    take(writing.ring().unwrap(), 2);
    writing.stop_at(6);
    assert_eq!(writing.waiting(), Ok(4));
    // A later word cannot make it more.
    writing.stop_at(u64::MAX);
    assert_eq!(writing.waiting(), Ok(4));
    assert!(writing.deadline().is_some());
    take(writing.ring().unwrap(), 4);
    assert_eq!(writing.has_work(), Ok(false));
    assert_eq!(writing.deadline(), None);
    assert!(!writing.give_up());
    // Less than what has been written already.
    writing.stop_at(0);
    assert_eq!(writing.waiting(), Ok(0));
}

#[test]
fn giving_up_says_whether_something_was_lost() {
    let (mut writing, mut script) = with_ring();
    script.write(&[1; 10]).unwrap();
    writing.stop_at(10);
    assert!(writing.give_up());
    assert_eq!(writing.waiting(), Ok(0));
    assert!(!writing.give_up());
}

#[test]
fn a_failure_is_told_once_and_nothing_is_written_after_it() {
    let (mut writing, mut script) = with_ring();
    script.write(&[1; 10]).unwrap();
    assert!(writing.fail());
    assert!(!writing.fail());
    assert_eq!(writing.has_work(), Ok(false));
    let again = Plane::private().segment().ring(1).unwrap();
    writing.attach(again);
    assert!(writing.ring().is_none());
}

#[test]
fn a_shutdown_comes_after_what_waits_and_only_once() {
    let (mut writing, mut script) = with_ring();
    script.write(&[1; 10]).unwrap();
    assert!(!writing.take_shutdown());
    writing.want_shutdown();
    assert!(!writing.take_shutdown());
    take(writing.ring().unwrap(), 10);
    assert!(writing.take_shutdown());
    writing.want_shutdown();
    assert!(!writing.take_shutdown());
}

#[test]
fn damage_is_no_reason_to_wait_with_a_shutdown() {
    let (mut writing, script) = with_ring();
    writing.want_shutdown();
    script.place().header().scribble([u64::MAX; 5]);
    assert_eq!(writing.waiting(), Err(Corrupt));
    assert!(writing.take_shutdown());
}
