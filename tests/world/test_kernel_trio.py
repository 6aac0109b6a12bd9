"""Unmodified trio code behaves on the kernel as it does under `trio.run`, but on virtual time."""

from __future__ import annotations

import contextvars
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import pytest
import trio
import trio.testing

from machines.world.kernel import Execution, loop
from tests.world.programs import First, Function, Picking, every, once, steps, telling, text


def test_sleeping_takes_virtual_time() -> None:
    """A day's sleep is one jump of the clock, to the very second."""
    seen = []

    async def run() -> None:
        await trio.sleep(86_400)
        seen.append(trio.current_time())

    once(run)
    assert seen == [86_400.0]


def test_time_begins_where_it_is_told_to() -> None:
    """An execution that goes on from a quiet world begins at that world's time."""
    with loop().exploring():
        execution = Execution(loop(), First(), start_seconds=100.0)

        async def run() -> None:
            await trio.sleep(2.5)

        execution.spawn("a", run)
        execution.run()
        assert loop().clock.now_ms() == 102_500


def test_time_stands_still_while_a_task_can_step() -> None:
    """However many steps are taken, no time passes until none can be."""
    times = []

    async def busy() -> None:
        for _ in range(100):
            await trio.lowlevel.checkpoint()
        times.append(trio.current_time())

    async def doze() -> None:
        await trio.sleep(0.001)
        times.append(trio.current_time())

    once(doze, busy)
    assert times == [0.0, 0.001]


def test_time_jumps_to_the_nearest_deadline() -> None:
    """Sleepers wake in the order of their deadlines, each at its own time."""
    woken = []

    def sleeper(seconds: float) -> Function:
        async def run() -> None:
            await trio.sleep(seconds)
            woken.append((seconds, trio.current_time()))

        return run

    once(sleeper(3), sleeper(1), sleeper(2))
    assert woken == [(1, 1.0), (2, 2.0), (3, 3.0)]


def test_sleepers_of_one_moment_wake_in_every_order() -> None:
    """Which of several tasks due at the same moment goes first is a choice."""

    def sleepers(log: list[Any]) -> list[Function]:
        async def run(name: str) -> None:
            await trio.sleep(1)
            log.append(name)

        return [lambda: run("a"), lambda: run("b"), lambda: run("c")]

    assert len({run.outcome for run in every(telling(sleepers))}) == 6


def test_timeout_cancels_what_takes_too_long() -> None:
    """`move_on_after` and `fail_after` fire on virtual time, and not before."""
    seen: list[Any] = []

    async def run() -> None:
        with trio.move_on_after(5) as scope:
            await trio.sleep(4.999)
        seen.append(scope.cancelled_caught)
        with trio.move_on_after(5) as scope:
            await trio.sleep(5.001)
        seen.append(scope.cancelled_caught)
        with pytest.raises(trio.TooSlowError), trio.fail_after(1):
            await trio.sleep_forever()
        seen.append(round(trio.current_time(), 3))

    once(run)
    assert seen == [False, True, 10.999]


def test_deadline_that_is_moved_counts_from_its_new_place() -> None:
    """A deadline put off while its task sleeps fires at the new time."""
    seen = []

    async def run() -> None:
        with trio.CancelScope(deadline=1) as scope:
            scope.deadline = 7
            await trio.sleep_forever()
        seen.append(trio.current_time())

    once(run)
    assert seen == [7.0]


def test_many_deadlines_come_and_go() -> None:
    """Thousands of timers that are set and taken back leave the right one standing."""
    seen = []

    async def run() -> None:
        with trio.CancelScope() as scope:
            for number in range(5000):
                scope.deadline = 10_000 - number
            await trio.sleep_forever()
        seen.append(trio.current_time())

    once(run)
    assert seen == [5001.0]


def test_idle_waiters_wake_before_time_passes() -> None:
    """`wait_all_tasks_blocked` returns when nothing can step, the shortest cushion first; no time passes."""
    woken: list[Any] = []

    def idle(cushion: float) -> Function:
        async def run() -> None:
            await trio.testing.wait_all_tasks_blocked(cushion)
            woken.append((cushion, trio.current_time()))

        return run

    async def busy() -> None:
        await steps(5)()
        woken.append("busy")
        await trio.sleep(1)

    once(idle(0.5), idle(0.0), busy)
    assert woken == ["busy", (0.0, 0.0), (0.5, 0.0)]


def test_nursery_waits_for_its_children() -> None:
    """A nursery ends after all its children, in every order of steps."""

    def family(log: list[Any]) -> list[Function]:
        async def child(number: int) -> None:
            await trio.lowlevel.checkpoint()
            log.append(number)

        async def parent() -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child, 1)
                nursery.start_soon(child, 2)
            log.append("end")

        return [parent]

    assert {run.outcome for run in every(telling(family))} == {(1, 2, "end"), (2, 1, "end")}


def test_nursery_start_waits_until_the_child_has_started() -> None:
    """`nursery.start` gives what the child passes to `started`."""
    seen = []

    async def child(task_status: trio.TaskStatus[str]) -> None:
        await trio.sleep(1)
        task_status.started("ready")
        await trio.sleep(1)

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            seen.append(await nursery.start(child))
        seen.append(str(trio.current_time()))

    once(parent)
    assert seen == ["ready", "2.0"]


def test_failure_of_one_child_cancels_the_others() -> None:
    """A child that raises has its siblings cancelled, and the nursery raises a group with its error."""
    told: list[Any] = []

    async def fail() -> None:
        raise ValueError("child")

    async def wait() -> None:
        try:
            await trio.sleep_forever()
        finally:
            told.append("cancelled")

    async def parent() -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(wait)
                nursery.start_soon(fail)
        except* ValueError as group:
            told.append(str(group.exceptions[0]))

    once(parent)
    assert told == ["cancelled", "child"]


def test_channel_keeps_the_order_of_its_sender() -> None:
    """What one task sends another receives in that order, however the two interleave."""

    def sending(log: list[Any]) -> list[Function]:
        send, receive = trio.open_memory_channel[int](1)

        async def sender() -> None:
            async with send:
                for number in range(3):
                    await send.send(number)

        async def receiver() -> None:
            async with receive:
                log.extend([number async for number in receive])

        return [sender, receiver]

    runs = every(telling(sending))
    assert len(runs) > 10
    assert {run.outcome for run in runs} == {(0, 1, 2)}


def test_lock_excludes_in_every_interleaving() -> None:
    """No schedule has two tasks inside one lock."""

    def excluding(log: list[Any]) -> list[Function]:
        lock = trio.Lock()

        async def one(name: str) -> None:
            async with lock:
                log.append(name)
                await trio.lowlevel.checkpoint()
                log.append(name)

        return [lambda: one("a"), lambda: one("b"), lambda: one("c")]

    outcomes = {run.outcome for run in every(telling(excluding))}
    assert len(outcomes) == 6
    assert all(outcome[::2] == outcome[1::2] for outcome in outcomes if isinstance(outcome, tuple))


def test_lost_update_is_found() -> None:
    """Two unprotected increments lose one in some schedules, and not in others."""

    def incrementing(log: list[Any]) -> list[Function]:
        async def increment() -> None:
            before = len(log)
            await trio.lowlevel.checkpoint()
            log[:] = [None] * (before + 1)

        return [increment, increment]

    assert {len(run.outcome) for run in every(telling(incrementing)) if isinstance(run.outcome, tuple)} == {
        1,
        2,
    }


def test_checkpoints_are_counted_as_trio_counts_them() -> None:
    """The test of trio's own for checkpoints works inside an execution."""

    async def run() -> None:
        with trio.testing.assert_checkpoints():
            await trio.sleep(1)
        with trio.testing.assert_no_checkpoints():
            pass
        with pytest.raises(AssertionError), trio.testing.assert_checkpoints():
            pass

    once(run)


def test_system_task_is_never_a_choice() -> None:
    """A system task steps as soon as it can, and stands in no schedule."""
    told: list[str] = []

    async def background() -> None:
        told.append("system")
        await trio.lowlevel.checkpoint()
        told.append("system again")

    async def run() -> None:
        trio.lowlevel.spawn_system_task(background)
        told.append("run")
        await trio.lowlevel.checkpoint()
        told.append("run again")

    chooser = Picking([])
    execution = once(run, chooser=chooser)
    assert (chooser.offers, text(execution)) == ([], "0*2")
    assert told == ["run", "system", "system again", "run again"]


@pytest.mark.parametrize("idempotent", [False, True])
def test_callback_runs_right_after_the_step(*, idempotent: bool) -> None:
    """What is handed to `run_sync_soon` runs before the next step, and is no choice."""
    told: list[str] = []

    async def run() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(told.append, "callback", idempotent=idempotent)
        await trio.lowlevel.checkpoint()
        told.append("next step")

    chooser = Picking([])
    assert text(once(run, chooser=chooser)) == "0*2"
    assert (chooser.offers, told) == ([], ["callback", "next step"])


def test_callback_can_wake_a_task() -> None:
    """A callback that wakes a blocked task is no deadlock."""
    event = trio.Event()

    async def run() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(event.set)
        await event.wait()

    assert text(once(run)) == "0*2"


def test_asynchronous_generator_is_closed_without_a_choice() -> None:
    """A generator that is left half way is closed by trio's system task, which is no choice."""
    told: list[str] = []

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            told.append("closed")

    async def closing() -> None:
        async with aclosing(numbers()) as stream:
            async for number in stream:
                told.append(str(number))
                break

    async def dropping() -> None:
        async for number in numbers():
            told.append(str(number))
            break
        await trio.lowlevel.checkpoint()
        told.append("after")

    chooser = Picking([])
    once(closing, chooser=chooser)
    assert told == ["1", "closed"]
    told.clear()
    with pytest.warns(ResourceWarning, match="was garbage collected before it had been exhausted"):
        once(dropping, chooser=chooser)
    assert told == ["1", "closed", "after"]
    assert chooser.offers == []


def test_run_variables_begin_anew() -> None:
    """A run variable set in one execution is not there in the next."""
    variable = trio.lowlevel.RunVar[int]("number")
    seen = []

    async def run() -> None:
        seen.append(variable.get(0))
        variable.set(1)

    once(run)
    once(run)
    assert seen == [0, 0]


def test_context_of_a_task_is_its_own() -> None:
    """A context variable set by one root task is not seen by another."""
    variable = contextvars.ContextVar("variable", default="outside")
    seen = []

    async def run() -> None:
        seen.append(variable.get())
        variable.set("inside")

    once(run, run)
    assert (seen, variable.get()) == (["outside", "outside"], "outside")


def test_root_can_be_cancelled_from_outside() -> None:
    """Cancelling a root's scope cancels all that it does, children included, and is no failure."""
    told: list[str] = []

    async def child() -> None:
        try:
            await trio.sleep_forever()
        finally:
            told.append("child")

    async def parent() -> None:
        with trio.CancelScope(), trio.move_on_after(9):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(child)
        told.append("never")

    async def cancel() -> None:
        await trio.testing.wait_all_tasks_blocked()
        root.scope.cancel()

    with loop().exploring():
        execution = Execution(loop(), First())
        root = execution.spawn("a", parent)
        execution.spawn("b", cancel)
        execution.run()
        assert loop().clock.seconds == 0
    assert (told, root.done, root.scope.cancelled_caught) == (["child"], True, True)


def test_root_may_be_cancelled_before_its_first_step() -> None:
    """A root whose scope is cancelled before it began is cancelled at its first checkpoint."""
    told: list[str] = []

    async def run() -> None:
        told.append("begun")
        await trio.lowlevel.checkpoint()
        told.append("never")

    with loop().exploring():
        execution = Execution(loop(), First())
        execution.spawn("a", run).scope.cancel()
        execution.run()
    assert told == ["begun"]


def test_cancelling_a_root_that_is_done_changes_nothing() -> None:
    """The scope of a root that has ended cancels nothing."""
    with loop().exploring():
        execution = Execution(loop(), First())
        root = execution.spawn("a", steps(1))

        async def cancel() -> None:
            await trio.lowlevel.checkpoint()
            root.scope.cancel()
            await trio.lowlevel.checkpoint()

        execution.spawn("b", cancel)
        execution.run()
    assert not root.scope.cancelled_caught


def test_nothing_waits_for_ever_on_an_infinite_deadline() -> None:
    """A scope without a deadline holds no timer."""

    async def run() -> None:
        with trio.CancelScope(deadline=math.inf):
            await trio.sleep(1)

    once(run)
    assert loop().runner.deadlines.next_deadline() == math.inf
