"""Programs and findings as plain JSON data, and back.

Operations are attrs classes. Each is written as an object of its fields with its class under `operation`,
fields that hold their default left out; the classes that a file may name are those of the machine's subject,
so that a file can make nothing else. Reading goes by the types of the fields and converts nothing: a text
where a number belongs is an error that names the place, not a number.

A record that gives a name twice, which no JSON object does, is written as a list of pairs; that is understood
where a field is a record, not deeper.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_args, get_origin

import attrs
from attrs import NOTHING, Factory, frozen
from cattrs import BaseValidationError, Converter, transform_error
from cattrs.gen import make_dict_structure_fn

from machines.counterexample.errors import CounterexampleError, UnknownOperationError, WrongFieldError
from machines.exploration.schedule import Schedule, ScheduleSyntaxError
from machines.invariants import Finding
from machines.program import Phase
from model.acceptance.criteria import criteria
from model.specification.values import Json, Record, freeze

KIND = "operation"
"""The key that names an operation's class; no field of an operation may be called so."""

Target = TypeVar("Target")


@frozen
class Content:
    """All that a file says, besides what kind of file it is."""

    machine: str
    finding: Finding
    phases: tuple[Phase, ...]
    executions: int
    versions: dict[str, str]


# -- to JSON


def encode(content: Content) -> dict[str, Any]:
    """The content as JSON data, in the order in which a reader wants it."""
    return {
        "machine": content.machine,
        "finding": encode_finding(content.finding),
        "phases": [encode_phase(phase) for phase in content.phases],
        "executions": content.executions,
        "versions": content.versions,
    }


def encode_finding(finding: Finding) -> dict[str, Any]:
    """The finding, each criterion with its text."""
    known = criteria()
    named = [{"id": each, "text": known[each].quote if each in known else ""} for each in finding.criteria]
    return attrs.asdict(finding) | {"criteria": named}


def encode_phase(phase: Phase) -> dict[str, Any]:
    """The phase: its clients, the faults that may happen, its schedule as text."""
    data: dict[str, Any] = {
        "clients": [[encode_operation(each) for each in client] for client in phase.clients]
    }
    if phase.faults:
        data["faults"] = {name: number for name, number in attrs.asdict(phase.faults).items() if number}
    if phase.schedule is not None:
        data["schedule"] = str(phase.schedule)
    return data


def encode_operation(operation: Any) -> dict[str, Any]:
    """The operation's class and fields."""
    data = {name: _plain(value) for name, value in given_fields(operation)}
    assert KIND not in data, f"{type(operation).__name__} has a field called {KIND!r}, which names its class"
    return {KIND: type(operation).__name__, **data}


def given_fields(value: Any) -> Iterator[tuple[str, Any]]:
    """The fields of an attrs object from which it can be made again: those that do not hold their default."""
    for attribute in attrs.fields(type(value)):
        held = getattr(value, attribute.name)
        if attribute.init and not _is_default(held, attribute.default):
            yield attribute.name, held


def _is_default(value: object, default: object) -> bool:
    """Whether a value is the default, of the same type: True is not 1."""
    if default is NOTHING or isinstance(default, Factory):  # type: ignore[arg-type] # attrs declares it a function
        return False
    return type(value) is type(default) and value == default


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        pairs = [(name, _plain(held)) for name, held in value]
        by_name = dict(pairs)
        return by_name if len(by_name) == len(pairs) else [list(pair) for pair in pairs]
    if isinstance(value, enum.Enum):
        return value.value
    if attrs.has(type(value)):
        return {name: _plain(held) for name, held in given_fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(held) for name, held in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


# -- from JSON


def decode(data: Mapping[str, Any], operations: tuple[type, ...]) -> Content:
    """The content that was encoded; raises `UnknownOperationError` and `WrongFieldError`."""
    converter = _strict_converter()
    values = _strict_converter()
    named = {operation.__name__: operation for operation in operations}

    def operation(given: Any, _: Any) -> object:
        return _decode_operation(given, named, values)

    converter.register_structure_hook_func(lambda kind: kind is object, operation)
    content = structured(data, Content, converter)
    if not content.phases:
        raise WrongFieldError("phases: is empty, and no counterexample does nothing")
    return content


def _decode_operation(given: Any, named: Mapping[str, type], converter: Converter) -> object:
    if not isinstance(given, dict) or KIND not in given:
        raise WrongFieldError(f"an operation is an object with the name of its class under {KIND!r}")
    name = given[KIND]
    if name not in named:
        raise UnknownOperationError(f"no operation is called {name!r}; there are {', '.join(sorted(named))}")
    fields = {key: value for key, value in given.items() if key != KIND}
    try:
        return structured(fields, named[name], converter)
    except WrongFieldError as error:
        raise WrongFieldError(f"{name}: {error}") from error


def structured(data: Any, kind: type[Target], converter: Converter) -> Target:
    """An object of that class; raises the first error of ours, else `WrongFieldError` with every place."""
    try:
        return converter.structure(data, kind)
    except BaseValidationError as error:
        complaints = transform_error(error, path="", format_exception=_complaint)
        ours = next(_errors_of_ours(error), None)
        kind_of_error = type(ours) if ours else WrongFieldError
        raise kind_of_error("; ".join(_readable(each) for each in complaints)) from error


def _errors_of_ours(error: BaseException) -> Iterator[CounterexampleError]:
    if isinstance(error, CounterexampleError):
        yield error
    for part in getattr(error, "exceptions", ()):
        yield from _errors_of_ours(part)


def _complaint(error: BaseException, kind: type | None) -> str:
    if isinstance(error, KeyError):
        return "is missing"
    if isinstance(error, CounterexampleError | ValueError | TypeError):
        return str(error)
    names = getattr(error, "extra_fields", None)
    if names:
        return f"does not know {', '.join(sorted(map(repr, names)))}"
    return f"cannot be {getattr(kind, '__name__', kind)}: {error}"


def _readable(complaint: str) -> str:
    """What cattrs writes as `what @ where`, the place first."""
    what, _, where = complaint.rpartition(" @ ")
    place = where.lstrip(".")
    return f"{place}: {what}" if place else what


def _strict_converter() -> Converter:
    """Reads by type and converts nothing."""
    converter = Converter(forbid_extra_keys=True)
    for kind in (str, int, float, bool):
        converter.register_structure_hook(kind, _exactly)
    converter.register_structure_hook_func(
        _is_uniform_tuple, lambda given, kind: _tuple(given, kind, converter)
    )
    converter.register_structure_hook(Schedule, _schedule)
    converter.register_structure_hook(Record, _record)
    converter.register_structure_hook_func(lambda kind: kind == Json, lambda given, _: freeze(given))
    finding = make_dict_structure_fn(Finding, converter, _cattrs_forbid_extra_keys=True)
    converter.register_structure_hook(Finding, lambda given, kind: finding(_with_bare_ids(given), kind))
    return converter


def _exactly(given: Any, kind: type[Target]) -> Target:
    if type(given) is not kind:
        raise WrongFieldError(f"is {given!r}, which is no {kind.__name__}")
    return given


def _is_uniform_tuple(kind: Any) -> bool:
    return get_origin(kind) is tuple and get_args(kind)[1:] == (...,)


def _tuple(given: Any, kind: Any, converter: Converter) -> tuple[Any, ...]:
    """Only a list is one: left to itself, a converter takes a text for a list of its letters."""
    items: Any = list[get_args(kind)[0]]  # type: ignore[misc] # a type that is known when this runs
    return tuple(converter.structure(_exactly(given, list), items))


def _schedule(given: Any, _: type[Schedule]) -> Schedule:
    try:
        return Schedule.parse(_exactly(given, str))
    except ScheduleSyntaxError as error:
        raise WrongFieldError(str(error)) from error


def _record(given: Any, _: type[Record]) -> Record:
    if isinstance(given, dict | list):
        return Record(given)
    raise WrongFieldError(f"is {given!r}, which is no object")


def _with_bare_ids(given: Any) -> Any:
    """A finding whose criteria are their ids alone: their texts are for human readers."""
    if not isinstance(given, dict) or not isinstance(given.get("criteria"), list):
        return given
    ids = [each.get("id") if isinstance(each, dict) else each for each in given["criteria"]]
    return given | {"criteria": ids}
