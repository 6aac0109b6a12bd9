"""The tally of a run: what was executed, explored, injected and exercised; it adds up over processes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import asdict, define, field, fields

from machines.evidence import Evidence
from machines.exploration.certificate import Certificate
from model.acceptance.registry import merged


@define
class Tally:
    """Counts, all from zero. `seconds` is real time, for the rate alone; no result depends on it.

    By name: `certificates` of bursts, by what each may claim; `preemptions`, executions by how many they had
    (as text, for JSON); `faults` that happened, by kind; `exercised`, criterion -> invariant -> cases looked
    at.
    """

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
        """Count one explored burst; it is contended if two clients or more asked for something."""
        self.bursts += 1
        self.bursts_complete += certificate.complete
        self.bursts_contended += contended
        self.outcomes += outcomes
        claim = str(certificate).split(":")[0]
        _count(self.certificates, claim)

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
    def from_json(cls, data: object) -> Tally:
        """The tally that `as_json` wrote; raises `ValueError` that says what is wrong with the data."""
        empty = cls()
        names = {attribute.name for attribute in fields(cls)}
        if not isinstance(data, Mapping) or set(data) != names:
            raise ValueError("these are not the counts of a machine")
        for name, value in data.items():
            if not _is_like(getattr(empty, name), value, depth=2 if name == "exercised" else 1):
                raise ValueError(f"{name} cannot be {value!r}")
        return cls(**data)


def _is_like(example: object, value: object, depth: int) -> bool:
    """Whether a value may stand for the example: a count, seconds, or `depth` levels of counts by name."""
    if isinstance(example, float):
        return isinstance(value, int | float) and value >= 0
    if isinstance(example, dict) and depth:
        return isinstance(value, Mapping) and all(
            isinstance(key, str) and _is_like({} if depth > 1 else 0, inner, depth - 1)
            for key, inner in value.items()
        )
    return type(value) is int and value >= 0


def _count(counts: dict[str, int], key: str, times: int = 1) -> None:
    counts[key] = counts.get(key, 0) + times
