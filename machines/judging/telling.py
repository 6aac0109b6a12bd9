"""Tells a verdict on a history from outside: as text for a person, as JSON for a program."""

from __future__ import annotations

import json
from typing import Any, Final

from machines.judging.judgement import Judged

EXIT_STATUS: Final = {"holds": 0, "violated": 1, "unknown": 2}
_LINES_MAX: Final = 200


def as_text(judged: Judged) -> str:
    """The verdict, what was judged and how long it took, the witness in words, and its lines in the file."""
    lines = [f"{judged.verdict.outcome.upper()}: {subject(judged)}, judged in {judged.milliseconds:.1f} ms"]
    if judged.verdict.explanation:
        told = judged.verdict.explanation.splitlines()
        lines += told[:_LINES_MAX]
        if len(told) > _LINES_MAX:
            lines.append(f"({len(told) - _LINES_MAX} more lines)")
    places = [
        f"{named(judged, index)}: {place}" for index in judged.witness if (place := where(judged, index))
    ]
    if places:
        lines += ["Where in the file:", *(f"  {place}" for place in places)]
    return "\n".join(lines)


def as_json(judged: Judged) -> str:
    """One object: verdict, what was judged, explanation, witness, time spent."""
    told: dict[str, Any] = {
        "verdict": judged.verdict.outcome,
        "judge": judged.question.judge,
        "judged": subject(judged),
        "exercised": judged.verdict.exercised,
        "explanation": judged.verdict.explanation,
        "witness": [_told(judged, index) for index in judged.witness],
        "support": [_told(judged, index) for index in judged.support],
        "milliseconds": round(judged.milliseconds, 3),
        **judged.details,
    }
    return json.dumps(told, indent=1)


def subject(judged: Judged) -> str:
    """What was judged by what, in a few words."""
    question = judged.question
    if judged.transactions:
        return f"{len(judged.transactions)} transactions, {question.level}"
    if question.judge == "linearizability":
        return f"linearizability of {len(judged.calls)} calls of a {question.specification}"
    return f"{question.judge} in {len(judged.calls)} calls"


def named(judged: Judged, index: int) -> str:
    """A call or a transaction by a short name."""
    if judged.transactions:
        return judged.transactions[index].name
    call = judged.calls[index]
    return f"{call.process} {call.operation!r}"


def where(judged: Judged, index: int) -> str:
    """The lines that a call comes from; empty where a name tells already."""
    if not judged.requests:
        return ""
    request = judged.requests[index]
    if request.completion is None:
        return f"line {request.invoke.line}, never completed"
    return f"lines {request.invoke.line} and {request.completion.line}"


def _told(judged: Judged, index: int) -> dict[str, Any]:
    told: dict[str, Any] = {"index": index, "what": named(judged, index)}
    if judged.requests:
        request = judged.requests[index]
        told["lines"] = [each.line for each in (request.invoke, request.completion) if each is not None]
    return told
