"""This project as a contestant: `explore` by sampling and exhaustively, and the kernel under brute force."""

from __future__ import annotations

from functools import partial
from typing import Any

import trio

from machines.exploration.strategy import executions
from machines.explore import explore
from machines.world.kernel import Execution, loop
from tests.benchmarks.peers.contestants.timing import Orders, arguments, measured, sample_size, tell
from tests.exploration.brute_force import BruteForce

_BATCH = 500


class _Program:
    """Tasks whose every step writes to one object. State: the order of the steps of the last execution."""

    def __init__(self, tasks: int, steps: int) -> None:
        self.tasks, self.steps = tasks, steps
        self.last = -1
        self.order: list[int] | None = None

    async def task(self, number: int) -> None:
        for step in range(self.steps):
            self.last = number
            if self.order is not None:
                self.order.append(number)
            if step < self.steps - 1:
                await trio.lowlevel.checkpoint()

    async def scenario(self) -> tuple[int, ...] | None:
        if self.order is not None:
            self.order = []
        async with trio.open_nursery() as nursery:
            for number in range(self.tasks):
                nursery.start_soon(self.task, number)
        return None if self.order is None else tuple(self.order)

    def explored(self, strategy: str, budget: int) -> int:
        """By `explore`; how many executions it made."""
        return explore(self.scenario, strategy=strategy, executions=budget).executions

    def orders(self, strategy: str, budget: int) -> Orders:
        """The outcomes that `explore` tells apart, repeated to the number of executions."""
        self.order = []
        try:
            done = explore(self.scenario, strategy=strategy, executions=budget)
        finally:
            self.order = None
        outcomes = [outcome.text for outcome in done.outcomes]
        return outcomes + outcomes[:1] * (done.executions - len(outcomes))

    def on_kernel(self, orders: list[Any] | None = None) -> int:
        """Brute force on the bare kernel: all schedules once."""
        made = 0
        with loop().exploring():
            strategy = BruteForce()
            for number in executions(strategy, 1_000_000):
                execution = Execution(loop(), strategy)
                for task in range(self.tasks):
                    execution.spawn("task", self.task, task)
                execution.run()
                made = number + 1
                if orders is not None:
                    orders.append(tuple(execution.tokens))
        return made

    def kernel_orders(self) -> Orders:
        """The schedules that brute force executes."""
        orders: list[Any] = []
        self.on_kernel(orders)
        return orders


def main() -> None:
    """Measure the three ways."""
    tasks, steps, seconds = arguments()
    program, sample = _Program(tasks, steps), sample_size(tasks, steps)
    ways = [
        measured(
            f"explore, {strategy}",
            partial(program.explored, strategy, _BATCH if strategy == "random" else 1_000_000),
            partial(program.orders, strategy, sample if strategy == "random" else 1_000_000),
            seconds,
        )
        for strategy in ("random", "exhaustive", "bounded")
    ]
    ways.append(measured("kernel, brute force", program.on_kernel, program.kernel_orders, seconds))
    tell(f"with trio {trio.__version__}", ways)


if __name__ == "__main__":
    main()
