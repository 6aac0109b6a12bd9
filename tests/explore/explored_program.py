"""A program as users have them in a file: with a check, and a limit of its own."""

from __future__ import annotations

import trio

HANG_AFTER = 100


class Account:
    """Money. State: how much."""

    def __init__(self, balance: int) -> None:
        self.balance = balance


async def transfer(source: Account, target: Account, amount: int) -> None:
    """Move money if there is enough."""
    if source.balance >= amount:
        await trio.lowlevel.checkpoint()
        source.balance -= amount
        target.balance += amount


async def two_transfers() -> tuple[int, int]:
    """Two transfers between the same accounts."""
    ann, bob = Account(100), Account(0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(transfer, ann, bob, 80)
        nursery.start_soon(transfer, ann, bob, 50)
    return ann.balance, bob.balance


async def one_transfer() -> tuple[int, int]:
    """A transfer alone; it says what it does."""
    ann, bob = Account(100), Account(0)
    await transfer(ann, bob, 80)
    print("transferred")  # noqa: T201 - as user code does
    return ann.balance, bob.balance


async def slow() -> tuple[int, int]:
    """Takes 150 virtual seconds."""
    await trio.sleep(150)
    return 0, 0


def check(outcome: tuple[int, int]) -> None:
    """No account is overdrawn."""
    if min(outcome) < 0:
        raise ValueError(f"overdrawn: {outcome}")
