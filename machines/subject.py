"""What a machine must know of a system to explore it: how to start it, ask it, and see what it committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import apsw
from attrs import frozen

from model.specification.interface import Specification
from system_under_test.ports import Ports

Rows = Mapping[str, tuple[tuple[Any, ...], ...]]
"""The committed rows of each table, in the order of their primary keys."""


@frozen
class Answer:
    """What a client was told: in the model's words, and the system's own error if it was one."""

    result: object
    error: Exception | None = None


class Subject(Protocol):
    """One system under test, as seen by the suite.

    The system is any object that pickles when it is quiet, with ports and database connections left out.
    """

    name: str
    database: str
    """Name of the database file on the node's disk."""

    specification: Specification[Any]
    operations: tuple[type, ...]
    """The operations that it can be asked for; their fields are plain values, so that they can be saved."""

    @property
    def plumbing(self) -> tuple[str, ...]:
        """Parts of paths, or qualified names, of code that a timeline does not show: it shows the caller."""
        ...

    def prepare(self, connection: apsw.Connection) -> None:
        """Give a newly opened connection the settings that the system gives its own."""
        ...

    async def start(self, ports: Ports) -> Any:
        """A running system on what the disk holds: at the first start, and after every crash."""
        ...

    async def perform(self, system: Any, operation: Any, request: str, ports: Ports) -> Answer:
        """Ask the system; `request` is the operation's own id, unique in a program."""
        ...

    def rows(self, connection: apsw.Connection) -> Rows:
        """Everything that is committed."""
        ...

    def correlation(self, operation: Any, request: str) -> str:
        """The correlation id under which the system knows a request."""
        ...

    def state(self, rows: Rows) -> Any:
        """The model's state that the rows amount to."""
        ...

    def observation(self, rows: Rows) -> tuple[Any, object]:
        """An operation that reads everything, and the answer that the rows amount to."""
        ...

    def leftovers(self, system: Any) -> Mapping[str, int]:
        """What a quiet system should have none of, by name: connections in use, open transactions."""
        ...
