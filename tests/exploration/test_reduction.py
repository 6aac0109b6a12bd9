"""The `exhaustive` strategy against brute force: the same outcomes, and one execution of every trace."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from machines.exploration.exhaustive import Exhaustive
from machines.exploration.wakeup import Event, races
from machines.world.choices import Token
from machines.world.errors import ExecutionError
from machines.world.footprint import Footprint, Resources
from machines.world.kernel import Execution, loop
from machines.world.recording import Recorder, Woken
from tests.exploration.brute_force import BruteForce
from tests.exploration.sharing import Step, World, cancels, random_program

BRUTE_FORCE_MAX = 700


class Tracing(BruteForce):
    """Brute force that also says which trace each of its executions belongs to."""

    def __init__(self) -> None:
        super().__init__()
        self.resources = Resources()
        self.events: list[Event] = []
        self.latest: dict[Token, int] = {}
        self.enablers: dict[Token, int] = {}
        self.era = 0

    def begin(self) -> bool:
        """Forget the last execution."""
        self.events, self.latest, self.enablers, self.era = [], {}, {}, 0
        return super().begin()

    def allow(self, fault: Token) -> None:
        """These programs have no faults."""

    def stepped(self, token: Token, footprint: Footprint, woken: Woken) -> None:
        """Note the step."""
        index = self.latest[token] = len(self.events)
        self.events.append(Event(index, token, footprint, self.enablers.get(token, 0), self.era))
        for task, others in woken.items():
            self.enablers[task] = 1 << index | sum({1 << self.latest[other] for other in others})

    def time_passed(self, woken: Woken) -> None:
        """Note a new era."""
        self.era += 1
        for task in woken:
            self.enablers.pop(task, None)

    def trace(self) -> frozenset[Any]:
        """The happens-before relation of the execution, between the n-th steps of tasks."""
        races(self.events)
        names, counts = [], dict[Token, int]()
        for event in self.events:
            counts[event.process] = counts.get(event.process, 0) + 1
            names.append((event.process, counts[event.process]))
        return frozenset(
            (names[earlier], names[event.index])
            for event in self.events
            for earlier in range(event.index)
            if event.before >> earlier & 1
        )


def outcomes(program: Sequence[list[Step]], strategy: Any, executions_max: int) -> list[str] | None:
    """The outcome of every execution, or None if there are more than that."""
    found: list[str] = []
    with loop().exploring(recording=True):
        while strategy.begin():
            if len(found) == executions_max:
                return None
            execution = Execution(loop(), strategy, recorder=Recorder(strategy, unknown=False))
            world = World(list(program))
            world.start(execution)
            try:
                execution.run()
                ended = ""
            except ExecutionError as error:
                ended = type(error).__name__
            trace = hash(strategy.trace()) if isinstance(strategy, Tracing) else 0
            found.append(f"{trace} {ended} {world.outcome()}")
    return found


@pytest.mark.parametrize("seed", range(12))
def test_same_outcomes_and_one_execution_of_every_trace(seed: int) -> None:
    """On generated programs: brute force's outcomes, and as many executions as there are traces.

    What cancelling a task touches depends on where that task is, so a step that cancels another task is not
    the same step after a race is turned around. Then an execution is now and then one of a trace that another
    one covers; none is ever missing.
    """
    stream = random.Random(seed)  # noqa: S311 - a seeded stream is the point
    compared = 0
    while compared < 30:
        program = random_program(stream)
        brute = outcomes(program, Tracing(), BRUTE_FORCE_MAX)
        if brute is None:
            continue
        compared += 1
        exhaustive = Exhaustive()
        reduced = outcomes(program, exhaustive, BRUTE_FORCE_MAX)
        assert reduced is not None
        assert {each.partition(" ")[2] for each in brute} == {each.partition(" ")[2] for each in reduced}, (
            program
        )
        traces = len({each.partition(" ")[0] for each in brute})
        assert len(reduced) >= traces, program
        assert cancels(program) or (len(reduced), exhaustive.blocked) == (traces, 0), program
        assert exhaustive.certificate(len(reduced)).complete


def test_reads_commute() -> None:
    """Three tasks that only read one variable have one trace, out of many interleavings."""
    program: list[list[Step]] = [[("read", 0), ("read", 0)]] * 3
    reduced = outcomes(program, Exhaustive(), 10)
    assert reduced is not None
    assert len(reduced) == 1


def test_unknown_code_gets_no_reduction() -> None:
    """Where nothing is known of the steps, every interleaving is executed."""
    strategy = Exhaustive()
    count = 0
    with loop().exploring():
        while strategy.begin():
            execution = Execution(loop(), strategy)
            world = World([[("step", 0)], [("step", 0)]])
            world.start(execution)
            execution.run()
            count += 1
    assert count == 6
