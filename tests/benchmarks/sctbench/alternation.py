"""alternation: two tasks that write their letter so many times, which must not alternate to the end.

Shared: what has been written. The bug: one schedule of (2n)!/(n!)**2, of the most preemptions that there can
be; what a random walk or a uniform sample find, and few preemptions never do.
"""

from __future__ import annotations

from functools import partial

from tests.benchmarks.sctbench.shared import Scenario, Shared, checkpoint, together


def alternation(times: int) -> Scenario:
    """Each task writes so many times."""

    async def scenario() -> None:
        written = Shared("", "written")

        async def put(letter: str) -> None:
            for _ in range(times):
                written.set(written.get() + letter)
                await checkpoint()

        await together(partial(put, "a"), partial(put, "b"))
        assert written.get() != "ab" * times

    return scenario
