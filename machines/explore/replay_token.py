"""Replay tokens: one execution as a word that survives a shell, a chat and a ticket.

A token holds the schedule, how the execution was made (whether spinning tasks rest, how long it may take) and
a digest of the file that the program is in, so that a program that has changed is noticed before anything
runs. It is letters, digits, `-`, `_` and one dot: the version of the format, a dot, and the compressed text
in the alphabet of base64 for addresses.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import inspect
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen

from machines.exploration.schedule import Schedule, ScheduleSyntaxError

_VERSION = "x1"
_FIELDS = 4
_TEXT_MAX = 50_000_000


class ReplayTokenError(ValueError):
    """A word is no replay token, or is one of another program."""


@frozen
class ReplayToken:
    """One execution: its schedule, whether spinning tasks rest in it, its limit, the digest of the file."""

    schedule: Schedule
    spinning: bool
    virtual_seconds: float
    source: str

    def __str__(self) -> str:
        fields = ("spinning" if self.spinning else "plain", repr(self.virtual_seconds), self.source)
        text = "\n".join([*fields, str(self.schedule)])
        packed = base64.urlsafe_b64encode(zlib.compress(text.encode("ascii"), 9)).decode("ascii")
        return f"{_VERSION}.{packed.rstrip('=')}"

    @classmethod
    def parse(cls, word: str) -> ReplayToken:
        """The token that `str(token)` wrote; raises `ReplayTokenError`."""
        version, dot, packed = word.strip().partition(".")
        if version != _VERSION or not dot:
            raise ReplayTokenError(f"{_short(word)!r} is no replay token: one begins with '{_VERSION}.'")
        try:
            compressed = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True)
            text = _unpacked(compressed)
            mode, seconds, source, schedule = text.split("\n")
            return cls(
                Schedule.parse(schedule), {"spinning": True, "plain": False}[mode], float(seconds), source
            )
        except (binascii.Error, zlib.error, ScheduleSyntaxError, KeyError, ValueError):
            raise ReplayTokenError(f"the replay token {_short(word)!r} is damaged, perhaps cut off") from None


def _unpacked(compressed: bytes) -> str:
    """The text; a token that unpacks to more than any schedule has is no token of ours."""
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(compressed, _TEXT_MAX)
    if not unpacking.eof:
        raise ValueError("cut off, or too long")
    return text.decode("ascii")


def _short(word: str) -> str:
    return word if len(word) <= 20 else f"{word[:17]}..."  # noqa: PLR2004 - enough to recognise it by


def source_of(scenario: Callable[..., Any]) -> str:
    """A digest of the file that a program is in; "-" where there is no such file."""
    try:
        path = inspect.getsourcefile(inspect.unwrap(getattr(scenario, "func", scenario)))
        content = Path(path).read_bytes() if path else b""
    except (OSError, TypeError):
        return "-"
    return hashlib.sha256(content).hexdigest()[:12] if content else "-"
