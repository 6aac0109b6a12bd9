"""uneven: one task of many steps beside one of a single step.

Shared: whether the long task is done. The bug: the short one takes for granted that it is not. A random walk
delays the short task that long in one of 2**steps executions; a random priority does in one of two.
"""

from __future__ import annotations

from tests.benchmarks.sctbench.shared import Scenario, Shared, checkpoint, read, together, write


def uneven(steps: int) -> Scenario:
    """The long task takes so many steps."""

    async def scenario() -> None:
        done, progress = Shared(value=False, name="done"), Shared(0, "progress")

        async def be_long() -> None:
            for step in range(1, steps):
                progress.set(step)
                await checkpoint()
            await write(done, value=True)

        async def be_short() -> None:
            assert not await read(done)

        await together(be_short, be_long)

    return scenario
