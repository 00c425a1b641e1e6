"""What a connection of a test does by itself, as the page that asks for it says."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any


class PeerError(Exception):
    """A request that makes no sense, or that could not be carried out in time."""


@dataclass
class Script:
    """What a connection does by itself once it stands."""

    behaviour: str = "hold"  # hold: nothing; sink: reads; echo: sends back what it reads
    greeting: bytes = b""  # sent first
    flood: int = 0  # so many bytes follow
    then: str = ""  # "fin" when all of that is sent
    receive_buffer: int = 0

    @classmethod
    def parse(cls, options: dict[str, Any]) -> "Script":
        """From the JSON that a page sends."""
        script = cls(
            behaviour=str(options.get("behaviour", "hold")),
            greeting=decode(options),
            flood=int(options.get("flood", 0)),
            then=str(options.get("then", "")),
            receive_buffer=int(options.get("receiveBuffer", 0)),
        )
        if script.behaviour not in ("hold", "sink", "echo"):
            raise PeerError(f"no such behaviour: {script.behaviour}")
        if script.then not in ("", "fin"):
            # A reset at once can overtake the client's connect(), which then fails with ECONNRESET: whoever wants
            # one commands it when the connection stands.
            raise PeerError(f"a new connection may end with fin, not with {script.then}")
        return script


def decode(options: dict[str, Any]) -> bytes:
    """The bytes that come with a request: as text, or as base64."""
    if "base64" in options:
        return base64.b64decode(options["base64"])
    return str(options.get("text", options.get("greeting", ""))).encode()
