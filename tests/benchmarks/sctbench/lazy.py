"""lazy01: two tasks add to a number, a third looks at it, all under one lock.

Shared: the number and the lock. The bug: the third task takes for granted that it sees the number before
both have added to it. 2 of the 6 orders of the three fail.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write


async def lazy01() -> None:
    """Three tasks, one lock."""
    number = Shared(0, "number")
    lock = trio.Lock()

    async def increase(amount: int) -> None:
        async with held(lock):
            await write(number, await read(number) + amount)

    async def look() -> None:
        async with held(lock):
            assert await read(number) < 3

    await together(lambda: increase(1), lambda: increase(2), look)
