# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The browser driven as wptrunner's product `servo_legacy` drives it: its argument vectors, environment and pages.

The vectors are those of `build_servo_command` in wptrunner's executorservolegacy.py (web-platform-tests/wpt), of
2025-11 and of before, when a user agent came second.
"""

import json
import os
import queue
import struct
import subprocess
import tempfile
import threading
import unittest
import zlib
from pathlib import Path

from mach_support import paths
from wpt import harness, sites
from wpt.selftest.test_breakage import binary
from wpt.server import Server
from wpt.sites import Root, Site

# Far above what a test here takes, in seconds.
PATIENCE = 120
RESULT = "ALERT: RESULT: "
PAGE = """\
<!doctype html>
<script src="/resources/testharness.js"></script>
<script src="/resources/testharnessreport.js"></script>
<script>
test(() => {
  assert_true(isSecureContext, "secure");
  assert_equals(typeof TCPSocket, "function", "the preferences of web-platform tests");
}, "TCPSocket is there");
promise_test(async () => {
  const server = new TCPServerSocket("127.0.0.1");
  const { localPort } = await server.opened;
  const client = new TCPSocket("127.0.0.1", localPort);
  await client.opened;
  await client.close();
}, "a socket opens");
test(() => {
  assert_equals(getComputedStyle(document.documentElement).color, "rgb(1, 2, 3)", "a user stylesheet");
}, "the user stylesheet holds");
</script>
"""
GREEN = "<!doctype html><style>html { background: rgb(0, 128, 0); }</style>\n"
STYLE = "html { color: rgb(1, 2, 3) !important; }\n"


class ServoLegacy(unittest.TestCase):
    """One server over a folder of test pages, with the certificate that wptserve has made."""

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = Path(folder.name)
        (cls.root / "page.https.html").write_text(PAGE)
        (cls.root / "green.https.html").write_text(GREEN)
        (cls.root / "style.css").write_text(STYLE)
        # As wptrunner's make_hosts_file writes it.
        names = [prefix + host for host in (sites.HOST, sites.OTHER_HOST) for prefix in ("", "www.", "www1.", "www2.")]
        lines = [f"127.0.0.1\t{name}\n" for name in names] + [f"0.0.0.0\tnonexistent.{sites.HOST}\n"]
        (cls.root / "hosts").write_text("".join(lines))
        harness.ensure()
        cls.server = Server(Site((Root("/", cls.root),)))
        cls.addClassCleanup(cls.server.stop)

    def command(
        self, page: str, extra: list[str], *, old: bool = False, binary_args: tuple[str, ...] = ()
    ) -> list[str]:
        """The command of `build_servo_command` for a headless run."""
        return [
            str(binary()),
            "--hard-fail",
            *(["-u", "Servo/wptrunner"] if old else []),
            "--ignore-certificate-errors",
            "--enable-experimental-web-platform-features",
            self.server.url(page),
            "-z",
            "--user-stylesheet",
            str(self.root / "style.css"),
            "--pref",
            "dom_direct_sockets_allowed_origins=*",
            "--prefs-file",
            str(paths.ROOT / "resources" / "wpt-prefs.json"),
            "--certificate-path",
            str(self.server.certificate),
            *extra,
            *binary_args,
        ]

    def start(self, command: list[str]) -> subprocess.Popen[str]:
        """The browser, in the environment that wptrunner gives it."""
        environment = {**os.environ, "HOST_FILE": str(self.root / "hosts"), "RUST_BACKTRACE": "1"}
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def harness_results(self, command: list[str]) -> tuple[str, dict[str, int]]:
        """The id and the statuses of the first result line; the browser is then killed, as wptrunner does it."""
        child = self.start(command)
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            for line in child.stdout:
                lines.put(line)
            lines.put("")

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        seen = []
        while True:
            line = lines.get(timeout=PATIENCE)
            seen.append(line)
            self.assertTrue(line, f"the browser ended without a result: {''.join(seen)}")
            if line.startswith(RESULT):
                break
        child.kill()
        child.wait()
        reader.join(PATIENCE)
        test, status, _, _, subtests = json.loads(line[len(RESULT) :])
        self.assertEqual(status, 0, line)
        return test, {name: code for name, code, _, _ in subtests}

    def test_testharness(self) -> None:
        for old in (False, True):
            for binary_args in ((), ("--multiprocess",)):
                with self.subTest(old=old, binary_args=binary_args):
                    command = self.command("/page.https.html", [], old=old, binary_args=binary_args)
                    test, statuses = self.harness_results(command)
                    self.assertEqual(test, "/page.https.html")
                    self.assertEqual(set(statuses.values()), {0}, statuses)
                    self.assertEqual(len(statuses), 3)

    def test_reftest(self) -> None:
        shots = (
            ("800x600", None, (800, 600), False, ()),
            ("80x60", "2", (160, 120), False, ()),
            ("70x50", None, (70, 50), True, ("--multiprocess",)),
        )
        for size, ratio, pixels, old, binary_args in shots:
            with self.subTest(size=size, ratio=ratio, old=old):
                output = self.root / f"shot-{size}"
                extra = ["--exit", f"--output={output}", "--window-size", size]
                extra += ["--device-pixel-ratio", ratio] if ratio else []
                child = self.start(self.command("/green.https.html", extra, old=old, binary_args=binary_args))
                printed, _ = child.communicate(timeout=PATIENCE)
                self.assertEqual(child.returncode, 0, printed)
                found, colour = first_pixel(output.read_bytes())
                self.assertEqual(found, pixels)
                self.assertEqual(colour, (0, 128, 0))

    def test_crashtest(self) -> None:
        for old, binary_args in ((False, ()), (True, ("--multiprocess",))):
            with self.subTest(old=old):
                child = self.start(self.command("/green.https.html", ["-x"], old=old, binary_args=binary_args))
                printed, _ = child.communicate(timeout=PATIENCE)
                # wptrunner takes every status that is no signal for a pass.
                self.assertEqual(child.returncode, 0, printed)


def first_pixel(png: bytes) -> tuple[tuple[int, int], tuple[int, int, int]]:
    """The size of a picture and the colour of its first pixel."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n"), png[:16]
    at, data, size = 8, b"", (0, 0)
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        body = png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size = struct.unpack(">II", body[:8])
            assert body[8] == 8 and body[9] in (2, 6), "eight bits a channel, with or without alpha"
        elif kind == b"IDAT":
            data += body
        at += 12 + length
    # The first byte names the filter; the first pixel of a picture is the same under each of them.
    red, green, blue = zlib.decompress(data)[1:4]
    return size, (red, green, blue)
