/* This Source Code Form is subject to the terms of the Mozilla Public
 * License, v. 2.0. If a copy of the MPL was not distributed with this
 * file, You can obtain one at https://mozilla.org/MPL/2.0/. */

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use direct_sockets_net::NET_PROCESS_FLAG;
use direct_sockets_net::resolver::ScriptedResolver;
use direct_sockets_traits::{
    Address, AddressGrant, AddressQuestion, ClientEvent, Grant, NetControl, NetHello,
    NetStatistics, Owner, PROTOCOL_VERSION, PortFloors, SocketKey, SocketList, SocketRequest,
    SocketStatistics,
};
use ipc_channel::ipc::{self, IpcOneShotServer, IpcReceiver, IpcSender};
use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
use socket2::{Socket, Type};

use super::{Event, PATIENCE, TestClient};

/// A net process of the real binary.
pub struct TestNet {
    pub child: Child,
    pub control: Option<IpcSender<NetControl>>,
    pub questions: IpcReceiver<AddressQuestion>,
}

impl TestNet {
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// Start it, with something else about its command.
    pub fn start_with(change: impl FnOnce(&mut Command)) -> Self {
        let (server, token) = IpcOneShotServer::<NetHello>::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_direct-sockets-net"));
        command.arg(NET_PROCESS_FLAG).arg(token);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        change(&mut command);
        let child = command.spawn().unwrap();
        let (sender, accepted) = mpsc::channel();
        thread::spawn(move || sender.send(server.accept().unwrap().1));
        let hello = accepted
            .recv_timeout(PATIENCE)
            .expect("the net process reports in");
        assert_eq!(hello.version, PROTOCOL_VERSION);
        assert_eq!(hello.pid, child.id());
        Self {
            child,
            control: Some(hello.control),
            questions: hello.questions,
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn control(&self) -> &IpcSender<NetControl> {
        self.control.as_ref().unwrap()
    }

    /// A new client that has been told that net is ready.
    pub fn client(&self) -> TestClient {
        self.client_with(usize::MAX)
    }

    pub fn client_with(&self, max_sockets: usize) -> TestClient {
        self.client_of(Grant {
            max_sockets,
            ..grant()
        })
    }

    /// A new client with this grant that has been told that net is ready.
    pub fn client_of(&self, grant: Grant) -> TestClient {
        let client = self.register(grant);
        let pid = self.pid();
        assert!(
            matches!(client.next(), Event::Message(ClientEvent::Ready { net_pid, .. }) if net_pid == pid)
        );
        client
    }

    /// A new client that has been told nothing yet.
    pub fn register(&self, grant: Grant) -> TestClient {
        register(self.control(), grant)
    }

    pub fn statistics(&self) -> NetStatistics {
        statistics(self.control())
    }

    /// One answer about sockets.
    pub fn sockets_after(&self, after: Option<SocketKey>) -> SocketList {
        sockets_after(self.control(), after)
    }

    /// All sockets, as those of one answer.
    pub fn sockets(&self) -> Vec<SocketStatistics> {
        let list = self.sockets_after(None);
        assert!(list.is_complete);
        list.sockets
    }

    /// Wait until the figures are as they should be.
    pub fn wait_for(&self, what: &str, mut is_so: impl FnMut(&NetStatistics) -> bool) {
        wait_until(what, || is_so(&self.statistics()));
    }

    /// Wait for the process to end; its status.
    pub fn wait_for_end(&mut self) -> std::process::ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the net process does not end");
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }
}

impl Drop for TestNet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same server on a thread of this process, with names that the test decides on.
pub struct InProcess {
    pub control: Option<IpcSender<NetControl>>,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    pub fn start(resolver: ScriptedResolver) -> Self {
        let (control, endpoint) = direct_sockets_wire::Endpoint::for_ipc_sender().unwrap();
        let (_, questions) = direct_sockets_wire::Endpoint::pair().unwrap();
        let thread = thread::spawn(move || {
            direct_sockets_net::process::serve(endpoint, questions, Rc::new(resolver)).unwrap();
        });
        Self {
            control: Some(control),
            thread: Some(thread),
        }
    }

    pub fn client(&self) -> TestClient {
        self.client_of(grant())
    }

    pub fn client_of(&self, grant: Grant) -> TestClient {
        let client = register(self.control.as_ref().unwrap(), grant);
        assert!(matches!(
            client.next(),
            Event::Message(ClientEvent::Ready { .. })
        ));
        client
    }

    pub fn statistics(&self) -> NetStatistics {
        statistics(self.control.as_ref().unwrap())
    }

    /// The sockets, as many as one answer has.
    pub fn sockets(&self) -> Vec<SocketStatistics> {
        sockets_after(self.control.as_ref().unwrap(), None).sockets
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        drop(self.control.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// What an embedder grants that has nothing against anything.
pub fn grant() -> Grant {
    Grant {
        origin: "https://test.example".to_owned(),
        max_sockets: usize::MAX,
        addresses: AddressGrant::default(),
        port_floors: PortFloors::default(),
    }
}

/// The same to somebody else.
pub fn grant_to(origin: &str) -> Grant {
    Grant {
        origin: origin.to_owned(),
        ..grant()
    }
}

pub fn register(control: &IpcSender<NetControl>, grant: Grant) -> TestClient {
    let (requests, to_net): (_, IpcReceiver<SocketRequest>) = ipc::channel().unwrap();
    let (to_client, events) = ipc::channel().unwrap();
    let register = NetControl::Register {
        owner: Owner {
            pipeline: "(1,1)".to_owned(),
            worker: None,
        },
        grant,
        requests: to_net,
        events: to_client,
    };
    control.send(register).unwrap();
    TestClient::new(requests, events)
}

fn statistics(control: &IpcSender<NetControl>) -> NetStatistics {
    let (reply, figures) = ipc::channel().unwrap();
    control.send(NetControl::Statistics(reply)).unwrap();
    figures
        .try_recv_timeout(PATIENCE)
        .expect("net answers with its figures")
}

fn sockets_after(control: &IpcSender<NetControl>, after: Option<SocketKey>) -> SocketList {
    let (reply, sockets) = ipc::channel().unwrap();
    control.send(NetControl::Sockets { after, reply }).unwrap();
    sockets
        .try_recv_timeout(PATIENCE)
        .expect("net answers with its sockets")
}

/// Look again and again, for a bounded time.
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "still not: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a process has open: descriptor numbers and what they are.
pub fn descriptors_of(pid: u32) -> Vec<(i32, PathBuf)> {
    let directory = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
    let mut descriptors: Vec<_> = directory
        .flatten()
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, std::fs::read_link(entry.path()).ok()?))
        })
        .collect();
    descriptors.sort();
    descriptors
}

/// The numbers of the sockets that a process has open.
pub fn socket_descriptors_of(pid: u32) -> Vec<i32> {
    descriptors_of(pid)
        .into_iter()
        .filter(|(_, target)| target.to_string_lossy().starts_with("socket:"))
        .map(|(number, _)| number)
        .collect()
}

/// The socket of this kind and address itself, taken out of the net process.
pub fn socket_in_net(net: &TestNet, kind: Type, local: Address) -> Socket {
    let pid = Pid::from_raw(net.pid() as i32).unwrap();
    let process = pidfd_open(pid, PidfdFlags::empty()).unwrap();
    let sockets = socket_descriptors_of(net.pid())
        .into_iter()
        .filter_map(|number| {
            let socket: OwnedFd = pidfd_getfd(&process, number, PidfdGetfdFlags::empty()).ok()?;
            Some(Socket::from(socket))
        });
    let own = |socket: &Socket| {
        let address = socket.local_addr().ok()?.as_socket()?;
        Some(Address::from(address) == local && socket.r#type().ok()? == kind)
    };
    sockets
        .into_iter()
        .find(|socket| own(socket) == Some(true))
        .expect("the socket is in net")
}

/// Memory that a process has asked for and uses, in bytes. (Not the pages of its program: whether they
/// count as its own, or as written, depends on who else runs it and when it was compiled.)
pub fn own_memory(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("Anonymous:"))
        .unwrap();
    line.split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        * 1024
}
