# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The web server of web-platform-tests, wptserve, as a process of its own: two ports of http, two of https.

It is started by `server.py`, writes one line of JSON with its ports to standard output, and ends when its standard
input does. Peers that tests ask for (`resources/peer.py`) live in this process. Requests under /_os are handed to the
runner, which knows the browser.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import logging
import resource
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import wptserve.request  # noqa: E402
import wptserve.server  # noqa: E402
from wptserve import handlers, stash  # noqa: E402
from wptserve.config import ConfigBuilder  # noqa: E402

from wpt import manifest, sites  # noqa: E402
from wpt.sites import Root, Site  # noqa: E402

# How long the runner may take to answer, in seconds; no wait that a page may ask for is longer.
OS_TIMEOUT = 700.0
PER_SCHEME = 2
REPORT = "/resources/testharnessreport.js"
# What stands for the multiplier in that file, as in web-platform-tests.
MULTIPLIER = "%(timeout_multiplier)s"
SCHEMES = ("http", "https")


def handler_of(site: Site, os_port: int) -> Any:
    """What answers every request."""
    python = {root.url: handlers.PythonScriptHandler(str(root.directory), root.url) for root in site.roots}
    plain = {root.url: handlers.FileHandler(str(root.directory), root.url) for root in site.roots}
    as_is = {root.url: handlers.AsIsHandler(str(root.directory), root.url) for root in site.roots}
    shared = handlers.FileHandler(str(site.harness), "/")

    def answer(request: Any, response: Any) -> Any:
        path = unquote(request.url_parts.path)
        if path.startswith("/_os/"):
            return forward(request, response, os_port, path.removeprefix("/_os/"))
        if path == REPORT:
            response.headers.set("Content-Type", "text/javascript")
            response.content = report(site.report, os_port)
            return response
        if made := manifest.generated(path, site):
            text, kind, source = made
            response.headers.update(handlers.load_headers(request, str(source)))
            response.headers.set("Content-Type", f"{kind}; charset=utf-8")
            response.content = text
            return response
        for root in site.roots:
            file = site.find(path) if path.startswith(root.url) else None
            if file is not None and file.exists():
                if path.endswith(".py"):
                    return python[root.url](request, response)
                return (as_is if path.endswith(".asis") else plain)[root.url](request, response)
        return shared(request, response)

    return answer


def ask_runner(port: int, what: str, body: bytes) -> tuple[int, bytes]:
    """The status and the answer of the runner."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=OS_TIMEOUT)
    try:
        connection.request("POST", f"/{what}", body=body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def forward(request: Any, response: Any, port: int, what: str) -> None:
    """Have the runner answer."""
    status, body = ask_runner(port, what, request.body)
    response.status = status
    response.headers.set("Content-Type", "application/json")
    response.headers.set("Cache-Control", "no-store")
    response.content = body


def report(file: Path, port: int) -> str:
    """testharnessreport.js, with the multiplier of timeouts of the test that runs now."""
    _, body = ask_runner(port, "timeout-multiplier", b"{}")
    return file.read_text(encoding="utf-8").replace(MULTIPLIER, json.dumps(json.loads(body)["value"]))


def configuration(site: Site, ssl: dict[str, Any], ports: dict[str, list[int]]) -> ConfigBuilder:
    """The configuration of wptserve, to be entered."""
    return ConfigBuilder(
        logging.getLogger("wptserve"),
        subdomains=set(sites.SUBDOMAINS),
        browser_host=sites.HOST,
        alternate_hosts={"alt": sites.OTHER_HOST},
        server_host="127.0.0.1",
        doc_root=str(site.main.directory),
        ports=ports,
        check_subdomains=False,
        ssl=ssl,
        logging={"level": "warning", "suppress_handler_traceback": False},
    )


def certificate(site: Site, directory: Path) -> dict[str, str]:
    """The paths of a certificate for all names, which is made once and kept while it is valid."""
    directory.mkdir(parents=True, exist_ok=True)
    ssl = {"type": "openssl", "openssl": {"base_path": str(directory), "duration": 30}}
    # Servers that start at the same time must not all make one.
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with configuration(site, ssl, {scheme: [] for scheme in SCHEMES}) as config:
            return dict(config["ssl_config"])


def serve(site: Site, os_port: int, certificates: Path) -> None:
    """Serve until standard input ends."""
    paths = certificate(site, certificates)
    routes = [("*", "*", handler_of(site, os_port))]
    with contextlib.ExitStack() as stack:
        # A process of its own, which must not inherit the listening sockets.
        stack.enter_context(stash.StashServer())
        # The ports have to be known before the configuration that names them.
        servers: dict[str, list[wptserve.server.WebTestHttpd]] = {
            scheme: [
                wptserve.server.WebTestHttpd(
                    host="127.0.0.1",
                    port=0,
                    use_ssl=scheme == "https",
                    key_file=paths["key_path"],
                    certificate=paths["cert_path"],
                    doc_root=str(site.main.directory),
                    routes=routes,
                    config={},
                )
                for _ in range(PER_SCHEME)
            ]
            for scheme in SCHEMES
        }
        ports = {scheme: [server.port for server in group] for scheme, group in servers.items()}
        made = {"host_key_path": paths["key_path"], "host_cert_path": paths["cert_path"]}
        ssl = {"type": "pregenerated", "pregenerated": made}
        wptserve.request.Server.config = stack.enter_context(configuration(site, ssl, ports))
        for server in [server for group in servers.values() for server in group]:
            # Their threads end with the process.
            server.start()
        print(json.dumps({"ports": ports, "certificate": paths["ca_cert_path"]}), flush=True)
        sys.stdin.read()


def main() -> int:
    """The arguments come as one JSON object: those of `serve`."""
    logging.basicConfig(level=logging.WARNING, format="server: %(message)s")
    # Peers of thousands of connections live here.
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    given = json.loads(sys.argv[1])
    roots = tuple(Root(url, Path(directory)) for url, directory in given["roots"])
    site = Site(roots, Path(given["harness"]), Path(given["report"]))
    serve(site, int(given["os_port"]), Path(given["certificates"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
