"""wronglock: one task guards a number by one lock, the others by another.

Shared: the number, and two locks. The bug: the locks do not exclude each other, so that the number may
change while the first task holds its lock. One preemption.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Scenario, Shared, held, read, together, write


def wrong_lock(others: int) -> Scenario:
    """One task with the right lock, and so many others."""

    async def scenario() -> None:
        number = Shared(0, "number")
        right, wrong = trio.Lock(), trio.Lock()

        async def increase_alone() -> None:
            async with held(right):
                before = await read(number)
                await write(number, before + 1)
                assert await read(number) == before + 1

        async def increase() -> None:
            async with held(wrong):
                await write(number, await read(number) + 1)

        await together(increase_alone, *[increase] * others)

    return scenario
