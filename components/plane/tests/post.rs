/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use direct_sockets_plane::{MAX_MESSAGE, Plane, Post, PostError, Room};

fn sides(limit: usize) -> (Plane, Post, Post) {
    let plane = Plane::private();
    let script = Post::of_script(&plane, limit);
    let net = Post::of_net(&plane, limit);
    (plane, script, net)
}

#[test]
fn messages_go_both_ways_in_order() {
    let (_, mut script, mut net) = sides(0);
    for number in 0..3_u32 {
        script.send(&(number, "to net")).unwrap();
        net.send(&(number, "to script")).unwrap();
    }
    for number in 0..3_u32 {
        let request = Some((number, "to net".to_owned()));
        assert_eq!(net.receive::<(u32, String)>(), Ok(request));
        let event = Some((number, "to script".to_owned()));
        assert_eq!(script.receive::<(u32, String)>(), Ok(event));
    }
    assert_eq!(net.receive::<u32>(), Ok(None));
    assert_eq!(script.receive::<u32>(), Ok(None));
}

#[test]
fn only_a_sleeper_is_told_and_once() {
    let (_, mut script, mut net) = sides(0);
    script.send(&1_u8).unwrap();
    assert!(!script.must_tell(), "net does not sleep");
    assert_eq!(net.wait(), Ok(false), "there is a message");
    assert_eq!(net.receive(), Ok(Some(1_u8)));
    assert_eq!(net.wait(), Ok(true));
    script.send(&2_u8).unwrap();
    assert!(script.must_tell());
    script.send(&3_u8).unwrap();
    assert!(!script.must_tell(), "it has been told");
}

#[test]
fn what_finds_no_room_waits_in_order_and_follows_when_there_is_some() {
    let (_, mut script, mut net) = sides(1000);
    let long = vec![7_u8; 10_000];
    let mut sent = 0_u32;
    while script.is_flushed() {
        script.send(&(sent, &long)).unwrap();
        sent += 1;
    }
    for _ in 0..50 {
        script.send(&(sent, &long)).unwrap();
        sent += 1;
    }
    assert_eq!(script.wait(), Ok(true));
    let mut received = 0;
    while received < sent {
        match net.receive::<(u32, Vec<u8>)>().unwrap() {
            Some((number, bytes)) => {
                assert_eq!(number, received);
                assert_eq!(bytes, long);
                received += 1;
            },
            None => {
                // Reading has made room, which script wished to be told.
                assert!(net.must_tell());
                script.flush().unwrap();
            },
        }
    }
    assert!(script.is_flushed());
}

#[test]
fn who_finds_no_room_is_told_of_some_also_without_having_slept() {
    let (_, mut script, mut net) = sides(1000);
    let long = vec![7_u8; 10_000];
    while script.is_flushed() {
        script.send(&long).unwrap();
    }
    let mut is_told = false;
    while !is_told {
        assert!(net.receive::<Vec<u8>>().unwrap().is_some());
        is_told = net.must_tell();
    }
    // The next one takes those that wait along.
    script.send(&long).unwrap();
    assert!(script.is_flushed());
}

#[test]
fn life_09_a_side_that_does_not_read_holds_up_a_bounded_number() {
    let (_, mut script, _net) = sides(10);
    let long = vec![7_u8; 10_000];
    let mut result = Ok(());
    let mut count = 0;
    while result.is_ok() {
        assert!(count < 1000, "no end");
        result = script.send(&long);
        count += 1;
    }
    assert_eq!(result, Err(PostError::Overrun));
}

#[test]
fn a_message_that_is_too_long_is_refused_and_the_next_one_is_not() {
    let (_, mut script, mut net) = sides(0);
    let long = vec![0_u8; MAX_MESSAGE];
    assert_eq!(script.send(&long), Err(PostError::TooLong));
    script.send(&5_u8).unwrap();
    assert_eq!(net.receive(), Ok(Some(5_u8)));
}

#[test]
fn life_08_what_is_no_message_is_found() {
    let (plane, mut script, mut net) = sides(0);
    // A text whose length is not true.
    script.send(&200_u8).unwrap();
    assert_eq!(net.receive::<String>(), Err(PostError::Corrupt));
    let (_, _, mut net) = (&plane, &script, Post::of_net(&plane, 0));
    plane
        .requests()
        .header()
        .scribble([u64::MAX, 0, 0, u64::MAX, u64::MAX]);
    assert_eq!(net.receive::<u8>(), Err(PostError::Corrupt));
    assert_eq!(net.wait(), Err(PostError::Corrupt));
}
