"""Instruments trio's primitives, so that a recorder learns what each step touches of them.

While an exploration that wants footprints runs, the methods of trio's classes through which tasks meet are
replaced by ones that say so to the recorder first, and are put back at its end. Each is classified by what it
does to the object: reading it, changing it in a way that commutes with others of its kind, or changing it.
Where several tasks wait for an Event their order is a set's, so that waiting commutes; where they wait for a
lock it is a queue.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Hashable, Iterator
from typing import Any

import trio

from machines.world import trio_internals
from machines.world.recording import ACTIVE, Recorder

Touch = Callable[[Recorder, Hashable], None]
_READ, _WRITE, _UPDATE = Recorder.read, Recorder.write, Recorder.update


def _itself(thing: Any) -> Any:
    return thing


def _state(channel: Any) -> Any:
    return channel._state  # noqa: SLF001 - both ends of a channel share it


def _lot(primitive: Any) -> Any:
    return primitive._lot  # noqa: SLF001 - a lock is as good as the place where tasks wait for it


_METHODS: tuple[tuple[type, Callable[[Any], Any], Touch, tuple[str, ...]], ...] = (
    (trio.Event, _itself, _WRITE, ("set",)),
    (trio.Event, _itself, _READ, ("is_set", "statistics")),
    (trio.Lock.__mro__[1], _lot, _WRITE, ("acquire_nowait", "release")),
    (trio.Lock.__mro__[1], _lot, _READ, ("locked", "statistics")),
    (trio.Semaphore, _lot, _WRITE, ("acquire_nowait", "release")),
    (trio.Semaphore, _lot, _READ, ("value", "statistics")),
    (
        trio.CapacityLimiter,
        _lot,
        _WRITE,
        (
            "acquire_nowait",
            "acquire_on_behalf_of_nowait",
            "acquire",
            "acquire_on_behalf_of",
            "release",
            "release_on_behalf_of",
        ),
    ),
    (trio.CapacityLimiter, _lot, _READ, ("available_tokens", "borrowed_tokens", "statistics")),
    (
        trio.lowlevel.ParkingLot,
        _itself,
        _WRITE,
        ("park", "unpark", "unpark_all", "repark", "repark_all", "break_lot"),
    ),
    (trio.MemorySendChannel, _state, _WRITE, ("send_nowait", "send", "clone", "close", "aclose")),
    (trio.MemoryReceiveChannel, _state, _WRITE, ("receive_nowait", "receive", "clone", "close", "aclose")),
    (trio.MemorySendChannel, _state, _READ, ("statistics",)),
    (trio.MemoryReceiveChannel, _state, _READ, ("statistics",)),
    (trio.CancelScope, _itself, _READ, ("cancel_called", "__enter__")),
    (trio.CancelScope, _itself, _WRITE, ("__exit__",)),
    (trio.Nursery, _itself, _UPDATE, ("start_soon",)),
)


class Instruments:
    """The replaced methods. State: what each was before."""

    def __init__(self) -> None:
        self._before: list[tuple[type, str, Any]] = []

    def install(self) -> None:
        """Replace them."""
        for kind, of, touch, names in _METHODS:
            for name in names:
                self._replace(kind, name, functools.partial(_touching, of, touch))
        self._replace(trio.Event, "wait", _waiting)
        self._replace(trio.Nursery, "_child_finished", _finishing)
        self._replace(trio.Nursery, "_nested_child_finished", _joining)
        self._replace(trio.Nursery, "start", _starting)
        for name in trio_internals.CANCELLING:
            self._replace(trio.CancelScope, name, _cancelling)
        for kind in (*trio_internals.NAMED, trio.Event, trio.CancelScope, trio.Nursery):
            self._replace(kind, "__init__", _making)

    def remove(self) -> None:
        """Put the real ones back."""
        while self._before:
            kind, name, before = self._before.pop()
            setattr(kind, name, before)

    def _replace(self, kind: type, name: str, wrap: Callable[[Any], Any]) -> None:
        before = kind.__dict__[name]
        self._before.append((kind, name, before))
        if isinstance(before, property):
            setattr(kind, name, property(wrap(before.fget), before.fset and wrap(before.fset)))
        else:
            setattr(kind, name, functools.wraps(before)(wrap(before)))


def _touching(of: Callable[[Any], Any], touch: Touch, method: Any) -> Any:
    if inspect.iscoroutinefunction(inspect.unwrap(method)):

        async def awaited(self: Any, *args: Any, **kwargs: Any) -> Any:
            for recorder in ACTIVE:
                name = recorder.name(of(self))
                touch(recorder, name)
                recorder.enter(name)
            try:
                return await method(self, *args, **kwargs)
            finally:
                for recorder in ACTIVE:
                    recorder.leave()

        return awaited

    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        for recorder in ACTIVE:
            touch(recorder, recorder.name(of(self)))
        return method(self, *args, **kwargs)

    return called


def _waiting(method: Any) -> Any:
    """Event.wait: one that is set is read, one that is not gains a waiter."""

    async def wait(self: Any) -> None:
        for recorder in ACTIVE:
            name = recorder.name(self)
            (recorder.read if self._flag else recorder.update)(name)
            recorder.enter(name)
        try:
            await method(self)
        finally:
            for recorder in ACTIVE:
                recorder.leave()

    return wait


def _finishing(method: Any) -> Any:
    """A child ends: that commutes with the ends of others, unless it failed."""

    def finished(self: Any, task: Any, outcome: Any) -> None:
        for recorder in ACTIVE:
            failed = hasattr(outcome, "error")
            (recorder.write if failed else recorder.update)(recorder.name(self))
            recorder.ended(self)
        method(self, task, outcome)

    return finished


def _joining(method: Any) -> Any:
    """The parent has come to the end of its block, and later goes on because all children have ended."""

    async def joined(self: Any, error: Any) -> Any:
        for recorder in ACTIVE:
            recorder.write(recorder.name(self))
            recorder.joining(self)
        try:
            return await method(self, error)
        finally:
            for recorder in ACTIVE:
                recorder.read(recorder.name(self))
                recorder.joined()

    return joined


def _starting(method: Any) -> Any:
    """Nursery.start moves a task between nurseries: too much to tell, so it depends on everything."""

    async def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        for recorder in ACTIVE:
            recorder.unknowable()
        return await method(self, *args, **kwargs)

    return start


def _cancelling(method: Any) -> Any:
    """Cancelling a scope touches every task inside it."""

    def cancel(self: Any, *args: Any, **kwargs: Any) -> Any:
        for recorder in ACTIVE:
            recorder.write(recorder.name(self))
            for task in _inside(self):
                recorder.cancelled(task)
                for nursery in task.child_nurseries:
                    recorder.write(recorder.name(nursery))
        return method(self, *args, **kwargs)

    return cancel


def _inside(scope: Any) -> Iterator[Any]:
    """The tasks in a cancel scope, and in the scopes in it."""
    statuses = [] if scope._cancel_status is None else [scope._cancel_status]  # noqa: SLF001 - trio's tree of scopes
    while statuses:
        status = statuses.pop()
        yield from status._tasks  # noqa: SLF001 - as above
        statuses.extend(status._children)  # noqa: SLF001 - as above


def _making(method: Any) -> Any:
    def make(self: Any, *args: Any, **kwargs: Any) -> None:
        method(self, *args, **kwargs)
        for recorder in ACTIVE:
            recorder.made(self)

    return make
