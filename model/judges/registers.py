"""Judges versioned registers without a search: one sweep through the answers, in order of time.

Gibbons and Korach ("Testing shared memories", 1997) showed that a history is easy to judge where it tells
which write each read saw. Here it tells more, the version, and so the order of the writes. Give a write of
version v the *slot* 2v, and a call that observed version v the slot 2v + 1. An order of the calls explains
their answers if and only if it is an order by slots in which every version up to the largest is written once:
sorted by slot the versions come one after the other, each with its observers behind it. (Observers of one
version may stand in any order.) And there is such an order that keeps time if and only if

    a call that was answered before another was asked has no larger slot than the other:

sort by slot, then by invocation. So it is enough to know the largest slot answered so far, the *floor*: a
call whose slot is below the floor at its invocation clashes with the call that made the floor. That is one
comparison a call, at its answer, and it includes that no version is seen before its write was asked for.
Sorting by time is the only thing that costs more than linear time; who feeds a `RegisterSweep` as things
happen needs no sorting, and has the violation at the answer that completes it.

*What a failed compare-and-set saw.* If it tells the version, it is an observer of that. If it tells nothing,
it saw some version other than the one that it expected. The smallest slot at or above its floor that will do
is the best for it: it lies above no more calls than any other choice, it asks for no version that another
choice would not ask for, and it leaves the lowest floor behind.

*Calls that were never answered* count only if they are needed. A version that is missing below the largest
one has been written by one of them, one each. Such a write w may have been the one of version v if it was
invoked no later than U(v), the first answer to a call with a slot above 2v; it constrains nothing else. U
grows with v. A compare-and-set that expected v - 1 can be nothing but v, so it is used there first. Of a
version whose value somebody saw, only writes of that value come into question. Per value, going up, the
latest possible write is taken: since the sets of possible writes grow, this succeeds whenever anything does,
and what is left over begins as early as it can (it is the complement of the heaviest basis of a transversal
matroid, which is elementwise the latest). Versions that nobody saw then take the leftovers, the earliest
first. If a version finds no write the history is not linearizable.

The sweep and the search judge by the same specification, and are compared with each other and with brute
force in the tests. Rejected: letting versions have gaps, which real stores do (an etcd revision counts all
keys), because a gap is exactly what a lost update of another client looks like.
"""

from bisect import bisect_right
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from attrs import define, field, frozen

from model.history import Call, Failed, History, render_call, validate
from model.judges.verdict import Verdict
from model.specification.registers import (
    UNTOLD,
    UNWRITTEN,
    CompareAndSet,
    Conflict,
    Operation,
    Read,
    Versioned,
    Write,
)

_NEVER: Final = float("inf")
_NOBODY: Final = -1

Clash: TypeAlias = tuple[str, tuple[int, ...]]
"""A complaint, and the one or two calls that it is about, by index, the earlier one first."""


class NotVersionedError(TypeError):
    """An operation or an answer that no versioned register has: the message names it."""


@frozen
class VersionedVerdict(Verdict):
    """The verdict on a history of versioned registers; a violation is a clash of two calls, or one call.

    `clash` are their indices in the history; exercised: the answered calls.
    """

    clash: tuple[int, ...] = ()


@define
class RegisterSweep:
    """One register, told of its calls in the order of time; calls are named by numbers of the teller's.

    State: the floor, which is the largest slot answered so far, and whose it is; for each version who wrote
    it, who first saw it and when its slot and those above were first answered; the writes without an answer.
    """

    initial: Versioned = UNWRITTEN
    floor: int = field(init=False)
    floor_call: int = _NOBODY
    _writers: dict[int, int] = field(factory=dict, init=False)
    _values: dict[int, tuple[Hashable, int]] = field(factory=dict, init=False)
    _first_answers: dict[int, tuple[float, int]] = field(factory=dict, init=False)
    _loose: list[tuple[float, int, Operation]] = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self.floor = 2 * self.initial.version
        self._values[self.initial.version] = (self.initial.value, _NOBODY)

    def answered(
        self, call: int, asked: Operation, answer: object, floor: tuple[int, int], at: float
    ) -> Clash | None:
        """An answer came at a time; `floor` is (floor, floor_call) as it stood when the call was made."""
        kind = type(answer)
        if kind is Versioned:
            slot = 2 * answer.version + 1  # type: ignore[attr-defined] # its type was just compared
            clash = self._saw(answer.version, answer.value, call)  # type: ignore[attr-defined] # likewise
        elif kind is int and isinstance(asked, Write | CompareAndSet):
            slot = 2 * answer  # type: ignore[operator] # likewise
            clash = self._wrote(answer, asked, call)  # type: ignore[arg-type] # likewise
        elif kind is Conflict and isinstance(asked, CompareAndSet):
            version = _version_met(asked, answer, floor[0])  # type: ignore[arg-type] # likewise
            slot = 2 * version + 1
            clash = _met_what_it_expected(version, call) if version == asked.expected else None
        else:
            raise NotVersionedError(f"{asked!r} cannot be answered {answer!r}")
        if slot < floor[0]:
            return _says_below(slot, floor[0]), (call,) if floor[1] == _NOBODY else (floor[1], call)
        if slot > self.floor:
            self.floor, self.floor_call = slot, call
        if slot not in self._first_answers:
            self._first_answers[slot] = (at, call)
        return clash

    def never_answered(self, call: int, asked: Operation, invoked: float) -> None:
        """The call may take effect at any time after its invocation, or never."""
        if not isinstance(asked, Read):
            self._loose.append((invoked, call, asked))

    def ending(self) -> Clash | None:
        """Whether unanswered writes can have made the versions that no answered one made."""
        top = max(self.floor // 2, self.initial.version)
        missing = top - self.initial.version - (len(self._writers) - 1)
        if not missing:
            return None
        latest = _Latest(self._first_answers)
        gaps = [
            version
            for version, _ in zip(self._missing(), range(min(missing, len(self._loose) + 1)), strict=False)
        ]
        unmade = _first_unmade(gaps, self._values, self._loose, latest)
        if unmade is None:
            return None
        told = " of that value" if unmade in self._values else ""
        seen = latest.call_above(unmade)
        return f"version {unmade} was there by then, and no write{told} can have made it", (seen,)

    def _missing(self) -> Iterator[int]:
        version = self.initial.version
        while True:
            version += 1
            if version not in self._writers:
                yield version

    def _saw(self, version: int, value: Hashable, call: int) -> Clash | None:
        if value is UNTOLD:
            return None
        known, by = self._values.setdefault(version, (value, call))
        if known == value:
            return None
        calls = (call,) if by == _NOBODY else (by, call)
        return f"version {version} holds {known!r} for the one and {value!r} for the other", calls

    def _wrote(self, version: int, asked: Write | CompareAndSet, call: int) -> Clash | None:
        by = self._writers.setdefault(version, call)
        if by != call:
            if by == _NOBODY:
                return f"made version {version}, which was there at the beginning", (call,)
            return f"both made version {version}", (by, call)
        if isinstance(asked, CompareAndSet) and version != asked.expected + 1:  # type: ignore[operator] # a version
            return f"made version {version} of version {asked.expected}", (call,)
        return self._saw(version, asked.value, call)


def _met_what_it_expected(version: int, call: int) -> Clash:
    return f"failed because it met version {version}, which is the one that it expected", (call,)


def _version_met(asked: CompareAndSet, answer: Conflict, floor: int) -> int:
    """The version that a failed compare-and-set saw, the smallest possible one where it does not tell."""
    if answer.current is not None:
        return answer.current
    version = floor // 2
    return version + 1 if version == asked.expected else version


def _says_below(slot: int, floor: int) -> str:
    """What is wrong with a slot below the floor."""
    did = "saw" if slot % 2 else "made"
    had = "seen" if floor % 2 else "made"
    return f"{did} version {slot // 2}, after version {floor // 2} had been {had}"


@define
class _Latest:
    """When a write may have been invoked at the latest: U in the essay above."""

    first_answers: Mapping[int, tuple[float, int]]
    slots: list[int] = field(init=False)
    times: list[float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.slots = sorted(self.first_answers)
        self.times = [self.first_answers[slot][0] for slot in self.slots]
        for at in reversed(range(len(self.times) - 1)):
            self.times[at] = min(self.times[at], self.times[at + 1])

    def of(self, version: int) -> float:
        """The first answer to a call with a slot above that of the write of this version."""
        at = bisect_right(self.slots, 2 * version)
        return self.times[at] if at < len(self.times) else _NEVER

    def call_above(self, version: int) -> int:
        """The call with the smallest slot above that of the write of this version."""
        return self.first_answers[self.slots[bisect_right(self.slots, 2 * version)]][1]


def _first_unmade(
    gaps: list[int],
    values: Mapping[int, tuple[Hashable, int]],
    loose: list[tuple[float, int, Operation]],
    latest: _Latest,
) -> int | None:
    """The first version for which no write is left, None if all find one; gaps ascend."""
    free: dict[Hashable, list[float]] = {}
    comparing: dict[tuple[object, Hashable], float] = {}
    for invoked, _, asked in sorted(loose, key=_by_invocation):
        if isinstance(asked, CompareAndSet):
            comparing.setdefault((asked.expected, asked.value), invoked)
            comparing.setdefault((asked.expected, UNTOLD), invoked)
        elif isinstance(asked, Write):
            free.setdefault(asked.value, []).append(invoked)
    rest = []
    for version in gaps:
        value = values[version][0] if version in values else UNTOLD
        until = latest.of(version)
        if comparing.get((version - 1, value), _NEVER) <= until:
            continue
        if value is UNTOLD:
            rest.append(version)
            continue
        writes = free.get(value, [])
        at = bisect_right(writes, until)
        if not at:
            return version
        writes.pop(at - 1)
    leftovers = sorted(invoked for writes in free.values() for invoked in writes)
    for at, version in enumerate(rest):
        if at >= len(leftovers) or leftovers[at] > latest.of(version):
            return version
    return None


def _by_invocation(write: tuple[float, int, Operation]) -> tuple[float, int]:
    return write[:2]


def judge_versioned(
    history: History, initial: Mapping[Hashable, Versioned] | None = None
) -> VersionedVerdict:
    """The verdict on a history of `model.specification.registers`; raises IllFormedError, NotVersionedError.

    `initial` holds the registers that were written before; the others are at version 0 and hold None.
    """
    validate(history)
    began = initial or {}
    sweeps: dict[Hashable, RegisterSweep] = {}
    answers = sorted(
        [
            (call.returned, index)
            for index, call in enumerate(history)
            if call.returned is not None and type(call.result) is not Failed
        ]
    )
    coming = iter([*answers, (_NEVER, _NOBODY)])
    floors: list[tuple[int, int]] = [(0, _NOBODY)] * len(history)
    at, answered = next(coming)
    for index in sorted(range(len(history)), key=[call.invoked for call in history].__getitem__):
        call = history[index]
        asked: Any = call.operation
        while at < call.invoked:
            clash = _answer(sweeps, history[answered], answered, floors[answered])
            if clash is not None:
                return _violated(history, clash, len(answers))
            at, answered = next(coming)
        sweep = sweeps.get(asked.key)
        if sweep is None:
            sweep = sweeps[asked.key] = RegisterSweep(began.get(asked.key, UNWRITTEN))
        floors[index] = sweep.floor, sweep.floor_call
        if call.returned is None:
            sweep.never_answered(index, asked, call.invoked)
    while answered != _NOBODY:
        clash = _answer(sweeps, history[answered], answered, floors[answered])
        if clash is not None:
            return _violated(history, clash, len(answers))
        at, answered = next(coming)
    for sweep in sweeps.values():
        clash = sweep.ending()
        if clash is not None:
            return _violated(history, clash, len(answers))
    return VersionedVerdict("holds", "", len(answers))


def _answer(
    sweeps: Mapping[Hashable, RegisterSweep], call: Call, index: int, floor: tuple[int, int]
) -> Clash | None:
    asked: Any = call.operation
    return sweeps[asked.key].answered(index, asked, call.result, floor, call.returned or 0)


def _violated(history: History, clash: Clash, exercised: int) -> VersionedVerdict:
    complaint, calls = clash
    lines = [render_call(history[index]) for index in calls]
    return VersionedVerdict("violated", "\n".join([complaint, *lines]), exercised, calls)
