/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_net::write_side::{Overrun, WriteSide};
use direct_sockets_traits::limits::{MAX_PAYLOAD, WRITE_CREDIT_BATCH, WRITE_WINDOW};
use direct_sockets_traits::{SocketError, SocketEvent, WriteResult};
use proptest::prelude::*;
use serde_bytes::ByteBuf;

const DONE: SocketEvent = SocketEvent::Written(WriteResult::Done);
const INTERRUPTED: SocketEvent = SocketEvent::Written(WriteResult::Interrupted);

fn bytes(length: usize) -> ByteBuf {
    ByteBuf::from(vec![7; length])
}

/// How many bytes are offered.
fn offered(writing: &WriteSide) -> usize {
    let mut room = WriteSide::room();
    let count = writing.offer(&mut room);
    room[..count].iter().map(|part| part.len()).sum()
}

#[test]
fn a_chunk_is_answered_when_all_of_it_was_taken() {
    let mut writing = WriteSide::default();
    writing.push(bytes(100), true).unwrap();
    assert_eq!(offered(&writing), 100);
    assert_eq!(writing.taken(60), []);
    assert_eq!((offered(&writing), writing.held()), (40, 40));
    assert_eq!(writing.taken(40), [DONE]);
    assert_eq!((offered(&writing), writing.held()), (0, 0));
}

#[test]
fn an_empty_chunk_is_answered_in_order_without_a_system_call() {
    let mut writing = WriteSide::default();
    writing.push(bytes(0), true).unwrap();
    assert_eq!(offered(&writing), 0);
    assert_eq!(writing.taken(0), [DONE]);
    // An empty last piece waits for those before it.
    writing.push(bytes(10), false).unwrap();
    writing.push(bytes(0), true).unwrap();
    assert_eq!(writing.taken(0), []);
    assert_eq!(writing.taken(10), [DONE]);
}

#[test]
fn empty_pieces_that_end_nothing_take_no_room() {
    let mut writing = WriteSide::default();
    for _ in 0..10_000 {
        writing.push(bytes(0), false).unwrap();
    }
    assert_eq!(writing.taken(0), []);
    assert_eq!(writing.abort(), Some(INTERRUPTED));
}

#[test]
fn credit_comes_back_in_batches_and_the_rest_with_the_answer() {
    let mut writing = WriteSide::default();
    let window = WRITE_WINDOW as usize;
    for _ in 0..window / MAX_PAYLOAD {
        writing.push(bytes(MAX_PAYLOAD), false).unwrap();
    }
    assert_eq!(writing.push(bytes(1), false), Err(Overrun));
    let batch = WRITE_CREDIT_BATCH as usize;
    assert_eq!(writing.taken(batch - 1), []);
    assert_eq!(
        writing.taken(1),
        [SocketEvent::WriteCredit(WRITE_CREDIT_BATCH)]
    );
    // So much fits again, and no more.
    writing.push(bytes(MAX_PAYLOAD), false).unwrap();
    writing.push(bytes(MAX_PAYLOAD), true).unwrap();
    assert_eq!(writing.push(bytes(1), true), Err(Overrun));
    assert_eq!(writing.taken(window), [DONE]);
    // The answer has returned all of it.
    for _ in 0..window / MAX_PAYLOAD {
        writing.push(bytes(MAX_PAYLOAD), false).unwrap();
    }
}

#[test]
fn pieces_over_the_limit_are_refused() {
    assert_eq!(
        WriteSide::default().push(bytes(MAX_PAYLOAD + 1), true),
        Err(Overrun)
    );
}

#[test]
fn too_many_small_pieces_are_refused() {
    let mut writing = WriteSide::default();
    let pushed = (0..100_000)
        .take_while(|_| writing.push(bytes(1), true).is_ok())
        .count();
    assert!((4..1000).contains(&pushed), "{pushed}");
}

#[test]
fn an_abort_answers_a_chunk_that_is_not_written_completely() {
    let mut writing = WriteSide::default();
    writing.push(bytes(100), false).unwrap();
    assert_eq!(writing.taken(100), []);
    // All that has come was taken, but the chunk goes on.
    assert_eq!(writing.abort(), Some(INTERRUPTED));
    assert_eq!(writing.abort(), None);
    // No write follows.
    assert_eq!(writing.push(bytes(100), true), Ok(()));
    assert_eq!((writing.held(), writing.taken(0)), (0, vec![]));
}

#[test]
fn an_abort_without_a_chunk_says_nothing() {
    let mut writing = WriteSide::default();
    assert_eq!(writing.abort(), None);
    let mut writing = WriteSide::default();
    writing.push(bytes(1), true).unwrap();
    assert_eq!(writing.taken(1), [DONE]);
    assert_eq!(writing.abort(), None);
}

#[test]
fn an_error_answers_the_chunk_and_ends_writing() {
    let mut writing = WriteSide::default();
    writing.push(bytes(100), false).unwrap();
    writing.taken(30);
    let event = SocketEvent::Written(WriteResult::Error(SocketError::BrokenPipe));
    assert_eq!(writing.fail(SocketError::BrokenPipe), Some(event));
    assert_eq!(writing.push(bytes(100), true), Ok(()));
    assert_eq!(writing.held(), 0);
    assert_eq!(writing.abort(), None);
}

#[test]
fn a_shutdown_waits_for_what_was_written_before_it() {
    let mut writing = WriteSide::default();
    writing.push(bytes(10), true).unwrap();
    writing.want_shutdown();
    assert!(!writing.take_shutdown());
    assert_eq!(writing.taken(10), [DONE]);
    assert!(writing.take_shutdown());
    assert!(!writing.take_shutdown());
    writing.want_shutdown();
    assert!(!writing.take_shutdown());
}

#[test]
fn a_shutdown_comes_at_once_after_an_abort_or_error() {
    let mut writing = WriteSide::default();
    writing.push(bytes(10), true).unwrap();
    writing.want_shutdown();
    writing.abort();
    assert!(writing.take_shutdown());
    let mut writing = WriteSide::default();
    writing.push(bytes(10), true).unwrap();
    writing.fail(SocketError::ConnectionReset);
    writing.want_shutdown();
    assert!(writing.take_shutdown());
}

#[derive(Clone, Debug)]
enum Step {
    Push(usize, bool),
    Take(usize),
    Abort,
    Fail,
    Shutdown,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..=MAX_PAYLOAD + 1, any::<bool>()).prop_map(|(length, last)| Step::Push(length, last)),
        8 => (0..2 * MAX_PAYLOAD).prop_map(Step::Take),
        1 => Just(Step::Abort),
        1 => Just(Step::Fail),
        1 => Just(Step::Shutdown),
    ]
}

proptest! {
    /// Whatever a client sends: the window holds, credit is never given twice, chunks are answered at most once.
    #[test]
    fn life_09_bytes_on_the_way_are_bounded_by_the_window(steps in prop::collection::vec(step(), 1..200)) {
        let mut writing = WriteSide::default();
        let (mut pushed, mut taken, mut credited, mut chunks, mut answers) = (0, 0, 0, 0, 0);
        for step in steps {
            let events = match step {
                Step::Push(length, last) => {
                    let before = writing.held();
                    if writing.push(bytes(length), last).is_ok() && writing.held() > before {
                        pushed += length;
                    }
                    chunks += usize::from(last);
                    vec![]
                },
                Step::Take(count) => {
                    let count = count.min(offered(&writing));
                    taken += count;
                    writing.taken(count)
                },
                Step::Abort => writing.abort().into_iter().collect(),
                Step::Fail => writing.fail(SocketError::BrokenPipe).into_iter().collect(),
                Step::Shutdown => {
                    writing.want_shutdown();
                    writing.take_shutdown();
                    vec![]
                },
            };
            for event in events {
                match event {
                    SocketEvent::WriteCredit(credit) => credited += credit as usize,
                    SocketEvent::Written(_) => answers += 1,
                    other => prop_assert!(false, "{:?}", other),
                }
            }
            prop_assert!(writing.held() <= WRITE_WINDOW as usize);
            prop_assert!(taken <= pushed);
            prop_assert!(credited <= taken);
            prop_assert!(answers <= chunks + 1);
        }
    }
}
