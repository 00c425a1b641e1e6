# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""What scripts find in their globals, in both browsers: the interfaces of Direct Sockets where they belong, and
otherwise nothing new and nothing less."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from comparison.browsers import ENABLED, Side
from wpt.executor import Outcome
from wpt.manifest import Test

KINDS = ("window", "frame", "dedicatedworker", "sharedworker", "serviceworker")
INTERFACES = ("TCPServerSocket", "TCPSocket", "UDPSocket")
OURS = re.compile(rf"^(?:{'|'.join(INTERFACES)})\b")
# What a document says about a frame; with the preference only.
POLICY = re.compile(r"^HTMLIFrameElement\.prototype\.allow\b")


@dataclass
class Exposure:
    """The names in one kind of global, with and without our patches."""

    kind: str
    secure: bool
    enabled: bool
    before: Outcome
    after: Outcome
    problems: list[str] = field(default_factory=list)
    names: int = 0
    # The interfaces that are there only with our patches.
    interfaces: list[str] = field(default_factory=list)
    members: int = 0

    @property
    def label(self) -> str:
        """What stands in the table."""
        context = "secure" if self.secure else "not secure"
        return f"{self.kind}, {context}, preference {'on' if self.enabled else 'off'}"

    @property
    def may_be_missing(self) -> bool:
        """Whether Servo may be without it: service workers are for secure contexts, and crash content processes."""
        return self.kind == "serviceworker" and (not self.secure or self.before.multiprocess)

    def judge(self) -> "Exposure":
        """Compare the names."""
        before, after = ({subtest.name for subtest in outcome.subtests} for outcome in (self.before, self.after))
        self.names = len(before)
        if not before and not after and self.may_be_missing:
            return self
        if self.after.status != "OK":
            self.problems.append(f"{self.after.status}: {self.after.message}")
        if self.before.status != "OK":
            self.problems.append(f"without our patches: {self.before.status}: {self.before.message}")
        added, gone = after - before, before - after
        ours = {name for name in added if OURS.match(name)}
        self.interfaces = sorted({OURS.match(name)[0] for name in ours})  # type: ignore[index]
        self.members = sum("." in name for name in ours)
        self.problems += [f"missing: {name}" for name in sorted(gone)]
        expected = {name for name in added if self.enabled and POLICY.match(name)}
        self.problems += [f"new: {name}" for name in sorted(added - ours - expected)]
        wanted = list(INTERFACES) if self.secure and self.enabled else []
        if self.interfaces != wanted:
            self.problems.append(f"has {' '.join(self.interfaces) or 'none'} where {' '.join(wanted) or 'none'} belong")
        return self

    def record(self) -> dict[str, Any]:
        """What stands in the JSON file."""
        names = {"names": self.names, "interfaces": self.interfaces, "members": self.members}
        return {"global": self.label, **names, "problems": self.problems}

    def row(self) -> list[str]:
        """The cells of the table."""
        if not self.names and not self.problems:
            return [self.label, "not there", "", "", "0"]
        return [self.label, str(self.names), " ".join(self.interfaces), str(self.members), str(len(self.problems))]


def check(before: Side, after: Side, multiprocess: bool) -> list[Exposure]:
    """Look at every kind of global, with the preference on and off."""
    found = []
    for kind in KINDS:
        for secure in (True, False):
            test = Test(f"/exposure/exposure.html?global={kind}", Path(), kind, secure=secure, long=False)
            baseline = before.run(test, multiprocess)
            for enabled in (True, False):
                prefs = (f"{ENABLED}={str(enabled).lower()}",)
                one = Exposure(kind, secure, enabled, baseline, after.run(test, multiprocess, prefs)).judge()
                if one.problems:
                    # Perhaps one of them was too slow to answer.
                    baseline = before.run(test, multiprocess)
                    one = Exposure(kind, secure, enabled, baseline, after.run(test, multiprocess, prefs)).judge()
                found.append(one)
    return found
