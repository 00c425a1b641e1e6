# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Test files that are broken on purpose, each in one way, and what the runner has to say of each."""

from __future__ import annotations

from dataclasses import dataclass

KILL = """\
promise_test(async () => {{
  const ask = async (what, args) => {{
    const response = await fetch(`/_os/${{what}}`, {{ method: "POST", body: JSON.stringify(args) }});
    return response.json();
  }};
  const found = await ask("processes", {{}});
  await ask("signal", {{ kind: "{kind}", signal: "KILL", pid: [found.{kind}].flat()[0] }});
  await new Promise(() => {{}});
}}, "a page whose process is killed");
"""
PASSES = 'test(() => {}, "a subtest");\n'


@dataclass(frozen=True)
class Broken:
    """A test file and what is wrong with it."""

    name: str
    source: str
    # What the report has to say, each a part of it.
    says: tuple[str, ...]
    metadata: str = ""
    multiprocess: bool = False
    # Ends only by a limit, so that a short one is set.
    hangs: bool = False

    @property
    def page(self) -> str:
        """The id of its test."""
        return "/" + self.name.replace(".js", ".html")

    @property
    def result(self) -> str:
        """The test with its mode, as reports name it."""
        return f"{self.page} [{'multiprocess' if self.multiprocess else 'single'}]"

    @property
    def ini(self) -> str:
        """Its metadata."""
        other = "not multiprocess" if self.multiprocess else "multiprocess"
        head = f"[{self.page[1:]}]\n  disabled:\n    if {other}: this mode is not looked at\n"
        return head + "".join(f"  {line}\n" for line in self.metadata.splitlines())


BROKEN = (
    Broken(
        "failing.https.window.js",
        'test(() => assert_equals(1, 2, "sums"), "a subtest that fails");\n',
        ("FAIL (expected PASS): a subtest that fails", "sums expected 2 but got 1"),
    ),
    Broken(
        "flipped.https.window.js",
        PASSES,
        ("PASS (expected FAIL): a subtest",),
        metadata="[a subtest]\n  expected: FAIL\n",
    ),
    Broken(
        "flipped_test.https.window.js",
        PASSES,
        ("OK (expected TIMEOUT)",),
        metadata="expected: TIMEOUT\n",
    ),
    Broken(
        "stale.https.window.js",
        PASSES,
        ("wpt-metadata speaks of a subtest that does not exist: 'another subtest'",),
        metadata="[another subtest]\n  expected: FAIL\n",
    ),
    Broken(
        "killed_shell.https.window.js",
        KILL.format(kind="shell"),
        ("CRASH: the browser ended without a result",),
    ),
    Broken(
        "killed_content.https.window.js",
        KILL.format(kind="content"),
        ("CRASH: the browser ended without a result", "its content process has ended"),
        multiprocess=True,
    ),
    Broken(
        "closed.https.window.js",
        'promise_test(() => { window.close(); return new Promise(() => {}); }, "a page that closes itself");\n',
        ("CRASH: the browser ended without a result",),
    ),
    Broken(
        "rejection.https.window.js",
        'promise_test(async () => { Promise.reject(new Error("nobody looks")); await fetch("/"); }, "a subtest");\n',
        ("ERROR: Unhandled rejection: nobody looks",),
    ),
    Broken(
        "rejection_worker.https.worker.js",
        'importScripts("/resources/testharness.js");\n'
        'promise_test(async () => { Promise.reject(new Error("nobody looks")); await fetch("/"); }, "a subtest");\n'
        "done();\n",
        ("ERROR: Unhandled rejection: nobody looks",),
    ),
    Broken(
        "error.https.window.js",
        'async_test(t => { setTimeout(() => { throw new Error("thrown later"); }); '
        't.step_timeout(t.done.bind(t), 500); }, "a subtest");\n',
        ("ERROR: thrown later", "error.https.window.js:1"),
    ),
    Broken(
        "syntax.https.window.js",
        PASSES + "this is no script\n",
        ("ERROR: unexpected token", "syntax.https.window.js:2"),
    ),
    # The engine tells nobody of an error in the script that a worker starts with, only the time limit does.
    Broken(
        "syntax_worker.https.worker.js",
        'importScripts("/resources/testharness.js");\nthis is no script\n',
        ("TIMEOUT: ", "the script did not run"),
        hangs=True,
    ),
    Broken(
        "unknown_pref.https.window.js",
        PASSES,
        ("CRASH: ", "unknown preference `no_such_preference`"),
        metadata="prefs: [no_such_preference:true]\n",
    ),
    Broken(
        "wrong_pref.https.window.js",
        PASSES,
        ("CRASH: ", "preference `dom_direct_sockets_enabled` takes `true` or `false`, not `7`"),
        metadata="prefs: [dom_direct_sockets_enabled:7]\n",
    ),
    Broken(
        "duplicate.https.window.js",
        PASSES + PASSES,
        ("ERROR: 1 duplicate test name", "a subtest"),
    ),
    Broken(
        "missing_script.https.window.js",
        "// META: script=resources/none.js\n" + PASSES,
        ("META: script=resources/none.js: no such file",),
    ),
    Broken(
        "hanging.https.window.js",
        PASSES + 'promise_test(() => new Promise(() => {}), "a subtest that never ends");\n',
        ("TIMEOUT: the time limit", "TIMEOUT (expected PASS): a subtest that never ends"),
        hangs=True,
    ),
    Broken(
        "busy.https.window.js",
        PASSES + 'promise_test(async () => { for (;;) {} }, "a subtest that gives nobody a turn");\n',
        ("TIMEOUT: no result within",),
        hangs=True,
    ),
    Broken(
        "empty.https.window.js",
        "// no subtest\n",
        ("TIMEOUT: ", "no subtest was reported"),
        hangs=True,
    ),
)
GOOD = Broken("good.https.window.js", PASSES, ())
