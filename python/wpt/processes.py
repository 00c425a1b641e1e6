# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The processes of one browser, seen through /proc: who they are, what they hold, how big they are."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NET_FLAG = "--direct-sockets-net"
NET_BINARY = "direct-sockets-net"
CONTENT_FLAG = "--content-process"
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_STATES = {
    "01": "ESTABLISHED",
    "02": "SYN_SENT",
    "03": "SYN_RECV",
    "04": "FIN_WAIT1",
    "05": "FIN_WAIT2",
    "06": "TIME_WAIT",
    "07": "CLOSE",
    "08": "CLOSE_WAIT",
    "09": "LAST_ACK",
    "0A": "LISTEN",
    "0B": "CLOSING",
}


@dataclass(frozen=True)
class Process:
    """A process, told from a later one with the same id by the time at which it started."""

    pid: int
    kind: str  # "shell", "net", "content" or "other"
    started: str


@dataclass(frozen=True)
class TcpEntry:
    """A line of /proc/net/tcp or tcp6."""

    local: tuple[str, int]
    remote: tuple[str, int]
    state: str
    send_queue: int
    receive_queue: int
    inode: int


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name of the command."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rsplit(")", 1)[1].split()


def describe(pid: int, shell: int) -> Process | None:
    """What a process is, or None if it has gone or is a zombie."""
    fields = stat_fields(pid)
    if fields is None or fields[0] == "Z":
        return None
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    if pid == shell:
        kind = "shell"
    elif NET_FLAG in arguments or os.path.basename(arguments[0]) == NET_BINARY:
        kind = "net"
    elif CONTENT_FLAG in arguments:
        kind = "content"
    else:
        kind = "other"
    return Process(pid, kind, fields[19])


def children() -> dict[int, list[int]]:
    """The children of every process."""
    result: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (fields := stat_fields(int(name))):
            result.setdefault(int(fields[1]), []).append(int(name))
    return result


def tree(shell: int) -> list[Process]:
    """The browser's process and everything that it has started."""
    offspring = children()
    found, queue = [], [shell]
    while queue:
        pid = queue.pop()
        queue.extend(offspring.get(pid, []))
        process = describe(pid, shell)
        if process:
            found.append(process)
    return sorted(found, key=lambda process: process.pid)


def age(process: Process) -> float:
    """For how many seconds a process has run."""
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - int(process.started) / os.sysconf("SC_CLK_TCK")


def zombies(shell: int) -> int:
    """How many ended children the browser has not looked at."""
    offspring = children().get(shell, [])
    return sum(1 for pid in offspring if (fields := stat_fields(pid)) and fields[0] == "Z")


def alive(process: Process) -> bool:
    """Whether it still runs, and is not another one under the same id."""
    fields = stat_fields(process.pid)
    return fields is not None and fields[0] != "Z" and fields[19] == process.started


def descriptors(pid: int) -> dict[int, str]:
    """Every open descriptor and what it points to."""
    result = {}
    try:
        names = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return {}
    for name in names:
        try:
            result[int(name)] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            continue
    return result


def socket_inodes(pid: int) -> dict[int, int]:
    """The sockets of a process: from inode to descriptor."""
    return {
        int(match.group(1)): fd for fd, target in descriptors(pid).items() if (match := _SOCKET.fullmatch(target))
    }


def address(text: str) -> tuple[str, int]:
    """An address and port as /proc/net writes them."""
    digits, port = text.split(":")
    raw = bytes.fromhex(digits)
    # The kernel prints each group of four bytes as a number of this machine.
    words = [raw[i : i + 4][::-1] for i in range(0, len(raw), 4)]
    packed = b"".join(words)
    family = 2 if len(packed) == 4 else 10
    return socket.inet_ntop(family, packed), int(port, 16)


def tcp_table() -> Iterator[TcpEntry]:
    """Every TCP socket of this machine."""
    for name in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            send, _, receive = fields[4].partition(":")
            yield TcpEntry(
                address(fields[1]),
                address(fields[2]),
                _STATES.get(fields[3], fields[3]),
                int(send, 16),
                int(receive, 16),
                int(fields[9]),
            )


@dataclass(frozen=True)
class Listener:
    """A listening socket."""

    address: str
    port: int
    backlog: int  # how many connections its queue may hold
    queued: int  # how many wait in it now
    v6only: bool
    inode: int


def listeners(port: int) -> list[Listener]:
    """The listening TCP sockets of a port, as `ss` shows them: /proc does not tell the length of the queue."""
    command = ["ss", "-ltneOH", f"sport = :{port}"]
    try:
        text = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    found = []
    for line in text.splitlines():
        # LISTEN Recv-Q Send-Q Local:Port Peer:Port ino:N sk:N ... v6only:0
        fields = line.split()
        inode = re.search(r"\bino:(\d+)", line)
        if len(fields) < 5 or fields[0] != "LISTEN" or inode is None:
            continue
        # "*" stands for "::" where IPv4 is served, too.
        address = fields[3].rpartition(":")[0].strip("[]").replace("*", "::")
        found.append(Listener(address, port, int(fields[2]), int(fields[1]), "v6only:1" in line, int(inode.group(1))))
    return found


def find_socket(local_port: int, remote_port: int) -> TcpEntry | None:
    """The entry of one side of a connection."""
    for entry in tcp_table():
        if entry.local[1] == local_port and entry.remote[1] == remote_port:
            return entry
    return None


def proportional_size(pid: int) -> int:
    """The memory of a process in bytes: what is private, plus its share of memory shared with others (PSS).

    Without the pages of files: how many others share those changes with every other browser that starts or ends.
    """
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return sum(int(size) * 1024 for size in re.findall(r"^Pss_(?:Anon|Shmem):\s+(\d+) kB", text, re.MULTILINE))
