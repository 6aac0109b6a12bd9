"""account: one deposit, one withdrawal and an audit, all under one lock.

Shared: the balance, and whether the deposit and the withdrawal are done. The bug: the audit expects what the
balance would be without the deposit, so it fails if it comes after both.
"""

from __future__ import annotations

import trio

from tests.benchmarks.sctbench.shared import Shared, held, read, together, write

_BEFORE, _DEPOSIT, _WITHDRAWAL = 10, 5, 3


async def account() -> None:
    """Three tasks, one lock: 2 of the 6 orders of the three fail."""
    balance = Shared(_BEFORE, "balance")
    deposited, withdrawn = Shared(value=False, name="deposited"), Shared(value=False, name="withdrawn")
    lock = trio.Lock()

    async def deposit() -> None:
        async with held(lock):
            await write(balance, await read(balance) + _DEPOSIT)
            await write(deposited, value=True)

    async def withdraw() -> None:
        async with held(lock):
            await write(balance, await read(balance) - _WITHDRAWAL)
            await write(withdrawn, value=True)

    async def audit() -> None:
        async with held(lock):
            if await read(deposited) and await read(withdrawn):
                assert await read(balance) == _BEFORE - _WITHDRAWAL

    await together(deposit, withdraw, audit)
