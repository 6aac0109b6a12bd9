"""din_phil: so many philosophers around a table, each with a fork to the left that the neighbour shares.

Shared: the forks, one lock each, and the number of meals. The bug: all take the fork to their left first, so
all may hold one and wait for the other. It takes as many ordering constraints as there are philosophers.
"""

from __future__ import annotations

from functools import partial

import trio

from tests.benchmarks.sctbench.shared import Scenario, Shared, add, held, together


def din_phil(philosophers: int) -> Scenario:
    """That many philosophers, each of whom eats once."""

    async def scenario() -> None:
        forks = [trio.Lock() for _ in range(philosophers)]
        meals = Shared(0, "meals")

        async def dine(place: int) -> None:
            async with held(forks[place]), held(forks[(place + 1) % philosophers]):
                await add(meals, 1)

        await together(*(partial(dine, place) for place in range(philosophers)))

    return scenario
