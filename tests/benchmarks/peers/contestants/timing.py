"""What all Python contestants share: the command line, the clock, and how figures are handed back.

A contestant runs in an environment of its own, as `python -m ... TASKS STEPS SECONDS`, and prints a line of
JSON. The seconds are those of the processor, which others cannot take away on a machine that is shared; they
flatter a contestant that waits. With 0 seconds it is not its speed that is measured, but how many
interleavings it reaches. Only the standard library is needed here.
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


SAMPLE_MAX = 2_000


def sample_size(tasks: int, steps: int) -> int:
    """How many executions show which interleavings are reached: ten for each, if that is not too many."""
    each: int = math.factorial(steps) ** tasks
    return min(10 * math.factorial(tasks * steps) // each, SAMPLE_MAX)


def measured(
    way: str, batch: Callable[[], int], orders: Callable[[], Orders], seconds: float
) -> dict[str, Any]:
    """One way of a contestant.

    `batch` makes some executions and says how many; it is run once to warm up, then as long as `seconds`.
    With 0 seconds, `orders` makes executions and gives the order of steps in each; the different ones count.
    """
    if seconds == 0:
        seen = list(orders())
        return {"way": way, "executions": len(seen), "distinct": len(set(seen))}
    batch()
    executions, began = 0, time.process_time()
    while (elapsed := time.process_time() - began) < seconds:
        executions += batch()
    return {"way": way, "executions": executions, "seconds": elapsed}


def tell(version: str, ways: list[dict[str, Any]]) -> None:
    """Print the figures."""
    print(json.dumps({"version": version, "runtime": f"Python {sys.version.split()[0]}", "ways": ways}))  # noqa: T201 - the protocol
