# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What happens to net and to its sockets when other processes of the browser end."""

import errno
import socket
from urllib.parse import urlencode

from wpt import processes
from wpt.oschecks import wait_until
from wpt.session import multiprocess_only

PAGE = "/_mozilla/direct-sockets/resources/open_sockets.html"
COUNT = 10
# Far above the second that it may take.
SOON = 10


def page(**parameters):
    """The path of a page that opens sockets."""
    return f"{PAGE}?{urlencode(parameters)}"


def opened(launch, **parameters):
    """A session whose page holds COUNT sockets to a peer; the session and the peer."""
    peers = []

    def path(session):
        peers.append(session.peer("hold"))
        return page(port=peers[0]["port"], count=COUNT, **parameters)

    session = launch(path)
    return session, peers[0]


def test_embedder_killed(launch):
    """LIFE-05: when the embedder is killed, net ends and its peers see the end of every connection"""
    session, peer = opened(launch)
    session.line("page: open")
    net = [process for process in session.browser.tree() if process.kind == "net"]
    assert len(net) == 1, net
    session.kill(session.browser.pid)
    session.ask("peer/wait-count", **{"id": peer["id"], "count": COUNT, "for": "ended", "timeout": SOON})
    assert wait_until(lambda: not processes.alive(net[0]), SOON), "net outlives its embedder"


def refused(port):
    """Whether nobody listens on a port."""
    with socket.socket() as client:
        client.settimeout(SOON)
        return client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def ports_of(line):
    """The ports that a page says it listens on."""
    ports = [int(word) for word in line.partition("listening ")[2].split()]
    assert len(ports) == COUNT, line
    return ports


def test_embedder_killed_with_servers(launch):
    """LIFE-05: when the embedder is killed, the ports on which its pages listened refuse"""
    session = launch(page(listen=COUNT))
    ports = ports_of(session.line("page: listening"))
    assert not any(refused(port) for port in ports), "they listen"
    session.kill(session.browser.pid)
    for port in ports:
        assert wait_until(lambda port=port: refused(port), SOON), f"port {port} is still listened on"


def test_window_closed(launch):
    """LIFE-02: a browser that ends with open sockets takes net with it, and leaves no zombie"""
    session, peer = opened(launch, close="")
    session.line("page: open")
    tree = session.browser.tree()
    assert session.wait() == 0, "status"
    session.ask("peer/wait-count", **{"id": peer["id"], "count": COUNT, "for": "ended", "timeout": SOON})
    left = [process for process in tree if not wait_until(lambda p=process: not processes.alive(p), SOON)]
    assert not left, f"left behind: {left}"


@multiprocess_only
def test_content_process_killed_with_servers(launch):
    """LIFE-05: when a content process is killed, the ports on which its pages listened refuse, and others do not"""

    def path(session):
        return page(listen=COUNT, frame=session.elsewhere(page(listen=COUNT, name="frame")))

    session = launch(path)
    own = ports_of(session.line("page: listening"))
    before = {process.pid for process in session.browser.of_kind("content")}
    ports = ports_of(session.line("frame: listening"))
    new = [process for process in session.browser.of_kind("content") if process.pid not in before]
    if not new:  # the frame's process had been started already
        new = session.browser.of_kind("content")[1:]
    assert len(new) == 1, f"one process for the frame: {new}, before: {before}"
    session.kill(new[0].pid)
    for port in ports:
        assert wait_until(lambda port=port: refused(port), SOON), f"port {port} is still listened on"
    assert not any(refused(port) for port in own), "those of the other page"


@multiprocess_only
def test_content_process_killed(launch):
    """LIFE-05: when a content process is killed, net closes its sockets and goes on serving others"""
    peers = {}

    def path(session):
        peers.update(own=session.peer("hold"), echo=session.peer("echo"), frame=session.peer("hold"))
        # Another site, so that the frame has a process of its own.
        frame = session.elsewhere(page(port=peers["frame"]["port"], count=COUNT, name="frame"))
        return page(port=peers["own"]["port"], count=COUNT, echo=peers["echo"]["port"], frame=frame)

    session = launch(path)
    session.line("page: open")
    before = {process.pid for process in session.browser.of_kind("content")}
    session.line("frame: open")
    new = [process for process in session.browser.of_kind("content") if process.pid not in before]
    if not new:  # the frame's process had been started already
        new = session.browser.of_kind("content")[1:]
    assert len(new) == 1, f"one process for the frame: {new}, before: {before}"
    net = session.browser.net()
    session.kill(new[0].pid)
    ended = {"id": peers["frame"]["id"], "count": COUNT, "for": "ended", "timeout": SOON}
    session.ask("peer/wait-count", **ended)
    assert session.browser.net() == net, "the same net process"
    own = session.ask("peer/log", id=peers["own"]["id"])["connections"]
    assert not any(connection["fin"] or connection["reset"] for connection in own), "sockets of the page are untouched"
    last = int(session.line("page: echo").rsplit(" ", 1)[1])
    while int(session.line("page: echo").rsplit(" ", 1)[1]) < last + 20:
        pass
