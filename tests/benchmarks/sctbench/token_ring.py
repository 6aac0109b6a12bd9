"""token_ring: three tasks each pass a number on to the next, and a fourth compares the three.

Shared: the numbers, and who has passed his on, under a lock. The bug: the numbers are the same in the end
only if the tasks come in the order of the ring; nothing sees to it.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write


async def token_ring() -> None:
    """Three tasks in a ring, and one that compares when all are done."""
    numbers = [Shared(start, f"number {place}") for place, start in enumerate((1, 2, 1))]
    done = [Shared(value=False, name=f"done {place}") for place in range(3)]
    lock = trio.Lock()

    async def pass_on(place: int) -> None:
        async with held(lock):
            before = await read(numbers[place - 1])
            await write(numbers[place], before + 1 if place == 0 else before)
            await write(done[place], value=True)

    async def compare() -> None:
        async with held(lock):
            for each in done:
                if not await read(each):
                    return
            first, second, third = [await read(number) for number in numbers]
            assert first == second == third

    await together(lambda: pass_on(0), lambda: pass_on(1), lambda: pass_on(2), compare)
