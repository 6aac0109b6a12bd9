"""circular_buffer: a sender and a receiver take turns at a ring buffer, but may miss their turn.

Shared: the ring, and whose turn it is, under a lock. The bug: who comes when it is not its turn does not
wait but goes on with its next round, so that the receiver may expect the second element and find the first.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write

_ROUNDS = 3


async def circular_buffer() -> None:
    """So many rounds of each."""
    ring = [Shared(-1, f"ring {place}") for place in range(_ROUNDS)]
    first, free = Shared(0, "first"), Shared(0, "free")
    may_send, may_receive = Shared(value=True, name="may send"), Shared(value=False, name="may receive")
    lock = trio.Lock()

    async def send() -> None:
        for element in range(_ROUNDS):
            async with held(lock):
                if await read(may_send):
                    place = await read(free)
                    await write(ring[place], element)
                    await write(free, (place + 1) % _ROUNDS)
                    await write(may_send, value=False)
                    await write(may_receive, value=True)

    async def receive() -> None:
        for element in range(_ROUNDS):
            async with held(lock):
                if await read(may_receive):
                    place = await read(first)
                    assert await read(ring[place]) == element
                    await write(first, (place + 1) % _ROUNDS)
                    await write(may_receive, value=False)
                    await write(may_send, value=True)

    await together(send, receive)
