"""Turns requests into calls of a specification: which operations it has, and what a completion answered.

One small function for each specification: given the request it returns the operation and, for an `ok`, the
answer. What `fail` means differs between tools. By default it says that the operation did not happen. With
failed compare-and-sets `compared` it says that a condition was looked at and not met: an observation, which
must be true. Taking the one for the other can hide a violation, or invent one, so it is the user who says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import evolve, frozen

from machines.judging.errors import bad_line
from machines.judging.events import Event, Request
from machines.judging.values import kept
from model.history import INDETERMINATE, Call, Failed
from model.specification import collections, key_value, locks, registers

FailedCas = Literal["did-not-happen", "compared"]
_NO_CONDITION: Final = object()
"""Stands for the refusal of an operation that looks at no condition."""


@frozen
class Translated:
    """An operation, what an `ok` answered, and what a `fail` means if a condition was looked at."""

    operation: Any
    answer: object = None
    refusal: object = _NO_CONDITION


Translator: TypeAlias = Callable[[Event, Event | None], Translated]


def calls(requests: Sequence[Request], specification: str, failed_cas: FailedCas) -> list[Call]:
    """The history, call by call in the order of the requests; raises BadInputError."""
    translator, names = TRANSLATORS[specification]
    made = []
    for request in requests:
        if request.invoke.f not in names:
            known = ", ".join(sorted(names))
            raise bad_line(
                request.invoke.line, f"a {specification} has no {request.invoke.f!r}; it has {known}"
            )
        made.append(_call(request, translator(request.invoke, _answered(request)), failed_cas))
    return _with_ranks(made) if specification == "lease" else made


def _with_ranks(history: Sequence[Call]) -> list[Call]:
    """The history with the tokens of each lock counted from 1: they have to grow, not to be consecutive."""
    ranks: dict[Any, dict[int, int]] = {}
    for call in history:
        operation: Any = call.operation
        ranks.setdefault(operation.key, {}).update(dict.fromkeys(_tokens(call), 0))
    for key, tokens in ranks.items():
        ranks[key] = {each: rank for rank, each in enumerate(sorted(tokens), start=1)}
    return [_with_rank(call, ranks) for call in history]


def _tokens(call: Call) -> list[int]:
    """The token that a call was given or came with."""
    if isinstance(call.operation, locks.Acquire):
        return [call.result] if isinstance(call.result, int) else []
    operation: Any = call.operation
    return [operation.token]


def _with_rank(call: Call, ranks: Mapping[Any, Mapping[int, int]]) -> Call:
    operation: Any = call.operation
    of = ranks[operation.key]
    if isinstance(operation, locks.Acquire):
        return evolve(call, result=of[call.result]) if isinstance(call.result, int) else call
    return evolve(call, operation=evolve(operation, token=of[operation.token]))


def _answered(request: Request) -> Event | None:
    completion = request.completion
    return completion if completion is not None and completion.type == "ok" else None


def _call(request: Request, translated: Translated, failed_cas: FailedCas) -> Call:
    invoked: Any = request.invoke.at
    completion = request.completion
    if completion is None or request.is_indeterminate:
        return Call(request.client, translated.operation, invoked, None, INDETERMINATE)
    returned: Any = completion.at
    if completion.type == "ok":
        return Call(request.client, translated.operation, invoked, returned, translated.answer)
    refusal = _refusal(request, completion, translated, failed_cas)
    return Call(request.client, translated.operation, invoked, returned, refusal)


def _refusal(request: Request, completion: Event, translated: Translated, failed_cas: FailedCas) -> object:
    """What a `fail` answered; a conflict that tells the version has compared, whatever else fails mean."""
    if isinstance(translated.operation, registers.CompareAndSet) and isinstance(
        translated.refusal, registers.Conflict
    ):
        told = completion.value
        if isinstance(told, int) and not isinstance(told, bool):
            return registers.Conflict(told)
    if failed_cas == "compared" and translated.refusal is not _NO_CONDITION:
        return translated.refusal
    return Failed(f"fail in line {completion.line} of {request.invoke.f}")


def _register(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "read":
        return Translated(registers.Read(invoke.key), kept(ok.value) if ok else None)
    if invoke.f == "write":
        return Translated(registers.Write(invoke.key, kept(invoke.value)))
    expected, value = _pair(invoke, "the value expected and the new one")
    return Translated(registers.CompareAndSet(invoke.key, kept(expected), kept(value)), True, False)  # noqa: FBT003 - answers


def _versioned_register(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "read":
        return Translated(registers.Read(invoke.key), _versioned(ok) if ok else None)
    answer = _version(ok) if ok else None
    if invoke.f == "write":
        return Translated(registers.Write(invoke.key, kept(invoke.value)), answer)
    expected, value = _pair(invoke, "the version expected and the new value")
    if isinstance(expected, bool) or not isinstance(expected, int):
        raise bad_line(invoke.line, f"a version is a number, not {expected!r}")
    return Translated(
        registers.CompareAndSet(invoke.key, expected, kept(value)), answer, registers.Conflict(None)
    )


def _versioned(ok: Event) -> registers.Versioned:
    """What a read told: a version, or `{"version": 3, "value": "x"}`, or null before the first write."""
    if ok.value is None:
        return registers.UNWRITTEN
    told = (
        kept(ok.value["value"]) if isinstance(ok.value, Mapping) and "value" in ok.value else registers.UNTOLD
    )
    return registers.Versioned(_version(ok), told)


def _version(event: Event) -> int:
    told = (
        event.value["version"]
        if isinstance(event.value, Mapping) and "version" in event.value
        else event.value
    )
    if isinstance(told, bool) or not isinstance(told, int) or told < 0:
        reason = f"value is {event.value!r}, and should tell the version"
        raise bad_line(event.line, f'{reason}: a number, or {{"version": 3, "value": "x"}}')
    return told


def _key_value(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "get":
        return Translated(key_value.Get(invoke.key), "" if ok is None or ok.value is None else _text(ok))
    operation = key_value.Put if invoke.f == "put" else key_value.Append
    return Translated(operation(invoke.key, _text(invoke)))


def _text(event: Event) -> str:
    if not isinstance(event.value, str):
        raise bad_line(event.line, f"value is {event.value!r}, and should be a text")
    return event.value


def _mutex(invoke: Event, _ok: Event | None) -> Translated:
    if invoke.f == "acquire":
        return Translated(locks.Acquire(invoke.key, invoke.process), True, False)  # noqa: FBT003 - answers
    return Translated(locks.Release(invoke.key, invoke.process), True, False)  # noqa: FBT003 - answers


def _lease(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "acquire":
        return Translated(locks.Acquire(invoke.key, None), token(ok) if ok else None)
    operation: Any = (
        locks.Release(invoke.key, None, token(invoke))
        if invoke.f == "release"
        else locks.Guarded(invoke.key, token(invoke))
    )
    return Translated(operation, True, False)  # noqa: FBT003 - answers


def token(event: Event) -> int:
    """The fencing token in the value of an event: a number, or `{"token": 5}`."""
    told = (
        event.value["token"] if isinstance(event.value, Mapping) and "token" in event.value else event.value
    )
    if isinstance(told, bool) or not isinstance(told, int):
        raise bad_line(event.line, f"value is {event.value!r}, and should tell the token, a number")
    return told


def _queue(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "enqueue":
        return Translated(collections.Enqueue(invoke.key, kept(invoke.value)))
    found = None if ok is None or ok.value is None else collections.Front(kept(ok.value))
    return Translated(collections.Dequeue(invoke.key), found, None)


def _set(invoke: Event, ok: Event | None) -> Translated:
    if invoke.f == "read":
        if ok is not None and not isinstance(ok.value, list):
            raise bad_line(ok.line, f"value is {ok.value!r}, and should be the list of members")
        return Translated(collections.Members(invoke.key), frozenset(map(kept, ok.value)) if ok else None)
    value = kept(invoke.value)
    if invoke.f == "contains":
        if ok is not None and not isinstance(ok.value, bool):
            raise bad_line(ok.line, f"value is {ok.value!r}, and should be true or false")
        return Translated(collections.Contains(invoke.key, value), ok.value if ok else None)
    return Translated((collections.Add if invoke.f == "add" else collections.Remove)(invoke.key, value))


def _pair(event: Event, what: str) -> tuple[Any, Any]:
    if not isinstance(event.value, list) or len(event.value) != 2:  # noqa: PLR2004 - a pair
        raise bad_line(event.line, f"value is {event.value!r}, and should be a list of two: {what}")
    return event.value[0], event.value[1]


TRANSLATORS: Final[Mapping[str, tuple[Translator, frozenset[str]]]] = {
    "register": (_register, frozenset({"read", "write"})),
    "cas-register": (_register, frozenset({"read", "write", "cas"})),
    "versioned-register": (_versioned_register, frozenset({"read", "write", "cas"})),
    "key-value": (_key_value, frozenset({"get", "put", "append"})),
    "mutex": (_mutex, frozenset({"acquire", "release"})),
    "lease": (_lease, frozenset({"acquire", "release", "use"})),
    "queue": (_queue, frozenset({"enqueue", "dequeue"})),
    "set": (_set, frozenset({"add", "remove", "contains", "read"})),
}
