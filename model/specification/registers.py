"""Registers by key, as one client alone would see them: plain ones with compare-and-set, and versioned ones.

A plain register compares values, a versioned one versions: its every write makes the next version and answers
with it. A register that was never written holds None, at version 0.
"""

from collections.abc import Hashable, Iterable
from typing import Final, final

from attrs import define, field, frozen

from model.specification.cells import Cells
from model.specification.interface import Keys


@frozen(cache_hash=True)
class Read:
    """Ask what the register holds."""

    key: Hashable


@frozen(cache_hash=True)
class Write:
    """Put a value into it, whatever it holds."""

    key: Hashable
    value: Hashable


@frozen(cache_hash=True)
class CompareAndSet:
    """Put a value into it if it holds the value, or is at the version, that is expected."""

    key: Hashable
    expected: Hashable
    value: Hashable


Operation = Read | Write | CompareAndSet


@final
@frozen
class Untold:
    """Stands for a value that an answer does not tell."""


UNTOLD: Final = Untold()


@frozen
class Versioned:
    """What a versioned register holds: the answer to a read of it."""

    version: int
    value: Hashable = None


@frozen
class Conflict:
    """A versioned compare-and-set met another version than it expected: `current`, if that is told."""

    current: int | None


UNWRITTEN: Final = Versioned(0)


class _Keyed:
    """What both kinds of registers have in common: every operation is about one key."""

    def keys(self, operation: Operation) -> Keys | None:
        """The one register."""
        return frozenset((operation.key,))

    def links(self, _state: Cells) -> Iterable[Keys]:
        """Registers have nothing to do with each other."""
        return ()

    def is_observer(self, operation: Operation) -> bool:
        """Reads."""
        return isinstance(operation, Read)


@define
class RegisterSpecification(_Keyed):
    """Plain registers: a read answers the value, a write None, a compare-and-set whether it took place."""

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: Operation) -> tuple[Cells, object]:
        """The registers after the operation, and its answer."""
        held = state.get(operation.key)
        match operation:
            case Read():
                return state, held
            case CompareAndSet(expected=expected) if held != expected:
                return state, False
        answer = True if isinstance(operation, CompareAndSet) else None
        if operation.value == held:
            return state, answer
        return state.with_(operation.key, operation.value), answer

    def changes_nothing(self, operation: Operation, answer: object) -> bool:
        """A compare-and-set that failed."""
        return answer is False and isinstance(operation, CompareAndSet)


@define
class VersionedRegisterSpecification(_Keyed):
    """Versioned registers: a read answers `Versioned`, a write its version, a refused one `Conflict`.

    `CompareAndSet.expected` is a version. Every write makes a new version, also one of the same value.
    """

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: Operation) -> tuple[Cells, object]:
        """The registers after the operation, and its answer."""
        held = state.get(operation.key, UNWRITTEN)
        assert isinstance(held, Versioned), "cells hold what is put in below"
        match operation:
            case Read():
                return state, held
            case CompareAndSet(expected=expected) if held.version != expected:
                return state, Conflict(held.version)
        made = Versioned(held.version + 1, operation.value)
        return state.with_(operation.key, made), made.version

    def changes_nothing(self, _operation: Operation, answer: object) -> bool:
        """A compare-and-set that failed."""
        return isinstance(answer, Conflict)
