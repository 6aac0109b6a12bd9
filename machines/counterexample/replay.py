"""Runs counterexamples again: pasted as code, or from their files."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from attrs import frozen

from machines.counterexample.record import Counterexample, machine_named
from machines.counterexample.report import render
from machines.counterexample.rerun import Judged, judge_again
from machines.machine import ConcurrentMachine, machine_name, violation
from machines.program import Faults, Phase, Program, burst, call
from machines.world.errors import ScheduleDivergedError

__all__ = ["Faults", "Replayed", "burst", "call", "replay", "replay_file"]

Outcome = Literal["fails the same way", "fails differently", "no longer fails", "schedule diverged"]


def replay(machine: str | type[ConcurrentMachine], *phases: Phase) -> None:
    """Run a program from its beginning; a phase without a schedule takes its first options.

    Raises `Violation` with the report as its message if it fails, `UnknownMachineError`, and
    `ScheduleDivergedError` if the system does not offer what a schedule asks for.
    """
    kind: type[ConcurrentMachine] = machine_named(machine) if isinstance(machine, str) else machine
    judged = judge_again(kind, Program(machine_name(kind), phases))
    if judged.found is not None:
        raised = violation(judged.found)
        raised.args = (f"\n{render(judged.found, machine=kind)}",)
        raise raised
    if judged.diverged:
        raise ScheduleDivergedError(judged.diverged)


@frozen
class Replayed:
    """How the counterexample of a file fared: `now` is what it is today, None if it does not fail.

    `summary` is a sentence or two, with both findings where they differ; `report` is the whole text.
    """

    outcome: Outcome
    summary: str
    report: str
    recorded: Counterexample
    now: Counterexample | None

    @property
    def fails(self) -> bool:
        """Whether it violates an invariant, be it the same or another one."""
        return self.now is not None


def replay_file(path: Path) -> Replayed:
    """Load a counterexample and run it again; raises `CounterexampleError`."""
    recorded = Counterexample.load(path)
    judged = judge_again(machine_named(recorded.program.machine), recorded.program)
    outcome = _outcome(recorded, judged)
    return Replayed(
        outcome, _summary(outcome, recorded, judged), render(recorded, path), recorded, judged.found
    )


def _outcome(recorded: Counterexample, judged: Judged) -> Outcome:
    if judged.found is not None:
        same = _finding(judged.found) == _finding(recorded) and judged.found.program == recorded.program
        return "fails the same way" if same else "fails differently"
    return "schedule diverged" if judged.diverged else "no longer fails"


def _finding(counterexample: Counterexample) -> tuple[str, str, str, str]:
    """What was found; the wording of the sentence and the criteria do not decide."""
    finding = counterexample.finding
    return finding.invariant, finding.message, finding.model, finding.system


def _summary(outcome: Outcome, recorded: Counterexample, judged: Judged) -> str:
    was = _said("recorded", recorded)
    if judged.found is None:
        why = f": {judged.diverged}" if judged.diverged else ""
        return f"{outcome}{why}\n{was}"
    if outcome == "fails the same way":
        return f"{outcome}: {recorded.finding.invariant}"
    moved = "" if judged.found.program == recorded.program else "\nthe steps differ from those recorded"
    return f"{outcome}{moved}\n{was}\n{_said('now', judged.found)}"


def _said(when: str, counterexample: Counterexample) -> str:
    finding = counterexample.finding
    return f"  {when}: {finding.invariant}: {finding.message}"
