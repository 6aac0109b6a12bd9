"""Runs benchmark programs under a strategy: to the first bug, or to the end while counting traces.

A strategy that learns from what it finds learns nothing here: the programs have one outcome, and a bug.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from machines.exploration.exhaustive import Exhaustive
from machines.exploration.strategy import Strategy, executions, tell
from machines.exploration.wakeup import Event, races
from machines.world.choices import Token
from machines.world.errors import ExecutionError, StepLimitError
from machines.world.footprint import Footprint, Resources
from machines.world.kernel import Execution, loop
from machines.world.recording import Listener, Recorder
from tests.benchmarks.sctbench.shared import Scenario

STEPS_MAX = 2_000
"""Above what the longest program takes, twostage_100; to get there by busy-waiting unfairly is no bug."""

_COLLECT_EVERY = 2_000


@frozen
class Search:
    """What a search came to: `first`, the number of the execution that failed first (from 1), and how."""

    executions: int
    first: int | None = None
    error: str = ""


@frozen
class _Choosing:
    """A strategy that only chooses: what steps touch is not recorded for it."""

    strategy: Strategy

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """As the strategy says."""
        return self.strategy.choose(options, tasks, preempting=preempting, step=step)


def first_bug(scenario: Scenario, strategy: Strategy, executions_max: int) -> Search:
    """Execute until one fails, the strategy has no more, or the budget is spent."""
    made = 0
    with loop().exploring(recording=hasattr(strategy, "resources")):
        for number in executions(strategy, executions_max):
            made = number + 1
            error = execute(scenario, strategy, strategy if getattr(strategy, "traces", False) else None)
            if error is not None:
                return Search(made, made, f"{type(error).__name__}: {error}")
            tell(strategy, new=number == 0)
            if made % _COLLECT_EVERY == 0:
                gc.collect()
    return Search(made)


def execute(scenario: Scenario, strategy: Strategy, listener: Any) -> ExecutionError | None:
    """One execution, whose steps a listener is told of, if there is one; how it failed.

    One that is cut off, because a task busy-waits while nobody else gets on, has not failed.
    """
    if listener is None:
        execution = Execution(loop(), _Choosing(strategy), STEPS_MAX)
    else:
        execution = Execution(loop(), strategy, STEPS_MAX, recorder=Recorder(listener, unknown=False))
    execution.spawn("scenario", scenario)
    try:
        execution.run()
    except StepLimitError:
        return None
    except ExecutionError as raised:
        return raised.with_traceback(None)
    return None


@define(eq=False)
class Tracing:
    """Passes on to a strategy what steps touch, and says which trace each execution belonged to.

    State: the events of the execution under way, the last one of each task, and what made each able to step.
    """

    listener: Listener
    _events: list[Event] = field(factory=list)
    _latest: dict[Token, int] = field(factory=dict)
    _enablers: dict[Token, int] = field(factory=dict)
    _era: int = 0

    @property
    def resources(self) -> Resources:
        """Those of the strategy."""
        return self.listener.resources

    def begin(self) -> None:
        """Forget the last execution."""
        self._events, self._latest, self._enablers, self._era = [], {}, {}, 0

    def allow(self, fault: Token) -> None:
        """Pass it on; these programs have no faults."""
        self.listener.allow(fault)

    def stepped(self, token: Token, footprint: Footprint, woken: Mapping[Token, tuple[Token, ...]]) -> None:
        """Note the step, and pass it on."""
        index = self._latest[token] = len(self._events)
        self._events.append(Event(index, token, footprint, self._enablers.get(token, 0), self._era))
        for task, others in woken.items():
            mask = 1 << index
            for other in others:
                mask |= 1 << self._latest[other]
            self._enablers[task] = mask
        self.listener.stepped(token, footprint, woken)

    def time_passed(self, woken: Mapping[Token, tuple[Token, ...]]) -> None:
        """Note a new era, and pass it on."""
        self._era += 1
        for task in woken:
            self._enablers.pop(task, None)
        self.listener.time_passed(woken)

    def trace(self) -> frozenset[Any]:
        """The canonical form of the execution: what happens before what, between the n-th steps of tasks."""
        races(self._events)
        names, counts = [], dict[Token, int]()
        for event in self._events:
            counts[event.process] = counts.get(event.process, 0) + 1
            names.append((event.process, counts[event.process]))
        return frozenset(
            (names[earlier], names[event.index])
            for event in self._events
            for earlier in range(event.index)
            if event.before >> earlier & 1
        )


@frozen
class Reduced:
    """An exhaustive search: how many of its executions failed, and to how many traces they all belong.

    `blocked`: executions that stopped being of use half-way. `complete`: every trace was executed.
    """

    executions: int
    failed: int
    traces: int
    blocked: int
    complete: bool


def exhausted(scenario: Scenario, executions_max: int) -> Reduced:
    """Search exhaustively, past the bugs, and count the traces by their canonical forms."""
    strategy = Exhaustive()
    tracing = Tracing(strategy)
    traces: set[int] = set()
    made = failed = 0
    with loop().exploring(recording=True):
        for number in executions(strategy, executions_max):
            tracing.begin()
            error = execute(scenario, strategy, tracing)
            made, failed = number + 1, failed + (error is not None)
            traces.add(hash(tracing.trace()))
    complete = strategy.certificate(made).complete
    return Reduced(made, failed, len(traces), strategy.blocked, complete)
