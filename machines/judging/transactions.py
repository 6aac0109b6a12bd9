"""Reads transactions, one a line, or as events whose `f` is `txn`.

    {"session": 1, "status": "ok", "ops": [["r", "x", 1], ["w", "y", 2], ["append", "z", 3]]}
    {"process": 1, "type": "ok", "f": "txn", "value": [["r", "x", 1], ["w", "y", 2]]}

A read of a register tells its version, or null before the first; a read of a list tells its elements, or null
for none. Reads of a transaction that did not end well are passed over where they tell null: nobody knows.
With `start` and `end`, numbers, a line says when the transaction was; events say it by their order.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import Any, Final

from machines.judging.errors import bad_line
from machines.judging.events import Order, requests
from machines.judging.values import kept
from model.judges.isolation.history import Append, Operation, Read, ReadList, Status, Transaction, Write

_STATUSES: Final = ("ok", "fail", "info")
_FIELDS: Final = {"session", "status", "ops", "start", "end", "name", "index"}
_Parts = tuple[int, Any, Any, list[Any], float | None, float | None, str]
"""Line, session, status, operations as JSON gives them, begin, end, name."""


def transactions(given: Iterable[tuple[int, dict[str, Any]]], order: Order = "lines") -> list[Transaction]:
    """The transactions of a history in their order; raises BadInputError."""
    rows = list(given)
    are_events = any("f" in value or "type" in value for _, value in rows)
    parts = list(_of_events(rows, order) if are_events else _of_lines(rows))
    lists = set(_lists(parts))
    return [_transaction(part, lists) for part in parts]


def _of_lines(rows: Iterable[tuple[int, dict[str, Any]]]) -> Iterator[_Parts]:
    for number, value in rows:
        unknown = sorted(value.keys() - _FIELDS)
        if unknown:
            raise bad_line(number, f"unknown field {unknown[0]!r}; known are {', '.join(sorted(_FIELDS))}")
        if not isinstance(value.get("ops"), list):
            raise bad_line(number, "the field 'ops' is missing, a list of operations")
        status = value.get("status", "ok")
        if status not in _STATUSES:
            raise bad_line(number, f"status is {status!r}, and should be one of {', '.join(_STATUSES)}")
        for name in ("start", "end"):
            time = value.get(name)
            if time is not None and (isinstance(time, bool) or not isinstance(time, int | float)):
                raise bad_line(number, f"{name} is {time!r}, and should be a number")
        end = value.get("end") if status != "info" else None
        name = str(value.get("name", f"T{number}"))
        yield number, kept(value.get("session")), status, value["ops"], value.get("start"), end, name


def _of_events(rows: Iterable[tuple[int, dict[str, Any]]], order: Order) -> Iterator[_Parts]:
    for request in requests(rows, order):
        invoke, completion = request.invoke, request.completion
        if invoke.f != "txn":
            raise bad_line(invoke.line, f"f is {invoke.f!r}, and transactions have 'txn'")
        status: Status = "info" if completion is None or completion.type == "info" else "ok"
        if completion is not None and completion.type == "fail":
            status = "fail"
        told = completion.value if completion is not None and completion.value is not None else invoke.value
        if not isinstance(told, list):
            raise bad_line(invoke.line, "value is missing, a list of operations")
        end = None if completion is None or status == "info" else completion.at
        yield invoke.line, request.client, status, told, invoke.at, end, f"T{invoke.line}"


def _lists(parts: Iterable[_Parts]) -> Iterator[Hashable]:
    """The keys of which some operation says that they are lists."""
    for number, _, _, operations, *_ in parts:
        for operation in operations:
            match operation:
                case ["r" | "w" | "append" as kind, key, value]:
                    if kind == "append" or isinstance(value, list):
                        yield kept(key)
                case _:
                    form = '["r" or "w" or "append", key, value]'
                    raise bad_line(number, f"not an operation: {operation!r}; one is {form}")


def _transaction(part: _Parts, lists: set[Hashable]) -> Transaction:
    number, session, status, operations, began, ended, name = part
    if (began is None) != (ended is None) and status != "info":
        raise bad_line(number, "of start and end only one is given")
    done = [made for each in operations if (made := _operation(number, each, status, lists)) is not None]
    return Transaction(name, done, session, status, began, ended)


def _operation(number: int, given: list[Any], status: str, lists: set[Hashable]) -> Operation | None:
    kind, key, value = given[0], kept(given[1]), given[2]
    if kind == "r" and value is None and status != "ok":
        return None
    if key in lists:
        return _on_list(number, kind, key, value)
    return Read(key, kept(value)) if kind == "r" else Write(key, kept(value))


def _on_list(number: int, kind: str, key: Hashable, value: Any) -> Operation:
    if kind == "append":
        return Append(key, kept(value))
    if kind == "w":
        raise bad_line(number, f"{key} is a list elsewhere, and is written whole here")
    if value is not None and not isinstance(value, list):
        raise bad_line(number, f"{key} is a list elsewhere, and is read as {value!r} here")
    return ReadList(key, [kept(each) for each in value or ()])
