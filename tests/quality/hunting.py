"""Lets a machine hunt for one seeded defect with one invariant, and says what it came home with.

Only the invariant that must notice is asked. So a catch does not depend on which of several invariants is
asked first, the pins of one stay as they are when another is added, and each invariant proves that it can
fail by itself. A run of the whole machine with the same seed stops at the same program at the latest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, frozen
from hypothesis import HealthCheck, settings
from hypothesis import Phase as Stage
from hypothesis.stateful import run_state_machine_as_test

from machines.counterexample.record import Counterexample, machine_named
from machines.drawing_apart import drawing_apart
from machines.evidence import Evidence
from machines.invariants import Finding, invariants_of, look
from machines.machine import ConcurrentMachine, Exploring, Violation
from machines.program import Phase, Program
from machines.tally import Tally
from tests.defects.defect import Defect

PROGRAMS_MAX = 100
STEPS_MAX = 5
"""As few as show what there is to show: a hunt with its shrinking is to take seconds."""
EXPLORING = Exploring(executions_max=60, recheck_every=30)
"""Enough for every fault in a burst of two, and for every single preemption of one without faults."""


@define
class Trail:
    """What there was to see on the way: `programs` until the first violation, the last evidence judged."""

    programs: int = 0
    evidence: Evidence | None = None


@frozen
class Catch:
    """The smallest counterexample, and how many programs it took to meet the first one.

    The counterexample itself says how many executions that took; `executions_in_all` counts those of
    shrinking as well.
    """

    counterexample: Counterexample
    programs: int
    executions_in_all: int


@frozen
class Sighting:
    """A violation seen again: its evidence, and every invariant that the execution violates."""

    violation: Violation
    evidence: Evidence
    violated: tuple[str, ...]


def machine_of(defect: Defect) -> type[ConcurrentMachine]:
    """The machine that a defect is for."""
    machine: type[ConcurrentMachine] = machine_named(defect.machine)
    return machine


def hunter(defect: Defect, seed: int = 0) -> type[Any]:
    """A thin subclass of the defect's machine that asks the one invariant which must notice.

    It remembers the bursts that passed: shrinking tries many draws that amount to the same program.
    """
    machine = machine_of(defect)

    def ask_one(self: Any) -> None:
        machine.__init__(self)
        self._invariants = tuple(one for one in self._invariants if one.name == defect.caught_by)
        assert self._invariants, f"{defect.machine} has no invariant called {defect.caught_by}"

    def keep_evidence(self: Any, evidence: Evidence) -> Any:
        self.trail.evidence = evidence
        return machine._judged(self, evidence)

    def explore_once(self: Any, phase: Phase, **how: Any) -> Any:
        asked = (self.program, phase)
        if asked not in self.explored:
            self.explored[asked] = machine._explore(self, phase, **how)
        return self.explored[asked]

    def note_first(self: Any, phase: Phase, finding: Finding) -> Violation:
        self.trail.programs = self.trail.programs or self.tally.programs
        return machine._violation(self, phase, finding)

    body: dict[str, Any] = {
        "__doc__": machine.__doc__,
        "__module__": machine.__module__,
        "__qualname__": machine.__qualname__,
        "__init__": ask_one,
        "_explore": explore_once,
        "_judged": keep_evidence,
        "_violation": note_first,
        "is_shard": True,
        "exploring": EXPLORING,
        "tally": Tally(),
        "trail": Trail(),
        "explored": {},
        "found_after": 0,
        "_hypothesis_internal_use_seed": seed,
    }
    return type(machine.__name__, (machine,), body)


def hunt(defect: Defect, seed: int = 0) -> Catch | None:
    """What a run of the machine finds while the defect is applied; None if it finds nothing."""
    kind = hunter(defect, seed)
    violation = _violation_of(lambda: run_state_machine_as_test(kind, settings=_SETTINGS))
    if violation is None:
        return None
    return Catch(violation.counterexample, kind.trail.programs, kind.tally.executions)


def sight(defect: Defect, program: Program) -> Sighting | None:
    """What a replay of the program shows to the invariant that must notice; None if it holds."""
    kind = hunter(defect)
    violation = _violation_of(lambda: kind.replay(program))
    if violation is None:
        return None
    evidence: Evidence = kind.trail.evidence
    asked = invariants_of(machine_of(defect))
    violated = (one.name for one in asked if isinstance(look(kind(), one, evidence), Finding))
    return Sighting(violation, evidence, tuple(violated))


def _violation_of(run: Callable[[], object]) -> Violation | None:
    try:
        with drawing_apart():
            run()
    except Violation as violation:
        return violation
    return None


_SETTINGS = settings(
    max_examples=PROGRAMS_MAX,
    stateful_step_count=STEPS_MAX,
    database=None,
    deadline=None,
    phases=(Stage.generate, Stage.shrink),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
