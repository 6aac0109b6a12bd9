"""What the benchmark programs are made of: locks, tasks, and accesses to shared variables that are steps.

In C every access to a shared variable is a point at which another thread may go on. Here a step ends with
each access: act, then let others go first, which is what trio's own primitives do. A test-and-set or an
exchange is one access. What a task does to its own variables is no step.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TypeVar

import trio
from attrs import define

from machines.explore import Shared

__all__ = [
    "Scenario",
    "Shared",
    "add",
    "checkpoint",
    "compare_and_set",
    "exchange",
    "held",
    "read",
    "together",
    "write",
]

Scenario = Callable[[], Awaitable[object]]
"""A program, made afresh with each call: raises, or never ends, under the schedules that show its bug."""

Value = TypeVar("Value")
checkpoint = trio.lowlevel.checkpoint


async def read(variable: Shared[Value]) -> Value:
    """A step that reads."""
    value = variable.get()
    await checkpoint()
    return value


async def write(variable: Shared[Value], value: Value) -> None:
    """A step that writes."""
    variable.set(value)
    await checkpoint()


async def exchange(variable: Shared[Value], value: Value) -> Value:
    """A step that writes, and gives what was there before."""
    before = variable.get()
    variable.set(value)
    await checkpoint()
    return before


async def compare_and_set(variable: Shared[Value], expected: Value, value: Value) -> bool:
    """A step that writes if the expected value is there; whether it was."""
    matches = variable.get() == expected
    if matches:
        variable.set(value)
    await checkpoint()
    return matches


async def add(variable: Shared[int], amount: int) -> None:
    """A step that adds; no other one comes between its reading and its writing."""
    variable.set(variable.get() + amount)
    await checkpoint()


@define(eq=False)
class held:  # noqa: N801 - reads as a function: `async with held(lock)`
    """Holds a lock for a block; giving it back is a step of its own, as taking it is."""

    lock: trio.Lock

    async def __aenter__(self) -> None:
        await self.lock.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lock.release()
        if kind is None:
            await checkpoint()


async def together(*tasks: Callable[[], Awaitable[object]]) -> None:
    """Run the tasks at the same time, to the end of all."""
    async with trio.open_nursery() as nursery:
        for task in tasks:
            nursery.start_soon(task)
