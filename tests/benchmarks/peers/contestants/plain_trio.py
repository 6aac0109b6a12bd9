"""Plain trio as a contestant: a fresh `trio.run` per execution, in whatever order trio's own chance gives."""

from __future__ import annotations

import trio

from tests.benchmarks.peers.contestants.timing import Orders, arguments, measured, sample_size, tell

_BATCH = 100


def main() -> None:
    """Measure."""
    tasks, steps, seconds = arguments()
    order: list[int] = []

    async def task(number: int) -> None:
        for step in range(steps):
            order.append(number)
            if step < steps - 1:
                await trio.lowlevel.checkpoint()

    async def scenario() -> None:
        async with trio.open_nursery() as nursery:
            for number in range(tasks):
                nursery.start_soon(task, number)

    def batch() -> int:
        for _ in range(_BATCH):
            order.clear()
            trio.run(scenario)
        return _BATCH

    def orders() -> Orders:
        for _ in range(sample_size(tasks, steps)):
            order.clear()
            trio.run(scenario)
            yield tuple(order)

    tell(trio.__version__, [measured("a run each", batch, orders, seconds)])


if __name__ == "__main__":
    main()
