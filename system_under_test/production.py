"""The outside as it is in production: wall clock, operating system's randomness, threads, a file."""

import random
import time
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path

import apsw
import trio
from attrs import Factory, define, field, frozen

from system_under_test.communication.messages import Message
from system_under_test.ports import Arguments, Ports, Result

THREADS_MAX = 16
"""Statements running at the same time; SQLite has one writer, so more threads would only wait."""

JOURNAL_MESSAGES_MAX = 10_000
"""The latest messages kept in memory: about 5 MB at some 500 bytes a message."""


@frozen
class WallClock:
    """Milliseconds since 1970, UTC."""

    def now_ms(self) -> int:
        """The time of the operating system."""
        return time.time_ns() // 1_000_000


@frozen
class SystemRandomness:
    """The operating system's own generator."""

    _generator: random.SystemRandom = Factory(random.SystemRandom)

    def uuid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.uuid4())

    def uniform(self, low: float, high: float) -> float:
        """A number drawn evenly between `low` and `high`."""
        return self._generator.uniform(low, high)


@define(eq=False)
class Threads:
    """Runs blocking calls on trio's worker threads, a bounded number at the same time."""

    limiter: trio.CapacityLimiter = field(factory=lambda: trio.CapacityLimiter(THREADS_MAX))

    async def __call__(self, function: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result:
        """The result of `function(*args)`, awaited to its end even if the caller is cancelled meanwhile."""
        return await trio.to_thread.run_sync(function, *args, limiter=self.limiter)


@frozen
class DatabaseFile:
    """Opens the SQLite file at `path`, making it if there is none."""

    path: Path

    def __call__(self) -> apsw.Connection:
        """A fresh connection to the file."""
        return apsw.Connection(str(self.path))


@define(eq=False)
class RecentMessages:
    """A journal that keeps the latest messages in memory and forgets the oldest."""

    messages: deque[Message] = field(factory=lambda: deque(maxlen=JOURNAL_MESSAGES_MAX))

    def record(self, message: Message, /) -> None:
        """Keeps one finished call."""
        self.messages.append(message)


def production_ports(path: Path) -> Ports:
    """Ports for a system whose database is the file at `path`."""
    return Ports(WallClock(), SystemRandomness(), Threads(), DatabaseFile(path), RecentMessages())
