"""reorder: several tasks set a pair of variables, one after the other, and one task looks at the pair.

Shared: the two variables, without any lock. The bug: the observer takes for granted that it sees both as
they were or both set. It must look after some task's first write and before every task's second: with n
tasks that write, all but one have to stand still at the same time.
"""

from __future__ import annotations

from tests.benchmarks.sctbench.shared import Scenario, Shared, read, together, write


def reorder(tasks: int) -> Scenario:
    """That many tasks in all, of which one looks."""

    async def scenario() -> None:
        a, b = Shared(0, "a"), Shared(0, "b")

        async def set_both() -> None:
            await write(a, 1)
            await write(b, -1)

        async def look() -> None:
            unset = await read(a) == 0 and await read(b) == 0
            assert unset or (await read(a) == 1 and await read(b) == -1)

        await together(*[set_both] * (tasks - 1), look)

    return scenario
