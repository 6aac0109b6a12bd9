"""sync01 and sync02: one task adds when a counter is empty, another takes away when it is not.

Shared: the counter, under a condition. The bug, in every schedule: the counter starts with one more (sync01)
than is ever taken away, so that the task that adds waits for ever; or with one less than nothing (sync02),
so that what is added never makes it full and the task that takes away waits for ever.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Scenario, Shared, checkpoint, read, together, write


def _sync(start: int, rounds: int) -> Scenario:
    async def scenario() -> None:
        counter = Shared(start, "counter")
        changed = trio.Condition()

        async def put() -> None:
            for _ in range(rounds):
                async with changed:
                    while await read(counter) > 0:
                        await changed.wait()
                    await write(counter, await read(counter) + 1)
                    changed.notify_all()
                await checkpoint()

        async def take() -> None:
            for _ in range(rounds):
                async with changed:
                    while await read(counter) <= 0:
                        await changed.wait()
                    await write(counter, await read(counter) - 1)
                    changed.notify_all()
                await checkpoint()

        await together(put, take)

    return scenario


sync01 = _sync(start=2, rounds=1)
sync02 = _sync(start=-1, rounds=2)
