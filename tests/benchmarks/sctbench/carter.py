"""carter01: two groups share a resource; the first of a group locks it for all, and the last unlocks it.

Shared: a counter for each group, a lock around the counters, and the lock of the resource. The bug: the
first of a group waits for the resource while it holds the lock around the counters, which the other group
needs to give the resource back: they wait for each other. One preemption.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, checkpoint, held, read, together, write


async def carter01() -> None:
    """One member of each group, and two tasks that have nothing to do with them."""
    counting, resource = trio.Lock(), trio.Lock()
    groups = Shared(0, "one group"), Shared(0, "other group")
    used = Shared(0, "used")

    async def member(place: int) -> None:
        async with held(counting):
            count = await read(groups[place]) + 1
            await write(groups[place], count)
            if count == 1:
                await resource.acquire()
        await write(used, place)
        async with held(counting):
            count = await read(groups[place]) - 1
            await write(groups[place], count)
            if count == 0:
                resource.release()
                await checkpoint()

    await together(lambda: member(0), lambda: member(1), checkpoint, checkpoint)
