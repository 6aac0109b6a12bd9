"""Side by side with peers: `python -m tests.benchmarks.peers` prints executions per second and ratios.

All run the same programs, k tasks of n steps, on the same machine in one go; the Python ones on the same
Python. Each contestant is measured in turn, in several rounds, and the medians count; time is that of the
processor, since the machine may be shared. What is compared is like with like: a search that samples with
one that samples, and one that goes through all interleavings in order with another. The second table says
how many of the interleavings each reaches: fast executions of always the same few would be worth little.

A contestant that cannot be had here is left out, and the output says why. The exit status says whether the
targets are met by all that took part: five times every Python peer, and not behind fast-check.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from typing import Any

from attrs import define, field, frozen
from rich import box
from rich.console import Console
from rich.table import Table

from tests.benchmarks.peers.environments import CannotBeHadError, Environment, our_dependencies, run

SHAPES = ((2, 2), (3, 2), (3, 3))
PYTHON_RATIO_MIN, NODE_RATIO_MIN = 5.0, 1.0
_HERE = "tests.benchmarks.peers.contestants"
_WIDTH = 130
_OURS = "tandem"
_SAMPLING, _SYSTEMATIC = "explore, random", "explore, exhaustive"


@frozen
class Contestant:
    """A library, the environment that it runs in, and the program that measures it there."""

    name: str
    environment: Environment
    program: str
    ratio_min: float = PYTHON_RATIO_MIN

    def measure(self, python: str, tasks: int, steps: int, seconds: float) -> dict[str, Any]:
        """What its program prints."""
        command = self.environment.command(python)
        if self.environment.node:
            command += [
                f"tests/benchmarks/peers/contestants/{self.program}",
                str(self.environment.folder),
            ]
        else:
            command += ["-W", "ignore", "-m", f"{_HERE}.{self.program}"]
        printed = run([*command, str(tasks), str(steps), str(seconds)])
        result: dict[str, Any] = json.loads(printed.splitlines()[-1])
        return result


CONTESTANTS = (
    Contestant(_OURS, Environment(_OURS, our_dependencies()), "tandem"),
    Contestant("trio", Environment(_OURS, our_dependencies()), "plain_trio"),
    Contestant("frontrun", Environment("frontrun", ("frontrun==0.7.*",)), "frontrun_async"),
    Contestant("simloom", Environment("simloom", ("simloom==0.5.*",)), "simloom_async"),
    Contestant("simloop", Environment("simloop", ("simloop==0.2.*",)), "simloop_async"),
    Contestant(
        "fast-check",
        Environment("fast-check", ("fast-check@4",), node=True),
        "fast_check.mjs",
        NODE_RATIO_MIN,
    ),
)


@define
class Results:
    """State: executions per second, and what was reached, by (contestant, way, shape); who is missing."""

    rates: dict[tuple[str, str, tuple[int, int]], list[float]] = field(factory=dict)
    reached: dict[tuple[str, str, tuple[int, int]], tuple[int, int]] = field(factory=dict)
    versions: dict[str, str] = field(factory=dict)
    missing: dict[str, str] = field(factory=dict)

    def take(self, contestant: Contestant, shape: tuple[int, int], python: str, seconds: float) -> None:
        """Measure one contestant on one shape; without seconds, what it reaches."""
        if contestant.name in self.missing:
            return
        try:
            told = contestant.measure(python, *shape, seconds)
        except CannotBeHadError as error:
            self.missing[contestant.name] = str(error)
            return
        self.versions[contestant.name] = f"{told['version']} on {told['runtime']}"
        for way in told["ways"]:
            key = contestant.name, way["way"], shape
            if seconds:
                self.rates.setdefault(key, []).append(way["executions"] / way["seconds"])
            else:
                self.reached[key] = way["distinct"], way["executions"]

    def rate(self, name: str, way: str, shape: tuple[int, int]) -> float | None:
        """The median of the rounds."""
        rates = self.rates.get((name, way, shape))
        return None if rates is None else statistics.median(rates)

    def ratio(self, name: str, way: str, shape: tuple[int, int]) -> float | None:
        """How many times as fast ours is, at the same kind of search."""
        own = _SYSTEMATIC if way in ("dpor", "systematic") else _SAMPLING
        ours, theirs = self.rate(_OURS, own, shape), self.rate(name, way, shape)
        return None if ours is None or theirs is None else ours / theirs

    def ways(self) -> list[tuple[str, str]]:
        """Contestants and their ways, in the order of the list above."""
        order = [contestant.name for contestant in CONTESTANTS]
        named = {(name, way) for name, way, _ in (*self.rates, *self.reached)}
        return sorted(named, key=lambda pair: (order.index(pair[0]), pair[1]))


def _shape(shape: tuple[int, int]) -> str:
    return f"{shape[0]} x {shape[1]}"


def table_of_rates(results: Results) -> Table:
    """Executions per second, and how many times as fast ours is."""
    table = Table(
        title="Executions per second, and how many times as fast explore() is at the same kind of search",
        box=box.SIMPLE,
        collapse_padding=True,
    )
    table.add_column("contestant")
    table.add_column("search")
    for shape in SHAPES:
        table.add_column(_shape(shape), justify="right")
        table.add_column("x", justify="right")
    for name, way in results.ways():
        cells = []
        for shape in SHAPES:
            rate, ratio = results.rate(name, way, shape), results.ratio(name, way, shape)
            cells.append("" if rate is None else f"{rate:,.0f}")
            cells.append("" if ratio is None or name == _OURS else f"{ratio:.1f}")
        table.add_row(name, way, *cells)
    return table


def table_of_reach(results: Results) -> Table:
    """How many different interleavings came up, in how many executions."""
    table = Table(
        title="Different interleavings that came up, in so many executions",
        box=box.SIMPLE,
        collapse_padding=True,
    )
    table.add_column("contestant")
    table.add_column("search")
    for tasks, steps in SHAPES:
        each: int = math.factorial(steps) ** tasks
        table.add_column(
            f"{_shape((tasks, steps))}: {math.factorial(tasks * steps) // each:,}", justify="right"
        )
    for name, way in results.ways():
        reached = [results.reached.get((name, way, shape)) for shape in SHAPES]
        table.add_row(name, way, *("" if one is None else f"{one[0]:,} in {one[1]:,}" for one in reached))
    return table


def shortcomings(results: Results) -> list[str]:
    """Where a target is missed."""
    lines = []
    for contestant in CONTESTANTS[2:]:
        for name, way in results.ways():
            for shape in SHAPES:
                ratio = results.ratio(name, way, shape) if name == contestant.name else None
                if ratio is not None and ratio < contestant.ratio_min:
                    lines.append(
                        f"missed: {ratio:.1f} times {name} ({way}) on {_shape(shape)}, "
                        f"where {contestant.ratio_min:g} is wanted"
                    )
    return lines


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.peers", description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="3.12 or newer, for all Python contestants")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="how long to measure one way, per round")
    arguments = parser.parse_args()
    results = Results()
    for shape in SHAPES:
        for contestant in CONTESTANTS:
            results.take(contestant, shape, arguments.python, 0)
        for _ in range(arguments.rounds):
            for contestant in CONTESTANTS:
                results.take(contestant, shape, arguments.python, arguments.seconds)
    console = Console(width=_WIDTH)
    console.print(table_of_rates(results))
    console.print(table_of_reach(results))
    for name, version in results.versions.items():
        console.print(f"{name}: {version}", highlight=False)
    for name, reason in results.missing.items():
        console.print(f"{name} is left out: {reason}", highlight=False)
    missed = shortcomings(results)
    for line in missed:
        console.print(line, highlight=False)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
