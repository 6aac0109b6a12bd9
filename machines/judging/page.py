"""One self-contained page about one verdict: the witness first, then a timeline of the calls around it.

Its size is bounded whatever the length of the history: it draws the calls of the witness and those nearest to
it, up to a limit, says how many it leaves out, and cuts texts short. It asks nothing of the network.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

from machines.judging.judgement import Judged
from machines.judging.telling import subject
from model.history import Failed
from model.judges.isolation.history import Append, Operation, Read, ReadList, Write
from model.specification.cells import Cells

DRAWN_MAX: Final = 400
_TEXT_MAX: Final = 160
_KEY_MAX: Final = 40
_EXPLANATION_MAX: Final = 8_000


def page(judged: Judged, source: str) -> str:
    """The page as HTML; `source` is what the history is called."""
    template = files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    rows = _transactions(judged) if judged.transactions else _calls(judged)
    drawn = _nearest(rows, {*judged.witness, *judged.support}, judged.attempt)
    data = {
        "outcome": judged.verdict.outcome,
        "rows": [rows[index] for index in drawn],
        "witness": list(judged.witness),
        "support": list(judged.support),
        "left": len(rows) - len(drawn),
        "unit": "transaction" if judged.transactions else "call",
    }
    filled = {
        "title": html.escape(f"{judged.verdict.outcome}: {source}"),
        "outcome": judged.verdict.outcome,
        "subject": html.escape(f"{subject(judged)} · {source} · judged in {judged.milliseconds:.1f} ms"),
        "explanation": html.escape(_cut(judged.verdict.explanation, _EXPLANATION_MAX)),
        "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    }
    for name, text in filled.items():
        template = template.replace(f"@@{name}@@", text)
    return template


def _cut(text: str, length: int = _TEXT_MAX) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def _nearest(rows: Sequence[dict[str, Any]], chosen: set[int], attempt: Sequence[int]) -> list[int]:
    """The rows to draw, ascending: the chosen ones and those nearest to them, or to the attempt's end."""
    if len(rows) <= DRAWN_MAX:
        return list(range(len(rows)))
    kept = set(sorted(chosen)[:DRAWN_MAX])
    middles = sorted(kept) or ([attempt[-1]] if attempt else [len(rows) - 1])
    distance = 0
    while len(kept) < DRAWN_MAX and distance < len(rows):
        for middle in middles:
            for index in (middle - distance, middle + distance):
                if 0 <= index < len(rows) and len(kept) < DRAWN_MAX:
                    kept.add(index)
        distance += 1
    return sorted(kept)


def _calls(judged: Judged) -> list[dict[str, Any]]:
    """What the page shows of each call; `place` is its place in the order found, or in the attempt."""
    places = {index: place for place, index in enumerate(judged.attempt, start=1)}
    states = _states(judged)
    rows = []
    for index, (request, call) in enumerate(zip(judged.requests, judged.calls, strict=True)):
        outcome = "fail" if isinstance(call.result, Failed) else "ok" if call.answered else "info"
        answer = "no answer" if outcome == "info" else "failed" if outcome == "fail" else repr(call.result)
        completion = request.completion
        rows.append(
            {
                "id": index,
                "client": str(call.process),
                "key": "—" if request.invoke.key is None else _cut(str(request.invoke.key), _KEY_MAX),
                "what": _cut(f"{request.invoke.f} {_json(request.invoke.value)}"),
                "answer": _cut(answer),
                "outcome": outcome,
                "from": call.invoked,
                "to": call.returned,
                "begin": request.invoke.time,
                "end": completion.time if completion is not None and call.answered else None,
                "lines": [each.line for each in (request.invoke, completion) if each is not None],
                "place": places.get(index),
                "state": states.get(index),
            }
        )
    return rows


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value)


def _states(judged: Judged) -> dict[int, str]:
    """The model's state after each call of the order found, in short."""
    specification = judged.specification
    if specification is None or not judged.attempt:
        return {}
    state, told = specification.initial, {}
    for index in judged.attempt:
        operation: Any = judged.calls[index].operation
        state, _ = specification.apply(state, operation)
        told[index] = _cut(repr(state.get(operation.key)) if isinstance(state, Cells) else repr(state))
    return told


def _transactions(judged: Judged) -> list[dict[str, Any]]:
    """What the page needs to know of each transaction; without times they stand in the order of the file."""
    history = judged.transactions
    are_timed = all(each.invoked is not None for each in history)
    rows = []
    for index, each in enumerate(history):
        keys = sorted({str(operation.key) for operation in each.operations})
        ended = each.status != "info"
        rows.append(
            {
                "id": index,
                "client": f"session {each.session}",
                "key": _cut(" ".join(keys), _KEY_MAX),
                "what": _cut(f"{each.name}: {' '.join(map(_operation, each.operations[:20]))}"),
                "answer": "",
                "outcome": each.status,
                "from": each.invoked if are_timed else 2 * index,
                "to": (each.returned if are_timed else 2 * index + 1) if ended else None,
                "begin": each.invoked if are_timed else None,
                "end": each.returned if are_timed else None,
                "lines": [],
                "place": None,
                "state": None,
            }
        )
    return rows


def _operation(operation: Operation) -> str:
    match operation:
        case Read(key=key, version=version):
            return f"r({key})={version}"
        case Write(key=key, version=version):
            return f"w({key}:={version})"
        case ReadList(key=key, elements=elements):
            return f"r({key})={list(elements)}"
        case Append(key=key, element=element):
            return f"append({key},{element})"
