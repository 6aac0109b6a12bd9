"""simloom as a contestant: its random search and its systematic one without a bound, on asyncio tasks."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
from typing import Any

from tests.benchmarks.peers.contestants.timing import Orders, arguments, measured, sample_size, tell

_BATCH = 50
_UNBOUNDED = 1_000_000

# Not there where types are checked: it is installed in an environment of its own.
_simloom: Any = importlib.import_module("simloom")


def main() -> None:
    """Measure both ways."""
    tasks, steps, seconds = arguments()
    kept: list[list[int]] = []

    async def scenario() -> None:
        order: list[int] = []
        kept.append(order)

        async def task(number: int) -> None:
            for step in range(steps):
                order.append(number)
                if step < steps - 1:
                    await asyncio.sleep(0)

        await asyncio.gather(*(task(number) for number in range(tasks)))

    def sampled(runs: int = _BATCH) -> int:
        kept.clear()
        return int(_simloom.explore(scenario, runs=runs).runs)

    def systematic(schedules: int = _BATCH) -> int:
        kept.clear()
        done = _simloom.explore_systematic(scenario, max_delays=_UNBOUNDED, max_schedules=schedules)
        return int(done.schedules)

    def orders(*, at_random: bool) -> Orders:
        if at_random:
            sampled(sample_size(tasks, steps))
        else:
            systematic(sample_size(tasks, steps))
        return [tuple(order) for order in kept]

    ways = [
        measured("random", sampled, lambda: orders(at_random=True), seconds),
        measured("systematic", systematic, lambda: orders(at_random=False), seconds),
    ]
    tell(importlib.metadata.version("simloom"), ways)


if __name__ == "__main__":
    main()
