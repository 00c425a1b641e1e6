/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use direct_sockets_traits::limits::MAX_QUESTIONS;
use direct_sockets_wire::{Control, Endpoint, Wait};
use log::{debug, warn};

use crate::child::NetChild;
use crate::desk::Desk;
use crate::launch::Launched;

/// How many messages may wait for a net process that does not take them: answers to all questions, and others.
const MAX_WAITING: usize = 1024 + MAX_QUESTIONS;

/// The net process, once it has reported in. Dropping this lets it end.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Arc<NetChild>,
    pub(crate) pid: u32,
    started: Instant,
    control: Arc<Sender<Control>>,
}

impl Running {
    /// Take over a process that has reported in. Its messages are written by a thread of their
    /// own, since net may be slow to take them.
    pub(crate) fn new(launched: Launched, desk: &Arc<Desk>) -> io::Result<Self> {
        let (control, messages) = bounded(MAX_WAITING);
        let control = Arc::new(control);
        desk.listen(launched.questions, Arc::downgrade(&control))
            .inspect_err(|_| launched.child.kill())?;
        let endpoint = launched.control;
        thread::Builder::new()
            .name("direct-sockets: net control".into())
            .spawn(move || write(&endpoint, &messages))
            .inspect_err(|_| launched.child.kill())?;
        Ok(Self {
            child: launched.child,
            pid: launched.pid,
            started: launched.started,
            control,
        })
    }

    /// How long ago it was started.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Send it a message; give it back where too many wait already.
    pub(crate) fn send(&self, message: Control) -> Result<(), Control> {
        self.control
            .try_send(message)
            .map_err(|error| error.into_inner())
    }
}

/// Write until nobody sends any more or net has gone. Then the control channel closes.
fn write(endpoint: &Endpoint, messages: &Receiver<Control>) {
    for message in messages {
        let sent = message
            .encode()
            .map_err(io::Error::other)
            .and_then(|(bytes, descriptors)| endpoint.send(&bytes, &descriptors, Wait::Forever));
        match sent {
            Ok(()) => {},
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                debug!("The net process takes no messages any more");
                return;
            },
            // The message is lost, and whoever it was about hears that its channel broke.
            Err(error) => warn!("The net process could not be told something: {error}"),
        }
    }
}
