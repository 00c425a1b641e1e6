"""The things that pages have asked for and may ask about again, by name. What is forgotten is ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

# What a page has left behind is ended when nobody has asked for it for so many seconds, and the next one is made.
FORGOTTEN = 900.0

Thing = TypeVar("Thing")


class Kept(Generic[Thing]):
    """Things of one kind. `end` closes one of them."""

    def __init__(self, end: Callable[[Thing], None]):
        self._end = end
        self._things: dict[str, Thing] = {}
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()
        self._next = 0

    def add(self, thing: Thing) -> str:
        """Keep a thing; its name."""
        with self._lock:
            self._next += 1
            name = str(self._next)
            self._things[name] = thing
            self._used[name] = monotonic()
            forgotten = [old for old, used in self._used.items() if used < monotonic() - FORGOTTEN]
            left = [self._forget(old) for old in forgotten]
        for old_thing in left:
            self._end(old_thing)
        return name

    def get(self, name: str) -> Thing | None:
        """The thing of this name, which is in use again."""
        with self._lock:
            thing = self._things.get(name)
            if thing is not None:
                self._used[name] = monotonic()
            return thing

    def end(self, name: str) -> None:
        """End a thing, if there is one of this name."""
        with self._lock:
            thing = self._forget(name) if name in self._things else None
        if thing is not None:
            self._end(thing)

    def reset(self) -> None:
        """End all of them."""
        with self._lock:
            things, self._things, self._used = list(self._things.values()), {}, {}
        for thing in things:
            self._end(thing)

    def _forget(self, name: str) -> Thing:
        del self._used[name]
        return self._things.pop(name)
