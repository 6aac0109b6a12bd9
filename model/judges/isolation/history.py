"""Transactions as a client saw them: what each read and wrote, in which order, and how it ended.

Two kinds of objects tell enough to be judged. A *register* is read and written whole; each write makes a
version that no other write makes. A *list* is appended to; each element is appended once, and a read gives
all of them, so the order of the versions can be read off it (Kingsbury and Alvaro, "Elle", 2020).

A transaction that ended `info` may have committed or not. It has if somebody saw a write of it. If nobody did
it may be counted out: it would only add to what has to come before what.
"""

from collections.abc import Hashable, Sequence
from typing import Literal, TypeAlias

from attrs import field, frozen

Status = Literal["ok", "fail", "info"]

INITIAL = 0
"""The version of a register before its first write; a read may also say None."""


@frozen
class Read:
    """A register was read; it was at that version."""

    key: Hashable
    version: Hashable


@frozen
class Write:
    """A register was written; that made this version."""

    key: Hashable
    version: Hashable


@frozen
class ReadList:
    """A list was read; these were its elements."""

    key: Hashable
    elements: tuple[Hashable, ...] = field(converter=tuple[Hashable, ...])


@frozen
class Append:
    """An element was appended to a list."""

    key: Hashable
    element: Hashable


Operation: TypeAlias = Read | Write | ReadList | Append


@frozen
class Transaction:
    """One transaction; a session runs one at a time, in the order in which they stand in the history.

    Times are optional, of any clock that orders events; both are None, or `returned` alone for one that ended
    `info`.
    """

    name: str
    operations: tuple[Operation, ...] = field(converter=tuple[Operation, ...])
    session: Hashable = None
    status: Status = "ok"
    invoked: float | None = None
    returned: float | None = None


Transactions: TypeAlias = Sequence[Transaction]
