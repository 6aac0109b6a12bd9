"""What an exploration of a program has found: verdict, certificate, outcomes, and the failure explained."""

from __future__ import annotations

import math
import re
from typing import Any, Literal

from attrs import field, frozen

from machines.exploration.certificate import Certificate
from machines.exploration.minimise import Minimised, Switch
from machines.exploration.schedule import Schedule

Verdict = Literal["fails", "holds", "unknown"]
Kind = Literal[
    "raises", "check", "deadlock", "livelock", "hang", "leftovers", "step limit", "unawaited", "refused"
]

_ADDRESS = re.compile(r"\b0x[0-9a-f]+\b")


def without_addresses(text: str) -> str:
    """The text with addresses of objects taken out, which are others in every execution."""
    return _ADDRESS.sub("0x..", text) if "0x" in text else text


@frozen
class Reason:
    """Why an execution failed.

    `exception` is the name of its type, `where` the line of the program that raised it; both are empty where
    nothing was raised.
    """

    kind: Kind
    message: str
    exception: str = ""
    where: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What must be equal for two failures to be the same.

        Where a program does not end, the moment at which it was given up is no part of the reason.
        """
        if self.kind in ("hang", "livelock", "step limit"):
            return (self.kind,)
        return self.kind, self.exception, self.message, self.where

    def __str__(self) -> str:
        where = f", at {self.where}" if self.where else ""
        said = self.message.partition("\n")[0]
        return f"{self.exception}: {said}{where}" if self.exception else said


@frozen
class Outcome:
    """One of the distinct outcomes: the `repr` of what the program returned, and a schedule for it."""

    text: str
    schedule: Schedule


@frozen
class Failure:
    """The failure that an exploration ended with.

    `columns` is the minimised execution drawn with one column per task, `traceback` that of the exception;
    `token` replays it. `again` says whether the failing schedule failed again when it was repeated; where it
    did not, there is nothing to minimise.
    """

    reason: Reason
    minimised: Minimised
    token: str
    error: BaseException = field(eq=False, repr=False)
    tasks: dict[str, str] = field(factory=dict)
    columns: str = ""
    traceback: str = ""
    again: bool = True

    @property
    def before(self) -> Schedule:
        """The schedule as it was found."""
        return Schedule.of(self.minimised.before.tokens)

    @property
    def after(self) -> Schedule:
        """The schedule with the fewest switches."""
        return Schedule.of(self.minimised.after.tokens)

    @property
    def necessary(self) -> tuple[Switch, ...]:
        """The switches without which it does not fail."""
        return tuple(switch for switch in self.minimised.switches if switch.kind == "necessary")


@frozen
class Exploration:
    """The result of `explore`.

    `executions` were made by the search that the certificate is about (repetitions and minimising not
    counted), in `seconds` of real time. `inlined` names the functions meant for threads that ran inside a
    step; `notes` say what else a reader must know; `problem` why nothing can be said although nothing failed.
    """

    name: str
    verdict: Verdict
    certificate: Certificate
    strategy: str
    footprints: str
    seed: int
    executions: int
    seconds: float = field(eq=False)
    outcomes: tuple[Outcome, ...] = ()
    failure: Failure | None = None
    inlined: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""

    def __str__(self) -> str:
        from machines.explore.report import told  # noqa: PLC0415 - the report is made of results: a circle otherwise

        return told(self)

    def as_json(self) -> dict[str, Any]:
        """The same as plain data, as `tandem explore --json` prints it."""
        return {
            "scenario": self.name,
            "verdict": self.verdict,
            "certificate": _certificate(self.certificate),
            "strategy": self.strategy,
            "footprints": self.footprints,
            "seed": self.seed,
            "executions": self.executions,
            "seconds": round(self.seconds, 3),
            "outcomes": [
                {"outcome": outcome.text, "schedule": str(outcome.schedule)} for outcome in self.outcomes
            ],
            "inlined": list(self.inlined),
            "notes": list(self.notes),
            "problem": self.problem or None,
            "failure": None if self.failure is None else _failure(self.failure),
        }


def _certificate(certificate: Certificate) -> dict[str, Any]:
    estimate = certificate.schedules_estimate
    return {
        "kind": certificate.kind,
        "text": str(certificate),
        "executions": certificate.executions,
        "preemptions": certificate.preemptions,
        "schedules_estimate": estimate if estimate is not None and math.isfinite(estimate) else None,
    }


def _failure(failure: Failure) -> dict[str, Any]:
    minimised = failure.minimised
    passing = None
    if minimised.passing is not None:
        passing = {
            "schedule": str(Schedule.of(minimised.passing.tokens)),
            "differs_at": minimised.differs_at,
        }
    return {
        "kind": failure.reason.kind,
        "exception": {
            "type": failure.reason.exception or type(failure.error).__name__,
            "message": failure.reason.message,
            "where": failure.reason.where or None,
            "traceback": failure.traceback or None,
        },
        "schedule": {"before": str(failure.before), "after": str(failure.after)},
        "switches": {"before": minimised.before.switches, "after": minimised.after.switches},
        "preemptions": {"before": minimised.before.preemptions, "after": minimised.after.preemptions},
        "fewest": minimised.fewest,
        "tasks": failure.tasks,
        "explained": [
            {"step": each.at, "from": str(each.before), "to": str(each.after), "kind": each.kind}
            for each in minimised.switches
        ],
        "nearest_passing": passing,
        "again": failure.again,
        "replay": failure.token,
    }
