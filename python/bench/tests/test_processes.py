# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""Tests of processes, and of what is seen of them."""

import os
import socket
import sys
import threading
import time
import unittest

from bench import processes
from bench.control import Control
from bench.processes import Child, Ended, Usage
from wpt import processes as browser

LIMIT = 30.0


def child(script):
    return Child([sys.executable, "-u", "-c", script])


class Children(unittest.TestCase):
    """Programs that write lines of JSON."""

    def test_messages_among_other_lines(self):
        one = child("print('hello'); print('{\"a\": 1}'); print('[1]'); print('{\"b\": 2}')")
        self.addCleanup(one.stop, 0)
        _, message = one.next(("b",), LIMIT)
        self.assertEqual(message, {"b": 2})

    def test_one_that_ends_without_a_word(self):
        one = child("import sys; print('out'); sys.exit('why it failed')")
        self.addCleanup(one.stop, 0)
        with self.assertRaisesRegex(Ended, "ended without result: out: why it failed"):
            one.next(("result",), LIMIT)

    def test_one_that_says_nothing(self):
        one = child("input()")
        with self.assertRaisesRegex(Ended, "no result within 0 s"):
            one.next(("result",), 0.01)
        self.assertTrue(one.stop(LIMIT), "it ends with its standard input")

    def test_one_that_does_not_end_is_ended_with_what_it_started(self):
        script = (
            "import signal, subprocess, sys, time, json\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
            "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "print(json.dumps({'inner': inner.pid}))\n"
            "time.sleep(600)\n"
        )
        one = child(script)
        _, message = one.next(("inner",), LIMIT)
        self.assertFalse(one.stop(0.05))
        end = time.monotonic() + LIMIT
        while browser.describe(message["inner"], 0) and time.monotonic() < end:
            time.sleep(0.005)
        self.assertIsNone(browser.describe(message["inner"], 0), "gone, or only not yet reaped by who inherited it")

    def test_what_cannot_be_run(self):
        with self.assertRaisesRegex(Ended, "cannot run /nowhere/program"):
            Child(["/nowhere/program"])

    def test_processors(self):
        there = max(os.sched_getaffinity(0))
        before = os.sched_getaffinity(0)
        one = Child(
            [sys.executable, "-c", "import json, os; print(json.dumps({'on': sorted(os.sched_getaffinity(0))}))"],
            processors={there},
        )
        self.addCleanup(one.stop, LIMIT)
        self.assertEqual(one.next(("on",), LIMIT)[1]["on"], [there])
        self.assertEqual(os.sched_getaffinity(0), before)


class Looking(unittest.TestCase):
    """Processor time, switches and memory."""

    def test_work_is_seen_in_a_child_of_a_child(self):
        work = "sum(range(3000000)); print('{\\\"done\\\": 1}', flush=True); input()"
        script = (
            "import subprocess, sys\n"
            "print('{\"ready\": 1}', flush=True)\n"
            "input()\n"
            f"inner = subprocess.Popen([sys.executable, '-c', \"{work}\"])\n"
            "inner.wait()\n"
        )
        one = child(script)
        self.addCleanup(one.stop, LIMIT)
        one.next(("ready",), LIMIT)
        before = processes.usage(one.pid)
        memory = processes.memory_kib(one.pid)
        one.tell("go")
        one.next(("done",), LIMIT)
        after = processes.usage(one.pid)
        cpu, switches = after.since(before)
        self.assertGreater(cpu, 0.005, "the work takes longer than that on any machine")
        self.assertGreater(switches, 0, "it has waited")
        self.assertEqual(len(after.cpu), 2)
        self.assertGreater(processes.memory_kib(one.pid), memory)

    def test_since(self):
        before = Usage(0.0, {1: 1.0}, {(1, 1): 5})
        after = Usage(1.0, {1: 1.5, 2: 0.25}, {(1, 1): 7, (1, 9): 3})
        self.assertEqual(after.since(before), (0.75, 5))

    def test_a_process_that_is_gone(self):
        one = child("pass")
        one.stop(LIMIT)
        self.assertIsNone(processes.cpu_seconds(one.pid))
        self.assertEqual(processes.memory_kib(one.pid), 0)
        self.assertEqual(processes.usage(one.pid).cpu, {})


class Checkpoints(unittest.TestCase):
    """Clients that wait while they are looked at."""

    def test_labels_come_one_after_the_other(self):
        labels = []
        control = Control(labels.append, LIMIT)
        self.addCleanup(control.close)
        with socket.create_connection(("127.0.0.1", control.port), LIMIT) as client:
            for label in ("begin", "end"):
                client.sendall(f"{label}\n".encode())
                self.assertEqual(client.recv(3, socket.MSG_WAITALL), b"ok\n")
        self.assertEqual(labels, ["begin", "end"])

    def test_nobody_waits_longer_than_the_harness(self):
        waiting = threading.Event()
        go_on = threading.Event()

        def look(label):
            waiting.set()
            go_on.wait(LIMIT)

        control = Control(look, LIMIT)
        with socket.create_connection(("127.0.0.1", control.port), LIMIT) as client:
            client.sendall(b"begin\n")
            self.assertTrue(waiting.wait(LIMIT))
            control.close()
            self.assertEqual(client.recv(3), b"")
            go_on.set()
