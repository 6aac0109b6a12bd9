"""Reads events, one JSON object a line, and pairs each invocation with its completion.

    {"index": 0, "process": 3, "type": "invoke", "f": "cas", "key": "x", "value": [1, 2], "time": 12.5}

`type` is invoke, ok, fail or info; `key`, `value`, `index` and `time` may be left out. Jepsen writes such
histories, and others are easily turned into them. The order of events is that of the lines, unless they are
to be ordered by `time`; then equal times are concurrent. An invocation without a completion, or one that ends
in `info`, is indeterminate. An `info` that completes nothing (a nemesis tells what it does) is passed over.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Final, Literal

from attrs import evolve, field, frozen

from machines.judging.errors import bad_line
from machines.judging.values import kept, parsed

Order = Literal["lines", "time"]
EventType = Literal["invoke", "ok", "fail", "info"]
_TYPES: Final = ("invoke", "ok", "fail", "info")
_FIELDS: Final = {"index", "process", "type", "f", "key", "value", "time", "error"}


@frozen
class Event:
    """One line; `at` is its place in the order of events, `value` is as JSON gives it."""

    line: int
    process: Hashable
    type: EventType
    f: str
    key: Hashable
    value: Any = field(eq=False)
    time: float | None
    at: float = 0


@frozen
class Request:
    """An invocation with its completion, None if none came, of a client who makes one call at a time."""

    client: str
    invoke: Event
    completion: Event | None

    @property
    def is_indeterminate(self) -> bool:
        """It may have taken effect, and nobody was told."""
        return self.completion is None or self.completion.type == "info"


def objects(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a file with their line numbers, from 1; empty lines are passed over."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = parsed(line)
        except (ValueError, RecursionError) as error:
            raise bad_line(number, f"not JSON: {error}") from None
        if not isinstance(value, dict):
            raise bad_line(number, f"not an object with fields, but {line.strip()[:60]}")
        yield number, value


def requests(given: Iterable[tuple[int, dict[str, Any]]], order: Order = "lines") -> list[Request]:
    """The calls of a history, in the order of their invocation; raises BadInputError."""
    events = _ordered([_event(number, value) for number, value in given], order)
    return _paired(events)


def _event(number: int, given: dict[str, Any]) -> Event:
    unknown = sorted(given.keys() - _FIELDS)
    if unknown:
        raise bad_line(number, f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
    for name in ("process", "type", "f"):
        if name not in given:
            raise bad_line(number, f"the field {name!r} is missing")
    kind, asked, time = given["type"], given["f"], given.get("time")
    if kind not in _TYPES:
        raise bad_line(number, f"type is {kind!r}, and should be one of {', '.join(_TYPES)}")
    if not isinstance(asked, str) or not asked:
        raise bad_line(number, f"f is {asked!r}, and should be the name of an operation")
    if isinstance(given["process"], dict | list) or given["process"] is None:
        raise bad_line(number, f"process is {given['process']!r}, and should be a number or a name")
    if time is not None and (isinstance(time, bool) or not isinstance(time, int | float)):
        raise bad_line(number, f"time is {time!r}, and should be a number")
    key = kept(given.get("key"))
    process, value = given["process"], given.get("value")
    return Event(number, process, kind, asked, key, value, time, at=number)


def _ordered(events: list[Event], order: Order) -> list[Event]:
    if order == "lines":
        _check_times(events)
        return events
    for event in events:
        if event.time is None:
            raise bad_line(event.line, "events are to be ordered by time, and this one has none")
    return [evolve(event, at=_by_time(event)) for event in sorted(events, key=_by_time)]


def _by_time(event: Event) -> float:
    return event.time or 0


def _check_times(events: list[Event]) -> None:
    before: Event | None = None
    for event in events:
        if event.time is None:
            continue
        if before is not None and before.time is not None and event.time < before.time:
            reason = f"its time, {event.time:g}, is before that of line {before.line}, {before.time:g}"
            raise bad_line(event.line, f"{reason}; if the lines are in no order, use --order time")
        before = event


def _paired(events: list[Event]) -> list[Request]:
    """Each invocation with what completed it; a process may go on after an indeterminate call."""
    pending: dict[Hashable, int] = {}
    lives: dict[Hashable, int] = {}
    found: list[Request] = []
    for event in events:
        process = event.process
        begun = pending.get(process)
        if event.type == "invoke":
            if begun is not None:
                line = found[begun].invoke.line
                raise bad_line(event.line, f"process {process} invokes, and its call of line {line} goes on")
            pending[process] = len(found)
            found.append(Request(_client(process, lives.setdefault(process, 0)), event, None))
        elif begun is None:
            if event.type != "info":
                raise bad_line(event.line, f"{event.type} of process {process}, which has invoked nothing")
        else:
            request = found[pending.pop(process)]
            if request.invoke.f != event.f:
                raise bad_line(
                    event.line, f"{event.f} completes the {request.invoke.f} of line {request.invoke.line}"
                )
            found[begun] = evolve(request, completion=event)
            lives[process] += event.type == "info"
    return found


def _client(process: Hashable, life: int) -> str:
    """After a call without an answer the same process is another client, as the old one may still go on."""
    return f"process {process}" + "'" * min(life, 3) + (f"{life}" if life > 3 else "")  # noqa: PLR2004 - more are hard to count
