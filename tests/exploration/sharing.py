"""Small generated trio programs whose tasks meet in every way there is, to compare a reduction on."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import trio
from attrs import define, field

from machines.world.kernel import Execution
from machines.world.recording import ACTIVE

Step = tuple[str, int]
KINDS = (
    "read",
    "write",
    "increment",
    "step",
    "lock",
    "unlock",
    "set",
    "is set",
    "wait",
    "send",
    "receive",
    "semaphore",
    "cancel",
    "child",
    "children",
    "sleep",
    "own scope",
)


def random_program(stream: random.Random) -> list[list[Step]]:
    """Two tasks of up to four steps, or three of up to three."""
    tasks = stream.randint(2, 3)
    longest = 4 if tasks == 2 else 3
    return [
        [(stream.choice(KINDS), stream.randint(0, 1)) for _ in range(stream.randint(1, longest))]
        for _ in range(tasks)
    ]


def cancels(program: list[list[Step]]) -> bool:
    """Whether a task cancels another one."""
    return any(kind == "cancel" for task in program for kind, _ in task)


@define(eq=False)
class Variable:
    """A shared variable that says who reads and writes it."""

    name: str
    value: Any = 0

    def get(self) -> Any:
        """Read it."""
        for recorder in ACTIVE:
            recorder.read(self.name)
        return self.value

    def set(self, value: Any) -> None:
        """Write it."""
        for recorder in ACTIVE:
            recorder.write(self.name)
        self.value = value


@define(eq=False)
class World:
    """What the tasks of one execution share, and what each of them saw."""

    program: list[list[Step]]
    variables: list[Variable] = field(factory=lambda: [Variable("x0"), Variable("x1")])
    events: list[trio.Event] = field(factory=lambda: [trio.Event(), trio.Event()])
    lock: trio.Lock = field(factory=trio.Lock)
    semaphore: trio.Semaphore = field(factory=lambda: trio.Semaphore(1))
    channel: Any = field(factory=lambda: trio.open_memory_channel[Any](1))
    scopes: list[trio.CancelScope] = field(factory=list)
    seen: dict[str, list[Any]] = field(factory=dict)

    def start(self, execution: Execution) -> None:
        """Spawn the tasks."""
        for number, steps in enumerate(self.program):
            root = execution.spawn(f"t{number}", self.task, f"t{number}", number, steps)
            self.scopes.append(root.scope)

    def outcome(self) -> str:
        """What came of it."""
        return repr((sorted(self.seen.items()), [variable.value for variable in self.variables]))

    async def task(self, name: str, number: int, steps: list[Step]) -> None:
        """Perform the steps."""
        seen = self.seen.setdefault(name, [])
        for kind, which in steps:
            await _DO[kind](self, seen, number, which)
        if self.lock.statistics().owner is trio.lowlevel.current_task():
            self.lock.release()


async def _read(world: World, seen: list[Any], _number: int, which: int) -> None:
    seen.append(world.variables[which].get())
    await trio.lowlevel.checkpoint()


async def _write(world: World, seen: list[Any], number: int, which: int) -> None:
    world.variables[which].set((number, len(seen)))
    await trio.lowlevel.checkpoint()


async def _increment(world: World, _seen: list[Any], _number: int, which: int) -> None:
    before = world.variables[which].get()
    await trio.lowlevel.checkpoint()
    world.variables[which].set(before + 1 if isinstance(before, int) else before)


async def _step(_world: World, _seen: list[Any], _number: int, _which: int) -> None:
    await trio.lowlevel.checkpoint()


async def _lock(world: World, _seen: list[Any], _number: int, _which: int) -> None:
    if world.lock.statistics().owner is not trio.lowlevel.current_task():
        await world.lock.acquire()


async def _unlock(world: World, _seen: list[Any], _number: int, _which: int) -> None:
    if world.lock.statistics().owner is trio.lowlevel.current_task():
        world.lock.release()


async def _set(world: World, _seen: list[Any], _number: int, which: int) -> None:
    world.events[which].set()


async def _is_set(world: World, seen: list[Any], _number: int, which: int) -> None:
    seen.append(world.events[which].is_set())
    await trio.lowlevel.checkpoint()


async def _wait(world: World, seen: list[Any], _number: int, which: int) -> None:
    with trio.move_on_after(1) as scope:
        await world.events[which].wait()
    seen.append(scope.cancelled_caught)


async def _send(world: World, seen: list[Any], number: int, _which: int) -> None:
    try:
        world.channel[0].send_nowait((number, len(seen)))
        await trio.lowlevel.checkpoint()
    except trio.WouldBlock:
        seen.append("full")


async def _receive(world: World, seen: list[Any], _number: int, _which: int) -> None:
    with trio.move_on_after(1):
        seen.append(await world.channel[1].receive())


async def _semaphore(world: World, _seen: list[Any], _number: int, _which: int) -> None:
    async with world.semaphore:
        await trio.lowlevel.checkpoint()


async def _cancel(world: World, _seen: list[Any], number: int, _which: int) -> None:
    world.scopes[(number + 1) % len(world.scopes)].cancel()


async def _child(world: World, seen: list[Any], number: int, which: int) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.task, f"child of t{number} at {len(seen)}", number, [("write", which)])


async def _children(world: World, seen: list[Any], number: int, which: int) -> None:
    async with trio.open_nursery() as nursery:
        for twin in "ab":
            name = f"twin {twin} of t{number} at {len(seen)}"
            nursery.start_soon(world.task, name, number, [("step", which)])


async def _sleep(_world: World, _seen: list[Any], _number: int, _which: int) -> None:
    await trio.sleep(1)


async def _own_scope(_world: World, _seen: list[Any], _number: int, _which: int) -> None:
    with trio.CancelScope() as scope:
        scope.cancel()
        await trio.lowlevel.checkpoint()


_DO: dict[str, Callable[..., Any]] = dict(
    zip(
        KINDS,
        (
            _read,
            _write,
            _increment,
            _step,
            _lock,
            _unlock,
            _set,
            _is_set,
            _wait,
            _send,
            _receive,
            _semaphore,
            _cancel,
            _child,
            _children,
            _sleep,
            _own_scope,
        ),
        strict=True,
    )
)
