"""arithmetic_prog: the sum of an arithmetic progression, whose members are handed over one at a time.

Shared: a slot that is full or empty, under a condition, and the sum. The bug: at the end the sum is claimed
to be anything but what it is, so every schedule fails: the yardstick for finding what cannot be missed.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, checkpoint, read, together, write

_MEMBERS = 3


async def arithmetic_prog() -> None:
    """A producer and a consumer that take turns."""
    full, total = Shared(value=False, name="full"), Shared(0, "total")
    turn = trio.Condition()

    async def wait_until(*, is_full: bool) -> None:
        while await read(full) != is_full:
            await turn.wait()

    async def produce() -> None:
        for _ in range(_MEMBERS):
            async with turn:
                await wait_until(is_full=False)
                await write(full, value=True)
                turn.notify_all()
            await checkpoint()

    async def consume() -> None:
        for member in range(1, _MEMBERS + 1):
            async with turn:
                await wait_until(is_full=True)
                await write(total, await read(total) + member)
                await write(full, value=False)
                turn.notify_all()
            await checkpoint()

    await together(produce, consume)
    assert total.get() != _MEMBERS * (_MEMBERS + 1) // 2
