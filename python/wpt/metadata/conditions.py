# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""The conditions of metadata files: `if os == "linux" and not (debug or bits == 32): ...`

From the loosest to the tightest: `or`, `and`, `not`, `!=`, `==`. Operators of one kind group to the right, as wptrunner
reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Mapping

from wpt.metadata.scanner import Problem, Scanner, escaped

# The properties of a run that conditions may ask for.
RunInfo = Mapping[str, str | bool | int]

BINARY = ("or", "and", "!=", "==")
NOT = 2.5
TIGHTNESS = {"or": 1.0, "and": 2.0, "!=": 3.0, "==": 4.0}
# Far beyond what anybody writes, and far below what would exhaust the stack.
MAX_NESTING = 40
MAX_OPERANDS = 200

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
NUMBER = re.compile(r"[0-9]+(\.[0-9]*)?")


@dataclass(frozen=True)
class Variable:
    """A property of the run."""

    name: str


@dataclass(frozen=True)
class Text:
    """A string in quotes."""

    text: str


@dataclass(frozen=True)
class Number:
    """A number, as it was written."""

    digits: str


@dataclass(frozen=True)
class Index:
    """One character of a string: `version[0]`."""

    base: "Variable | Text"
    index: "Expression"


@dataclass(frozen=True)
class Not:
    """The opposite."""

    operand: "Expression"


@dataclass(frozen=True)
class Binary:
    """Two operands and the operator between them."""

    operator: str
    left: "Expression"
    right: "Expression"


Expression = Variable | Text | Number | Index | Not | Binary


class _Reader:
    """Reads a condition up to the character that ends it."""

    def __init__(self, scanner: Scanner):
        self.scanner = scanner
        self.nesting = 0
        self.operands = 0

    def whole(self, end: str) -> Expression:
        """A condition and the character `end` after it."""
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise Problem(f"a condition with more than {MAX_NESTING} parentheses, `not` and `[` in each other")
        result = self._binary(0)
        self.scanner.skip_spaces()
        found = self.scanner.take()
        if found != end:
            after = f"{found + self.scanner.rest()!r}" if found else "the end of the line"
            raise Problem(f"{end!r} or an operator ({', '.join(BINARY)}) is expected in a condition, not {after}")
        self.nesting -= 1
        return result

    def _binary(self, level: int) -> Expression:
        """Operands with the operator `BINARY[level]` between them."""
        if level == len(BINARY):
            return self._operand()
        if BINARY[level] == "!=" and self._word("not"):
            self.nesting += 1
            if self.nesting > MAX_NESTING:
                raise Problem(f"a condition with more than {MAX_NESTING} parentheses, `not` and `[` in each other")
            # `not` stands between `and` and the comparisons.
            result: Expression = Not(self._binary(level))
            self.nesting -= 1
            return result
        operands = [self._binary(level + 1)]
        while self._operator(BINARY[level]):
            operands.append(self._binary(level + 1))
        result = operands.pop()
        while operands:
            result = Binary(BINARY[level], operands.pop(), result)
        return result

    def _word(self, word: str) -> bool:
        """Whether `word` is next; if so it is behind now."""
        self.scanner.skip_spaces()
        match = NAME.match(self.scanner.text, self.scanner.at)
        if match and match.group() == word:
            self.scanner.at = match.end()
            return True
        return False

    def _operator(self, operator: str) -> bool:
        if operator.isalpha():
            return self._word(operator)
        self.scanner.skip_spaces()
        if self.scanner.rest().startswith(operator):
            self.scanner.at += len(operator)
            return True
        return False

    def _operand(self) -> Expression:
        self.operands += 1
        if self.operands > MAX_OPERANDS:
            raise Problem(f"a condition with more than {MAX_OPERANDS} operands")
        self.scanner.skip_spaces()
        character = self.scanner.peek()
        if character == "(":
            self.scanner.take()
            return self.whole(")")
        if character and character in "'\"":
            return self._indexed(Text(self.scanner.quoted()))
        for pattern, kind in ((NUMBER, Number), (NAME, Variable)):
            match = pattern.match(self.scanner.text, self.scanner.at)
            if match and match.group() not in ("and", "or", "not", "if"):
                self.scanner.at = match.end()
                if kind is Number:
                    return Number(match.group())
                return self._indexed(Variable(match.group()))
        found = repr(self.scanner.rest()) if character else "the end of the line"
        raise Problem(f"a property, a number, a string in quotes or '(' is expected in a condition, not {found}")

    def _indexed(self, base: Variable | Text) -> Expression:
        if self.scanner.peek() != "[":
            return base
        self.scanner.take()
        return Index(base, self.whole("]"))


def read(scanner: Scanner, end: str = ":") -> Expression:
    """The condition that comes next, and the character that ends it."""
    return _Reader(scanner).whole(end)


def _tightness(expression: Expression) -> float:
    if isinstance(expression, Binary):
        return TIGHTNESS[expression.operator]
    return NOT if isinstance(expression, Not) else 5.0


def write(expression: Expression) -> str:
    """The condition as text, with no more parentheses than needed to read it again, or to understand it."""
    match expression:
        case Variable(name):
            return name
        case Text(text):
            return '"' + escaped(text, '"') + '"'
        case Number(digits):
            return digits
        case Index(base, index):
            return f"{write(base)}[{write(index)}]"
        case Not(operand):
            return "not " + _enclosed(operand, isinstance(operand, Binary))
        case Binary(operator, left, right):
            here = TIGHTNESS[operator]
            text = _enclosed(left, _tightness(left) <= here)
            return f"{text} {operator} {_enclosed(right, _tightness(right) < here)}"


def _enclosed(expression: Expression, needed: bool) -> str:
    return f"({write(expression)})" if needed else write(expression)


_KINDS: dict[type, str] = {bool: "true or false", int: "a number", float: "a number", str: "a string"}


def check(expression: Expression, info: RunInfo) -> None:
    """Refuse conditions that make no sense for runs with such properties, also in parts that would not be reached."""
    _require(expression, bool, info)


def _require(expression: Expression, wanted: type, info: RunInfo) -> None:
    kind = _kind(expression, info)
    if kind is not wanted:
        raise Problem(f"`{write(expression)}` is {_KINDS[kind]}, where {_KINDS[wanted]} is needed")


def _kind(expression: Expression, info: RunInfo) -> type:
    match expression:
        case Variable(name):
            if name not in info:
                known = ", ".join(sorted(info))
                raise Problem(f"nothing is known of {name!r}; conditions may ask for {known}")
            return type(info[name])
        case Text():
            return str
        case Number():
            return int
        case Index(base, index):
            _require(base, str, info)
            if not isinstance(index, Number) or "." in index.digits:
                raise Problem(f"`{write(index)}` is no place in a string, which is a number without a point")
            return str
        case Not(operand):
            _require(operand, bool, info)
        case Binary("and" | "or", left, right):
            _require(left, bool, info)
            _require(right, bool, info)
        case Binary(_, left, right):
            one, other = _kind(left, info), _kind(right, info)
            if one is not other:
                raise Problem(
                    f"`{write(left)}` is {_KINDS[one]} and `{write(right)}` is {_KINDS[other]}: they are never equal"
                )
    return bool


_COMPARISONS: dict[str, Callable[[object, object], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
}


def holds(expression: Expression, info: RunInfo) -> bool:
    """Whether a checked condition holds for a run."""
    return bool(_value(expression, info))


def _value(expression: Expression, info: RunInfo) -> object:
    match expression:
        case Variable(name):
            return info[name]
        case Text(text):
            return text
        case Number(digits):
            return float(digits) if "." in digits else int(digits)
        case Index(base, index):
            # One character, or none beyond the end.
            place = int(str(_value(index, info)))
            return str(_value(base, info))[place : place + 1]
        case Not(operand):
            return not _value(operand, info)
        case Binary("and", left, right):
            return _value(left, info) and _value(right, info)
        case Binary("or", left, right):
            return _value(left, info) or _value(right, info)
        case Binary(operator, left, right):
            return _COMPARISONS[operator](_value(left, info), _value(right, info))


def property_is(name: str, value: str | bool | int) -> Expression:
    """The condition that a property has a value."""
    if isinstance(value, bool):
        return Variable(name) if value else Not(Variable(name))
    operand = Text(value) if isinstance(value, str) else Number(str(value))
    return Binary("==", Variable(name), operand)


def conjunction(parts: list[Expression]) -> Expression:
    """The condition that all of `parts` hold; there is at least one."""
    result = parts[-1]
    for part in reversed(parts[:-1]):
        result = Binary("and", part, result)
    return result
