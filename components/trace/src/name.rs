/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The hops that there are. ARCHITECTURE.md has the table.

/// What ties a hop to one of another process: both know the same number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Tie {
    /// A position in the ring to net.
    Sent,
    /// A position in the ring from net.
    Received,
    /// How many requests came before.
    Request,
    /// How many events came before.
    Event,
    /// How many doorbells came before.
    Doorbell,
    /// How often the bell has rung.
    Bell,
}

/// A kind of hop.
#[derive(Debug, Eq, PartialEq)]
pub struct Name {
    /// Which side it happens on.
    pub category: &'static str,
    /// What viewers show.
    pub name: &'static str,
    /// What ties it to the other side, and whether it is the cause there.
    pub(crate) tie: Option<(Tie, bool)>,
}

impl Name {
    const fn alone(category: &'static str, name: &'static str) -> Self {
        Self {
            category,
            name,
            tie: None,
        }
    }

    const fn cause(category: &'static str, name: &'static str, tie: Tie) -> Self {
        Self {
            category,
            name,
            tie: Some((tie, true)),
        }
    }

    const fn effect(category: &'static str, name: &'static str, tie: Tie) -> Self {
        Self {
            category,
            name,
            tie: Some((tie, false)),
        }
    }
}

macro_rules! hops {
    ($($(#[$meta:meta])* $name:ident = $kind:ident($text:literal $(, $tie:ident)?);)*) => {
        $(
            $(#[$meta])*
            pub static $name: Name = Name::$kind(CATEGORY, $text $(, Tie::$tie)?);
        )*

        pub(crate) static NAMES: &[&Name] = &[$(&$name),*];
    };
}

/// What happens in the page's process.
pub mod page {
    use super::{Name, Tie};

    const CATEGORY: &str = "page";

    hops! {
        /// A constructor asks for a socket.
        OPEN = alone("open");
        /// Both sides of a socket have ended: it is to be closed.
        CLOSE = alone("close");
        /// The page's stream hands over a chunk.
        WRITE = alone("write");
        /// A chunk, or what there is room for, is copied into the ring.
        PUT = cause("put", Sent);
        /// The page's stream asks for more.
        PULL = alone("pull");
        /// A task looks at what is in the ring.
        LOOK = alone("look");
        /// What was read is handed to the page's stream.
        ENQUEUE = alone("enqueue");
        /// Bytes are copied out of the ring.
        TAKE = effect("take", Received);
        /// A request is put into the queue to net.
        REQUEST = cause("request", Request);
        /// Net sleeps, and is woken.
        DOORBELL = cause("doorbell", Doorbell);
        /// The thread that waits for net has woken.
        WAKE = effect("wake", Bell);
        /// An event is taken from the queue.
        EVENT = effect("event", Event);
        /// A task handles what has arrived.
        ARRIVALS = alone("arrivals");
        /// An event is handled, in that task.
        HANDLE = alone("handle");
    }
}

/// What happens in the net process.
pub mod net {
    use super::{Name, Tie};

    const CATEGORY: &str = "net";

    hops! {
        /// A doorbell has woken net.
        WAKE = effect("wake", Doorbell);
        /// A request is handled.
        REQUEST = effect("request", Request);
        /// Bytes go from the kernel into the ring.
        READV = cause("readv", Received);
        /// Bytes go from the ring to the kernel.
        WRITEV = effect("writev", Sent);
        /// Datagrams come from the kernel.
        RECVMMSG = alone("recvmmsg");
        /// Datagrams go to the kernel.
        SEND = alone("send");
        /// An event is put into the queue to the page.
        EVENT = cause("event", Event);
        /// The page's process sleeps, and is woken.
        BELL = cause("bell", Bell);
    }
}

/// All kinds of hops, by side.
pub static ALL: [&[&Name]; 2] = [page::NAMES, net::NAMES];
