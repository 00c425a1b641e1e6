/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::fs::Permissions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ipc_channel::ipc::IpcSender;
use rustix::event::PollFlags;
use rustix::net::{SocketAddrUnix, SocketFlags, accept_with, bind, listen};
use serde::Serialize;
use tempfile::TempDir;

use crate::endpoint::{seqpacket_socket, wait_for};
use crate::{Endpoint, Wait};

/// A place in the file system where another end can connect: in a directory of its own that only
/// this user can enter, and that goes with the listener.
#[derive(Debug)]
pub struct Listener {
    socket: OwnedFd,
    path: String,
    _directory: TempDir,
}

impl Listener {
    /// Begin to listen.
    pub fn new() -> io::Result<Self> {
        // Addresses of sockets are short; where the usual place has a long name, another one has to do.
        Self::new_in(&std::env::temp_dir()).or_else(|error| match error.raw_os_error() {
            Some(number) if number == rustix::io::Errno::NAMETOOLONG.raw_os_error() => {
                Self::new_in(Path::new("/tmp"))
            },
            _ => Err(error),
        })
    }

    fn new_in(place: &Path) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("direct-sockets-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(place)?;
        let path = directory.path().join("socket");
        let path = path
            .to_str()
            .ok_or(io::ErrorKind::InvalidFilename)?
            .to_owned();
        let address = SocketAddrUnix::new(path.as_str())?;
        let socket = seqpacket_socket()?;
        bind(&socket, &address)?;
        listen(&socket, 8)?;
        Ok(Self {
            socket,
            path,
            _directory: directory,
        })
    }

    /// What to give to [`Endpoint::connect`] or `IpcSender::connect`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Take the next connection.
    pub fn accept(&self, wait: Wait) -> io::Result<Endpoint> {
        wait_for(&self.socket, PollFlags::IN, wait)?;
        let socket = accept_with(&self.socket, SocketFlags::CLOEXEC)?;
        Ok(Endpoint::from_own(socket))
    }
}

impl Endpoint {
    /// A new channel whose sending end is an `ipc_channel` one.
    pub fn for_ipc_sender<T: Serialize>() -> io::Result<(IpcSender<T>, Self)> {
        let listener = Listener::new()?;
        let sender = IpcSender::connect(listener.path().to_owned())?;
        // Connecting has succeeded, so somebody waits. Other processes of this user could be in
        // between; they are not taken for our sender.
        loop {
            let endpoint = listener.accept(Wait::Never)?;
            if endpoint.peer_process()? == std::process::id() {
                return Ok((sender, endpoint));
            }
        }
    }
}
