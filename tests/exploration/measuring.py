"""What the tests of samplers measure with: counts against expectation, and programs that are hard."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any

import trio
from attrs import define

from machines.exploration.strategy import Strategy, executions, tell
from machines.world.errors import ExecutionError
from machines.world.kernel import Execution, Token, loop
from tests.world.programs import Program, steps


def chi_square(counts: Collection[int], classes: int) -> float:
    """How far counts are from all `classes` being equally likely, in standard deviations of the statistic.

    Pearson's statistic has a mean of `classes - 1` and twice that as its variance.
    """
    expected = sum(counts) / classes
    missing = (classes - len(counts)) * expected
    statistic = sum((count - expected) ** 2 / expected for count in counts) + missing
    freedom = classes - 1
    return float((statistic - freedom) / (2 * freedom) ** 0.5)


@define
class Strike:
    """A fault that may happen once, at any point; it does nothing but be in the schedule."""

    name: str = "strike"
    left: int = 1

    def possible(self, *, at_end: bool) -> bool:  # noqa: ARG002 - at the end as well
        """Until it has happened."""
        return self.left > 0

    def happen(self, execution: Execution) -> None:  # noqa: ARG002 - the interface's
        """Be over."""
        self.left -= 1


def struck(program: Program, name: str = "strike") -> Program:
    """A program that may be struck once by a fault."""

    def with_fault(execution: Execution) -> Callable[[], Hashable]:
        read = program(execution)
        execution.actions.append(Strike(name))
        return read

    return with_fault


def told(strategy: Strategy, program: Program, budget: int) -> list[Hashable]:
    """The outcomes of the executions that a strategy makes, when it is told which of them are new."""
    outcomes: list[Hashable] = []
    with loop().exploring():
        for _ in executions(strategy, budget):
            execution = Execution(loop(), strategy)
            read = program(execution)
            try:
                execution.run()
                outcome = read()
            except ExecutionError as error:
                outcome = type(error).__name__
            tell(strategy, new=outcome not in outcomes)
            outcomes.append(outcome)
    return outcomes


def found_within(budget: int, strategy: Strategy, program: Program) -> bool:
    """Whether one of so many executions has a true outcome."""
    return any(told(strategy, program, budget))


def uneven(length: int) -> Program:
    """One task of many steps beside one of a single step; True if that one came last."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        order: list[str] = []

        async def long() -> None:
            await steps(length)()
            order.append("long")

        async def short() -> None:
            order.append("short")

        execution.spawn("long", long)
        execution.spawn("short", short)
        return lambda: order == ["long", "short"]

    return program


def alternation(times: int) -> Program:
    """Two tasks of so many steps; True if they alternated to the end."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        execution.spawn("a", steps(times))
        execution.spawn("b", steps(times))
        wanted: list[Token] = [0, 1] * times
        return lambda: execution.tokens == wanted

    return program


def waiting_loops(spinning: int, setting: int = 1) -> Program:
    """Tasks that busy-wait for one that sets a flag at its last step; outcome: how many steps it took."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        flags: list[bool] = []

        async def spin() -> None:
            while not flags:
                await trio.lowlevel.checkpoint()

        async def set_flag() -> None:
            await steps(setting)()
            flags.append(True)

        for label in range(spinning):
            execution.spawn(f"spin {label}", spin)
        execution.spawn("set", set_flag)
        return lambda: len(execution.tokens)

    return program


def two_that_keep_each_other_busy(execution: Execution) -> Callable[[], Hashable]:
    """Two tasks that hand a turn to and fro until a third one stops them; outcome: how many steps it took."""
    turns: dict[str, Any] = {"a": trio.Event(), "b": trio.Event(), "stop": False}

    async def play(mine: str, other: str) -> None:
        while not turns["stop"]:
            turns[other].set()
            await turns[mine].wait()
            turns[mine] = trio.Event()
        turns[other].set()

    async def stop() -> None:
        await trio.lowlevel.checkpoint()
        turns["stop"] = True

    execution.spawn("a", play, "a", "b")
    execution.spawn("b", play, "b", "a")
    execution.spawn("stop", stop)
    return lambda: len(execution.tokens)


def share(outcomes: Iterable[object]) -> float:
    """The share of the outcomes that are true."""
    values = [bool(outcome) for outcome in outcomes]
    return sum(values) / len(values)
