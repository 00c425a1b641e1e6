/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

//! Watches the content processes. Servo does not tell when one dies: a page whose process was killed would
//! simply never answer again. Nor does it wait for all of them when it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::event_loop::Waker;

/// Tells when a content process has ended. The thread behind it sleeps in the kernel. Dropped after Servo, it ends
/// the content processes that are left, so that none stays behind, not even as a zombie.
pub(crate) struct ContentWatch {
    exited: Arc<AtomicBool>,
    #[cfg(target_os = "linux")]
    watcher: Option<linux::Watcher>,
}

impl ContentWatch {
    /// Start watching. Where the system offers no way to do so, nothing is ever told.
    pub(crate) fn start(waker: Waker) -> Self {
        let exited = Arc::new(AtomicBool::new(false));
        #[cfg(target_os = "linux")]
        let watcher = {
            let flag = exited.clone();
            linux::Watcher::start(move || {
                flag.store(true, Ordering::SeqCst);
                waker.wake();
            })
            .inspect_err(|error| log::warn!("content processes are not watched: {error}"))
            .ok()
        };
        #[cfg(not(target_os = "linux"))]
        drop(waker);
        Self {
            exited,
            #[cfg(target_os = "linux")]
            watcher,
        }
    }

    /// There may be new content processes.
    pub(crate) fn look(&self) {
        #[cfg(target_os = "linux")]
        if let Some(watcher) = &self.watcher {
            watcher.look();
        }
    }

    /// Tell of an exit once more, in a moment.
    pub(crate) fn tell_again(&self) {
        #[cfg(target_os = "linux")]
        if let Some(watcher) = &self.watcher {
            watcher.tell_again();
        }
    }

    /// Those that run now.
    pub(crate) fn ids(&self) -> Vec<u32> {
        #[cfg(target_os = "linux")]
        if let Some(watcher) = &self.watcher {
            return watcher.ids();
        }
        Vec::new()
    }

    /// Whether one has ended since the last call.
    pub(crate) fn take_exit(&self) -> bool {
        self.exited.swap(false, Ordering::SeqCst)
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::collections::HashMap;
    use std::fs;
    use std::io::{self, Read, Write};
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::os::unix::net::UnixStream;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread::{self, JoinHandle};
    use std::time::{Duration, Instant};

    /// How often to look for the first content process, which is started without a word to the embedder.
    const FIRST_LOOK: Duration = Duration::from_millis(50);

    /// For how long to look for it.
    const FIRST_LOOK_FOR: Duration = Duration::from_secs(10);

    /// The moment of [`Watcher::tell_again`].
    const MOMENT: Duration = Duration::from_millis(50);

    /// How long content processes may take to end after Servo has.
    const ENDING: Duration = Duration::from_millis(500);

    /// The commands. The end of their channel means "stop".
    const LOOK: u8 = 1;
    const TELL_AGAIN: u8 = 2;

    pub(super) struct Watcher {
        control: Option<UnixStream>,
        thread: Option<JoinHandle<()>>,
        ids: Arc<Mutex<Vec<u32>>>,
    }

    impl Watcher {
        pub(super) fn start(on_exit: impl Fn() + Send + 'static) -> io::Result<Self> {
            let (control, commands) = UnixStream::pair()?;
            control.set_nonblocking(true)?;
            commands.set_nonblocking(true)?;
            let ids = Arc::new(Mutex::new(Vec::new()));
            let shared = ids.clone();
            let thread = thread::Builder::new()
                .name("ContentWatch".to_owned())
                .spawn(move || watch(commands, &shared, on_exit))?;
            Ok(Self {
                control: Some(control),
                thread: Some(thread),
                ids,
            })
        }

        pub(super) fn ids(&self) -> Vec<u32> {
            self.ids
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone()
        }

        pub(super) fn look(&self) {
            self.command(LOOK);
        }

        pub(super) fn tell_again(&self) {
            self.command(TELL_AGAIN);
        }

        fn command(&self, command: u8) {
            if let Some(mut control) = self.control.as_ref() {
                // A full channel has enough of these in it.
                let _ = control.write(&[command]);
            }
        }
    }

    impl Drop for Watcher {
        fn drop(&mut self) {
            self.control = None;
            if let Some(thread) = self.thread.take() {
                let _ = thread.join();
            }
        }
    }

    fn watch(mut commands: UnixStream, ids: &Mutex<Vec<u32>>, on_exit: impl Fn()) {
        let started = Instant::now();
        let mut known: HashMap<u32, OwnedFd> = HashMap::new();
        // Servo waits for these, as long as it goes on.
        let mut ended: Vec<OwnedFd> = Vec::new();
        let mut has_found_one = false;
        loop {
            find_children(&mut known);
            has_found_one |= !known.is_empty();
            let timeout = if has_found_one || started.elapsed() > FIRST_LOOK_FOR {
                -1
            } else {
                FIRST_LOOK.as_millis() as libc::c_int
            };
            let mut pids: Vec<u32> = known.keys().copied().collect();
            pids.sort_unstable();
            ids.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(&pids);
            let mut entries: Vec<libc::pollfd> = std::iter::once(commands.as_raw_fd())
                .chain(pids.iter().map(|pid| known[pid].as_raw_fd()))
                .map(|fd| libc::pollfd {
                    fd,
                    events: libc::POLLIN,
                    revents: 0,
                })
                .collect();
            // SAFETY: the pointer and the length are those of a live vector of the right type.
            let ready =
                unsafe { libc::poll(entries.as_mut_ptr(), entries.len() as libc::nfds_t, timeout) };
            if ready < 0 && io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
                break;
            }
            if ready <= 0 {
                continue;
            }
            if entries[0].revents != 0 {
                match take_commands(&mut commands) {
                    None => break,
                    Some(true) => {
                        thread::sleep(MOMENT);
                        on_exit();
                    },
                    Some(false) => {},
                }
            }
            for (pid, entry) in pids.iter().zip(&entries[1..]) {
                if entry.revents != 0 {
                    ended.extend(known.remove(pid));
                    on_exit();
                }
            }
        }
        find_children(&mut known);
        ended.extend(known.into_values());
        end_all(&ended);
    }

    /// Wait for processes, a little; then end them. They are named by descriptors, which unlike process ids
    /// cannot come to mean somebody else.
    fn end_all(processes: &[OwnedFd]) {
        let deadline = Instant::now() + ENDING;
        for process in processes {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut entry = libc::pollfd {
                fd: process.as_raw_fd(),
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: the pointer is that of one live structure. The signal carries no information, and the status
            // goes to a structure that plain zeros are a valid value of.
            unsafe {
                if libc::poll(&mut entry, 1, left.as_millis() as libc::c_int) == 0 {
                    libc::syscall(
                        libc::SYS_pidfd_send_signal,
                        process.as_raw_fd(),
                        libc::SIGKILL,
                        std::ptr::null::<libc::siginfo_t>(),
                        0,
                    );
                }
                let mut status: libc::siginfo_t = std::mem::zeroed();
                // It fails if Servo has waited for it, which is just as well.
                libc::waitid(
                    libc::P_PIDFD,
                    process.as_raw_fd() as libc::id_t,
                    &mut status,
                    libc::WEXITED,
                );
            }
        }
    }

    /// Take the commands that are there. Whether to tell again; `None` if the other side has gone.
    fn take_commands(commands: &mut UnixStream) -> Option<bool> {
        let mut buffer = [0; 64];
        let mut tell_again = false;
        loop {
            match commands.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => tell_again |= buffer[..count].contains(&TELL_AGAIN),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {},
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Some(tell_again),
                Err(_) => return None,
            }
        }
    }

    /// Add the content processes among our children that are not known yet. A zombie is not added.
    fn find_children(known: &mut HashMap<u32, OwnedFd>) {
        let own = std::process::id();
        let Ok(entries) = fs::read_dir("/proc") else {
            return;
        };
        for entry in entries.flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            if known.contains_key(&pid) || parent_of(pid) != Some(own) || !is_content_process(pid) {
                continue;
            }
            if let Some(fd) = open_process(pid) {
                known.insert(pid, fd);
            }
        }
    }

    fn parent_of(pid: u32) -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may contain anything, so count from its end: state, then the parent.
        let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
        let state = fields.next()?;
        (state != "Z")
            .then(|| fields.next()?.parse().ok())
            .flatten()
    }

    fn is_content_process(pid: u32) -> bool {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            line.split(|byte| *byte == 0).nth(1) == Some(b"--content-process".as_slice())
        })
    }

    fn open_process(pid: u32) -> Option<OwnedFd> {
        // SAFETY: the call takes plain numbers and returns a new descriptor, close-on-exec, or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid as libc::pid_t, 0) };
        let fd = i32::try_from(fd).ok().filter(|fd| *fd >= 0)?;
        // SAFETY: the descriptor is new and nobody else's.
        Some(unsafe { OwnedFd::from_raw_fd(fd) })
    }
}
