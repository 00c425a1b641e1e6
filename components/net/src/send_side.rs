/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The datagrams on their way from a page to the OS, one after the other, and the answers to them. No I/O.
//!
//! Those that script has reported as written stay in the ring until the OS takes them, many at once where they are
//! alike. One for whose result script waits, or whose destination has to be looked for, is taken out of it.

use std::net::SocketAddr;
use std::time::Duration;

use direct_sockets_plane::{Corrupt, MessageReader, Span, decode};
use direct_sockets_traits::limits::{LINGER_MS, MAX_DATAGRAM, MAX_RECORD};
use direct_sockets_traits::{Destination, Outgoing, SocketError, SocketEvent, WriteResult};
use tokio::time::Instant;

use crate::budget::Share;
use crate::burst::{Burst, MostTogether};
use crate::statistics::Counted;

/// The client has broken the rules of sending.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Overrun;

/// What a datagram takes until it is answered.
#[derive(Debug)]
pub struct InFlight {
    /// It is counted.
    pub counted: Counted,
    /// What it takes of the quotas of its client and its origin.
    pub shares: [Share; 2],
}

/// How far a datagram has come.
#[derive(Debug)]
enum Stage {
    /// Nobody has looked for its destination.
    New(Option<Destination>),
    /// Its destination is being looked for.
    Resolving,
    /// It waits for the OS, which knows the destination where there is none here.
    Ready(Option<SocketAddr>),
}

#[derive(Debug)]
struct Pending {
    data: Vec<u8>,
    stage: Stage,
    /// Whether script waits for the result.
    answer: bool,
    _in_flight: InFlight,
}

/// The write side of one UDP socket. It takes one datagram after the other.
#[derive(Debug, Default)]
pub struct SendSide {
    /// Where they come from. Script owns the other end, and nothing that it writes there is believed.
    ring: Option<MessageReader<Span>>,
    pending: Option<Pending>,
    /// What stands in the ring from this position on was not reported as written, and need not be sent any more.
    keep: Option<u64>,
    /// When to stop waiting for the OS to take what is kept.
    deadline: Option<Instant>,
    /// No write follows.
    is_over: bool,
}

impl SendSide {
    /// Send what stands in this ring. A second one is ignored.
    pub fn attach(&mut self, span: Span) {
        if self.ring.is_none() && !self.is_over {
            self.ring = Some(MessageReader::with_limit(span, MAX_RECORD));
        }
    }

    /// The ring to send from.
    pub fn ring(&mut self) -> Option<&mut MessageReader<Span>> {
        self.ring.as_mut()
    }

    /// Whether the next datagram can be taken from the ring. Where there is none, script will tell when there is.
    pub fn has_next(&mut self) -> Result<bool, Corrupt> {
        let Some(ring) = &mut self.ring else {
            return Ok(false);
        };
        if self.is_over || self.pending.is_some() {
            return Ok(false);
        }
        if self.keep.is_some_and(|keep| ring.position() >= keep) {
            return Ok(false);
        }
        Ok(ring.available()? > 0 || !ring.wait_for_message()?)
    }

    /// Take the next datagram from the ring, which must be there. `scratch` is where it is decoded; `bound` says
    /// whether it has to have a destination. Whether script sleeps, and is to be told that there is room.
    pub fn take(
        &mut self,
        scratch: &mut Vec<u8>,
        bound: bool,
        in_flight: InFlight,
    ) -> Result<bool, Overrun> {
        let Some(ring) = &mut self.ring else {
            return Ok(false);
        };
        if !ring.read(scratch).map_err(|Corrupt| Overrun)? {
            return Ok(false);
        }
        let tells = ring.must_tell();
        let outgoing: Outgoing = decode(scratch).map_err(|_| Overrun)?;
        if outgoing.to.is_some() != bound || outgoing.data.len() > MAX_DATAGRAM {
            return Err(Overrun);
        }
        self.pending = Some(Pending {
            data: outgoing.data.to_vec(),
            stage: Stage::New(outgoing.to),
            answer: outgoing.answer,
            _in_flight: in_flight,
        });
        Ok(tells)
    }

    /// Copy the datagrams that stand first in the ring, were reported as written and can be sent together. They stay in
    /// the ring. `find` says where they go, where that is known; `scratch` and `bound` are as in [`Self::take`].
    pub fn gather(
        &mut self,
        burst: &mut Burst,
        most: &MostTogether,
        scratch: &mut Vec<u8>,
        bound: bool,
        mut find: impl FnMut(&Destination) -> Option<SocketAddr>,
    ) {
        let Some(ring) = &mut self.ring else {
            return;
        };
        if self.is_over || self.pending.is_some() {
            return;
        }
        loop {
            let at = ring.position() + burst.taken() as u64;
            if self.keep.is_some_and(|keep| at >= keep) {
                return;
            }
            // What breaks the rules is met again when it is the first, by `take`.
            let Ok(Some(bytes)) = ring.look(burst.taken(), scratch) else {
                return;
            };
            let Ok(outgoing) = decode::<Outgoing>(scratch) else {
                return;
            };
            let to = match &outgoing.to {
                Some(to) if bound => find(to),
                _ => None,
            };
            if outgoing.answer
                || outgoing.data.len() > MAX_DATAGRAM
                || outgoing.to.is_some() != bound
                || to.is_some() != bound
                || !burst.add(outgoing.data, to, bytes, most)
            {
                return;
            }
        }
    }

    /// The OS has taken what was gathered, which took so many bytes of the ring. Whether script sleeps, and is to be
    /// told that there is room.
    pub fn sent_burst(&mut self, taken: usize) -> bool {
        let Some(ring) = &mut self.ring else {
            return false;
        };
        ring.skip(taken);
        ring.must_tell()
    }

    /// How many bytes wait for the OS.
    pub fn held(&mut self) -> usize {
        let taken = self
            .pending
            .as_ref()
            .map_or(0, |pending| pending.data.len());
        let waiting = match &mut self.ring {
            Some(ring) if !self.is_over => {
                let available = ring.available().unwrap_or(0) as u64;
                let kept = self.keep.map(|keep| keep.saturating_sub(ring.position()));
                available.min(kept.unwrap_or(u64::MAX))
            },
            _ => 0,
        };
        taken + waiting as usize
    }

    /// The destination to look for now. Says so once for each datagram that has one.
    pub fn begin(&mut self) -> Option<Destination> {
        let stage = &mut self.pending.as_mut()?.stage;
        let Stage::New(to) = stage else {
            return None;
        };
        let to = to.take();
        *stage = match to {
            Some(_) => Stage::Resolving,
            None => Stage::Ready(None),
        };
        to
    }

    /// Whether the destination is being looked for.
    pub fn is_resolving(&self) -> bool {
        let stage = self.pending.as_ref().map(|pending| &pending.stage);
        matches!(stage, Some(Stage::Resolving))
    }

    /// The destination has been found.
    pub fn found(&mut self, to: SocketAddr) {
        if let Some(Pending { stage, .. }) = &mut self.pending
            && matches!(stage, Stage::Resolving)
        {
            *stage = Stage::Ready(Some(to));
        }
    }

    /// What to offer to the OS, and where it goes.
    pub fn offer(&self) -> Option<(&[u8], Option<SocketAddr>)> {
        let pending = self.pending.as_ref()?;
        match pending.stage {
            Stage::Ready(to) => Some((&pending.data, to)),
            Stage::New(_) | Stage::Resolving => None,
        }
    }

    /// The OS has taken it.
    pub fn sent(&mut self) -> Option<SocketEvent> {
        let pending = self.pending.take()?;
        pending
            .answer
            .then_some(SocketEvent::Written(WriteResult::Done))
    }

    /// It cannot be sent, or no other one can be taken. No write follows; what to tell script, which is once.
    pub fn fail(&mut self, error: SocketError) -> Option<SocketEvent> {
        if std::mem::replace(&mut self.is_over, true) {
            return None;
        }
        self.ring = None;
        Some(match self.pending.take() {
            Some(Pending { answer: true, .. }) => SocketEvent::Written(WriteResult::Error(error)),
            _ => SocketEvent::WriteFailed(error),
        })
    }

    /// The client wants no more to be sent than what it has been told was written: what stands in the ring before
    /// `keep` (decision AMB-16).
    pub fn stop_at(&mut self, keep: u64) {
        let keep = self.keep.map_or(keep, |earlier| earlier.min(keep));
        self.keep = Some(keep);
        let limit = Duration::from_millis(LINGER_MS);
        self.deadline.get_or_insert_with(|| Instant::now() + limit);
        // Who waited for its result does so no more.
        if self.pending.as_ref().is_some_and(|pending| pending.answer) {
            self.pending = None;
        }
    }

    /// Whether something that was reported as written has not been given to the OS.
    pub fn has_work(&mut self) -> bool {
        self.pending.is_some() || self.has_next().unwrap_or(false)
    }

    /// When to give up what has not been sent by then, where there is something.
    pub fn deadline(&mut self) -> Option<Instant> {
        let deadline = self.deadline?;
        self.has_work().then_some(deadline)
    }

    /// Time is up: what has not been sent is lost. Whether there was something.
    pub fn give_up(&mut self) -> bool {
        let is_lost = self.has_work();
        self.pending = None;
        self.ring = None;
        self.is_over = true;
        is_lost
    }
}
