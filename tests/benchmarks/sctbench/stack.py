"""stack: one task pushes, another one pops, each so many times, under one lock.

Shared: the cells, the number of elements, and whether there ever was one, under a lock. The bug: the task
that pops asks whether there ever was an element, and not whether there is one now.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write

_ROUNDS = 3


async def stack() -> None:
    """So many rounds of each."""
    cells = [Shared(0, f"cell {place}") for place in range(_ROUNDS)]
    height, used = Shared(0, "height"), Shared(value=False, name="used")
    lock = trio.Lock()

    async def push() -> None:
        for element in range(_ROUNDS):
            async with held(lock):
                top = await read(height)
                await write(cells[top], element)
                await write(height, top + 1)
                await write(used, value=True)

    async def pop() -> None:
        for _ in range(_ROUNDS):
            async with held(lock):
                if await read(used):
                    top = await read(height)
                    assert top > 0
                    await write(height, top - 1)
                    await read(cells[top - 1])

    await together(push, pop)
