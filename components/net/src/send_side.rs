/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The datagram on its way from a page to the OS, and the answer to it. No I/O.

use std::net::SocketAddr;

use direct_sockets_traits::limits::MAX_DATAGRAM;
use direct_sockets_traits::{Destination, SocketError, SocketEvent, WriteResult};
use serde_bytes::ByteBuf;

use crate::budget::Share;
use crate::statistics::Counted;
use crate::write_side::Overrun;

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
    data: ByteBuf,
    stage: Stage,
    _in_flight: InFlight,
}

/// The write side of one UDP socket. It takes one datagram after the other.
#[derive(Debug, Default)]
pub struct SendSide {
    pending: Option<Pending>,
    /// No write follows.
    is_over: bool,
}

impl SendSide {
    /// A datagram has come. After an error or an abort it is dropped.
    pub fn push(
        &mut self,
        data: ByteBuf,
        to: Option<Destination>,
        in_flight: InFlight,
    ) -> Result<(), Overrun> {
        if self.is_over {
            return Ok(());
        }
        if self.pending.is_some() || data.len() > MAX_DATAGRAM {
            return Err(Overrun);
        }
        self.pending = Some(Pending {
            data,
            stage: Stage::New(to),
            _in_flight: in_flight,
        });
        Ok(())
    }

    /// How many bytes wait for the OS.
    pub fn held(&self) -> usize {
        self.pending
            .as_ref()
            .map_or(0, |pending| pending.data.len())
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
        self.answer(WriteResult::Done)
    }

    /// It cannot be sent. No write follows.
    pub fn fail(&mut self, error: SocketError) -> Option<SocketEvent> {
        self.is_over = true;
        self.answer(WriteResult::Error(error))
    }

    /// Too many datagrams of the client are in flight for one more. No write follows.
    pub fn refuse(&mut self, error: SocketError) -> Option<SocketEvent> {
        let is_first = !std::mem::replace(&mut self.is_over, true);
        (is_first && self.pending.is_none())
            .then_some(SocketEvent::Written(WriteResult::Error(error)))
    }

    /// The client wants no more to be sent (decision AMB-16).
    pub fn abort(&mut self) -> Option<SocketEvent> {
        self.is_over = true;
        self.answer(WriteResult::Interrupted)
    }

    fn answer(&mut self, result: WriteResult) -> Option<SocketEvent> {
        self.pending.take().map(|_| SocketEvent::Written(result))
    }
}
