"""The tally of a run: what was executed, explored completely, injected and exercised; it adds up over processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, define, field, fields

from machines.evidence import Evidence
from machines.exploration.certificate import Certificate
from model.acceptance.registry import merged


@define
class Tally:
    """Counts, all from zero. `seconds` is real time, for the rate alone; no result depends on it."""

    programs: int = 0
    calls: int = 0
    bursts: int = 0
    bursts_complete: int = 0
    bursts_contended: int = 0
    executions: int = 0
    rechecks: int = 0
    steps: int = 0
    outcomes: int = 0
    unknown: int = 0
    seconds: float = 0.0
    certificates: dict[str, int] = field(factory=dict)
    preemptions: dict[str, int] = field(factory=dict)
    faults: dict[str, int] = field(factory=dict)
    exercised: dict[str, dict[str, int]] = field(factory=dict)

    def execution(self, evidence: Evidence) -> None:
        """Count one judged execution."""
        self.executions += 1
        self.steps += len(evidence.schedule)
        _count(self.preemptions, str(evidence.preemptions))
        for fault in evidence.faults:
            _count(self.faults, fault.split("-")[0])

    def burst(self, certificate: Certificate, outcomes: int, *, contended: bool) -> None:
        """Count one explored burst."""
        self.bursts += 1
        self.bursts_complete += certificate.complete
        self.bursts_contended += contended
        self.outcomes += outcomes
        words = str(certificate).split(":")[0]
        _count(self.certificates, words)

    def exercise(self, criterion: str, invariant: str, cases: int) -> None:
        """Count the cases that an invariant tied to a criterion looked at; 0 notes that it is tied."""
        _count(self.exercised.setdefault(criterion, {}), invariant, cases)

    def add(self, other: Tally) -> None:
        """Add another tally to this one."""
        for attribute in fields(Tally):
            mine, theirs = getattr(self, attribute.name), getattr(other, attribute.name)
            if attribute.name == "exercised":
                self.exercised = merged([mine, theirs])
            elif isinstance(mine, dict):
                for key, count in theirs.items():
                    _count(mine, key, count)
            else:
                setattr(self, attribute.name, mine + theirs)

    def as_json(self) -> dict[str, Any]:
        """Plain data, for another process or a file."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Tally:
        """The tally that `as_json` wrote."""
        return cls(**data)


def _count(counts: dict[str, int], key: str, times: int = 1) -> None:
    counts[key] = counts.get(key, 0) + times
