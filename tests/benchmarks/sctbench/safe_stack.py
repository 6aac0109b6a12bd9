"""safestack: a lock-free stack of cells, linked by indices, from which three tasks take and give back.

The algorithm is Vyukov's, who posed it as a challenge to model checkers: a counter keeps the last cell from
being taken, and the link of a cell that is being taken is exchanged for a mark, which is to prevent the ABA
problem. Shared: the head, the counter, the links, and the owner written into each cell. The bug: a link that
is put back after a failed attempt overwrites one that was made since; two tasks come to own one cell. It
needs three tasks, two rounds of each, and five preemptions.

Sources: the thread "Challenge for model checkers" of the CHESS forum (2010); SCTBench.
"""

from __future__ import annotations

from functools import partial

from attrs import define, field

from tests.benchmarks.sctbench.shared import (
    Shared,
    add,
    compare_and_set,
    exchange,
    read,
    together,
    write,
)

_CELLS, _TASKS, _ROUNDS = 3, 3, 2
_NONE = -1


def _links() -> list[Shared[int]]:
    after = [*range(1, _CELLS), _NONE]
    return [Shared(link, f"link {cell}") for cell, link in enumerate(after)]


@define(eq=False)
class _Stack:
    """State: the first cell, how many there are, and which one comes after each."""

    head: Shared[int] = field(factory=lambda: Shared(0, "head"))
    count: Shared[int] = field(factory=lambda: Shared(_CELLS, "count"))
    links: list[Shared[int]] = field(factory=_links)

    async def pop(self) -> int | None:
        while await read(self.count) > 1:
            cell = await read(self.head)
            link = await exchange(self.links[cell], _NONE)
            if link == _NONE:
                continue
            if await compare_and_set(self.head, cell, link):
                await add(self.count, -1)
                return cell
            await exchange(self.links[cell], link)
        return None

    async def push(self, cell: int) -> None:
        while True:
            head = await read(self.head)
            await write(self.links[cell], head)
            if await compare_and_set(self.head, head, cell):
                break
        await add(self.count, 1)


async def safestack() -> None:
    """Three tasks that take a cell, write themselves into it, look, and give it back, twice."""
    stack = _Stack()
    owners = [Shared(_NONE, f"owner {cell}") for cell in range(_CELLS)]

    async def work(task: int) -> None:
        for _ in range(_ROUNDS):
            cell = await stack.pop()
            while cell is None:
                cell = await stack.pop()
            await write(owners[cell], task)
            assert await read(owners[cell]) == task
            await stack.push(cell)

    await together(*(partial(work, task) for task in range(_TASKS)))
