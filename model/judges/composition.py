"""Asks several judges about one execution and puts their verdicts together.

A judge that raises has not judged: that is a failure of the suite and must not look like a finding about the
system, nor vanish among the verdicts of the others. So it stops everything, under a name of its own.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import frozen

from model.judges.verdict import Verdict, all_of

Judge: TypeAlias = Callable[[], Verdict]


class JudgeFailedError(RuntimeError):
    """A judge raised, or gave something that is no verdict: a defect of the suite, not of the system."""


@frozen
class Judgement(Verdict):
    """The verdicts of several judges by name; violated if one is, unknown if one is and none is violated."""

    parts: tuple[tuple[str, Verdict], ...] = ()


def judged(name: str, judge: Judge) -> Verdict:
    """The verdict of one judge; raises JudgeFailedError."""
    try:
        verdict: object = judge()
    except Exception as error:
        raise JudgeFailedError(f"the judge of {name} failed: {type(error).__name__}: {error}") from error
    if not isinstance(verdict, Verdict):
        raise JudgeFailedError(f"the judge of {name} gave {verdict!r}, which is no verdict")
    return verdict


def judged_by(judges: Mapping[str, Judge]) -> Judgement:
    """The verdicts of all, in their order, and what they amount to; raises JudgeFailedError.

    Each explanation is told under its judge's name; no judges at all are unknown.
    """
    parts = tuple((name, judged(name, judge)) for name, judge in judges.items())
    whole = all_of(*(verdict for _, verdict in parts))
    deciding = [
        (name, verdict) for name, verdict in parts if verdict.outcome == whole.outcome and not whole.holds
    ]
    lines = [f"{name}: {verdict.explanation}" for name, verdict in deciding]
    return Judgement(whole.outcome, "\n".join(lines) or whole.explanation, whole.exercised, parts)
