"""What all Python contestants share: the command line, the clock, and how figures are handed back.

A contestant runs in an environment of its own, as `python -m ... TASKS STEPS SECONDS`, and prints a line of
JSON. Only the standard library is needed here.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Hashable, Iterable
from typing import Any

Orders = Iterable[Hashable]


def arguments() -> tuple[int, int, float]:
    """Tasks, steps of each, and how long to measure one way, in seconds."""
    tasks, steps, seconds = sys.argv[1:4]
    return int(tasks), int(steps), float(seconds)


def sample_size(tasks: int, steps: int) -> int:
    """How many executions a sampler gets to show how many interleavings it reaches: ten for each."""
    each: int = math.factorial(steps) ** tasks
    return 10 * math.factorial(tasks * steps) // each


def measured(way: str, batch: Callable[[], int], orders: Callable[[], Orders], seconds: float) -> dict[str, Any]:
    """One way of a contestant.

    `batch` makes some executions and says how many; it is run once to warm up, then as long as `seconds`.
    `orders` makes executions and gives the order of steps in each; the different ones are counted.
    """
    seen = list(orders())
    batch()
    executions, began = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - began) < seconds:
        executions += batch()
    return {
        "way": way,
        "executions": executions,
        "seconds": elapsed,
        "distinct": len(set(seen)),
        "made": len(seen),
    }


def tell(version: str, ways: list[dict[str, Any]]) -> None:
    """Print the figures."""
    print(json.dumps({"version": version, "python": sys.version.split()[0], "ways": ways}))  # noqa: T201 - the protocol
