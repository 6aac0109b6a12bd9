"""How a call to a simulated disk can fail: the errors, and the faults that a program declares.

The errors are subclasses of apsw's, so that they pass through SQLite's callbacks as they are, and SQLite
sees the right result code.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import apsw
from attrs import define, frozen

KINDS = ("create", "open", "read", "write", "truncate", "sync", "rename", "unlink", "sync_folder")
"""The kinds of call that a disk counts."""
CHANGES = frozenset(KINDS) - {"open", "read"}
"""Those that change something: a fault of the kind "change" counts all of them together."""

When: TypeAlias = Literal["before", "after"]


class DiskFullError(apsw.FullError):
    """A file cannot grow: the disk's capacity is used up. Nothing was written."""

    result = extendedresult = apsw.SQLITE_FULL


class DiskFailedError(apsw.IOError):
    """A call failed, as a declared fault asked for."""

    result = extendedresult = apsw.SQLITE_IOERR


class NodeDownError(apsw.IOError):
    """The node of this disk or handle is down, or the handle was closed or taken back."""

    result = extendedresult = apsw.SQLITE_IOERR


class FileMissingError(apsw.CantOpenError):
    """There is no file of that name."""

    result = extendedresult = apsw.SQLITE_CANTOPEN


@frozen
class Fault:
    """A call that shall fail: the `nth` of its kind from now on (1 is the next), before or after its effect.

    `then` says whether the call fails with an error, or the node goes down at that point.
    """

    kind: str
    nth: int
    when: When = "before"
    then: Literal["error", "down"] = "error"

    def strike(self) -> None:
        """Raise what the caller of the disk is to see: DiskFailedError or NodeDownError."""
        if self.then == "down":
            raise NodeDownError(f"the node went down {self.when} a call: {self.kind}")
        raise DiskFailedError(f"the disk failed {self.when} a call: {self.kind}")


@define
class Armed:
    """A fault that waits for its call, and how many calls it still lets pass, that one included."""

    fault: Fault
    left: int

    def counts(self, kind: str) -> bool:
        """Count a call. True when it is the one."""
        if self.fault.kind == kind or (self.fault.kind == "change" and kind in CHANGES):
            self.left -= 1
        return self.left == 0


def arm(armed: list[Armed], fault: Fault) -> None:
    """Let a fault wait for its call."""
    assert fault.nth >= 1
    assert fault.kind == "change" or fault.kind in KINDS
    armed.append(Armed(fault, fault.nth))


def meet(armed: list[Armed], kind: str) -> Fault | None:
    """Count a call on every armed fault; the fault that it meets. Of two due at once the older strikes."""
    due = [waiting for waiting in armed if waiting.counts(kind)]
    armed[:] = [waiting for waiting in armed if waiting.left > 0]
    return due[0].fault if due else None
