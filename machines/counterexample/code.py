"""Programs as Python that can be pasted into a test, with its imports, and that does exactly the same.

Everything is written in ASCII, in lines of 110 characters: a value that does not fit is broken between its
parts, as many to a line as fit, a long text is broken into pieces, and one that repeats a single character
(where a limit was crossed) is written as `'a' * 2001`.
"""

from __future__ import annotations

import enum
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from machines.counterexample.encoding import given_fields
from machines.program import Phase, Program
from model.specification.values import Record

WIDTH = 110
_INDENT = 4
_REPEATED_MIN = 40
_HOME = "machines.counterexample.replay"


def as_code(program: Program) -> str:
    """The imports, a blank line, and one call of `replay`."""
    return "\n".join([*_imports(program), "", *_replay(program)])


def _replay(program: Program) -> list[str]:
    phases = [line for phase in program.phases for line in _indented(_phase(phase))]
    return ["replay(", f'    "{program.machine}",', *phases, ")"]


def _phase(phase: Phase) -> list[str]:
    if _is_call(phase):
        operation = expression(phase.clients[0][0], WIDTH - 2 * _INDENT - len("call(),"))
        return [f"call({operation[0]}),"] if len(operation) == 1 else _wrapped("call", [operation])
    arguments = [_sequence(client, WIDTH - 3 * _INDENT) for client in phase.clients]
    if phase.faults:
        arguments.append([f"faults={flat(phase.faults)}"])
    if phase.schedule is not None:
        arguments.append(_schedule(str(phase.schedule)))
    return _wrapped("burst", arguments)


def _is_call(phase: Phase) -> bool:
    """One operation, and only one task ever stepped: running it without a schedule does the same."""
    alone = phase.schedule is None or len(set(phase.schedule.tokens)) <= 1
    return phase.sequential and phase.operations == 1 and alone


def _wrapped(function: str, arguments: list[list[str]]) -> list[str]:
    """A call of a function, its arguments below each other."""
    body = [line for argument in arguments for line in _indented(_with_comma(argument))]
    return [f"{function}(", *body, "),"]


def _schedule(text: str) -> list[str]:
    pieces = textwrap.wrap(text, WIDTH - 3 * _INDENT - len('schedule=" "'))
    quoted = [f'"{piece} "' for piece in pieces[:-1]] + [f'"{piece}"' for piece in pieces[-1:] or [""]]
    return [f"schedule={quoted[0]}", *quoted[1:]]


# -- values


def flat(value: Any) -> str:
    """A value as Python on one line."""
    if isinstance(value, Record):
        return flat(_pairs_or_dict(value))
    if attrs.has(type(value)):
        arguments = ", ".join(f"{name}{flat(held)}" for name, held in _arguments(value))
        return f"{type(value).__qualname__}({arguments})"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flat(name)}: {flat(held)}" for name, held in value.items()) + "}"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(flat, value))
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(value) == 1 else ''})"
    if isinstance(value, enum.Enum):
        return f"{type(value).__qualname__}.{value.name}"
    return f"{value[0]!a} * {len(value)}" if _repeats(value) else ascii(value)


def _repeats(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= _REPEATED_MIN and len(set(value)) == 1


def expression(value: Any, width: int) -> list[str]:
    """A value as Python, on one line if it fits the width, which is reckoned without what follows it."""
    line = flat(value)
    if len(line) <= width:
        return [line]
    if isinstance(value, Record):
        return expression(_pairs_or_dict(value), width)
    if attrs.has(type(value)):
        return _broken_call(value, width)
    if isinstance(value, Mapping):
        return ["{", *_indented(_filled(_items(value, width - _INDENT), width - _INDENT)), "}"]
    if isinstance(value, list | tuple):
        return _sequence(value, width, "[]" if isinstance(value, list) else "()")
    return _pieces(value, width) if isinstance(value, str) and not _repeats(value) else [line]


def _sequence(values: tuple[Any, ...] | list[Any], width: int, brackets: str = "[]") -> list[str]:
    line = f"{brackets[0]}{', '.join(map(flat, values))}{brackets[1]}"
    if len(line) <= width and brackets == "[]":
        return [line]
    parts = [expression(value, width - _INDENT) for value in values]
    return [brackets[0], *_indented(_filled(parts, width - _INDENT)), brackets[1]]


def _broken_call(value: Any, width: int) -> list[str]:
    lines = [f"{type(value).__qualname__}("]
    for name, held in _arguments(value):
        first, *more = expression(held, width - _INDENT - len(name) - 1)
        lines += _indented(_with_comma([f"{name}{first}", *more]))
    return [*lines, ")"]


def _arguments(value: Any) -> list[tuple[str, Any]]:
    """What to call the class with: ("", value) for what must be given, then ("name=", value) for the rest."""
    given = dict(given_fields(value))
    fields = [attribute for attribute in attrs.fields(type(value)) if attribute.name in given]
    by_position = [("", given[each.name]) for each in fields if _is_positional(each)]
    by_name = [(f"{each.alias}=", given[each.name]) for each in fields if not _is_positional(each)]
    return by_position + by_name


def _is_positional(attribute: attrs.Attribute[Any]) -> bool:
    return attribute.default is attrs.NOTHING and not attribute.kw_only


def _items(mapping: Mapping[Any, Any], width: int) -> list[list[str]]:
    items = []
    for name, held in mapping.items():
        key = f"{flat(name)}: "
        first, *more = expression(held, width - len(key) - 1)
        items.append([key + first, *more])
    return items


def _filled(parts: list[list[str]], width: int) -> list[str]:
    """Parts with commas, as many to a line as fit; a part of several lines has them to itself."""
    lines: list[str] = []
    open_line = False
    for part in map(_with_comma, parts):
        if len(part) == 1 and open_line and len(lines[-1]) + 1 + len(part[0]) <= width:
            lines[-1] += f" {part[0]}"
        else:
            lines += part
        open_line = len(part) == 1
    return lines


def _pieces(text: str, width: int) -> list[str]:
    """A long text in quoted pieces, which Python joins; a character takes at most ten in ASCII."""
    pieces: list[str] = [""]
    for character in text:
        if len(ascii(pieces[-1] + character)) > width - _INDENT:
            pieces.append("")
        pieces[-1] += character
    return ["(", *_indented([ascii(piece) for piece in pieces]), ")"]


def _pairs_or_dict(record: Record) -> Any:
    by_name = dict(record.pairs)
    return by_name if len(by_name) == len(record) else record.pairs


def _with_comma(lines: list[str]) -> list[str]:
    return [*lines[:-1], f"{lines[-1]},"]


def _indented(lines: list[str]) -> list[str]:
    return [" " * _INDENT + line for line in lines]


# -- what it imports


def _imports(program: Program) -> list[str]:
    phases = program.phases
    ours = {"call" if _is_call(phase) else "burst" for phase in phases} | {"replay"}
    ours |= {"Faults" for phase in phases if phase.faults}
    names = {_HOME: ours}
    for operation in (each for phase in phases for client in phase.clients for each in client):
        for kind in _classes(operation):
            names.setdefault(kind.__module__, set()).add(kind.__qualname__.partition(".")[0])
    return [line for module in sorted(names) for line in _import(module, sorted(names[module]))]


def _import(module: str, names: list[str]) -> list[str]:
    line = f"from {module} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return [line]
    return [f"from {module} import (", *_indented(_filled([[name] for name in names], WIDTH - _INDENT)), ")"]


def _classes(value: Any) -> Iterator[type]:
    """The classes that the code of a value names."""
    if isinstance(value, enum.Enum):
        yield type(value)
    elif attrs.has(type(value)) and not isinstance(value, Record):
        yield type(value)
        for _, held in given_fields(value):
            yield from _classes(held)
    elif isinstance(value, Mapping | Record):
        for _, held in value.items() if isinstance(value, Mapping) else value:
            yield from _classes(held)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _classes(item)
