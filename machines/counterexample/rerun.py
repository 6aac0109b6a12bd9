"""Runs a counterexample again, once to be judged and once to be told step by step.

Twice, because the judgement belongs to the machine and ends at the violation, while the tale needs the calls
as they are being made and goes on to the end. Both follow the same schedule, so they are the same execution.
"""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from attrs import field, frozen

from machines.counterexample.record import Counterexample
from machines.counterexample.timeline import Timeline
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.exploring import FailedExecution, PhaseRun, read_rows, started
from machines.machine import ConcurrentMachine, Violation
from machines.program import Program
from machines.subject import Subject
from machines.world.errors import ScheduleDivergedError
from machines.world.kernel import Loop, loop
from machines.world.node import Node
from model.history import Call


@frozen
class Judged:
    """How a program fared when it was run again: `found` is how it failed, None if it did not.

    `diverged` says where the system no longer offered what the schedule asks for; empty if it always did.
    """

    found: Counterexample | None = None
    diverged: str = ""


@frozen
class Tale:
    """What happened: the steps of the last phase, and the calls of each phase with their answers."""

    timeline: Timeline
    phases: list[tuple[Call, ...]] = field(factory=list)


def judge_again(machine: type[ConcurrentMachine], program: Program) -> Judged:
    """Run and judge a program from its beginning; a phase without a schedule takes its first options."""
    try:
        pinned = machine.replay(program)
    except Violation as violation:
        return Judged(violation.counterexample)
    except ScheduleDivergedError as error:
        return Judged(diverged=str(error))
    for phase, evidence in zip(program.phases, pinned, strict=True):
        if phase.schedule not in {None, evidence.schedule}:
            return Judged(diverged=f"it asks for {phase.schedule}, and {evidence.schedule} happened")
    return Judged()


def tell(subject: Subject, program: Program) -> Tale:
    """Run a program from its beginning, as far as its schedules fit, and keep what happened."""
    tale = Tale(Timeline(getattr(subject, "plumbing", ())))
    with (own := loop()).exploring():
        node = started(subject, own)
        with suppress(FailedExecution, ScheduleDivergedError):
            _run_phases(own, node, program, tale)
        tale.timeline.finish()
        node.close()
    return tale


def _run_phases(own: Loop, node: Node, program: Program, tale: Tale) -> None:
    rows = read_rows(node)
    for number, phase in enumerate(program.phases):
        run = PhaseRun(node, phase, number)
        last = number + 1 == len(program.phases)
        if last:
            tale.timeline.calls = partial(_calls, run)
        chooser = Replay(phase.schedule or Schedule(), lenient=phase.schedule is None)
        try:
            rows = run.run(own, chooser, rows, tale.timeline if last else None).after
        finally:
            tale.phases.append(_calls(run))


def _calls(run: PhaseRun) -> tuple[Call, ...]:
    return tuple(request.call() for request in run.requests)
