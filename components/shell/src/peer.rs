/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! The peer of the demonstration: a process of its own with one loopback connection, that it echoes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Makes the shell's executable the peer. Not for users.
pub(crate) const FLAG: &str = "--demo-peer";

/// What the peer says before its address, and before the number of bytes in the end.
const LISTENING: &str = "listening ";
const ECHOED: &str = "echoed ";

/// How long the peer waits for a byte before it gives up.
const SILENCE: Duration = Duration::from_secs(60);

/// Be the peer. The status of the process.
pub(crate) fn run() -> u8 {
    // Whoever started the peer holds its standard input open. So it never outlives them.
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(1);
    });
    match serve() {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "demo peer: {error}");
            1
        },
    }
}

fn serve() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    tell(&format!("{LISTENING}{}", listener.local_addr()?))?;
    let (stream, _) = listener.accept()?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    let bytes = echo(stream)?;
    tell(&format!("{ECHOED}{bytes}"))
}

/// Send everything back, then the end as well.
fn echo(mut stream: TcpStream) -> io::Result<u64> {
    let mut buffer = vec![0; 64 * 1024];
    let mut total = 0;
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.write_all(&buffer[..count])?;
        total += count as u64;
    }
    stream.shutdown(Shutdown::Write)?;
    Ok(total)
}

fn tell(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

/// A running peer, seen from the demonstration.
pub(crate) struct Peer {
    child: Child,
    stdout: BufReader<std::process::ChildStdout>,
    /// The end of this ends the peer.
    _stdin: ChildStdin,
    pub(crate) address: SocketAddr,
}

impl Peer {
    pub(crate) fn start() -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(FLAG)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the peer has no pipes"));
        };
        let mut stdout = BufReader::new(stdout);
        let address = read_line(&mut stdout)?
            .strip_prefix(LISTENING)
            .and_then(|address| address.parse().ok())
            .ok_or_else(|| io::Error::other("the peer does not tell its address"))?;
        Ok(Self {
            child,
            stdout,
            _stdin: stdin,
            address,
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// How many bytes it echoed. It tells after both ends of the connection were closed.
    pub(crate) fn finish(&mut self) -> io::Result<u64> {
        let line = read_line(&mut self.stdout)?;
        let bytes = line
            .strip_prefix(ECHOED)
            .and_then(|bytes| bytes.parse().ok())
            .ok_or_else(|| io::Error::other("the peer does not tell how much it echoed"))?;
        if self.child.wait()?.success() {
            Ok(bytes)
        } else {
            Err(io::Error::other("the peer failed"))
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_line(stdout: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stdout.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}
