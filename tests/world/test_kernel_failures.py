"""What no correct program does fails its execution, with words that say who did what and where."""

from __future__ import annotations

import contextlib
import gc
import re
import time
from collections.abc import Awaitable, Callable

import pytest
import trio

from machines.world.errors import (
    DeadlockError,
    ExecutionError,
    LeftoverTasksError,
    RefusedError,
    StepLimitError,
    TaskFailedError,
    UnawaitedCoroutineError,
)
from machines.world.kernel import Execution, loop
from tests.world.programs import Function, Picking, once, steps


def message_of(kind: type[ExecutionError], *functions: Function) -> str:
    """The words of the error that an execution of these tasks fails with."""
    with pytest.raises(kind) as raised:
        once(*functions)
    assert raised.type is kind
    return str(raised.value)


def test_deadlock_names_who_waits_for_whom() -> None:
    """Two tasks that wait for each other's lock are named, with the lock's owner and the line."""
    left, right = trio.Lock(), trio.Lock()

    def both(one: trio.Lock, two: trio.Lock) -> Function:
        async def run() -> None:
            async with one:
                await trio.lowlevel.checkpoint()
                await two.acquire()

        return run

    with pytest.raises(DeadlockError) as raised:
        once(both(left, right), both(right, left), chooser=Picking([0, 1, 0, 1]))
    assert re.fullmatch(
        r"nothing can step and no timer is pending\. "
        r"a waits for Lock\.acquire held by b at "
        r"(?P<line>world/test_kernel_failures\.py:\d+ `await two\.acquire\(\)`); "
        r"b waits for Lock\.acquire held by a at (?P=line)",
        str(raised.value),
    )


@pytest.mark.parametrize(
    ("wait", "what"),
    [
        (trio.Event().wait, "Event.wait"),
        (trio.Semaphore(0).acquire, "Semaphore.acquire"),
        (trio.sleep_forever, "trio.sleep_forever"),
        (trio.open_memory_channel[int](0)[1].receive, "MemoryReceiveChannel.receive"),
    ],
)
def test_deadlock_names_what_is_waited_for(wait: Callable[[], Awaitable[object]], what: str) -> None:
    """A task that waits for ever is reported with the primitive of trio's that it waits in."""

    async def run() -> None:
        await wait()

    assert f"a waits for {what} at world/test_kernel_failures.py" in message_of(DeadlockError, run)


def test_deadlock_in_a_nursery_names_the_children() -> None:
    """A parent waits for its children, each of which is reported as well."""

    async def child() -> None:
        await trio.sleep_forever()

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(child, name="inner")

    told = message_of(DeadlockError, parent)
    assert "a waits for its child tasks (inner)" in told
    assert "inner waits for trio.sleep_forever" in told


def test_left_over_task_is_reported() -> None:
    """A task that outlives the program, started as a system task, is reported with what it waits for."""

    async def run() -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever, name="background")

    told = message_of(LeftoverTasksError, run)
    assert told.startswith(
        "the program has ended, these tasks have not: background waits for trio.sleep_forever"
    )


def test_unawaited_coroutine_is_reported() -> None:
    """A call whose coroutine is dropped never happened, and is named."""

    async def save() -> None:
        raise AssertionError

    async def run() -> None:
        save()  # type: ignore[unused-coroutine]  # the defect under test

    assert message_of(UnawaitedCoroutineError, run) == (
        "never awaited: test_unawaited_coroutine_is_reported.<locals>.save: the call never happened"
    )


def test_failed_task_is_reported_with_its_error() -> None:
    """An exception that nobody handles fails the execution, which names the task and keeps the cause."""
    error = ValueError("seven")

    async def fail() -> None:
        raise error

    with pytest.raises(TaskFailedError, match=r"^a ended with ValueError: seven$") as raised:
        once(fail, steps(2))
    assert raised.value.__cause__ is error


def test_failed_child_is_reported_by_its_own_error() -> None:
    """Out of the groups that nurseries wrap errors in, the errors themselves are told."""

    async def fail(error: Exception) -> None:
        raise error

    async def parent() -> None:
        async with trio.open_nursery() as nursery, trio.open_nursery() as inner:
            nursery.start_soon(fail, KeyError("key"))
            inner.start_soon(fail, ValueError("value"))

    assert message_of(TaskFailedError, parent) == "a ended with KeyError: 'key' and ValueError: value"


def test_program_that_fails_still_comes_to_its_end() -> None:
    """The other tasks go on after one has failed, as clients of a service would."""
    ended = []

    async def fail() -> None:
        raise ValueError

    async def go_on() -> None:
        await trio.sleep(9)
        ended.append("b")

    with pytest.raises(TaskFailedError):
        once(fail, go_on)
    assert ended == ["b"]


def test_stray_cancellation_is_a_failure() -> None:
    """A `Cancelled` raised outside the scope that it belongs to fails its task, and no more than that."""

    async def run() -> None:
        caught: list[BaseException] = []
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.lowlevel.checkpoint()
            except trio.Cancelled as cancelled:
                caught.append(cancelled)
                raise
        raise caught[0]

    assert message_of(TaskFailedError, run).startswith("a ended with Cancelled: ")
    assert not loop().broken


def test_foreign_awaitable_is_refused() -> None:
    """A task that awaits something of another framework is told so."""

    class Foreign:
        def __await__(self) -> object:
            return iter(["a future"])

    async def run() -> None:
        await Foreign()  # type: ignore[misc]  # the defect under test

    assert "'a future', which is not trio's: it belongs to another framework" in message_of(
        TaskFailedError, run
    )


def test_swallowed_refusal_fails_the_execution_all_the_same() -> None:
    """Code that catches every error cannot hide that it reached for the real world."""

    async def run() -> None:
        with contextlib.suppress(Exception):
            time.sleep(1)  # noqa: ASYNC251 - what is refused

    assert message_of(RefusedError, run).startswith("time.sleep inside an execution")


def test_failing_callback_is_reported() -> None:
    """A function handed to `run_sync_soon` that raises fails the execution."""

    async def run() -> None:
        def callback() -> None:
            raise ValueError("late")

        trio.lowlevel.current_trio_token().run_sync_soon(callback)
        await trio.lowlevel.checkpoint()

    assert message_of(TaskFailedError, run) == "a run_sync_soon callback ended with ValueError: late"


def test_failing_system_task_fails_the_execution_and_not_the_next() -> None:
    """A system task that raises, the end of a runner of trio's, costs this loop and nothing else."""

    async def fail() -> None:
        raise ValueError("system")

    async def run() -> None:
        trio.lowlevel.spawn_system_task(fail, name="background")
        await trio.sleep(1)

    assert message_of(TaskFailedError, run) == "the system task background ended with ValueError: system"
    assert once(steps(2)).tokens == [0, 0]


def test_endless_system_task_meets_the_step_limit() -> None:
    """A system task that never blocks cannot hang the exploration."""

    async def endless() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    async def run() -> None:
        trio.lowlevel.spawn_system_task(endless, name="background")

    with pytest.raises(StepLimitError, match="the system task background has not ended after 100 steps"):
        once(run, steps_max=100)


async def failing() -> None:
    """Raises."""
    await trio.lowlevel.checkpoint()
    raise ValueError


async def deadlocked() -> None:
    """Waits for ever, in a child task too."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        await trio.Event().wait()


async def leaving() -> None:
    """Leaves a task behind."""
    trio.lowlevel.spawn_system_task(trio.sleep_forever)
    await trio.lowlevel.checkpoint()


async def clinging() -> None:
    """Does not give way to a cancellation."""
    while True:
        with trio.CancelScope(shield=True):
            await trio.sleep_forever()


@pytest.mark.parametrize("function", [failing, deadlocked, leaving, clinging])
def test_nothing_is_left_of_executions_that_fail(function: Function) -> None:
    """After 1,000 executions that fail no task is left in the runner, and no memory has grown."""

    def fail_often(times: int) -> None:
        with loop().exploring():
            for _ in range(times):
                execution = Execution(loop(), Picking([]))
                execution.spawn("a", function)
                execution.spawn("b", steps(2))
                with pytest.raises(ExecutionError):
                    execution.run()

    fail_often(20)
    gc.collect()
    tasks, objects = len(loop().runner.tasks), len(gc.get_objects())
    fail_often(1000)
    assert len(loop().runner.tasks) == tasks
    assert len(gc.get_objects()) < objects + 100


def test_what_is_left_unwinds_before_the_next_execution() -> None:
    """Tasks that are left are cancelled, and their `finally` blocks run, before `run` returns."""
    unwound = []

    async def wait() -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.lowlevel.checkpoint()
            unwound.append(True)

    with pytest.raises(DeadlockError):
        once(wait)
    assert unwound == [True]


def test_execution_that_was_never_run_is_cleared_away() -> None:
    """Tasks that were spawned and never run do not turn up in the next execution."""
    with loop().exploring():
        Execution(loop(), Picking([])).spawn("never", steps(1))
        execution = Execution(loop(), Picking([]))
        execution.spawn("a", steps(2))
        execution.run()
    assert execution.tokens == [0, 0]
