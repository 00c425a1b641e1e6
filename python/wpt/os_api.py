# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What pages may ask about the browser under test: the operating system's view of it, under /_os.

Everything is a POST with a JSON object, answered by a JSON object; `tests/wpt/mozilla/direct-sockets/resources/os.js`
and `udp_os.js` are the other side. Waits are answered when what they wait for has come.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wpt.oschecks import PATIENCE, Browser, OsError, plain_options, sysctl
from wpt.tracing import TracingError
from wpt.udpchecks import UdpView, Which, plain_udp_options

Json = dict[str, Any]
# No wait is longer than this, in seconds, whatever a page asks for.
LONGEST_WAIT = 600.0
# How often, and how far apart in seconds, a reader of the blocked hosts file is looked for: one that has found the pipe
# may not have opened it yet.
FEEDINGS = 20
BETWEEN_FEEDINGS = 0.01


class ApiError(Exception):
    """A request that cannot be answered; the page gets the text."""


def no_peers(what: str, arguments: Json) -> Any:
    """Stands for the peers where there are none."""
    raise ApiError(f"{what}: there are no peers here")


class OsApi:
    """The view on one browser.

    `ask_peers` hands a request to the peers of the server (tests/wpt/direct-sockets/resources/peer.py).
    """

    def __init__(
        self,
        browser: Browser,
        hosts: Path | None = None,
        ask_peers: Callable[[str, Json], Any] = no_peers,
        timeout_multiplier: float = 1.0,
    ):
        self.browser = browser
        self.hosts = hosts
        self._ask_peers = ask_peers
        view = UdpView(browser)
        self.routes: dict[str, Callable[[Json], Any]] = {
            "timeout-multiplier": lambda _: {"value": timeout_multiplier},
            "processes": lambda _: browser.processes(),
            "wait-process": lambda args: browser.wait_for_process(
                str(args["kind"]), int(args.get("notPid", 0)), int(args.get("gone", 0)), patience(args)
            ),
            "wait-age": lambda args: browser.wait_for_age(str(args["kind"]), float(args["seconds"])),
            "signal": lambda args: {
                "pid": browser.signal(str(args.get("kind", "net")), str(args["signal"]), int(args.get("pid", 0)))
            },
            "socket": lambda args: browser.socket(*pair(args)),
            "wait-socket": lambda args: browser.wait_for_socket(
                *pair(args), {key: str(value) for key, value in args["want"].items()}, patience(args)
            ),
            "count-sockets": lambda args: browser.count_sockets(
                int(args.get("remotePort", 0)), int(args.get("localPort", 0))
            ),
            "wait-sockets": lambda args: browser.wait_for_sockets(
                int(args.get("remotePort", 0)), int(args["count"]), patience(args), int(args.get("localPort", 0))
            ),
            "listener": lambda args: browser.listener(int(args["port"])),
            "wait-listener": lambda args: browser.wait_for_listener(
                int(args["port"]), {key: str(value) for key, value in args["want"].items()}, patience(args)
            ),
            "sysctl": lambda args: {"value": sysctl(str(args["name"]))},
            "option": lambda args: browser.option(*pair(args), [str(name) for name in args["names"]]),
            "plain-option": lambda args: plain_options(
                str(args.get("address", "127.0.0.1")), int(args["port"]), [str(name) for name in args["names"]]
            ),
            "ss": lambda args: {"text": browser.ss(*pair(args))},
            "descriptors": lambda _: browser.descriptors(),
            "memory": lambda _: browser.memory(),
            "limit-descriptors": lambda args: browser.limit_descriptors(int(args["spare"])),
            "trace-start": lambda args: browser.start_trace(
                str(args.get("kind", "net")), [str(item) for item in args["expressions"]]
            ),
            "trace-stop": lambda _: {"lines": browser.stop_trace()},
            "block-hosts": self._block_hosts,
            "udp/socket": lambda args: view.socket(Which.parse(args)),
            "udp/wait": lambda args: view.wait(Which.parse(args), dict(args["want"]), patience(args)),
            "udp/count": lambda _: view.count(),
            "udp/wait-count": lambda args: view.wait_for_count(int(args["count"]), patience(args)),
            "udp/option": lambda args: view.option(Which.parse(args), [str(name) for name in args["names"]]),
            "udp/plain-option": lambda args: plain_udp_options(
                str(args.get("address", "127.0.0.1")), [str(name) for name in args["names"]]
            ),
            "udp/provoke": lambda args: view.provoke(Which.parse(args)),
            "udp/send-when-bound": lambda args: self._send_when_bound(view, args),
        }

    def answer(self, what: str, body: bytes) -> tuple[int, Json]:
        """The status and the answer for a request."""
        try:
            arguments = json.loads(body) if body else {}
            if not isinstance(arguments, dict):
                raise ApiError("the arguments are no object")
            return 200, self.call(what, arguments)
        except json.JSONDecodeError as error:
            return 400, {"error": f"the body is not JSON: {error}"}
        except ApiError as error:
            return 500, {"error": str(error)}

    def call(self, what: str, args: Json) -> Any:
        """Answer a request."""
        route = self.routes.get(what)
        if route is None:
            raise ApiError(f"no such request: {what}")
        try:
            return route(args) or {}
        except (OsError, TracingError) as error:
            raise ApiError(str(error)) from error
        except (KeyError, ValueError, TypeError) as error:
            raise ApiError(f"{what}: bad arguments: {error!r}") from error
        except (OSError, TimeoutError) as error:
            raise ApiError(f"{what}: {error!r}") from error

    def _send_when_bound(self, view: UdpView, args: Json) -> None:
        """Have a UDP peer send text as soon as somebody has bound the port that it goes to."""
        to = {"address": str(args["to"]["address"]), "port": int(args["to"]["port"])}
        if not view.wait(Which(to["port"], to["address"]), {"exists": True}, patience(args))["ok"]:
            raise OsError(f"nobody has bound {to}")
        self._ask_peers("udp/send", {"id": str(args["peer"]), "text": str(args["text"]), "to": to})

    def _block_hosts(self, args: Json) -> None:
        """Put a pipe in the place of the hosts file, so that whoever opens it waits; or put the file back."""
        if self.hosts is None:
            raise ApiError("this run has no hosts file")
        aside, pipe = self.hosts.with_suffix(".aside"), self.hosts.with_suffix(".pipe")
        if args.get("block", True) and not aside.exists():
            os.mkfifo(pipe)
            os.link(self.hosts, aside)
            other = self.hosts.with_suffix(".new")
            os.link(pipe, other)
            other.rename(self.hosts)
        elif not args.get("block", True) and aside.exists():
            text = aside.read_bytes()
            # First the file, so that nobody else comes to wait for the pipe.
            aside.rename(self.hosts)
            self._feed(pipe, text)
            pipe.unlink()

    @staticmethod
    def _feed(pipe: Path, text: bytes) -> None:
        """Give whoever waits for the pipe the text of the file."""
        for _ in range(FEEDINGS):
            try:
                descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                # Nobody waits, or somebody is just about to.
                time.sleep(BETWEEN_FEEDINGS)
            else:
                os.write(descriptor, text)
                os.close(descriptor)
                return

    def end(self) -> None:
        """Undo what the test has done to the browser and to the hosts file."""
        self.browser.release()
        if self.hosts is not None and self.hosts.with_suffix(".aside").exists():
            self._block_hosts({"block": False})


def pair(args: Json) -> tuple[int, int]:
    """The two ports that name a socket of the browser."""
    return int(args["localPort"]), int(args["remotePort"])


def patience(args: Json) -> float:
    """How long a wait may take, in seconds."""
    return min(float(args.get("timeout", PATIENCE)), LONGEST_WAIT)
