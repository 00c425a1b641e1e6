# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Where test files lie and under which URLs they are served, and the names that the server goes by."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from wpt import harness

# The names of web-platform-tests. The second one is of another site.
HOST = "web-platform.test"
OTHER_HOST = "not-web-platform.test"
SUBDOMAINS = ("www", "www1", "www2")
# What the browser's hosts file says. The names at its end are for tests of name resolution.
HOSTS = "".join(
    f"127.0.0.1 {prefix}{host}\n"
    for host in (HOST, OTHER_HOST)
    for prefix in ("", *(f"{name}." for name in SUBDOMAINS))
) + """\
127.0.0.1 a.localhost
127.0.0.1 v4.test
::1 v6.test
127.0.0.1 both.test
::1 both.test
127.0.0.2 dead-and-live.test
127.0.0.1 dead-and-live.test
127.0.0.2 all-dead.test
127.0.0.3 all-dead.test
127.0.0.1 xn--bcher-kva.test
"""


@dataclass(frozen=True)
class Root:
    """A folder of tests and the URL under which it is served, which begins and ends with a slash."""

    url: str
    directory: Path


@dataclass(frozen=True)
class Site:
    """Everything that one server serves; of two roots that fit, the first one counts."""

    roots: tuple[Root, ...]
    # testharness.js and its companions, for roots that have none of their own.
    harness: Path = field(default_factory=lambda: harness.HARNESS)
    # What reports to the runner, always ours.
    report: Path = field(default_factory=lambda: harness.REPORT)

    @property
    def main(self) -> Root:
        """The root of "/"; the only one where there is one."""
        return self.roots[-1]

    def find(self, url_path: str) -> Path | None:
        """The file for the path of a URL, whether it exists or not; None if that lies outside."""
        for root in self.roots:
            if url_path.startswith(root.url):
                directory = root.directory.resolve()
                path = (directory / url_path[len(root.url) :]).resolve()
                return path if path.is_relative_to(directory) else None
        return None


def project() -> Site:
    """The tests of this project: for every engine, and for this one alone under /_mozilla."""
    return Site((Root("/_mozilla/", harness.TESTS / "mozilla"), Root("/", harness.TESTS)))


def elsewhere(directory: Path) -> Site:
    """The tests of a folder: a checkout of Servo, one of web-platform-tests, or some test files.

    Test files that lie in no checkout are served as if they lay in the folder of this feature.
    """
    directory = directory.resolve()
    servo = directory / "tests" / "wpt" / "tests"
    if servo.is_dir():
        mozilla = directory / "tests" / "wpt" / "mozilla" / "tests"
        return Site((Root("/_mozilla/", mozilla), Root("/", servo)))
    if (directory / "direct-sockets").is_dir() or (directory / "resources" / "testharness.js").is_file():
        return Site((Root("/", directory),))
    return Site((Root("/direct-sockets/", directory),))
