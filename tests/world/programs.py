"""Small programs on the kernel, and ways to run them once, under every schedule, or under a strategy."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from typing import Any

import trio
from attrs import define, field, frozen

from machines.exploration.schedule import Schedule
from machines.exploration.strategy import Strategy, executions
from machines.world.errors import ExecutionError
from machines.world.kernel import STEPS_MAX, Action, Chooser, Execution, Token, loop
from tests.exploration.brute_force import BruteForce

Function = Callable[[], Awaitable[object]]
Program = Callable[[Execution], Callable[[], Hashable]]
"""Spawns root tasks on an execution; gives back what reads the outcome off when it is over."""

BUDGET = 200_000


class First:
    """Always goes on as it was."""

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """The first option."""
        return 0


@define
class Picking:
    """Takes the wanted tokens in turn, each as soon as it is offered; the first option otherwise.

    State: `wanted`, the tokens left; `offers`, all that was offered.
    """

    wanted: list[Token]
    offers: list[tuple[Token, ...]] = field(factory=list)

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """The next wanted token's place, if it is offered."""
        self.offers.append(tuple(options))
        if self.wanted and self.wanted[0] in options:
            return options.index(self.wanted.pop(0))
        return 0


@frozen
class Run:
    """One execution of a program: its schedule, what came out, and the preemptions that it took."""

    tokens: tuple[Token, ...]
    outcome: Hashable
    preemptions: int


def once(
    *functions: Function,
    chooser: Chooser | None = None,
    actions: Iterable[Action] = (),
    steps_max: int = STEPS_MAX,
) -> Execution:
    """One execution of these root tasks, named a, b, c and so on."""
    with loop().exploring():
        execution = Execution(loop(), chooser or First(), steps_max)
        for label, function in zip("abcdefghij", functions, strict=False):
            execution.spawn(label, function)
        execution.actions += actions
        execution.run()
    return execution


def explored(strategy: Strategy, program: Program, budget: int = BUDGET) -> list[Run]:
    """The executions that a strategy makes; one that fails has its error, in words, as its outcome."""
    runs = []
    with loop().exploring():
        for _ in executions(strategy, budget):
            execution = Execution(loop(), strategy)
            read = program(execution)
            try:
                execution.run()
                outcome = read()
            except ExecutionError as error:
                outcome = f"{type(error).__name__}: {error}"
            runs.append(Run(tuple(execution.tokens), outcome, execution.preemptions))
    return runs


def every(program: Program) -> list[Run]:
    """The executions of all schedules of a program."""
    return explored(BruteForce(), program)


def of_tasks(*functions: Function) -> Program:
    """The program of these root tasks; its outcome is nothing."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        for label, function in zip("abcdefghij", functions, strict=False):
            execution.spawn(label, function)
        return lambda: None

    return program


def telling(make: Callable[[list[Any]], Sequence[Function]]) -> Program:
    """The program of the tasks that `make` makes around a fresh log, which is the outcome."""

    def program(execution: Execution) -> Callable[[], Hashable]:
        log: list[Any] = []
        for label, function in zip("abcdefghij", make(log), strict=False):
            execution.spawn(label, function)
        return lambda: tuple(log)

    return program


def steps(count: int) -> Function:
    """A task of so many steps."""

    async def run() -> None:
        for _ in range(count - 1):
            await trio.lowlevel.checkpoint()

    return run


def plain(tasks: int, each: int) -> Program:
    """So many tasks with so many steps each."""
    return of_tasks(*itertools.repeat(steps(each), tasks))


def text(execution: Execution) -> str:
    """The schedule of an execution, as text."""
    return str(Schedule.of(execution.tokens))
