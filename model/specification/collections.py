"""Queues and sets by key, as one client alone would see them."""

from collections.abc import Hashable, Iterable
from typing import TypeAlias

from attrs import define, field, frozen

from model.specification.cells import Cells
from model.specification.interface import Keys


@frozen(cache_hash=True)
class Enqueue:
    """Put a value at the end."""

    key: Hashable
    value: Hashable


@frozen(cache_hash=True)
class Dequeue:
    """Take the value at the front."""

    key: Hashable


@frozen
class Front:
    """What a dequeue took; an empty queue answers None instead."""

    value: Hashable


@frozen(cache_hash=True)
class Add:
    """Put a value into the set."""

    key: Hashable
    value: Hashable


@frozen(cache_hash=True)
class Remove:
    """Take a value out of the set."""

    key: Hashable
    value: Hashable


@frozen(cache_hash=True)
class Contains:
    """Ask whether the value is in the set."""

    key: Hashable
    value: Hashable


@frozen(cache_hash=True)
class Members:
    """Every value in the set."""

    key: Hashable


QueueOperation: TypeAlias = Enqueue | Dequeue
SetOperation: TypeAlias = Add | Remove | Contains | Members


class _Keyed:
    def keys(self, operation: QueueOperation | SetOperation) -> Keys | None:
        """The one collection."""
        return frozenset((operation.key,))

    def links(self, _state: Cells) -> Iterable[Keys]:
        """Collections have nothing to do with each other."""
        return ()


@define
class QueueSpecification(_Keyed):
    """First in, first out: an enqueue answers None, a dequeue `Front`, or None where there is nothing."""

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: QueueOperation) -> tuple[Cells, object]:
        """The queues after the operation, and its answer."""
        waiting = state.get(operation.key, ())
        assert isinstance(waiting, tuple), "cells hold what is put in below"
        if isinstance(operation, Enqueue):
            return state.with_(operation.key, (*waiting, operation.value)), None
        if not waiting:
            return state, None
        return state.with_(operation.key, waiting[1:]), Front(waiting[0])

    def is_observer(self, _operation: QueueOperation) -> bool:
        """None is."""
        return False

    def changes_nothing(self, operation: QueueOperation, answer: object) -> bool:
        """A dequeue that found nothing."""
        return answer is None and isinstance(operation, Dequeue)


@define
class SetSpecification(_Keyed):
    """Sets: changes answer None, `Contains` whether it is there, `Members` a frozenset of all."""

    initial: Cells = field(factory=Cells)

    def apply(self, state: Cells, operation: SetOperation) -> tuple[Cells, object]:
        """The sets after the operation, and its answer."""
        held = state.get(operation.key, frozenset())
        assert isinstance(held, frozenset), "cells hold what is put in below"
        match operation:
            case Members():
                return state, held
            case Contains(value=value):
                return state, value in held
            case Add(value=value):
                after = held | {value}
            case Remove(value=value):
                after = held - {value}
        return (state if after == held else state.with_(operation.key, after)), None

    def is_observer(self, operation: SetOperation) -> bool:
        """`Contains` and `Members`."""
        return isinstance(operation, Contains | Members)
