"""Programs written for anyio are explored as they are."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import anyio.to_thread

from machines.explore import explore


async def anyio_lost_update() -> int:
    """Two tasks of a task group add one to a number."""
    number = 0

    async def add() -> None:
        nonlocal number
        seen = number
        await anyio.lowlevel.checkpoint()
        number = seen + 1

    async with anyio.create_task_group() as group:
        group.start_soon(add)
        group.start_soon(add)
    return number


def test_a_task_group_is_explored() -> None:
    """All interleavings of a task group's tasks are found."""
    result = explore(anyio_lost_update)
    assert (result.verdict, {each.text for each in result.outcomes}) == ("holds", {"1", "2"})


def test_a_lock_of_anyios_works() -> None:
    """With anyio's lock the number is right under every schedule."""

    async def scenario() -> int:
        number, lock = 0, anyio.Lock()

        async def add() -> None:
            nonlocal number
            async with lock:
                seen = number
                await anyio.sleep(1)
                number = seen + 1

        async with anyio.create_task_group() as group:
            group.start_soon(add)
            group.start_soon(add)
        return number

    result = explore(scenario)
    assert (result.verdict, [each.text for each in result.outcomes]) == ("holds", ["2"])


def test_its_streams_timeouts_and_events_work() -> None:
    """A producer and a consumer over anyio's stream, under a timeout."""

    async def scenario() -> list[int]:
        send, receive = anyio.create_memory_object_stream[int](1)
        got: list[int] = []
        done = anyio.Event()

        async def produce() -> None:
            async with send:
                for number in range(2):
                    await send.send(number)

        async def consume() -> None:
            async with receive:
                got.extend([number async for number in receive])
            done.set()

        with anyio.fail_after(10):
            async with anyio.create_task_group() as group:
                group.start_soon(produce)
                group.start_soon(consume)
                await done.wait()
        return got

    result = explore(scenario)
    assert (result.verdict, [each.text for each in result.outcomes]) == ("holds", ["[0, 1]"])


def test_its_threads_run_inline() -> None:
    """`anyio.to_thread.run_sync` runs its function inline, and the report names that function."""

    def work() -> int:
        return 7

    async def scenario() -> int:
        return await anyio.to_thread.run_sync(work)

    result = explore(scenario)
    assert (result.verdict, [name.rpartition(".")[2] for name in result.inlined]) == ("holds", ["work"])
