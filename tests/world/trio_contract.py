"""What the kernel needs of trio, as a script: `python -m tests.world.trio_contract` prints what it found.

It is run in a process of its own, with the trio that is to be tried first on the path. It needs nothing but
trio and its dependencies: no pytest, which may not go with that trio. Every line that it prints is the same
for every trio.
"""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

import trio
import trio.testing

from machines.world.errors import ExecutionError
from machines.world.kernel import Execution, loop
from tests.world.programs import First, Function, Picking, Program, every, telling


def locking(log: list[Any]) -> list[Function]:
    """A lock with a time limit, contended for."""
    lock = trio.Lock()

    def one(name: str) -> Function:
        async def run() -> None:
            with trio.move_on_after(1) as scope:
                async with lock:
                    log.append(name)
                    await trio.sleep(2)
            log.append(scope.cancelled_caught)

        return run

    return [one("a"), one("b")]


def channelling(log: list[Any]) -> list[Function]:
    """A channel from one task to another, in a nursery."""

    async def send(channel: trio.MemorySendChannel[int]) -> None:
        async with channel:
            for number in range(3):
                await channel.send(number)

    async def parent() -> None:
        sending, receiving = trio.open_memory_channel[int](0)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(send, sending)
            log.extend([number async for number in receiving])

    return [parent]


def cancelling(log: list[Any]) -> list[Function]:
    """A nursery whose children are cancelled by the failure of one."""

    async def wait(number: int) -> None:
        try:
            await trio.Event().wait()
        finally:
            log.append(number)

    async def fail() -> None:
        await trio.testing.wait_all_tasks_blocked()
        raise ValueError("child")

    async def parent() -> None:
        try:
            async with trio.open_nursery() as nursery:
                for number in range(2):
                    nursery.start_soon(wait, number)
                nursery.start_soon(fail)
        except* ValueError:
            log.append("failed")

    return [parent]


def waking(log: list[Any]) -> list[Function]:
    """An event, a semaphore, a condition and a callback."""
    event, semaphore = trio.Event(), trio.Semaphore(0)

    async def waiter() -> None:
        await event.wait()
        semaphore.release()
        log.append("woken")

    async def waker() -> None:
        trio.lowlevel.current_trio_token().run_sync_soon(event.set)
        await semaphore.acquire()
        log.append("released")

    return [waiter, waker]


def generating(log: list[Any]) -> list[Function]:
    """Asynchronous generators, closed in time."""

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(3):
                await trio.sleep(1)
                yield number
        finally:
            log.append("closed")

    async def run() -> None:
        stream = numbers()
        log.extend([number async for number in stream])
        await stream.aclose()
        log.append(trio.current_time())

    return [run, run]


PROGRAMS: tuple[Callable[[list[Any]], list[Function]], ...] = (
    locking,
    channelling,
    cancelling,
    waking,
    generating,
)


def explorations() -> list[str]:
    """How many schedules each program has, and what can come out."""
    lines = []
    for make in PROGRAMS:
        program: Program = telling(make)
        runs = every(program)
        outcomes = sorted({str(run.outcome) for run in runs})
        lines.append(f"{make.__name__}: {len(runs)} schedules, {len(outcomes)} outcomes, first {outcomes[0]}")
    return lines


def error_of(function: Function, *picks: int | str) -> str:
    """What an execution of one task fails with."""
    with loop().exploring():
        execution = Execution(loop(), Picking(list(picks)))
        execution.spawn("a", function, node="n")
        try:
            execution.run()
        except ExecutionError as error:
            return f"{type(error).__name__}: {error}".split(" at world/")[0]
    return "no error"


async def deadlock() -> None:
    """Waits for itself."""
    async with trio.open_nursery() as nursery, trio.Lock() as lock:
        del lock
        nursery.start_soon(trio.sleep_forever)
        await trio.Event().wait()


async def thread() -> None:
    """Uses a thread."""
    await trio.to_thread.run_sync(time.monotonic)


async def readable() -> None:
    """Uses a descriptor."""
    await trio.lowlevel.wait_readable(0)


async def foreign() -> None:
    """Uses another framework."""

    class Future:
        def __await__(self) -> Any:
            yield "a future"

    await Future()


def freezing() -> str:
    """A crash in the middle, and what is left of it."""
    told = []

    async def serve() -> None:
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(trio.sleep, 60)
                await trio.sleep_forever()
        finally:
            await trio.lowlevel.checkpoint()
            told.append("never")

    async def crash() -> None:
        execution.freeze("n")

    with loop().exploring():
        execution = Execution(loop(), First())
        execution.spawn("server", serve, node="n")
        execution.spawn("crash", crash)
        execution.run()
        left = len(loop().runner.tasks) - len(loop().residents)
    return f"frozen {len(execution.frozen)}, left {left}, told {told}, at {loop().clock.seconds}"


def cancelled_root() -> str:
    """A root task that is cancelled from outside while it is deep inside scopes of its own."""
    with loop().exploring():
        execution = Execution(loop(), First())

        async def run() -> None:
            with trio.CancelScope(), trio.move_on_after(9):
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(trio.sleep_forever)

        async def cancel() -> None:
            await trio.testing.wait_all_tasks_blocked()
            root.scope.cancel()

        root = execution.spawn("a", run)
        execution.spawn("b", cancel)
        execution.run()
    return f"caught {root.scope.cancelled_caught}, at {loop().clock.seconds}"


def ordinary() -> str:
    """An ordinary run beside the explorations."""

    async def main() -> str:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.sleep, 0)
        return await trio.to_thread.run_sync(lambda: "done")

    return trio.run(main)


def main() -> None:
    """Print everything."""
    lines = [
        f"before: {ordinary()}",
        *explorations(),
        *(error_of(function) for function in (deadlock, thread, readable, foreign)),
        freezing(),
        cancelled_root(),
        f"after: {ordinary()}",
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write(f"{trio.__version__}\n")


if __name__ == "__main__":
    main()
