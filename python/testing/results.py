# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""One record a test, written as JSON lines, so that reports can be made of a run afterwards."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

PASS, FAIL, SKIP = "PASS", "FAIL", "SKIP"

# The detail of a test that failed at first and passed when it was run once more.
FLAKY = "flaky: failed once, passed when run again"

# Requirements are named `TCP-CTOR-02` in texts and `tcp_ctor_02` in the names of functions.
_ID = re.compile(r"(?<![A-Z0-9])(IDL|TCP[-_][A-Z]+|UDP[-_][A-Z]+|SRV[-_][A-Z]+|PP|TASK|LIFE)[-_](\d\d)(?!\d)")


def requirement_ids(text: str) -> list[str]:
    """The ids of requirements that a test's name or metadata names."""
    return sorted({f"{kind}-{number}".replace("_", "-") for kind, number in _ID.findall(text.upper())})


@dataclass
class Result:
    """What became of one test."""

    name: str
    status: str
    ids: list[str] = field(default_factory=list)
    detail: str = ""


@dataclass
class Part:
    """The results of one part of the suite, and the command that runs just that part."""

    name: str
    rerun: str
    results: list[Result] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, name: str, status: str, detail: str = "") -> None:
        """Adds a test whose ids stand in its name."""
        self.results.append(Result(name, status, requirement_ids(name), detail))

    def count(self, status: str) -> int:
        """How many tests have this status."""
        return sum(result.status == status for result in self.results)

    def failures(self) -> list[Result]:
        """The tests that failed."""
        return [result for result in self.results if result.status == FAIL]


def write(part: Part, directory: Path) -> None:
    """Writes the part's results to `<directory>/<part>.jsonl`."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{part.name}.jsonl").open("w", encoding="utf-8") as file:
        for result in part.results:
            record = {"name": result.name, "status": result.status, "ids": result.ids}
            if result.detail:
                record["detail"] = result.detail
            file.write(json.dumps(record) + "\n")


def read(path: Path) -> list[Result]:
    """Reads results that another program wrote. A status that is neither PASS nor SKIP is a failure.

    A test that is expected not to pass says so in `expected`; one that meets that expectation counts as skipped.
    """
    results = []
    with path.open(encoding="utf-8") as file:
        for line in file:
            if not line.strip():
                continue
            record = json.loads(line)
            status = record["status"]
            if status not in (PASS, SKIP):
                expected = record.get("expected", PASS)
                expected = expected if isinstance(expected, list) else [expected]
                status = SKIP if status in expected else FAIL
            ids = record.get("ids") or requirement_ids(record["name"])
            results.append(Result(record["name"], status, ids, record.get("detail", "")))
    return results
