"""`ConcurrentMachine`: a Hypothesis state machine whose steps may be bursts, each under every interleaving.

A rule asks one thing at a time with `call`, which is judged at once, or many at the same time with
`interleave`, which executes the burst under every schedule of its clients and faults (up to a budget), from
the state that the program has reached, and judges each execution. The program then goes on from one of the
distinct outcomes, drawn by Hypothesis. At the end of a program all its phases run once more in one world from
the very beginning, which shows that going on from copies changed nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, ClassVar

from attrs import define, frozen
from hypothesis.stateful import RuleBasedStateMachine

from machines.counterexample.record import Counterexample
from machines.evidence import Evidence
from machines.exploration.certificate import Certificate
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.exploration.strategy import executions, strategy_named
from machines.exploring import (
    CLIENT_NAMES,
    FailedExecution,
    Offered,
    PhaseRun,
    from_genesis,
    genesis,
    started,
)
from machines.invariants import Finding, Invariant, invariants_of, look
from machines.program import Faults, Phase, Program
from machines.subject import Rows, Subject
from machines.tally import Tally
from machines.world.errors import NondeterminismError, ScheduleDivergedError
from machines.world.kernel import Chooser, Loop, Observer, loop
from machines.world.node import Node, Snapshot, predicted_uuid
from model.acceptance.registry import criteria_of
from model.judges.linearizability import LinearizabilityJudge


@frozen
class Exploring:
    """How bursts are explored: by which strategy, in how many executions, and how often one is repeated."""

    strategy: str = "bounded"
    executions_max: int = 300
    recheck_every: int = 50
    seed: int = 0


class Violation(AssertionError):  # noqa: N818 - the word of the report
    """An execution violated an invariant; `counterexample` says which, and is all it takes to repeat it."""

    def __init__(self, counterexample: Counterexample) -> None:
        super().__init__(f"{counterexample.finding.invariant}: {counterexample.finding.message}")
        self.counterexample = counterexample


_KINDS: dict[str, type[Violation]] = {}


def violation(counterexample: Counterexample) -> Violation:
    """A violation, of a type of its own for each invariant, so that shrinking never slides to another one."""
    name = counterexample.finding.invariant
    kind = _KINDS.setdefault(name, type(f"Violation_{name}", (Violation,), {}))
    return kind(counterexample)


@define(eq=False)
class _Outcome:
    """A state that a phase can end in, where the program may go on, and the first schedule to it."""

    snapshot: Snapshot
    rows: Rows
    model: Any
    schedule: Schedule
    evidence: Evidence


class ConcurrentMachine(RuleBasedStateMachine):
    """Base of the machines. A subclass names its `subject`, draws operations in rules, and states invariants.

    State: the program so far with its schedules pinned; the snapshot, the committed rows and the model's
    state that it has led to; whether it has failed.
    """

    subject: ClassVar[Subject]
    fault_kinds: ClassVar[tuple[str, ...]] = ()
    """Kinds of faults that a full run of this machine must have seen, or it proves nothing of them."""
    exploring: ClassVar[Exploring] = Exploring()
    tally: ClassVar[Tally] = Tally()
    found_after: ClassVar[int] = 0
    """How many executions it took to find the first violation; 0 while there is none."""
    watch: ClassVar[Callable[[Tally], None] | None] = None
    """Told of the tally after every phase, by whoever shows progress."""
    _judge: ClassVar[LinearizabilityJudge | None] = None

    def __init__(self) -> None:
        super().__init__()
        self._loop: Loop = loop()
        self._invariants: tuple[Invariant, ...] = invariants_of(type(self))
        self.program = Program(machine_name(type(self)))
        self._pinned: list[Evidence] = []
        self._failed = False
        with self._loop.exploring():
            self._snapshot, self.rows = genesis(self.subject, self._loop)
        self.model: Any = self.subject.specification.initial
        self.tally.programs += 1
        self._tie()

    def _tie(self) -> None:
        """Note every tie between a criterion and an invariant, exercised or not."""
        for one in self._invariants:
            for criterion in one.criteria:
                self.tally.exercise(criterion, one.name, 0)
        for each in criteria_of(type(self)):
            self.tally.exercise(each.id, type(self).__name__, 0)

    # -- what rules use

    def predict_id(self, client: int = 0, place: int = 0) -> str:
        """The id that the system will make for the operation of that client and place in the next phase."""
        return predicted_uuid(self.request_id(client, place))

    def request_id(self, client: int = 0, place: int = 0) -> str:
        """The id of that request in the next phase."""
        return f"p{len(self.program.phases)}{CLIENT_NAMES[client]}{place}"

    def call(self, operation: object) -> object:
        """One operation with nothing beside it, judged at once; gives the system's answer."""
        began = perf_counter()
        phase = Phase(((operation,),))
        with self._loop.exploring():
            outcome = self._execute(phase, Replay(Schedule(), lenient=True))
        self.tally.calls += 1
        self._go_on(phase, outcome)
        self._passed(began)
        return outcome.evidence.calls[0].result

    def interleave(
        self, clients: Sequence[Sequence[object]], faults: Faults | None = None, outcome: int = 0
    ) -> Certificate:
        """Every interleaving of the clients and faults, each judged; goes on in the outcome of that number.

        `outcome` is taken modulo the number of distinct outcomes, in the order of their discovery. A client
        is the operations that it asks for one after another. Raises `Violation`, and `ValueError` for too
        many clients.
        """
        began = perf_counter()
        phase = Phase(tuple(tuple(client) for client in clients), faults or Faults())
        with self._loop.exploring():
            certificate, outcomes = self._explore(phase)
        self._go_on(phase, outcomes[outcome % len(outcomes)])
        self.tally.burst(certificate, len(outcomes), contended=phase.contended)
        self._passed(began)
        return certificate

    def _passed(self, began: float) -> None:
        self.tally.seconds += perf_counter() - began
        watch = type(self).watch
        if watch is not None:
            watch(self.tally)

    # -- exploring

    def _explore(self, phase: Phase) -> tuple[Certificate, list[_Outcome]]:
        exploring = self.exploring
        strategy = strategy_named(exploring.strategy, exploring.seed + len(self.program.phases))
        chooser = Offered(strategy)
        outcomes: dict[Any, _Outcome] = {}
        done = 0
        for number in executions(strategy, exploring.executions_max):
            outcome = self._execute(phase, chooser, outcomes, recheck=number % exploring.recheck_every == 0)
            outcomes.setdefault(_key(outcome.evidence), outcome)
            done = number + 1
        return strategy.certificate(done), list(outcomes.values())

    def _execute(
        self,
        phase: Phase,
        chooser: Chooser,
        known: dict[Any, _Outcome] | None = None,
        *,
        recheck: bool = True,
    ) -> _Outcome:
        """One execution from the state reached, judged; the snapshot is taken if the outcome is a new one."""
        node = Node.from_snapshot(self.subject, self._loop.clock, self._snapshot)
        try:
            evidence = self._run(node, phase, chooser)
            model = self._judged(evidence)
            self.tally.execution(evidence)
            outcome = (known or {}).get(_key(evidence))
            if outcome is None:
                outcome = _Outcome(node.snapshot(), evidence.after, model, evidence.schedule, evidence)
        finally:
            node.close()
        if recheck:
            self._recheck(phase, evidence)
        return outcome

    def _run(self, node: Node, phase: Phase, chooser: Chooser, observer: Observer | None = None) -> Evidence:
        """Run a phase; one that does not come to a proper end is a violation."""
        run = PhaseRun(node, phase, len(self.program.phases))
        try:
            return run.run(self._loop, chooser, self.rows, observer)
        except FailedExecution as failed:
            kind = type(failed.error).__name__
            finding = Finding(kind, "every execution comes to its end", (), str(failed.error))
            raise self._violation(phase.pinned(failed.schedule), finding) from failed.error

    def _recheck(self, phase: Phase, first: Evidence) -> None:
        """Run the same schedule again: it must do the same, step for step."""
        node = Node.from_snapshot(self.subject, self._loop.clock, self._snapshot)
        run = PhaseRun(node, phase, len(self.program.phases))
        with _repeating("under the same schedule"):
            try:
                second = run.run(self._loop, Replay(first.schedule), self.rows)
            finally:
                node.close()
            _require_same(first, second)
        self.tally.rechecks += 1

    def _go_on(self, phase: Phase, outcome: _Outcome) -> None:
        self.program = self.program.then(phase.pinned(outcome.schedule))
        self._pinned.append(outcome.evidence)
        self._snapshot, self.rows, self.model = outcome.snapshot, outcome.rows, outcome.model

    def teardown(self) -> None:
        """Run the whole program again in one world, from its beginning, and compare phase by phase."""
        if not self._pinned or self._failed or self._loop.broken:
            return
        with _repeating("from the very beginning, without copies of the world between its phases"):
            again = from_genesis(self.subject, self._loop, self.program)
            for first, second in zip(self._pinned, again, strict=True):
                _require_same(first, second)
        self.tally.rechecks += 1

    @classmethod
    def replay(cls, program: Program, observer: Observer | None = None) -> list[Evidence]:
        """Run a program with pinned schedules from its beginning, judging each phase; raises `Violation`.

        The observer is told of the last phase only. Raises `ScheduleDivergedError` if the system no longer
        offers the choices that a schedule names.
        """
        machine = cls()
        with machine._loop.exploring():
            node = started(cls.subject, machine._loop)
            try:
                for phase in program.phases:
                    last = len(machine._pinned) + 1 == len(program.phases)
                    machine._follow(node, phase, observer if last else None)
            finally:
                node.close()
        return machine._pinned

    def _follow(self, node: Node, phase: Phase, observer: Observer | None) -> None:
        """Run and judge the next phase of a program on the node where the earlier ones ran."""
        chooser = Replay(phase.schedule or Schedule(), lenient=phase.schedule is None)
        evidence = self._run(node, phase, chooser, observer)
        self.model = self._judged(evidence)
        self.rows = evidence.after
        self.program = self.program.then(phase.pinned(evidence.schedule))
        self._pinned.append(evidence)

    # -- judging

    def _judged(self, evidence: Evidence) -> Any:
        """Ask every invariant; gives the model's state after the execution, raises `Violation`."""
        evidence.initial = self.model
        evidence.linearizability = self._linearizability().judge(
            (*evidence.calls, evidence.observed), self.model
        )
        for one in self._invariants:
            found = look(self, one, evidence)
            if isinstance(found, Finding):
                raise self._violation(evidence.phase.pinned(evidence.schedule), found)
            for criterion in one.criteria:
                self.tally.exercise(criterion, one.name, found)
        for each in criteria_of(type(self)):
            self.tally.exercise(each.id, type(self).__name__, 1)
        self.tally.unknown += evidence.linearizability.unknown
        if evidence.linearizability.holds:
            return evidence.linearizability.final_state
        return self.subject.state(evidence.after)

    @classmethod
    def _linearizability(cls) -> LinearizabilityJudge:
        if cls._judge is None:
            cls._judge = LinearizabilityJudge(cls.subject.specification)
        return cls._judge

    def _violation(self, phase: Phase, finding: Finding) -> Violation:
        self._failed = True
        kind = type(self)
        # Of all that shrinking finds, the first took the search; the others took the shrinking.
        kind.found_after = kind.found_after or self.tally.executions + 1
        return violation(Counterexample.of(self.program.then(phase), finding, kind.found_after))


def machine_name(machine: type) -> str:
    """`module:Class` of the machine that its author wrote, whichever shard of it is running."""
    own = next(base for base in machine.__mro__ if not base.__dict__.get("is_shard", False))
    return f"{own.__module__}:{own.__qualname__}"


def _key(evidence: Evidence) -> tuple[object, ...]:
    return tuple(evidence.after.values())


@contextmanager
def _repeating(when: str) -> Iterator[None]:
    """Around a run of what has been run before: whatever is not the same is nondeterminism."""
    try:
        yield
    except (FailedExecution, ScheduleDivergedError, _Differs) as error:
        raise NondeterminismError(
            f"the same program, run again {when}, differed: {error}\n"
            "Something that no schedule controls decides here: real time, hash order, id(), or state that "
            "outlives an execution"
        ) from error


class _Differs(Exception):  # noqa: N818 - what is wrong, for `_repeating` to say when
    """Two executions that should be the same are not."""


_COMPARED = {
    "schedule": "another schedule",
    "calls": "other answers",
    "errors": "other errors",
    "after": "other rows",
    "messages": "other messages between services",
    "ended_ms": "another virtual time at its end",
}


def _require_same(first: Evidence, second: Evidence) -> None:
    for name, words in _COMPARED.items():
        one, other = getattr(first, name), getattr(second, name)
        if name == "errors":
            one, other = ({request: repr(error) for request, error in each.items()} for each in (one, other))
        if one != other:
            raise _Differs(f"{words}\n  first   {one}\n  second  {other}")
