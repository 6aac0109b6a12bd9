"""All that the services need from outside: time, chance, blocking calls, a database, a journal."""

from collections.abc import Callable
from typing import Protocol, TypeVar, TypeVarTuple

import apsw
from attrs import frozen

from system_under_test.communication.messages import Message

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


class Clock(Protocol):
    """The time, in whole milliseconds since any fixed origin."""

    def now_ms(self) -> int:
        """The time now; it may stand still but the services survive it going back."""
        ...


class Randomness(Protocol):
    """Chance, for names that nobody used before and for delays that should not coincide."""

    def uuid(self) -> str:
        """A name never given before, as a UUID in text."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number drawn evenly between `low` and `high`."""
        ...


class RunBlocking(Protocol):
    """Calls a function that may block without stopping the other tasks.

    Exactly one suspension point a call, before the function has any effect: a cancelled call has
    either not begun or has come to its end and delivers its result.
    """

    async def __call__(self, function: Callable[[*Arguments], Result], /, *args: *Arguments) -> Result:
        """The result of `function(*args)`; what it raises is raised here."""
        ...


class OpenDatabase(Protocol):
    """Opens one more raw connection to the one database; which file and which VFS is its matter."""

    def __call__(self) -> apsw.Connection:
        """A fresh connection without any setting; raises `apsw.Error`. It may block."""
        ...


class Journal(Protocol):
    """Keeps what services said to each other, for operators and auditors."""

    def record(self, message: Message, /) -> None:
        """Keeps one finished call; must not block and must not fail."""
        ...


@frozen
class Ports:
    """The whole outside of a system."""

    clock: Clock
    randomness: Randomness
    run_blocking: RunBlocking
    open_database: OpenDatabase
    journal: Journal
