/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! What is kept of a hop, and its line in the file.

use std::fmt::{self, Debug, Write};

use direct_sockets_traits::SocketId;
use rustix::time::{ClockId, clock_gettime};

use crate::name::Name;

/// The time in nanoseconds, on the one clock of all processes of a machine.
pub(crate) fn now() -> u64 {
    let time = clock_gettime(ClockId::Monotonic);
    (time.tv_sec as u64) * 1_000_000_000 + time.tv_nsec as u64
}

/// The first word of a text: of a message that is written for debugging, the name of its variant.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    bytes: [u8; 15],
    length: u8,
}

impl Word {
    fn of(message: &impl Debug) -> Self {
        let mut word = Self::default();
        // Ends with an error at the first character that belongs to no word.
        let _ = write!(word, "{message:?}");
        word
    }

    fn text(&self) -> &str {
        let bytes = self.bytes.get(..usize::from(self.length));
        bytes
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

impl Write for Word {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            let place = self.bytes.get_mut(usize::from(self.length));
            match place.filter(|_| byte.is_ascii_alphanumeric()) {
                Some(place) => *place = byte,
                None => return Err(fmt::Error),
            }
            self.length += 1;
        }
        Ok(())
    }
}

/// A hop that has ended, or one that has begun.
#[derive(Debug)]
pub(crate) struct Event {
    name: &'static Name,
    client: u32,
    socket: Option<u64>,
    what: Word,
    number: Option<u64>,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) thread: i32,
    pub(crate) bytes: Option<u64>,
    pub(crate) datagrams: u64,
}

impl Event {
    pub(crate) fn new(name: &'static Name, client: u32, socket: Option<SocketId>) -> Self {
        Self {
            name,
            client,
            socket: socket.map(|id| id.0),
            what: Word::default(),
            number: None,
            start: 0,
            end: 0,
            thread: 0,
            bytes: None,
            datagrams: 0,
        }
    }

    pub(crate) fn has_socket(&self) -> bool {
        self.socket.is_some()
    }

    pub(crate) fn is_about(&mut self, message: &impl Debug) {
        self.what = Word::of(message);
    }

    /// The hop of the other side has the same number.
    pub(crate) fn tie(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// The line in the file.
    pub(crate) fn write(&self, lines: &mut Vec<u8>, process: u32) {
        use std::io::Write;
        let Name { category, name, .. } = self.name;
        // Viewers draw no arrow to what takes no time at all.
        let duration = self.end.saturating_sub(self.start).max(1);
        // Writing into memory does not fail.
        let _ = write!(
            lines,
            "{{\"name\":\"{name}\",\"cat\":\"{category}\",\"ph\":\"X\",\"ts\":{},\"dur\":{},\"pid\":{process},\
             \"tid\":{},\"args\":{{\"client\":{}",
            Microseconds(self.start),
            Microseconds(duration),
            self.thread,
            self.client,
        );
        for (key, value) in [
            ("socket", self.socket),
            ("bytes", self.bytes),
            ("datagrams", Some(self.datagrams).filter(|count| *count > 0)),
            ("number", self.number),
        ] {
            if let Some(value) = value {
                let _ = write!(lines, ",\"{key}\":{value}");
            }
        }
        if self.what.length > 0 {
            let _ = write!(lines, ",\"what\":\"{}\"", self.what.text());
        }
        lines.push(b'}');
        if let (Some((tie, is_cause)), Some(number)) = (self.name.tie, self.number) {
            let parts = [
                tie as u64,
                self.client.into(),
                self.socket.unwrap_or(u64::MAX),
                number,
            ];
            let direction = if is_cause { "flow_out" } else { "flow_in" };
            let _ = write!(
                lines,
                ",\"bind_id\":\"{:#x}\",\"{direction}\":true",
                mix(parts)
            );
        }
        lines.extend_from_slice(b"},\n");
    }
}

/// A time as the format wants it.
pub(crate) struct Microseconds(pub(crate) u64);

impl fmt::Display for Microseconds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// One number for several, the same in every process.
fn mix(parts: [u64; 4]) -> u64 {
    parts.into_iter().fold(0, |hash, part| {
        let mixed = (hash ^ part).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed ^ (mixed >> 29)
    })
}

/// A text between quotation marks.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(formatter, "\\{character}")?,
                '\0'..=' ' if character != ' ' => {
                    write!(formatter, "\\u{:04x}", u32::from(character))?;
                },
                _ => formatter.write_char(character)?,
            }
        }
        formatter.write_char('"')
    }
}
