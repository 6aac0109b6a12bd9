"""How soon each strategy finds each bug, and what is redundant: `python -m tests.benchmarks.strategies`.

First table: the number of executions up to the first one that fails, over so many seeds: the median and the
worst, and the share of seeds that found the bug at all where it is not all of them. `bounded` and
`exhaustive` draw nothing, so one search speaks for all seeds. The exit status says whether `portfolio` found
every bug in at least 95 % of the seeds.

Second table: the `exhaustive` strategy past the bugs, to the end or to a budget. Each execution is put into
the canonical form of its trace, so that `executions / traces` is 1.00 exactly if none was redundant.

Both tables come out the same on every machine: nothing in them is a time.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from attrs import frozen
from rich import box
from rich.console import Console
from rich.table import Table

from machines.exploration.strategy import STRATEGIES, strategy_named
from tests.benchmarks.sctbench.catalogue import PROGRAMS
from tests.benchmarks.sctbench.running import exhausted, first_bug

SHARE_MIN = 0.95
_DRAW_NOTHING = ("bounded", "exhaustive")
_WIDTH = 160


@frozen
class Job:
    """One search: a program, a strategy, a seed and a budget."""

    program: str
    strategy: str
    seed: int
    executions_max: int


@frozen
class Found:
    """What the searches of one strategy for one bug came to, over all seeds; None where it was not found."""

    firsts: tuple[int | None, ...]

    @property
    def share(self) -> float:
        """The share of seeds that found it."""
        return sum(first is not None for first in self.firsts) / len(self.firsts)

    @property
    def median(self) -> float:
        """Executions to the first failure in the middle; infinite where half of the seeds did not find it."""
        return statistics.median_high([float("inf") if first is None else first for first in self.firsts])

    @property
    def worst(self) -> float:
        """The most executions that it took."""
        return max(float("inf") if first is None else first for first in self.firsts)

    def __str__(self) -> str:
        if self.share == 0:
            return "-"
        if self.share == 1:
            return f"{self.median:.0f}/{self.worst:.0f}"
        return f"{_number(self.median)} {self.share:.0%}"


def _number(median: float) -> str:
    return "-" if median == float("inf") else f"{median:.0f}"


def search(job: Job) -> int | None:
    """The number of executions to the first bug, or None."""
    strategy = strategy_named(job.strategy, job.seed)
    return first_bug(PROGRAMS[job.program], strategy, job.executions_max).first


def searched(
    programs: Iterable[str], strategies: Sequence[str], seeds: int, executions_max: int, processes: int
) -> Iterator[tuple[str, dict[str, Found]]]:
    """For each program, as soon as it is done, what each strategy came to."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        under_way = {
            program: {
                strategy: [
                    pool.submit(search, Job(program, strategy, seed, executions_max))
                    for seed in range(1 if strategy in _DRAW_NOTHING else seeds)
                ]
                for strategy in strategies
            }
            for program in programs
        }
        for program, by_strategy in under_way.items():
            yield (
                program,
                {
                    strategy: Found(tuple(future.result() for future in futures))
                    for strategy, futures in by_strategy.items()
                },
            )


def missed(found: dict[str, dict[str, Found]]) -> list[str]:
    """The programs whose bug `portfolio` found too seldom, each with who did better."""
    lines = []
    for program, by_strategy in found.items():
        portfolio = by_strategy.get("portfolio")
        if portfolio is None or portfolio.share >= SHARE_MIN:
            continue
        others = ", ".join(
            f"{strategy} {one.share:.0%} (median {_number(one.median)})"
            for strategy, one in by_strategy.items()
            if strategy != "portfolio" and one.share > 0
        )
        lines.append(f"{program}: portfolio {portfolio.share:.0%}; {others or 'no other strategy finds it'}")
    return lines


def table_of_strategies(found: dict[str, dict[str, Found]], seeds: int, executions_max: int) -> Table:
    """A row per program, a column per strategy."""
    table = Table(
        title=f"Executions to the first bug: median/worst of {seeds} seeds",
        caption=f"With a percentage: median, and the seeds that found it in {executions_max:,}; - none did",
        box=box.SIMPLE,
        collapse_padding=True,
    )
    strategies = list(next(iter(found.values())))
    table.add_column("program", no_wrap=True)
    for strategy in strategies:
        table.add_column(strategy, justify="right", no_wrap=True)
    for program, by_strategy in found.items():
        table.add_row(program, *(str(by_strategy[strategy]) for strategy in strategies))
    return table


def table_of_reduction(programs: Iterable[str], executions_max: int) -> tuple[Table, bool]:
    """A row per program, and whether no execution was redundant or blocked."""
    table = Table(
        title=f"Exhaustive, up to {executions_max:,} executions", box=box.SIMPLE, collapse_padding=True
    )
    for head in ("program", "executions", "failed", "traces", "executions/traces", "blocked", "complete"):
        table.add_column(head, justify="left" if head == "program" else "right", no_wrap=True)
    good = True
    for program in programs:
        done = exhausted(PROGRAMS[program], executions_max)
        table.add_row(
            program,
            str(done.executions),
            str(done.failed),
            str(done.traces),
            f"{done.executions / done.traces:.2f}",
            str(done.blocked),
            "yes" if done.complete else "no",
        )
        good = good and done.executions == done.traces and done.blocked == 0
    return table, good


def _names(known: Iterable[str]) -> str:
    return f"of {', '.join(known)}, separated by commas; all by default"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.strategies", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--executions", type=int, default=10_000, help="the budget of a search")
    parser.add_argument("--programs", default=",".join(PROGRAMS), help=_names(PROGRAMS))
    parser.add_argument("--strategies", default=",".join(STRATEGIES), help=_names(STRATEGIES))
    parser.add_argument("--reduction", type=int, default=2_000, help="executions per program; 0 for no table")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def main() -> int:
    """Print both tables; the exit status says whether the figures are as they must be."""
    arguments = _arguments()
    console = Console(width=_WIDTH)
    programs = arguments.programs.split(",")
    strategies = arguments.strategies.split(",")
    found = {}
    for program, by_strategy in searched(
        programs, strategies, arguments.seeds, arguments.executions, arguments.processes
    ):
        found[program] = by_strategy
        console.print(program, {name: str(one) for name, one in by_strategy.items()}, highlight=False)
    console.print(table_of_strategies(found, arguments.seeds, arguments.executions))
    misses = missed(found)
    for line in misses:
        console.print(line, highlight=False)
    good = True
    if arguments.reduction:
        table, good = table_of_reduction(programs, arguments.reduction)
        console.print(table)
    return 0 if good and not misses else 1


if __name__ == "__main__":
    raise SystemExit(main())
