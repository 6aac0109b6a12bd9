"""Small random programs: tasks that step, wait for events, hold locks, sleep and give up, as data."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Literal

import trio
from attrs import frozen
from hypothesis import strategies as st

from machines.world.kernel import Execution
from tests.world.programs import Function

Kind = Literal["step", "set", "wait", "lock", "sleep", "hurry"]
EVENTS = 2
LOCKS = 2


@frozen
class Act:
    """One thing that a task does, with the event, lock or number of seconds of that number."""

    kind: Kind
    number: int = 0


@frozen
class RandomProgram:
    """What each task does in turn; with `fault`, a fault that releases every event may happen once."""

    tasks: tuple[tuple[Act, ...], ...]
    fault: bool = False

    def __call__(self, execution: Execution) -> Callable[[], Hashable]:
        """Spawn the tasks; the outcome is who did what in which order."""
        world = _World()
        for label, acts in zip("abcd", self.tasks, strict=False):
            execution.spawn(label, world.task(label, acts))
        if self.fault:
            execution.actions.append(_SetAll(world))
        return lambda: (tuple(world.log), execution.loop.clock.seconds, tuple(execution.faults))


class _World:
    """State: events and locks that the tasks of one execution share, and the log of what they did."""

    def __init__(self) -> None:
        self.events = [trio.Event() for _ in range(EVENTS)]
        self.locks = [trio.Lock() for _ in range(LOCKS)]
        self.log: list[Any] = []

    def task(self, label: str, acts: tuple[Act, ...]) -> Function:
        async def run() -> None:
            for place, act in enumerate(acts):
                await self.do(act)
                self.log.append((label, place))

        return run

    async def do(self, act: Act) -> None:
        match act.kind:
            case "step":
                await trio.lowlevel.checkpoint()
            case "set":
                self.events[act.number].set()
            case "wait":
                await self.events[act.number].wait()
            case "lock":
                async with self.locks[act.number]:
                    await trio.lowlevel.checkpoint()
            case "sleep":
                await trio.sleep(act.number)
            case "hurry":
                with trio.move_on_after(act.number + 0.5):
                    await self.events[act.number].wait()


class _SetAll:
    """State: whether the fault is still to come."""

    name = "release"

    def __init__(self, world: _World) -> None:
        self._world = world
        self._left = True

    def possible(self, *, at_end: bool) -> bool:
        """Once, and not after the end."""
        return self._left and not at_end

    def happen(self, execution: Execution) -> None:  # noqa: ARG002 - the interface's
        """Set every event."""
        self._left = False
        for event in self._world.events:
            event.set()


_KINDS: tuple[Kind, ...] = ("step", "set", "wait", "lock", "sleep", "hurry")
_ACTS = st.builds(Act, st.sampled_from(_KINDS), st.integers(0, 1))


def random_programs(tasks_max: int = 3, acts_max: int = 3) -> st.SearchStrategy[RandomProgram]:
    """Programs of up to so many tasks, each with up to so many acts."""
    acts = st.lists(_ACTS, min_size=1, max_size=acts_max).map(tuple)
    return st.builds(RandomProgram, st.lists(acts, min_size=1, max_size=tasks_max).map(tuple), st.booleans())
