# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What happens to transfers when the content process that makes them is killed, or stopped for a while."""

import hashlib
import time
from urllib.parse import urlencode

from wpt import processes
from wpt.hostile import scribble
from wpt.oschecks import wait_until
from wpt.session import multiprocess_only

PAGE = "/_mozilla/direct-sockets/resources/transfer_page.html"
MIB = 1024 * 1024
# What the frame writes, see transfer_page.html.
BLOCK = 64 * 1024
PATTERN = bytes((i * 31 + (i >> 8)) & 255 for i in range(4, BLOCK))
# Far above the second that it may take.
SOON = 10
# Before something is done to a process so much is under way.
UNDER_WAY = 4 * MIB
# More than a page hashes before it is stopped.
TOTAL = 256 * MIB
# Nobody sends all of it.
ENDLESS = 2**40
# How long a process is watched that has nothing to do, in seconds, and which part of that it may use.
WATCHED = 1.0
IDLE = 0.25
# After so many equal looks at them, a fifth of a second apart, transfers stand still.
STILL = 6
# What net may need more of meanwhile, for others.
ALLOWANCE = 8 * MIB
# How many of the other page's messages have to get through meanwhile.
ECHOES = 10


def page(**parameters):
    """The path of a page that moves bytes."""
    return f"{PAGE}?{urlencode(parameters)}"


class Scene:
    """A page that echoes, and in it a frame of another site with a process of its own, which moves bytes."""

    def __init__(self, launch):
        self.peers = {}

        def path(session):
            peers = self.peers
            peers["echo"] = session.peer("echo")
            peers["send"] = session.peer("sink")
            peers["stuck"] = session.peer("hold", receiveBuffer=4096)
            peers["receive"] = session.peer("hold", flood=TOTAL, then="fin")
            ports = {name: peers[name]["port"] for name in ("send", "stuck", "receive")}
            frame = session.elsewhere(page(name="frame", udp="", **ports))
            return page(name="page", echo=peers["echo"]["port"], frame=frame)

        self.session = launch(path)
        self.session.line("page: echo")
        # None where there are no content processes.
        self.first = min((process.pid for process in self.session.browser.of_kind("content")), default=None)
        self.port = int(self.session.line("frame: bound").rsplit(" ", 1)[1])
        self.net = self.session.browser.net()

    def content(self):
        """The process of the frame."""
        found = [process.pid for process in self.session.browser.of_kind("content")]
        # The page was there first, and loaded the frame.
        others = [pid for pid in found if pid != self.first]
        assert len(others) == 1, f"one process for the frame: {found}, that of the page: {self.first}"
        return others[0]

    def log(self, name):
        """What the peer of one of the frame's connections has seen."""
        return self.session.ask("peer/log", id=self.peers[name]["id"])["connections"][0]

    def wait(self, name, what, **more):
        """Wait for something at the peer of one of the frame's connections; its log then."""
        return self.session.ask("peer/wait", id=self.peers[name]["id"], **{"for": what, "timeout": SOON, **more})

    def is_under_way(self):
        """Wait until a lot has gone both ways."""
        self.wait("send", "received", count=UNDER_WAY, timeout=60)
        self.wait("stuck", "accepted")
        while int(self.session.line("frame: received").rsplit(" ", 1)[1]) < UNDER_WAY:
            pass

    def reported(self, what):
        """How many bytes the frame has said were written, as far as has been heard."""
        start = f"frame: {what} "
        return max((int(line[len(start) :]) for line in self.session.seen if line.startswith(start)), default=0)

    def others_go_on(self):
        """The page's own socket goes on."""
        last = int(self.session.line("page: echo").rsplit(" ", 1)[1])
        while int(self.session.line("page: echo").rsplit(" ", 1)[1]) < last + ECHOES:
            pass
        assert self.session.browser.net() == self.net, "the same net process"

    def has_gone(self):
        """Net has no socket of the frame any more."""
        for name in ("send", "stuck", "receive"):
            port = self.peers[name]["port"]
            found = self.session.browser.wait_for_sockets(port, 0, SOON)
            assert found["ok"], f"sockets to the peer {name}: {found}"


def beginning(count):
    """The digest of the first bytes that the frame writes."""
    digest = hashlib.sha256()
    for number in range((count + BLOCK - 1) // BLOCK):
        digest.update((number.to_bytes(4, "big") + PATTERN)[: count - number * BLOCK])
    return digest.hexdigest()


def assert_beginning(log):
    """What has come is the beginning of what the frame writes."""
    assert log["receivedSha256"] == beginning(log["received"]), f"other bytes: {log}"


@multiprocess_only
def test_killed_in_mid_transfer(launch):
    """LIFE-05, TCP-W-07: a content process is killed in mid-transfer: what it has written arrives, then the end"""
    scene = Scene(launch)
    scene.is_under_way()
    scene.session.kill(scene.content())
    log = scene.wait("send", "eof")
    # Lines that were on their way come before these.
    scene.others_go_on()
    assert log["received"] >= scene.reported("send") > 0, f"{log}; reported: {scene.reported('send')}"
    assert_beginning(log)
    # The peer that does not read holds its connection up for a while only.
    scene.has_gone()
    scene.session.ask("peer/read", id=scene.peers["stuck"]["id"])
    assert_beginning(scene.wait("stuck", "end"))
    scene.wait("receive", "end")
    scene.others_go_on()


def time_of(pid):
    """How long a process has run, in seconds."""
    fields = processes.stat_fields(pid)
    assert fields is not None, f"process {pid} has gone"
    return (int(fields[11]) + int(fields[12])) / 100


def stop(scene, content):
    """Stop the frame's process and wait until nothing moves any more."""
    scene.session.browser.signal("content", "STOP", content)

    def moves():
        return scene.log("send")["received"], scene.log("receive")["sent"], scene.log("stuck")["received"]

    seen = [moves()]

    def stalled():
        time.sleep(0.2)
        seen.append(moves())
        return len(seen) > STILL and len(set(seen[-STILL:])) == 1

    assert wait_until(stalled, 3 * SOON), f"something still moves: {seen[-5:]}"
    assert scene.log("receive")["sent"] < TOTAL, "there was something left to send"


def watch(scene):
    """While nothing can move, net neither grows nor spins, and others are served."""
    browser = scene.session.browser
    memory, used, start = browser.memory()["net"], time_of(scene.net), time.monotonic()
    sent = scene.log("receive")["sent"]
    scene.others_go_on()
    while time.monotonic() < start + WATCHED:
        scene.others_go_on()
    elapsed = time.monotonic() - start
    used = time_of(scene.net) - used
    assert used < IDLE * elapsed, f"net has run for {used:.2f} of {elapsed:.2f} s"
    grown = browser.memory()["net"] - memory
    assert grown < ALLOWANCE, f"net has grown by {grown} bytes"
    moved = scene.log("receive")["sent"] - sent
    assert moved < ALLOWANCE, f"{moved} bytes have gone to a process that stands still"


def flood(scene, count=20_000):
    """Send the frame more datagrams than anybody keeps."""
    peer = scene.session.ask("udp/create", behaviour="hold")
    to = {"address": "127.0.0.1", "port": scene.port}
    scene.session.ask("udp/flood", id=peer["id"], to=to, count=count, size=1400)


@multiprocess_only
def test_stopped_in_mid_transfer(launch):
    """LIFE-09: a content process is stopped in mid-transfer: net neither spins nor grows, and all arrives later"""
    scene = Scene(launch)
    scene.is_under_way()
    content = scene.content()
    stop(scene, content)
    memory = scene.session.browser.memory()["net"]
    flood(scene)
    grown = scene.session.browser.memory()["net"] - memory
    assert grown < ALLOWANCE, f"the flood has made net grow by {grown} bytes"
    watch(scene)
    scene.session.browser.signal("content", "CONT", content)
    digest = scene.session.line("frame: digest", 120).rsplit(" ", 1)[1]
    assert digest == scene.log("receive")["sentSha256"], "what the frame has received"
    before = scene.log("send")["received"]
    assert_beginning(scene.wait("send", "received", count=before + UNDER_WAY))
    # What has not been dropped is whole and in order.
    numbers = [line.split()[2:] for line in scene.session.seen if line.startswith("frame: datagram ")]
    assert numbers and all(words[2] == "1400" for words in numbers), numbers[:5]
    order = [int(words[0]) for words in numbers]
    assert order == sorted(set(order)), order[:50]
    failed = [line for line in scene.session.seen if "failed" in line]
    assert not failed, failed
    scene.others_go_on()


@multiprocess_only
def test_stopped_and_killed(launch):
    """LIFE-05, LIFE-09: a content process is stopped in mid-transfer and killed: its sockets end, others go on"""
    scene = Scene(launch)
    scene.is_under_way()
    content = scene.content()
    stop(scene, content)
    scene.session.kill(content)
    log = scene.wait("send", "eof")
    scene.others_go_on()
    assert log["received"] >= scene.reported("send") > 0
    assert_beginning(log)
    scene.has_gone()
    scene.wait("receive", "end")
    scene.others_go_on()


@multiprocess_only
def test_garbage_in_the_memory_of_a_frame(launch):
    """LIFE-08: garbage in the memory that a frame shares with net, in mid-transfer: nobody else is disturbed"""
    scene = Scene(launch)
    scene.is_under_way()
    content = scene.content()
    assert scribble(content, 0), "the frame shares memory with net"
    for seed in range(1, 20):
        scribble(content, seed)
    scene.others_go_on()
    browser = scene.session.browser
    assert content in [process.pid for process in browser.of_kind("content")], "the frame's process goes on"
    assert scene.first in [process.pid for process in browser.of_kind("content")], "and so does the page's"
    # It can still end as any other.
    scene.session.kill(content)
    scene.has_gone()
    scene.others_go_on()


def test_garbage_in_all_memory(launch):
    """LIFE-08: garbage in all memory that is shared with net, in mid-transfer: the browser goes on"""
    scene = Scene(launch)
    scene.is_under_way()
    browser = scene.session.browser
    tree = browser.tree()
    assert scribble(scene.net, 0), "net shares memory"
    for seed in range(1, 20):
        scribble(scene.net, seed)
    assert not wait_until(lambda: any(not processes.alive(process) for process in tree), WATCHED), "all go on"
    assert scene.session.child.poll() is None
