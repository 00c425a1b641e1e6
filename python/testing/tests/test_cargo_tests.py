# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Reading what cargo and the test programs say, with real processes."""

import contextlib
import io
import json
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from testing import cargo_tests
from testing.results import FAIL, FLAKY, PASS, SKIP, Part


def read(output: str) -> list[tuple[str, str]]:
    part = Part("unit", "")
    cargo_tests.read_output(output, "p", part)
    return [(result.name, result.status) for result in part.results]


class LibraryTest(unittest.TestCase):
    def test_documentation_is_that_of_libraries(self):
        packages = [
            {"name": "program", "targets": [{"kind": ["bin"]}, {"kind": ["test"]}]},
            {"name": "library", "targets": [{"kind": ["lib"]}]},
        ]
        metadata = json.dumps({"packages": packages})
        found = {name: cargo_tests.has_library(metadata, name) for name in (None, "program", "library", "other")}
        self.assertEqual(found, {None: True, "program": False, "library": True, "other": False})


class OutputTest(unittest.TestCase):
    def test_reads_each_test(self):
        output = (
            "\nrunning 3 tests\ntest a::b ... ok\ntest c - should panic ... FAILED\n"
            "test d ... ignored, takes long\n\ntest result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured;\n"
        )
        self.assertEqual(read(output), [("p: a::b", PASS), ("p: c", FAIL), ("p: d", SKIP)])

    def test_reads_examples_in_the_documentation(self):
        output = (
            "test src/lib.rs - open (line 3) ... ok\ntest src/lib.rs - x (line 9) - compile fail ... ok\n"
            "test result: ok. 2 passed; 0 failed; 0 ignored;\n"
        )
        self.assertEqual([status for _, status in read(output)], [PASS, PASS])

    def test_totals_that_say_otherwise_are_a_failure(self):
        output = "test a ... something printed in between\nok\ntest result: ok. 1 passed; 0 failed; 0 ignored;\n"
        self.assertEqual(read(output), [("p: totals", FAIL)])

    def test_a_program_that_ends_before_its_totals_is_a_failure(self):
        self.assertEqual(read("test a ... ok\n"), [("p: a", PASS), ("p: totals", FAIL)])


class ArtifactTest(unittest.TestCase):
    def artifact(self, kind: str, name: str, package: str, test: bool = True) -> str:
        return json.dumps(
            {
                "reason": "compiler-artifact",
                "package_id": package,
                "manifest_path": "/x/components/net/Cargo.toml",
                "target": {"kind": [kind], "name": name},
                "profile": {"test": test},
                "executable": f"/x/{name}",
            }
        )

    def test_finds_the_test_programs(self):
        text = "\n".join(
            (
                "Compiling x",
                self.artifact("lib", "net", "path+file:///x/components/net#direct-sockets-net@0.1.0"),
                self.artifact("test", "connect", "path+file:///x/components/net#direct-sockets-net@0.1.0"),
                self.artifact("bin", "tool", "path+file:///x/components/tool#0.1.0"),
                self.artifact("bin", "plain", "path+file:///x/components/tool#0.1.0", test=False),
                self.artifact("example", "page", "path+file:///x/components/tool#0.1.0"),
                '{"reason":"build-finished","success":true}',
            )
        )
        programs = cargo_tests.parse_artifacts(text)
        self.assertEqual(
            [program.name for program in programs],
            ["direct-sockets-net: unit", "direct-sockets-net: connect", "tool: bin tool"],
        )
        self.assertEqual(programs[0].directory, "/x/components/net")


@unittest.skipIf(os.name == "nt", "process groups are those of Unix")
class ProgramTest(unittest.TestCase):
    def setUp(self):
        # What these programs print looks like failures of the suite itself.
        self.enterContext(contextlib.redirect_stderr(io.StringIO()))

    def run_program(self, code: str, limit: float = 60.0) -> Part:
        part = Part("unit", "")
        program = cargo_tests.Program("p", "p", sys.executable, ".")
        # The interpreter stands in for a test program; its script comes where the pattern would.
        options = cargo_tests.Options(None, dict(os.environ), pattern=f"-c{textwrap.dedent(code)}", limit=limit)
        cargo_tests._run_program(program, options, part)
        return part

    def test_a_program_that_crashes_is_named_with_the_signal(self):
        part = self.run_program("import os; os.kill(os.getpid(), 9)")
        self.assertEqual(part.failures()[0].detail, "was ended by SIGKILL")

    def test_a_program_that_hangs_is_ended(self):
        part = self.run_program("import time; time.sleep(600)", limit=0.5)
        self.assertIn("did not end within", part.failures()[0].detail)

    def test_a_process_that_is_left_behind_holds_nothing_up(self):
        code = """
            import subprocess, sys
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            print("test a ... ok")
            print("test result: ok. 1 passed; 0 failed; 0 ignored;", flush=True)
        """
        self.assertEqual([result.status for result in self.run_program(code).results], [PASS])

    def test_a_program_with_its_own_harness_counts_as_one_test(self):
        part = self.run_program("print('fine')")
        self.assertEqual([(one.name, one.status) for one in part.results], [("p: whole program", PASS)])
        part = self.run_program("raise SystemExit(3)")
        self.assertEqual(part.failures()[0].detail, "ended with status 3")

    def run_script(self, body: str) -> Part:
        """A test program of its own, which may look at its arguments and leave files behind."""
        part = Part("unit", "")
        with tempfile.TemporaryDirectory() as directory:
            script = Path(directory, "program")
            script.write_text(f"#!{sys.executable}\nimport pathlib, sys\n{textwrap.dedent(body)}")
            script.chmod(0o755)
            program = cargo_tests.Program("p", "p", str(script), directory)
            cargo_tests._run_program(program, cargo_tests.Options(None, dict(os.environ), limit=60.0), part)
        return part

    def test_a_test_that_fails_once_is_named_as_flaky(self):
        part = self.run_script("""
            mark = pathlib.Path("ran")
            status = "ok" if mark.exists() else "FAILED"
            mark.touch()
            print(f"test a::b ... {status}")
            print("test result: x. {} passed; {} failed; 0 ignored;".format(*((1, 0) if status == "ok" else (0, 1))))
            sys.exit(0 if status == "ok" else 101)
        """)
        self.assertEqual([(one.name, one.status, one.detail) for one in part.results], [("p: a::b", PASS, FLAKY)])

    def test_a_test_that_says_why_it_cannot_run_is_skipped(self):
        part = self.run_script("""
            import os
            pathlib.Path(os.environ["DIRECT_SOCKETS_SKIPPED_TESTS"]).write_text("a::b\\tno such thing\\nc\\tno\\n")
            print("test a::b ... ok\\ntest d ... ok")
            print("test result: ok. 2 passed; 0 failed; 0 ignored;")
        """)
        self.assertEqual(
            [(one.name, one.status, one.detail) for one in part.results],
            [("p: a::b", SKIP, "no such thing"), ("p: d", PASS, "")],
        )

    def test_a_test_that_fails_twice_has_failed(self):
        part = self.run_script("""
            print("test a::b ... FAILED")
            print("test result: FAILED. 0 passed; 1 failed; 0 ignored;")
            sys.exit(101)
        """)
        self.assertEqual([one.name for one in part.failures()], ["p: a::b"])
