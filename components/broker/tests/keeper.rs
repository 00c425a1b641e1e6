/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::time::{Duration, Instant};

use direct_sockets_broker::Config;
use direct_sockets_traits::SocketError;
use direct_sockets_traits::limits::{NET_BACK_OFF_MS, NET_QUICK_DEATHS_BEFORE_BACK_OFF};
use libtest_mimic::Trial;
use rustix::process::Signal;

use crate::support::programs::Script;
use crate::support::{ORIGIN, broker, broker_with, connect, signal, wait_until_gone};
use crate::trials;

pub fn tests() -> Vec<Trial> {
    trials!(keeper:
        life_04_after_net_was_killed_the_next_socket_works,
        life_04_net_may_be_killed_again_and_again,
        a_channel_that_broke_makes_the_broker_look_again,
        a_net_process_that_hangs_is_replaced_when_somebody_doubts_it,
        doubts_about_a_healthy_net_process_do_it_no_harm,
        everybody_who_waits_for_a_start_is_connected,
        after_quick_deaths_starts_are_held_back,
        what_waited_for_a_start_that_was_held_back_is_served,
    )
}

fn life_04_after_net_was_killed_the_next_socket_works() {
    let (broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    signal(pid, Signal::KILL);
    client.is_lost();
    let again = connect(&sender, ORIGIN, 1);
    let new = again.ready();
    assert_ne!(new, pid);
    again.works();
    assert_eq!(broker.net_process_id(), Some(new));
    wait_until_gone(pid);
}

fn life_04_net_may_be_killed_again_and_again() {
    let (_broker, sender) = broker();
    for _ in 0..=NET_QUICK_DEATHS_BEFORE_BACK_OFF {
        let client = connect(&sender, ORIGIN, 0);
        let pid = client.ready();
        client.works();
        signal(pid, Signal::KILL);
        client.is_lost();
        wait_until_gone(pid);
    }
}

fn a_channel_that_broke_makes_the_broker_look_again() {
    let (_broker, sender) = broker();
    for _ in 0..2 {
        let pid = connect(&sender, ORIGIN, 0).ready();
        signal(pid, Signal::KILL);
        // As script does it: ask again, counting, for as long as the channel breaks.
        let found = (0..3).find_map(|attempt| {
            let client = connect(&sender, ORIGIN, attempt);
            match client.events.try_recv_timeout(crate::support::PATIENCE) {
                Ok(direct_sockets_traits::ClientEvent::Ready { net_pid, .. }) => Some(net_pid),
                Ok(other) => panic!("{other:?}"),
                Err(_) => None,
            }
        });
        assert_ne!(found.expect("an attempt succeeds"), pid);
    }
}

fn a_net_process_that_hangs_is_replaced_when_somebody_doubts_it() {
    let (_broker, sender) = broker();
    let client = connect(&sender, ORIGIN, 0);
    let pid = client.ready();
    signal(pid, Signal::STOP);
    let doubting = connect(&sender, ORIGIN, 1);
    let meanwhile = connect(&sender, ORIGIN, 0);
    let new = doubting.ready();
    assert_ne!(new, pid);
    assert_eq!(meanwhile.ready(), new);
    client.is_lost();
    wait_until_gone(pid);
}

fn doubts_about_a_healthy_net_process_do_it_no_harm() {
    let (broker, sender) = broker();
    let pid = connect(&sender, ORIGIN, 0).ready();
    let clients: Vec<_> = (0..20)
        .map(|attempt| connect(&sender, ORIGIN, attempt))
        .collect();
    for client in clients {
        assert_eq!(client.ready(), pid);
    }
    assert_eq!(broker.net_process_id(), Some(pid));
}

fn everybody_who_waits_for_a_start_is_connected() {
    let (_broker, sender) = broker();
    let clients: Vec<_> = (0..100).map(|_| connect(&sender, ORIGIN, 0)).collect();
    let pid = clients[0].ready();
    for client in &clients[1..] {
        assert_eq!(client.ready(), pid);
    }
}

/// Let starts fail until they are held back. Returns when the last one before that began.
fn exhaust(sender: &ipc_channel::ipc::IpcSender<direct_sockets_traits::BrokerMessage>) -> Instant {
    let mut begin = Instant::now();
    for _ in 0..NET_QUICK_DEATHS_BEFORE_BACK_OFF {
        begin = Instant::now();
        let refused = connect(sender, ORIGIN, 0).refused();
        assert_eq!(refused, SocketError::NetProcessUnavailable);
    }
    begin
}

fn after_quick_deaths_starts_are_held_back() {
    let script = Script::new("exit 1");
    let (_broker, sender) = broker_with(script.config());
    let begin = exhaust(&sender);
    assert_eq!(
        script.started().len(),
        NET_QUICK_DEATHS_BEFORE_BACK_OFF as usize
    );
    let waiting: Vec<_> = (0..3).map(|_| connect(&sender, ORIGIN, 0)).collect();
    for client in waiting {
        assert_eq!(client.refused(), SocketError::NetProcessUnavailable);
    }
    assert!(begin.elapsed() >= Duration::from_millis(NET_BACK_OFF_MS));
    // One start for all of them.
    assert_eq!(
        script.started().len(),
        NET_QUICK_DEATHS_BEFORE_BACK_OFF as usize + 1
    );
}

fn what_waited_for_a_start_that_was_held_back_is_served() {
    let script = Script::new("exit 1");
    let (broker, sender) = broker_with(script.config());
    exhaust(&sender);
    let waiting = connect(&sender, ORIGIN, 0);
    broker.configure(Config::default());
    waiting.ready();
    waiting.works();
}
