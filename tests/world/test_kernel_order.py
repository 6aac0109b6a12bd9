"""The order of runnable tasks depends on the program alone: not on addresses, hashes, or garbage."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import trio
import trio.testing

from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from tests.project.tree import ROOT
from tests.world.programs import Function, Picking, Program, Run, every, explored, once, telling, text


def cancelled_together(log: list[Any]) -> list[Function]:
    """Twelve tasks in one nursery that is cancelled while all of them wait."""

    async def wait(number: int) -> None:
        try:
            await trio.sleep_forever()
        finally:
            log.append(number)

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()
            nursery.cancel_scope.cancel()

    return [parent]


def woken_together(log: list[Any]) -> list[Function]:
    """Twelve waiters of one event, which trio wakes in the order of a set."""

    async def wait(number: int, event: trio.Event) -> None:
        await event.wait()
        log.append(number)

    async def parent() -> None:
        event = trio.Event()
        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(wait, number, event)
            await trio.testing.wait_all_tasks_blocked()
            event.set()

    return [parent]


def due_together(log: list[Any]) -> list[Function]:
    """Twelve timers for the same moment, which trio would expire in the order of addresses."""

    async def wait(number: int) -> None:
        with trio.move_on_after(5):
            await trio.sleep_forever()
        log.append(number)

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(12):
                nursery.start_soon(wait, number)
            await trio.testing.wait_all_tasks_blocked()

    return [parent]


@pytest.mark.parametrize("make", [cancelled_together, woken_together, due_together])
def test_tasks_that_wake_together_go_on_in_the_order_of_creation(
    make: Callable[[list[Any]], list[Function]],
) -> None:
    """What trio wakes in the order of a set or of addresses steps in the order of creation."""
    for _ in range(20):
        assert first(telling(make)).outcome == tuple(range(12))


def first(program: Program) -> Run:
    """The execution in which every task goes on as long as it can."""
    [run] = explored(Replay(Schedule(), lenient=True), program)
    return run


def test_equal_deadlines_expire_in_the_order_of_their_registration() -> None:
    """Two scopes of one task with one deadline: the one that was entered first is cancelled first."""
    caught = []

    async def run() -> None:
        inner, outer = trio.CancelScope(deadline=3), trio.CancelScope(deadline=3)
        with outer, inner:
            await trio.sleep_forever()
        caught.append((outer.cancelled_caught, inner.cancelled_caught))

    for _ in range(10):
        once(run)
    assert set(caught) == {(True, False)}


def test_who_became_runnable_first_is_offered_first() -> None:
    """Of two blocked tasks the one that was woken first stands first, whenever they were created."""
    events = [trio.Event(), trio.Event()]
    chooser = Picking([])

    def waiting(event: trio.Event) -> Function:
        return event.wait

    async def wake() -> None:
        events[1].set()
        await trio.lowlevel.checkpoint()
        events[0].set()

    execution = once(waiting(events[0]), waiting(events[1]), wake, chooser=chooser)
    assert text(execution) == "0 1 2*2 1 0"
    assert chooser.offers[-1] == (1, 0)


def test_collecting_garbage_is_off_while_exploring() -> None:
    """No finalizer runs at a moment that depends on how much garbage there is."""
    during = []

    async def look() -> None:
        during.append(gc.isenabled())

    once(look)
    assert (during, gc.isenabled()) == ([False], True)


_PRINTING = """\
from tests.world.test_kernel_order import print_everything
print_everything()
"""


def print_everything() -> None:
    """What a fresh process finds: every schedule and outcome of programs full of sets and equal deadlines."""
    for make in (cancelled_together, woken_together, due_together):
        print(first(telling(make)))  # noqa: T201 - the other process reads it
    for make in (queueing, strings_in_sets):
        for run in every(telling(make)):
            print(run)  # noqa: T201 - the other process reads it


def queueing(log: list[Any]) -> list[Function]:
    """Three tasks that queue for a lock with a time limit, all of them equal."""
    lock = trio.Lock()

    def one(name: str) -> Function:
        async def run() -> None:
            with trio.move_on_after(1):
                async with lock:
                    log.append(name)
                    await trio.sleep(2)

        return run

    return [one("a"), one("b"), one("c")]


def strings_in_sets(log: list[Any]) -> list[Function]:
    """Tasks that are woken through a set of objects with random hashes."""
    waiting: set[trio.Event] = set()

    def one(name: str) -> Function:
        async def run() -> None:
            event = trio.Event()
            waiting.add(event)
            await event.wait()
            log.append(name)

        return run

    async def wake() -> None:
        await trio.testing.wait_all_tasks_blocked()
        for event in waiting:
            event.set()

    return [one("a"), one("b"), one("c"), wake]


def test_processes_with_different_hashes_find_the_same() -> None:
    """Fresh processes with different hash seeds print the same schedules and outcomes, in the same order."""
    printed = {
        subprocess.run(  # noqa: S603 - the command is written in this file
            [sys.executable, "-c", _PRINTING],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }
    [only] = printed
    assert len(only.splitlines()) > 50
