"""deadlock01: two tasks take the same two locks in opposite orders.

Shared: two locks, and a counter under both. The bug: each may hold one lock and wait for the other. One
preemption.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write


async def deadlock01() -> None:
    """Two tasks, two locks."""
    counter = Shared(0, "counter")
    left, right = trio.Lock(), trio.Lock()

    async def count(outer: trio.Lock, inner: trio.Lock) -> None:
        async with held(outer), held(inner):
            await write(counter, await read(counter) + 1)

    await together(lambda: count(left, right), lambda: count(right, left))
