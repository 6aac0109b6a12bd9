"""bluetooth_driver: a request enters a driver while the driver is being stopped.

Shared: the number of requests inside (one stands for the driver itself), whether it is stopping, an event
for "nobody is inside any more", and whether it has stopped. The bug: a request looks whether the driver is
stopping, and only then counts itself in; between the two the driver may stop altogether. One preemption.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, add, checkpoint, read, together, write


async def bluetooth_driver() -> None:
    """A request and a stop."""
    inside = Shared(1, "inside")
    stopping, stopped = Shared(value=False, name="stopping"), Shared(value=False, name="stopped")
    empty = trio.Event()

    async def leave() -> None:
        await add(inside, -1)
        if await read(inside) == 0:
            empty.set()
            await checkpoint()

    async def request() -> None:
        if await read(stopping):
            return
        await add(inside, 1)
        assert not await read(stopped)
        await leave()

    async def stop() -> None:
        await write(stopping, value=True)
        await leave()
        await empty.wait()
        await write(stopped, value=True)

    await together(request, stop)
