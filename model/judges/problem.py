"""A history, or a part of it, in the form in which the search for a linearization reads it.

Calls get *positions*. The answered ones come first, in the order of their answers, then the open-ended ones
(indeterminate, free to happen at any later time or never), equal operations side by side in the order of
their invocation. When the answered calls before position `low` are all explained and `low` is not, the
answered calls that may come next are exactly those that were open when `low` was answered: whatever was
invoked later has to come after `low`. So there is one short list of candidates for each `low`, as long as
there were clients waiting at that time, and "no unexplained call precedes it" needs no further test.

A witness is found by asking less of some calls (see `witness`), so a problem can be built with *weak* calls,
any answer to which will do, and *free* ones, which moreover may happen at any time or never.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import Final, TypeAlias, final

from attrs import frozen

from model.history import Failed, History
from model.judges.tabulation import Tabulation


@final
@frozen
class Anything:
    """Stands for an answer that puts no constraint on the model's."""


ANYTHING: Final = Anything()
NO_CALLS: Final[frozenset[int]] = frozenset()

# (returned, index in the history, number of the operation, answer, invoked, changes nothing)
_Answered: TypeAlias = tuple[float, int, int, object, float, bool]
# (number of the operation, invoked, index in the history)
_Loose: TypeAlias = tuple[int, float, int]


@frozen(eq=False)
class OpenEnded:
    """Equal open-ended operations, at the positions from `first` on, invoked at `invoked`.

    In the set of open-ended calls already used, a bit for each, theirs are `mask` after shifting by `shift`.
    They are used in this order, so the next one is told by the length of what is used.
    """

    first: int
    operation: int
    shift: int
    mask: int
    invoked: tuple[float, ...]


@frozen(eq=False)
class Problem:
    """Calls to be put in order.

    `indices[p]` is the call at position p in the history, `operations[p]` the number of its operation. The
    first `answered` positions are those of the answered calls, with `answers[p]` and `returns[p]`. While
    `low` is the first of them that is unexplained, `watchers[low]` and `movers[low]` are the candidates:
    those that leave every state as it is, given their answers, and the others. `twins[p]` is a position that
    has to be explained before p, or -1.
    """

    indices: tuple[int, ...]
    operations: tuple[int, ...]
    answered: int
    answers: tuple[object, ...]
    returns: tuple[float, ...]
    watchers: tuple[tuple[int, ...], ...]
    movers: tuple[tuple[int, ...], ...]
    twins: tuple[int, ...]
    open_ended: tuple[OpenEnded, ...]


def problem_of(
    history: History,
    table: Tabulation,
    among: Sequence[int] | None = None,
    weak: frozenset[int] = NO_CALLS,
    free: frozenset[int] = NO_CALLS,
) -> Problem:
    """The search problem of a well-formed history, or of some of its calls, given by index.

    `weak` and `free` are indices too. Left out are calls that change nothing and need not answer anything,
    and calls that failed with the promise of no effect.
    """
    chosen = range(len(history)) if among is None else among
    answered = _answered(history, table, chosen, weak, free)
    answered.sort(key=_by_return)
    loose = _loose(history, table, chosen, free)
    loose.sort()
    watchers, movers = _candidates(answered)
    return Problem(
        tuple([each[1] for each in answered] + [index for _, _, index in loose]),
        tuple([each[2] for each in answered] + [operation for operation, _, _ in loose]),
        len(answered),
        tuple([each[3] for each in answered]),
        tuple([each[0] for each in answered]),
        watchers,
        movers,
        _twins(answered),
        _open_ended(loose, len(answered)),
    )


def _by_return(call: _Answered) -> tuple[float, int]:
    return call[:2]


def _answered(
    history: History,
    table: Tabulation,
    chosen: Sequence[int],
    weak: frozenset[int],
    free: frozenset[int],
) -> list[_Answered]:
    number, is_observer = table.operation, table.specification.is_observer
    revealing = table.revealing
    found: list[_Answered] = []
    for index in chosen:
        call = history[index]
        operation, returned, result = call.operation, call.returned, call.result
        if returned is None or index in free or type(result) is Failed:
            continue
        observes = is_observer(operation)
        if index not in weak:
            pure = observes or (revealing is not None and revealing.changes_nothing(operation, result))
            found.append((returned, index, number(operation), result, call.invoked, pure))
        elif not observes:
            found.append((returned, index, number(operation), ANYTHING, call.invoked, False))
    return found


def _loose(history: History, table: Tabulation, chosen: Sequence[int], free: frozenset[int]) -> list[_Loose]:
    is_observer = table.specification.is_observer
    found: list[_Loose] = []
    for index in chosen:
        call = history[index]
        if call.returned is not None and (index not in free or type(call.result) is Failed):
            continue
        if not is_observer(call.operation):
            invoked = float("-inf") if index in free else call.invoked
            found.append((table.operation(call.operation), invoked, index))
    return found


def _candidates(
    answered: Sequence[_Answered],
) -> tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]:
    """For each position the calls that were open when its call was answered, itself the first."""
    by_invocation = sorted(range(len(answered)), key=lambda position: answered[position][4])
    watchers, movers = [], []
    looking: list[int] = []
    moving: list[int] = []
    begun = 0
    for call in answered:
        returned = call[0]
        while begun < len(by_invocation) and answered[by_invocation[begun]][4] <= returned:
            position = by_invocation[begun]
            insort(looking if answered[position][5] else moving, position)
            begun += 1
        watchers.append(tuple(looking))
        movers.append(tuple(moving))
        # The call at `low` is the smallest position of those that are open.
        (looking if call[5] else moving).pop(0)
    return tuple(watchers), tuple(movers)


def _twins(answered: Sequence[_Answered]) -> tuple[int, ...]:
    """For each mover a twin of it that was invoked no later and answered no later, if there is one."""
    latest: dict[int, list[int]] = {}
    twins = []
    for position, call in enumerate(answered):
        twin = -1
        if not call[5]:
            before = latest.setdefault(call[2], [])
            for other in reversed(before[-3:]):
                first = answered[other]
                if first[4] <= call[4] and first[3] == call[3]:
                    twin = other
                    break
            before.append(position)
        twins.append(twin)
    return tuple(twins)


def _open_ended(loose: Sequence[_Loose], first: int) -> tuple[OpenEnded, ...]:
    groups: list[OpenEnded] = []
    start = 0
    while start < len(loose):
        operation = loose[start][0]
        end = bisect_left(loose, (operation + 1,), start)
        times = tuple([invoked for _, invoked, _ in loose[start:end]])
        groups.append(OpenEnded(first + start, operation, start, (1 << (end - start)) - 1, times))
        start = end
    return tuple(groups)
