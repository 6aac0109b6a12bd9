"""twostage: tasks write a first number under one lock, and then a second, made from it, under another.

Shared: the two numbers, each under a lock of its own. The bug: a task that reads both, in the same way, may
come between the two stages, and finds that the second does not follow from the first. With n tasks that
write, none may have come to its second stage.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Scenario, Shared, held, read, together, write


def two_stage(tasks: int) -> Scenario:
    """That many tasks in all, of which one reads."""

    async def scenario() -> None:
        first, second = Shared(0, "first"), Shared(0, "second")
        first_lock, second_lock = trio.Lock(), trio.Lock()

        async def set_both() -> None:
            async with held(first_lock):
                await write(first, 1)
            async with held(second_lock):
                await write(second, await read(first) + 1)

        async def look() -> None:
            async with held(first_lock):
                seen = await read(first)
            if seen == 0:
                return
            async with held(second_lock):
                assert await read(second) == seen + 1

        await together(*[set_both] * (tasks - 1), look)

    return scenario
