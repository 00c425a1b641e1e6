/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! A display for windows, without a screen: Xvfb.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use x11rb::connection::Connection;
use x11rb::protocol::xproto::{self, ConnectionExt, Window};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

use crate::support::{TestResult, eventually, text};

/// A running Xvfb.
pub struct Display {
    server: Child,
    /// Xvfb keeps what would be on the screen in a file in here.
    frame_buffer: TempDir,
    pub name: String,
}

/// Whether Xvfb is there.
pub fn is_available() -> bool {
    Command::new("Xvfb")
        .arg("-help")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

impl Display {
    pub fn start() -> Result<Self, String> {
        let frame_buffer = tempfile::tempdir().map_err(text)?;
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1200x900x24",
                "-nolisten",
                "tcp",
                "-noreset",
                "-fbdir",
            ])
            .arg(frame_buffer.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("Xvfb: {error}"))?;
        let mut number = String::new();
        let stdout = server.stdout.take().ok_or("no pipe")?;
        BufReader::new(stdout)
            .read_line(&mut number)
            .map_err(text)?;
        let number: u32 = number
            .trim()
            .parse()
            .map_err(|_| "Xvfb does not tell its display")?;
        Ok(Self {
            server,
            frame_buffer,
            name: format!(":{number}"),
        })
    }

    pub fn connect(&self) -> Result<RustConnection, String> {
        x11rb::connect(Some(&self.name))
            .map(|(connection, _)| connection)
            .map_err(text)
    }

    fn frame_buffer(&self) -> PathBuf {
        self.frame_buffer.path().join("Xvfb_screen0")
    }

    /// How many pixels of the screen have this colour (red, green, blue).
    pub fn count(&self, colour: [u8; 3]) -> usize {
        fs::read(self.frame_buffer())
            .ok()
            .and_then(|file| count_in_dump(&file, colour))
            .unwrap_or(0)
    }

    /// Wait until so many pixels of the screen have this colour.
    pub fn wait_for(&self, colour: [u8; 3], at_least: usize) -> TestResult {
        eventually(
            &format!("{at_least} pixels of {colour:?} on the screen"),
            || self.count(colour) >= at_least,
        )
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The format is that of xwd: a header of big-endian numbers, a colour map, then rows of pixels.
fn count_in_dump(file: &[u8], colour: [u8; 3]) -> Option<usize> {
    let number = |index: usize| -> Option<usize> {
        let bytes = file.get(index * 4..index * 4 + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().ok()?) as usize)
    };
    let (header, width, height) = (number(0)?, number(4)?, number(5)?);
    let (is_big_endian, bits, row_bytes, colours) =
        (number(7)? == 1, number(11)?, number(12)?, number(19)?);
    if bits != 32 {
        return None;
    }
    let expected = u32::from_be_bytes([0, colour[0], colour[1], colour[2]]);
    let pixels = file.get(header + colours * 12..)?;
    let count = pixels
        .chunks_exact(row_bytes)
        .take(height)
        .flat_map(|row| row.chunks_exact(4).take(width))
        .filter(|pixel| {
            let bytes = [pixel[0], pixel[1], pixel[2], pixel[3]];
            let value = if is_big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            };
            value & 0x00ff_ffff == expected
        })
        .count();
    Some(count)
}

/// The window with this title, as soon as there is one.
pub fn wait_for_window(connection: &RustConnection, title: &str) -> Result<Window, String> {
    let mut found = None;
    eventually(&format!("a window called {title:?}"), || {
        found = find_window(connection, title);
        found.is_some()
    })?;
    found.ok_or_else(|| "no window".to_owned())
}

fn atom(connection: &RustConnection, name: &str) -> Option<u32> {
    Some(
        connection
            .intern_atom(false, name.as_bytes())
            .ok()?
            .reply()
            .ok()?
            .atom,
    )
}

fn find_window(connection: &RustConnection, title: &str) -> Option<Window> {
    let name = atom(connection, "_NET_WM_NAME")?;
    let root = connection.setup().roots.first()?.root;
    let children = connection.query_tree(root).ok()?.reply().ok()?.children;
    children.into_iter().find(|window| {
        connection
            .get_property(false, *window, name, xproto::AtomEnum::ANY, 0, 1024)
            .ok()
            .and_then(|cookie| cookie.reply().ok())
            .is_some_and(|reply| reply.value == title.as_bytes())
    })
}

/// Wait until the server has done what was asked of it.
fn settle(connection: &RustConnection) -> TestResult {
    connection
        .get_input_focus()
        .map_err(text)?
        .reply()
        .map(drop)
        .map_err(text)
}

/// What the close button of a window does.
pub fn close(connection: &RustConnection, window: Window) -> TestResult {
    let protocols = atom(connection, "WM_PROTOCOLS").ok_or("no atom")?;
    let delete = atom(connection, "WM_DELETE_WINDOW").ok_or("no atom")?;
    let event = xproto::ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
    connection
        .send_event(false, window, xproto::EventMask::NO_EVENT, event)
        .map_err(text)?;
    settle(connection)
}

/// Move the pointer and press its first button.
pub fn click(connection: &RustConnection, x: i16, y: i16) -> TestResult {
    let root = connection.setup().roots.first().ok_or("no screen")?.root;
    let fake = |kind: u8, detail: u8| -> TestResult {
        connection
            .xtest_fake_input(kind, detail, 0, root, x, y, 0)
            .map_err(text)?;
        settle(connection)
    };
    fake(xproto::MOTION_NOTIFY_EVENT, 0)?;
    // The page has to know that the pointer is there before the button goes down.
    thread::sleep(Duration::from_millis(200));
    fake(xproto::BUTTON_PRESS_EVENT, 1)?;
    fake(xproto::BUTTON_RELEASE_EVENT, 1)
}

/// Make the window larger or smaller.
pub fn resize(connection: &RustConnection, window: Window, width: u32, height: u32) -> TestResult {
    let values = xproto::ConfigureWindowAux::new()
        .width(width)
        .height(height);
    connection.configure_window(window, &values).map_err(text)?;
    settle(connection)
}
