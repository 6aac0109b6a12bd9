"""frontrun as a contestant: its systematic search (DPOR) and its random one, on asyncio tasks."""

from __future__ import annotations

import asyncio
import importlib
import importlib.metadata
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from tests.benchmarks.peers.contestants.timing import Orders, arguments, measured, sample_size, tell

_BATCH = 100

# Not there where types are checked: it is installed in an environment of its own.
_frontrun: Any = importlib.import_module("frontrun")
_OPTIONS: dict[str, dict[str, Any]] = {
    "dpor": {"preemption_bound": None, "reproduce_on_failure": 0, "max_executions": _BATCH},
    "random": {"max_attempts": _BATCH},
}

_BUDGETS = {"dpor": "max_executions", "random": "max_attempts"}


class _State:
    """What the tasks share: an attribute that each step writes, and the order of the steps."""

    def __init__(self, orders: list[list[int]]) -> None:
        self.last = -1
        self.order: list[int] = []
        orders.append(self.order)


def _task(number: int, steps: int, *, ordered: bool) -> Callable[[_State], Awaitable[None]]:
    async def task(state: _State) -> None:
        for step in range(steps):
            state.last = number
            if ordered:
                state.order.append(number)
            if step < steps - 1:
                await asyncio.sleep(0)

    return task


def _explored(
    tasks: int, steps: int, strategy: str, orders: list[list[int]] | None = None, **options: Any
) -> int:
    seen: list[list[int]] = [] if orders is None else orders
    explored = _frontrun.explore(
        setup=partial(_State, seen),
        workers=[_task(number, steps, ordered=orders is not None) for number in range(tasks)],
        invariant=lambda _: True,
        strategy=strategy,
        detect_io=False,
        **{**_OPTIONS[strategy], **options},
    )
    return int(asyncio.run(explored).num_explored)


def _orders(tasks: int, steps: int, strategy: str, **options: Any) -> Orders:
    orders: list[list[int]] = []
    _explored(tasks, steps, strategy, orders, **options)
    return [tuple(order) for order in orders]


def main() -> None:
    """Measure both ways."""
    tasks, steps, seconds = arguments()
    sample = {strategy: {name: sample_size(tasks, steps)} for strategy, name in _BUDGETS.items()}
    ways = [
        measured(
            strategy,
            partial(_explored, tasks, steps, strategy),
            partial(_orders, tasks, steps, strategy, **options),
            seconds,
        )
        for strategy, options in sample.items()
    ]
    tell(importlib.metadata.version("frontrun"), ways)


if __name__ == "__main__":
    main()
