"""Says why a history is not linearizable, in the fewest answers that cannot all be true.

*Fewest answers.* To weaken a call is to accept any answer from it; it still takes effect. Every order that
explains a history explains it weakened, since the same path of the model satisfies fewer demands. So if the
weakened history cannot be explained the full one cannot either: what is left is a sound reason. And demands
only ever disappear, so an answer found necessary stays necessary when later ones are dropped: one pass over
the calls gives a set from which no single answer can be taken away (1-minimal; a smaller set of other answers
may exist). The last call goes first, so what remains is the earliest evidence.

*In words.* The attempt that explained the most calls, and for each call that could come next what the model
would have answered. No such call can agree: it would have made a longer attempt.

Rejected: leaving calls out altogether. Without an effect the rest of the history may become explicable or
inexplicable for a reason that is not in the execution, so the smaller history proves nothing.
"""

from collections.abc import Callable
from typing import Any

import attrs

from model.history import History
from model.judges.search import Found, Problem
from model.specification.interface import Specification
from model.specification.values import Record, strict

Search = Callable[[Problem], Found]


def minimal_witness(problem: Problem, search: Search) -> tuple[tuple[int, ...], bool]:
    """The positions whose answers are needed for the contradiction, and whether each was shown to be.

    The second is False if the search gave up for some call, whose answer was then kept to be sound.
    """
    count = problem.required.bit_count()
    dropped: frozenset[int] = frozenset()
    proven = True
    for position in reversed(range(count)):
        found = search(problem.without_answers(dropped | {position}))
        if found.outcome == "violated":
            dropped |= {position}
        proven = proven and found.outcome != "unknown"
    return tuple(position for position in range(count) if position not in dropped), proven


def next_positions(problem: Problem, path: tuple[int, ...]) -> tuple[int, ...]:
    """The answered calls that could come next after the path, in the order of their answers."""
    mask = sum(1 << position for position in path)
    count = problem.required.bit_count()
    return tuple(
        position
        for position in range(count)
        if not mask >> position & 1 and not problem.preceding[position] & ~mask
    )


def describe(
    history: History,
    problem: Problem,
    specification: Specification[Any],
    stuck: Found,
    witness: tuple[int, ...],
) -> str:
    """The contradiction and the longest attempt at explaining it, as lines of text."""
    lines = ["No order of the calls explains their answers. These cannot all be true:"]
    lines += [_said(history, problem, position) for position in witness]
    lines.append("The longest attempt:" if stuck.path else "No call can come first:")
    lines += [_said(history, problem, position) for position in stuck.path]
    for position in next_positions(problem, stuck.path):
        call = history[problem.indices[position]]
        _, expected = specification.apply(stuck.state, call.operation)
        lines.append(f"  then {call.process} {call.operation!r}:")
        lines += [f"    {line}" for line in contrast(expected, call.result)]
    return "\n".join(lines)


def _said(history: History, problem: Problem, position: int) -> str:
    call = history[problem.indices[position]]
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
