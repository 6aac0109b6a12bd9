"""work_stealing_queue: the owner of a queue adds and takes at one end, a thief steals from the other.

The protocol is that of Cilk ("THE": Frigo, Leiserson and Randall, PLDI 1998): each first claims an element
by moving its own end, then looks at the other's, and only if they have met goes through a lock. Shared: the
elements, both ends and the lock, and how often each element was taken. The bug: the thief looks at the
owner's end before it has claimed, so that both may take the last element.
"""

from __future__ import annotations

import trio
from attrs import define, field

from tests.benchmarks.sctbench.shared import Shared, add, held, read, together, write

_ELEMENTS = 3


@define(eq=False)
class _Queue:
    """State: the cells, the thief's end (`head`) and the owner's (`tail`), the lock for when they meet."""

    cells: list[Shared[int]] = field(
        factory=lambda: [Shared(-1, f"cell {place}") for place in range(_ELEMENTS)]
    )
    head: Shared[int] = field(factory=lambda: Shared(0, "head"))
    tail: Shared[int] = field(factory=lambda: Shared(0, "tail"))
    lock: trio.Lock = field(factory=trio.Lock)

    async def push(self, element: int) -> None:
        tail = await read(self.tail)
        await write(self.cells[tail], element)
        await write(self.tail, tail + 1)

    async def pop(self) -> int | None:
        last = await read(self.tail) - 1
        await write(self.tail, last)
        if await read(self.head) <= last:
            return await read(self.cells[last])
        await write(self.tail, last + 1)
        async with held(self.lock):
            if await read(self.head) > last:
                return None
            await write(self.tail, last)
            return await read(self.cells[last])

    async def steal(self) -> int | None:
        async with held(self.lock):
            first = await read(self.head)
            if first >= await read(self.tail):
                return None
            await write(self.head, first + 1)
            return await read(self.cells[first])


async def work_stealing_queue() -> None:
    """The owner adds two elements, takes one, adds a third and takes two; the thief tries twice."""
    queue = _Queue()
    taken = [Shared(0, f"taken {element}") for element in range(_ELEMENTS)]

    async def take(element: int | None) -> None:
        if element is not None:
            await add(taken[element], 1)
            assert await read(taken[element]) == 1

    async def own() -> None:
        await queue.push(0)
        await queue.push(1)
        await take(await queue.pop())
        await queue.push(2)
        await take(await queue.pop())
        await take(await queue.pop())

    async def thieve() -> None:
        for _ in range(2):
            await take(await queue.steal())

    await together(own, thieve)
