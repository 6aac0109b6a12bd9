"""simloop as a contestant: its search over seeds, on asyncio tasks; it has no systematic one."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
from typing import Any

from tests.benchmarks.peers.contestants.timing import Orders, arguments, measured, sample_size, tell

_BATCH = 200

# Not there where types are checked: it is installed in an environment of its own.
_simloop: Any = importlib.import_module("simloop")


def main() -> None:
    """Measure."""
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

    def sampled(seeds: int = _BATCH) -> int:
        kept.clear()
        assert _simloop.explore(scenario, range(seeds)) is None
        return len(kept)

    def orders() -> Orders:
        sampled(sample_size(tasks, steps))
        return [tuple(order) for order in kept]

    tell(importlib.metadata.version("simloop"), [measured("random", sampled, orders, seconds)])


if __name__ == "__main__":
    main()
