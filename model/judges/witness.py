"""Says why a history is not linearizable, in the fewest answers that cannot all be true.

*Fewest answers.* To weaken a call is to accept any answer from it; it still takes effect. Every order that
explains a history explains it weakened, since the same path of the model satisfies fewer demands. So if the
weakened history cannot be explained the full one cannot either: what is left is a sound reason. Demands only
ever disappear, so QuickXplain (Junker, 2004) finds a set of answers from which no single one can be taken
away (1-minimal; a smaller set of other answers may exist), in about `k log n` searches for k answers of n. It
prefers the earliest evidence.

*What supports them.* A stale read is one answer; that the write before it was over is another part of the
reason. To free a call is to weaken it and to let it happen at any time or never, again fewer demands. The
calls that cannot all be freed, beside those of the answers, are the support, minimal in the same way.

*What comes later is left out first.* The search never got past some answer, and never looked past another.
Whatever was invoked after both played no part in that, so the calls before cannot be explained either.

*In words.* The attempt that explained the most calls, and for each call that could come next what the model
would have answered. No such call can agree: it would have made a longer attempt.

Rejected: leaving calls out altogether. Without an effect the rest of the history may become explicable or
inexplicable for a reason that is not in the execution, so the smaller history proves nothing.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

import attrs
from attrs import frozen

from model.history import History
from model.judges.minimal import minimal_subset
from model.judges.problem import NO_CALLS, Problem
from model.judges.search import Found
from model.specification.interface import Specification
from model.specification.values import Record, strict

SearchAgain: TypeAlias = Callable[[Sequence[int], frozenset[int], frozenset[int]], Found]
"""Searches among some calls, given by index, some of them weak, some of them free."""

_SUPPORT_CALLS_MAX: Final = 400
"""Free calls make a search harder; in a longer history the answers alone must do."""
_TOLD_MAX: Final = 12
"""Calls of an attempt that are told; of a longer one the last."""


@frozen
class Witness:
    """Why no order explains the history, by indices of its calls: see the top of this module.

    `is_minimal` says of the answers that each was shown to be needed.
    """

    answers: tuple[int, ...]
    support: tuple[int, ...]
    is_minimal: bool


def minimal_witness(history: History, problem: Problem, found: Found, again: SearchAgain) -> Witness:
    """The witness of a search that ended with `violated`."""
    until = problem.returns[found.reached]
    answered = [index for index in problem.indices[: problem.answered] if history[index].invoked <= until]
    among = [index for index in problem.indices if history[index].invoked <= until]
    gave_up: list[Found] = []

    def contradict(kept: Sequence[int]) -> bool:
        return _is_violated(again(among, frozenset(answered).difference(kept), NO_CALLS), gave_up)

    answers = minimal_subset(answered, contradict)
    is_minimal = not gave_up
    weak = frozenset(answered).difference(answers)
    others = [index for index in among if index not in answers]

    def contradict_still(kept: Sequence[int]) -> bool:
        free = frozenset(others).difference(kept)
        return _is_violated(again(among, weak - free, free), gave_up)

    if len(among) > _SUPPORT_CALLS_MAX:
        return Witness(tuple(answers), (), is_minimal)
    # Which ones are found depends on which are preferred; those near the answers are usually fewer.
    near = sorted(others, key=lambda index: (-history[index].invoked, index))
    found_near, found_early = (minimal_subset(order, contradict_still) for order in (near, others))
    support = min(found_near, found_early, key=len)
    return Witness(tuple(answers), tuple(sorted(support)), is_minimal)


def _is_violated(found: Found, gave_up: list[Found]) -> bool:
    if found.outcome == "unknown":
        gave_up.append(found)
    return found.outcome == "violated"


def describe(
    history: History,
    problem: Problem,
    specification: Specification[Any],
    stuck: Found,
    witness: Witness,
) -> str:
    """The contradiction and the longest attempt at explaining it, as lines of text."""
    lines = ["No order of the calls explains their answers. These cannot all be true:"]
    lines += [_said(history, index) for index in witness.answers]
    if witness.support:
        lines.append("given when these were called and took effect:")
        lines += [_said(history, index) for index in witness.support]
    lines.append("The longest attempt:" if stuck.path else "No call can come first:")
    told = stuck.path[-_TOLD_MAX:]
    if len(told) < len(stuck.path):
        lines.append(f"  ({len(stuck.path) - len(told)} calls before)")
    lines += [_said(history, problem.indices[position]) for position in told]
    for position in _next_positions(problem, stuck.path):
        call = history[problem.indices[position]]
        _, expected = specification.apply(stuck.state, call.operation)
        differences = contrast(expected, call.result)
        if differences:
            lines.append(f"  then {call.process} {call.operation!r}:")
            lines += [f"    {line}" for line in differences]
    if stuck.doomed >= 0:
        lines.append("From there nothing leads to this answer any more:")
        lines.append(_said(history, problem.indices[stuck.doomed]))
    return "\n".join(lines)


def _next_positions(problem: Problem, path: tuple[int, ...]) -> tuple[int, ...]:
    """The answered calls that could come next after the path, in the order of their answers."""
    explained = set(path)
    low = next(position for position in range(problem.answered) if position not in explained)
    candidates = sorted((*problem.watchers[low], *problem.movers[low]))
    return tuple(position for position in candidates if position not in explained)


def _said(history: History, index: int) -> str:
    call = history[index]
    answer = "no answer came" if call.returned is None else _shown(call.result)
    return f"  {call.process} {call.operation!r} -> {answer}"


def contrast(expected: object, actual: object, where: str = "") -> list[str]:
    """One line for each place in which two answers differ, however deep; the whole where shapes differ."""
    if expected == actual:
        return []
    if isinstance(expected, Record) and isinstance(actual, Record):
        return _contrast_records(expected, actual, where)
    parts = _aligned(expected, actual)
    if parts is None:
        return [_differs(where, expected, actual)]
    inside = [(f"{where}.{name}" if where else name, first, second) for name, first, second in parts]
    return [line for name, first, second in inside for line in contrast(first, second, name)]


def _shown(value: object) -> str:
    """Values of the model have a short form of their own; a plain string needs its quotes."""
    return str(value) if attrs.has(type(value)) else repr(value)


def _differs(where: str, expected: object, actual: object) -> str:
    place = f"{where}: " if where else ""
    return f"{place}the model answers {_shown(expected)}, the system answered {_shown(actual)}"


def _contrast_records(expected: Record, actual: Record, where: str) -> list[str]:
    first, second = dict(expected), dict(actual)
    if first.keys() != second.keys() or len(first) < len(expected) or len(second) < len(actual):
        return [_differs(where, expected, actual)]
    differing = [name for name in first if strict(first[name]) != strict(second[name])]
    return [_differs(f"{where}.{name}" if where else name, first[name], second[name]) for name in differing]


def _aligned(expected: object, actual: object) -> list[tuple[str, object, object]] | None:
    """The parts of two values of one shape, side by side; None if they are better shown whole."""
    if isinstance(expected, tuple) and isinstance(actual, tuple):
        same_length = len(expected) == len(actual)
        both = zip(expected, actual, strict=False)
        return [(str(at), first, second) for at, (first, second) in enumerate(both)] if same_length else None
    if type(expected) is not type(actual) or not attrs.has(type(expected)):
        return None
    names = [attribute.name for attribute in attrs.fields(type(expected))]  # type: ignore[arg-type] # has() said so
    parts = [(name, getattr(expected, name), getattr(actual, name)) for name in names]
    # Another id or code makes it another thing; a list of their differences would say nothing.
    return None if any(name in {"id", "code"} and a != b for name, a, b in parts) else parts
