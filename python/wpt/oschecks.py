# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What tests ask about the operating system's view of the browser under test, and what they do to it."""

from __future__ import annotations

import ctypes
import itertools
import os
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wpt import processes
from wpt.processes import Process
from wpt.tracing import Trace

PATIENCE = 20.0
POLL = 0.02
_PIDFD_GETFD = 438
_LEVELS = {"SOL_SOCKET": socket.SOL_SOCKET, "IPPROTO_TCP": socket.IPPROTO_TCP, "IPPROTO_IPV6": socket.IPPROTO_IPV6}
_OPTIONS = {
    name: getattr(socket, name)
    for name in (
        "SO_SNDBUF",
        "SO_RCVBUF",
        "SO_KEEPALIVE",
        "SO_LINGER",
        "SO_REUSEADDR",
        "SO_REUSEPORT",
        "SO_BROADCAST",
        "TCP_NODELAY",
        "TCP_KEEPIDLE",
        "TCP_KEEPINTVL",
        "TCP_KEEPCNT",
        "IPV6_V6ONLY",
    )
}
_SYSCTLS = ("net.core.somaxconn", "net.ipv6.bindv6only")
_SIGNALS = {"KILL": signal.SIGKILL, "STOP": signal.SIGSTOP, "CONT": signal.SIGCONT, "TERM": signal.SIGTERM}


class OsError(Exception):
    """A question that has no answer, or a thing that could not be done."""


def wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Look again and again, for a bounded time."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


class Browser:
    """The browser under test, as one run of one test sees it."""

    def __init__(self) -> None:
        self.pid = 0
        self.multiprocess = False
        self._trace: Trace | None = None
        self._stopped: list[int] = []
        self._lock = threading.Lock()

    # Processes.

    def tree(self) -> list[Process]:
        """The processes that run now."""
        return processes.tree(self.pid)

    def of_kind(self, kind: str) -> list[Process]:
        """Those of one kind."""
        return [process for process in self.tree() if process.kind == kind]

    def net(self) -> int:
        """The id of the net process."""
        found = self.of_kind("net")
        if len(found) != 1:
            raise OsError(f"there are {len(found)} net processes")
        return found[0].pid

    def processes(self) -> dict[str, Any]:
        """Everybody's ids."""
        tree = self.tree()
        return {
            "shell": self.pid,
            "net": [process.pid for process in tree if process.kind == "net"],
            "content": [process.pid for process in tree if process.kind == "content"],
            "multiprocess": self.multiprocess,
            "zombies": processes.zombies(self.pid),
        }

    def signal(self, kind: str, name: str, pid: int = 0) -> int:
        """Send a signal to the net process, or to one named process of the browser."""
        target = pid or self.net()
        if target not in [process.pid for process in self.tree() if process.kind == kind]:
            raise OsError(f"process {target} is not a {kind} process of this browser")
        os.kill(target, _SIGNALS[name])
        with self._lock:
            if name == "STOP":
                self._stopped.append(target)
        return target

    def wait_for_process(self, kind: str, not_pid: int, gone: int, timeout: float) -> dict[str, Any]:
        """Wait until there is a process of a kind (another than `not_pid`), or until `gone` has ended."""

        def there() -> bool:
            pids = [process.pid for process in self.of_kind(kind)]
            return gone not in pids if gone else any(pid != not_pid for pid in pids)

        return {"ok": wait_until(there, timeout), **self.processes()}

    def wait_for_age(self, kind: str, seconds: float) -> dict[str, Any]:
        """Wait until the process of a kind has run for so long (a broker counts deaths that come quickly)."""
        found = self.of_kind(kind)
        if len(found) != 1:
            raise OsError(f"there are {len(found)} processes of the kind {kind}")
        return {"ok": wait_until(lambda: processes.age(found[0]) >= seconds, PATIENCE)}

    # Sockets.

    def socket(self, local: int, remote: int) -> dict[str, Any]:
        """One side of a connection, and who holds it."""
        entry = processes.find_socket(local, remote)
        if entry is None:
            return {"exists": False, "state": "", "receiveQueue": 0, "sendQueue": 0, "holders": []}
        holders = [
            {"pid": process.pid, "kind": process.kind}
            for process in self.tree()
            if entry.inode and entry.inode in processes.socket_inodes(process.pid)
        ]
        return {
            "exists": True,
            "state": entry.state,
            "receiveQueue": entry.receive_queue,
            "sendQueue": entry.send_queue,
            "holders": holders,
        }

    def wait_for_socket(self, local: int, remote: int, want: dict[str, str], timeout: float) -> dict[str, Any]:
        """Wait for a state, for a length of a queue or until nobody of the browser holds the socket."""

        def so() -> bool:
            found = self.socket(local, remote)
            return (
                ("state" not in want or found["state"] == want["state"])
                and ("receiveQueue" not in want or str(found["receiveQueue"]) == want["receiveQueue"])
                and ("minReceiveQueue" not in want or found["receiveQueue"] >= int(want["minReceiveQueue"]))
                and ("minSendQueue" not in want or found["sendQueue"] >= int(want["minSendQueue"]))
                and ("held" not in want or bool(found["holders"]) == (want["held"] == "true"))
            )

        return {"ok": wait_until(so, timeout), **self.socket(local, remote)}

    def count_sockets(self, remote: int = 0, local: int = 0) -> dict[str, Any]:
        """How many TCP sockets each kind of process holds, all of them or those to a remote or from a local port."""
        entries = {
            entry.inode
            for entry in processes.tcp_table()
            if (not remote or entry.remote[1] == remote) and (not local or entry.local[1] == local)
        }
        counts = {"net": 0, "shell": 0, "content": 0, "other": 0}
        for process in self.tree():
            inodes = processes.socket_inodes(process.pid)
            counts[process.kind] += sum(1 for inode in inodes if inode in entries)
        return counts

    def wait_for_sockets(self, remote: int, count: int, timeout: float, local: int = 0) -> dict[str, Any]:
        """Wait until net holds exactly so many sockets to a remote port, or from a local one."""
        done = wait_until(lambda: self.count_sockets(remote, local)["net"] == count, timeout)
        return {"ok": done, **self.count_sockets(remote, local)}

    def listener(self, port: int) -> dict[str, Any]:
        """The listening sockets of a port, as far as processes of the browser hold them."""
        found = []
        for entry in processes.listeners(port):
            holders = [
                {"pid": process.pid, "kind": process.kind}
                for process in self.tree()
                if entry.inode in processes.socket_inodes(process.pid)
            ]
            if holders:
                found.append({**vars(entry), "holders": holders})
        return {"listeners": found, **(found[0] if len(found) == 1 else {})}

    def wait_for_listener(self, port: int, want: dict[str, str], timeout: float) -> dict[str, Any]:
        """Wait until a port is listened on or is not (`listening`), or until so many connections are `queued`."""

        def so() -> bool:
            found = self.listener(port)
            return ("listening" not in want or bool(found["listeners"]) == (want["listening"].lower() == "true")) and (
                "queued" not in want or str(found.get("queued")) == want["queued"]
            )

        return {"ok": wait_until(so, timeout), **self.listener(port)}

    def _duplicate(self, local: int, remote: int) -> socket.socket:
        """A copy of net's descriptor for one of its connections."""
        entry = processes.find_socket(local, remote)
        if entry is None:
            raise OsError(f"no socket from port {local} to port {remote}")
        return self.duplicate(entry.inode)

    def duplicate(self, inode: int) -> socket.socket:
        """A copy of net's descriptor for the socket with this inode."""
        net = self.net()
        descriptor = processes.socket_inodes(net).get(inode)
        if descriptor is None:
            raise OsError(f"net does not hold the socket with the inode {inode}")
        pidfd = os.pidfd_open(net)
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            copy = libc.syscall(_PIDFD_GETFD, pidfd, descriptor, 0)
            if copy < 0:
                raise OsError(f"pidfd_getfd: {os.strerror(ctypes.get_errno())}")
        finally:
            os.close(pidfd)
        return socket.socket(fileno=copy)

    def option(self, local: int, remote: int, names: list[str]) -> dict[str, int]:
        """Options of one of net's sockets."""
        copy = self._duplicate(local, remote)
        try:
            return options_of(copy, names)
        finally:
            copy.close()

    def ss(self, local: int, remote: int) -> str:
        """The line that `ss` prints for a connection."""
        command = ["ss", "-tnopmieOH", f"sport = :{local} and dport = :{remote}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        except FileNotFoundError:
            raise OsError("ss is not installed") from None
        if done.returncode != 0:
            raise OsError(f"ss: {done.stderr.strip()}")
        return done.stdout.strip()

    # Resources.

    def descriptors(self) -> dict[str, int]:
        """How many descriptors each kind of process has open."""
        counts: dict[str, int] = {}
        for process in self.tree():
            counts[process.kind] = counts.get(process.kind, 0) + len(processes.descriptors(process.pid))
        return counts

    def memory(self) -> dict[str, int]:
        """The proportional set size of each kind of process, and of all together."""
        sizes: dict[str, int] = {"net": 0, "shell": 0, "content": 0}
        for process in self.tree():
            sizes[process.kind] = sizes.get(process.kind, 0) + processes.proportional_size(process.pid)
        sizes["total"] = sum(sizes.values())
        return sizes

    def limit_descriptors(self, spare: int) -> dict[str, int]:
        """Let net open only `spare` more descriptors; a negative number takes the limit away again."""
        net = self.net()
        _, hard = resource.prlimit(net, resource.RLIMIT_NOFILE)
        if spare < 0:
            soft = hard
        else:
            # The lowest free number is what the next open gets, and numbers below the limit are allowed.
            taken = processes.descriptors(net)
            free = (number for number in itertools.count() if number not in taken)
            soft = next(itertools.islice(free, spare, None))
        resource.prlimit(net, resource.RLIMIT_NOFILE, (soft, hard))
        return {"soft": soft, "hard": hard}

    # System calls.

    def start_trace(self, kind: str, expressions: list[str]) -> None:
        """Trace the net process, or the one process that runs the page's script."""
        if self._trace is not None:
            raise OsError("a trace runs already")
        if kind == "net":
            pid = self.net()
        else:
            found = self.of_kind("content" if self.multiprocess else "shell")
            if len(found) != 1:
                raise OsError(f"{len(found)} processes run script")
            pid = found[0].pid
        self._trace = Trace(pid, expressions)

    def stop_trace(self) -> list[str]:
        """End the trace; its lines."""
        if self._trace is None:
            raise OsError("no trace runs")
        trace, self._trace = self._trace, None
        return trace.stop()

    def release(self) -> None:
        """Undo what would outlive the test."""
        if self._trace is not None:
            self.stop_trace()
        with self._lock:
            running = {process.pid for process in self.tree()} if self.pid else set()
            for pid in self._stopped:
                if pid in running:
                    os.kill(pid, signal.SIGCONT)
            self._stopped.clear()


def sysctl(name: str) -> int:
    """A number that the system is set to."""
    if name not in _SYSCTLS:
        raise OsError(f"not a setting that tests need: {name}")
    return int(Path("/proc/sys", *name.split(".")).read_text())


def options_of(sock: socket.socket, names: list[str]) -> dict[str, int]:
    """Read options, each named as LEVEL.NAME."""
    result = {}
    for full in names:
        level, _, name = full.partition(".")
        if level not in _LEVELS or name not in _OPTIONS:
            raise OsError(f"unknown socket option {full}")
        result[full] = sock.getsockopt(_LEVELS[level], _OPTIONS[name])
    return result


def plain_options(address: str, port: int, names: list[str]) -> dict[str, int]:
    """The options of a socket that an ordinary program connects to the same peer."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.settimeout(PATIENCE)
        sock.connect((address, port))
        return options_of(sock, names)
