"""Virtual time: a clock for trio and for the services that moves only when the kernel says so."""

from __future__ import annotations

import math

import trio


class VirtualClock(trio.abc.Clock):
    """Seconds since the world began. Nothing but `advance_to` moves it; no real clock is read.

    `reads` counts how often a program asked it what time it is.
    """

    __slots__ = ("reads", "seconds")

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.reads = 0

    def start_clock(self) -> None:
        """Part of trio's interface: there is nothing to start."""

    def current_time(self) -> float:
        """The virtual time in seconds."""
        self.reads += 1
        return self.seconds

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """Part of trio's interface: no real time ever has to pass."""
        return 0.0 if deadline <= self.seconds else math.inf

    def now_ms(self) -> int:
        """The virtual time in whole milliseconds, as the services' `Clock` port gives it."""
        return round(self.seconds * 1000)

    def advance_to(self, seconds: float) -> None:
        """Move time forward; it never goes back within an execution."""
        assert seconds >= self.seconds
        self.seconds = seconds
