# This Source Code Form is subject to the terms of the Mozilla Public
# License, v. 2.0. If a copy of the MPL was not distributed with this
# file, You can obtain one at https://mozilla.org/MPL/2.0/.

"""One line of a metadata file, read character by character, and the escapes of its strings."""

from __future__ import annotations

# What a backslash and a letter mean; every other character after a backslash stands for itself.
NAMED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
# How many hexadecimal digits follow these letters.
NUMBERED = {"x": 2, "u": 4, "U": 6}
HIGHEST = 0x10FFFF
# Escapes are written by name only where that is easier to read.
WRITTEN = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


class MetadataError(Exception):
    """A metadata file that cannot be read or means nothing; the text begins with file and line."""

    def __init__(self, source: str, line: int, problem: str):
        super().__init__(f"{source}:{line}: {problem}")
        self.source = source
        self.line = line
        self.problem = problem


class Problem(Exception):
    """What is wrong with a line, for callers that know which line it is."""


class Scanner:
    """A place in a line."""

    def __init__(self, text: str):
        self.text = text
        self.at = 0

    def peek(self) -> str:
        """The next character; "" at the end."""
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        """The next character, which is then behind."""
        character = self.peek()
        self.at += 1
        return character

    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.at >= len(self.text)

    def rest(self) -> str:
        """All that follows."""
        return self.text[self.at :]

    def skip_spaces(self) -> None:
        """Go to the next character that is no space."""
        while self.peek() == " ":
            self.at += 1

    def escape(self) -> str:
        """What an escape stands for; its backslash is the next character."""
        self.take()
        letter = self.take()
        if not letter:
            raise Problem("the line ends after a backslash")
        if letter in NAMED:
            return NAMED[letter]
        if letter not in NUMBERED:
            return letter
        length = NUMBERED[letter]
        digits = self.text[self.at : self.at + length]
        self.at += length
        if len(digits) != length or not all(digit in "0123456789abcdefABCDEF" for digit in digits):
            raise Problem(f"\\{letter} is followed by {length} hexadecimal digits, not by {digits!r}")
        if int(digits, 16) > HIGHEST:
            raise Problem(f"there is no character \\{letter}{digits}; the last is \\U{HIGHEST:06x}")
        return chr(int(digits, 16))

    def quoted(self) -> str:
        """The string whose opening quote is the next character."""
        quote = self.take()
        result = []
        while self.peek() != quote:
            if self.ended():
                raise Problem(f"a string that begins with {quote} and does not end on its line")
            result.append(self.escape() if self.peek() == "\\" else self.take())
        self.take()
        return "".join(result)

    def bare(self, ends: str) -> str:
        """A string without quotes up to one of `ends` or the end of the line, without spaces at its end."""
        result = []
        spaces = 0
        while not self.ended() and self.peek() not in ends:
            character = self.peek()
            if character == " ":
                spaces += 1
                self.take()
                continue
            result.append(" " * spaces)
            spaces = 0
            result.append(self.escape() if character == "\\" else self.take())
        return "".join(result)


def escaped(text: str, also: str = "") -> str:
    """A string as it is written: what cannot be seen, backslashes and the characters of `also` are escaped."""
    result = []
    for character in text:
        code = ord(character)
        if character == "\\" or character in also:
            result.append("\\" + character)
        elif character in WRITTEN:
            result.append(WRITTEN[character])
        elif character.isprintable():
            result.append(character)
        elif code <= 0xFF:
            result.append(f"\\x{code:02x}")
        elif code <= 0xFFFF:
            result.append(f"\\u{code:04x}")
        else:
            result.append(f"\\U{code:06x}")
    return "".join(result)
