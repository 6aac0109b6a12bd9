"""queue: a producer and a consumer take turns at a queue, but may miss their turn.

Shared: the queue's cells and ends, the list of what was put in, and whose turn it is, under a lock. The bug:
after the first element the two ought to take turns, but who comes when it is not its turn skips a round, so
that the consumer compares an element with another one's place in the list.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write

_ROUNDS = 3


class _Queue:
    """State: the cells, where the next element comes from and where the next one goes; what was put in."""

    def __init__(self) -> None:
        self.cells = [Shared(-1, f"cell {place}") for place in range(_ROUNDS)]
        self.head, self.tail = Shared(0, "head"), Shared(0, "tail")
        self.stored = [Shared(-1, f"stored {place}") for place in range(_ROUNDS)]

    async def put(self, element: int, place: int) -> None:
        tail = await read(self.tail)
        await write(self.cells[tail], element)
        await write(self.tail, tail + 1)
        await write(self.stored[place], element)

    async def take(self) -> int:
        head = await read(self.head)
        element = await read(self.cells[head])
        await write(self.head, head + 1)
        return element


async def queue() -> None:
    """So many rounds of each."""
    held_elements, lock = _Queue(), trio.Lock()
    may_put, may_take = Shared(value=True, name="may put"), Shared(value=False, name="may take")

    async def produce() -> None:
        for place in range(_ROUNDS):
            async with held(lock):
                if await read(may_put):
                    await held_elements.put(100 + place, place)
                    await write(may_put, value=False)
                    await write(may_take, value=True)

    async def consume() -> None:
        for place in range(_ROUNDS):
            async with held(lock):
                if await read(may_take):
                    assert await held_elements.take() == await read(held_elements.stored[place])
                    await write(may_take, value=False)
                    await write(may_put, value=True)

    await together(produce, consume)
