"""Runs phases of a program on a node: one execution under one chooser, with its evidence.

Snapshots of the quiet node are where executions of the same phase start; the same phases in one world,
without a snapshot between them, must do the same (`from_genesis`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, cast

from attrs import define, field, frozen

from machines.evidence import Evidence
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.program import Phase, Program
from machines.subject import Answer, Rows, Subject
from machines.world.errors import ExecutionError, NondeterminismError
from machines.world.faults import Budget, Cancellation, Crash
from machines.world.kernel import STEPS_MAX, Chooser, Execution, Loop, Observer, Token
from machines.world.node import NODE, REQUEST, Node, Snapshot
from machines.world.recording import Listener, Recorder
from machines.world.sqlite import databases
from model.history import INDETERMINATE, Call

CLIENT_NAMES = "abcdefghijklmnop"


@define(eq=False)
class _Request:
    """One operation while an execution goes on; `invoked` and `returned` order all questions and answers."""

    id: str
    client: str
    operation: Any
    invoked: int
    returned: int | None = None
    answer: Answer | None = None

    def call(self) -> Call:
        result = INDETERMINATE if self.answer is None else self.answer.result
        return Call(self.client, self.operation, self.invoked, self.returned, result)


@frozen
class Offered:
    """Passes the choices of a strategy on, and notes when it asks for more than the program offers.

    A strategy that goes through all schedules comes back to choices made in an earlier execution. Raises
    `NondeterminismError` where these are not there any more.
    """

    strategy: Chooser

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """As the strategy says."""
        index = self.strategy.choose(options, tasks, preempting=preempting, step=step)
        if index >= len(options):
            raise NondeterminismError(
                f"at step {step} there were {index + 1} choices or more before, and now {len(options)}, "
                "after the same steps: something that no schedule controls decides here"
            )
        return index


def recorder_for(chooser: Chooser) -> Recorder | None:
    """What tells the strategy of each step, if it wants to know."""
    strategy = chooser.strategy if isinstance(chooser, Offered) else chooser
    return Recorder(cast("Listener", strategy), unknown=True) if hasattr(strategy, "resources") else None


class FailedExecution(Exception):  # noqa: N818 - carries an error together with what it happened in
    """An execution that did not come to a proper end: `error` says why, `schedule` how it came about."""

    def __init__(self, error: ExecutionError, schedule: Schedule, faults: tuple[str, ...]) -> None:
        super().__init__(str(error))
        self.error = error
        self.schedule = schedule
        self.faults = faults


@define(eq=False)
class PhaseRun:
    """One execution of a phase on a node.

    State: the requests made so far, and the clock that orders invocations and answers.
    """

    node: Node
    phase: Phase
    number: int
    requests: list[_Request] = field(factory=list)
    _order: Iterator[int] = field(factory=itertools.count)

    def run(
        self,
        loop: Loop,
        chooser: Chooser,
        before: Rows,
        observer: Observer | None = None,
        steps_max: int = STEPS_MAX,
    ) -> Evidence:
        """Run to the end; raises `FailedExecution`, and `ValueError` if there are too many clients."""
        if len(self.phase.clients) > len(CLIENT_NAMES):
            raise ValueError(
                f"a phase has at most {len(CLIENT_NAMES)} clients, not {len(self.phase.clients)}"
            )
        node = self.node
        execution = Execution(
            loop, chooser, steps_max, observer, node.clock.seconds, recorder=recorder_for(chooser)
        )
        node.blocking.execution = execution
        messages = len(node.journal.messages)
        for name, client in zip(CLIENT_NAMES, self.phase.clients, strict=False):
            execution.spawn(name, self._client, name, client, node=NODE)
        self._allow_faults(execution)
        started_ms = node.clock.now_ms()
        try:
            execution.run()
        except ExecutionError as error:
            raise FailedExecution(error, Schedule.of(execution.tokens), tuple(execution.faults)) from error
        finally:
            node.blocking.execution = None
        return self._evidence(execution, before, messages, started_ms)

    async def _client(self, name: str, operations: tuple[Any, ...]) -> None:
        subject, node = self.node.subject, self.node
        for place, operation in enumerate(operations):
            asked = f"p{self.number}{name}{place}"
            request = _Request(subject.correlation(operation, asked), name, operation, next(self._order))
            self.requests.append(request)
            REQUEST.set(asked)
            request.answer = await subject.perform(node.system, operation, asked, node.ports)
            if request.answer.result is INDETERMINATE:
                return
            request.returned = next(self._order)

    def _allow_faults(self, execution: Execution) -> None:
        faults = self.phase.faults
        if faults.crashes:
            execution.actions.append(Crash(self.node, Budget(faults.crashes)))
        if faults.cancellations:
            budget = Budget(faults.cancellations)
            clients = list(execution.roots)
            execution.actions += [Cancellation(root, budget, f"cancel-{root.label}") for root in clients]

    def _evidence(self, execution: Execution, before: Rows, messages: int, started_ms: int) -> Evidence:
        node = self.node
        after = read_rows(node)
        operation, seen = node.subject.observation(after)
        answered = {request.id: request.answer for request in self.requests if request.answer is not None}
        locks = databases().locks()
        return Evidence(
            phase=self.phase,
            schedule=Schedule.of(execution.tokens),
            calls=tuple(request.call() for request in self.requests),
            requests=tuple(request.id for request in self.requests),
            errors={key: answer.error for key, answer in answered.items() if answer.error is not None},
            before=before,
            after=after,
            observed=Call("observer", operation, next(self._order), next(self._order), seen),
            messages=tuple(node.journal.messages[messages:]),
            leftovers={"database locks": len(locks), **node.subject.leftovers(node.system)},
            faults=tuple(execution.faults),
            preemptions=execution.preemptions,
            switches=execution.switches,
            choices=execution.choices,
            started_ms=started_ms,
            ended_ms=node.clock.now_ms(),
        )


def read_rows(node: Node) -> Rows:
    """The committed rows, read by a connection that is none of the system's."""
    subject = node.subject
    return subject.rows(databases().connect(NODE, subject.database, subject.prepare, "observer"))


_GENESIS: dict[tuple[type, str], tuple[Snapshot, Rows]] = {}


def genesis(subject: Subject, loop: Loop) -> tuple[Snapshot, Rows]:
    """The system started for the first time on an empty disk; made once per process and subject."""
    key = (type(subject), subject.name)
    if key not in _GENESIS:
        node = started(subject, loop)
        try:
            _GENESIS[key] = (node.snapshot(), read_rows(node))
        finally:
            node.close()
    return _GENESIS[key]


def started(subject: Subject, loop: Loop) -> Node:
    """A node on which the system has just been started for the first time."""
    loop.clock.seconds = 0.0
    node = Node.fresh(subject, loop.clock)
    execution = Execution(loop, Replay(Schedule(), lenient=True))
    execution.spawn("start", node.start, node=NODE)
    execution.run()
    return node


def from_genesis(subject: Subject, loop: Loop, program: Program) -> list[Evidence]:
    """All phases of a pinned program in one world from its very beginning, with no snapshot between them."""
    with loop.exploring():
        node = started(subject, loop)
        rows, result = read_rows(node), []
        for number, phase in enumerate(program.phases):
            chooser = Replay(phase.schedule or Schedule(), lenient=phase.schedule is None)
            evidence = PhaseRun(node, phase, number).run(loop, chooser, rows)
            result.append(evidence)
            rows = evidence.after
        node.close()
    return result
