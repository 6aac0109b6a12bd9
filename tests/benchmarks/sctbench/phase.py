"""phase01: two tasks go through two phases, each guarded by a lock.

Shared: the locks of the phases, and a counter. The bug: the lock of the second phase is never given back, so
whoever comes second never gets it, in every schedule.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write


async def phase01() -> None:
    """Two tasks; the first one that reaches phase two leaves it locked."""
    counter = Shared(0, "counter")
    phase_one, phase_two = trio.Lock(), trio.Lock()

    async def pass_through() -> None:
        async with held(phase_one):
            await write(counter, await read(counter) + 1)
        await phase_two.acquire()
        await write(counter, await read(counter) + 1)

    await together(pass_through, pass_through)
