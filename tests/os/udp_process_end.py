# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What happens to UDP sockets when processes of the browser end."""

from urllib.parse import urlencode

from wpt import processes
from wpt.oschecks import wait_until
from wpt.session import multiprocess_only
from wpt.udpchecks import Which

PAGE = "/_mozilla/direct-sockets/resources/open_udp_sockets.html"
COUNT = 10
# Far above the second that it may take.
SOON = 10


def page(**parameters):
    """The path of a page that opens sockets."""
    return f"{PAGE}?{urlencode(parameters)}"


def ports_of(line):
    """The ports that a page says it has bound."""
    ports = [int(word) for word in line.partition("open ")[2].split()]
    assert len(ports) == COUNT, line
    return ports


def bound(port):
    """Whether anybody has bound a port."""
    return Which(port, "127.0.0.1").entry() is not None


def all_free(ports):
    """Wait until nobody has them."""
    for port in ports:
        assert wait_until(lambda port=port: not bound(port), SOON), f"port {port} is still bound"


def test_embedder_killed(launch):
    """LIFE-05: when the embedder is killed, net ends and the UDP ports of its pages are free"""
    session = launch(page(count=COUNT))
    ports = ports_of(session.line("page: open"))
    assert all(bound(port) for port in ports), "they are bound"
    net = [process for process in session.browser.tree() if process.kind == "net"]
    assert len(net) == 1, net
    session.kill(session.browser.pid)
    all_free(ports)
    assert wait_until(lambda: not processes.alive(net[0]), SOON), "net outlives its embedder"


def test_window_closed(launch):
    """LIFE-02: a browser that ends with open UDP sockets leaves neither them nor a process behind"""
    session = launch(page(count=COUNT, close=""))
    ports = ports_of(session.line("page: open"))
    tree = session.browser.tree()
    assert session.wait() == 0, "status"
    all_free(ports)
    left = [process for process in tree if not wait_until(lambda p=process: not processes.alive(p), SOON)]
    assert not left, f"left behind: {left}"


@multiprocess_only
def test_content_process_killed(launch):
    """LIFE-05: when a content process is killed, net closes its UDP sockets and goes on serving others"""

    def path(session):
        echo = session.ask("udp/create", behaviour="echo")
        # Another site, so that the frame has a process of its own.
        frame = session.elsewhere(page(count=COUNT, name="frame"))
        return page(count=COUNT, echo=echo["port"], frame=frame)

    session = launch(path)
    own = ports_of(session.line("page: open"))
    before = {process.pid for process in session.browser.of_kind("content")}
    ports = ports_of(session.line("frame: open"))
    new = [process for process in session.browser.of_kind("content") if process.pid not in before]
    if not new:  # the frame's process had been started already
        new = session.browser.of_kind("content")[1:]
    assert len(new) == 1, f"one process for the frame: {new}, before: {before}"
    net = session.browser.net()
    session.kill(new[0].pid)
    all_free(ports)
    assert session.browser.net() == net, "the same net process"
    assert all(bound(port) for port in own), "sockets of the page are untouched"
    last = int(session.line("page: echo").rsplit(" ", 1)[1])
    while int(session.line("page: echo").rsplit(" ", 1)[1]) < last + 20:
        pass
