"""A specification simple enough to be obviously right, and a checker that tries every order."""

from collections.abc import Hashable, Iterable, Sequence
from itertools import combinations, permutations
from typing import Any, Literal

from attrs import evolve, frozen

from model.history import INDETERMINATE, Call, Failed, History, precedes
from model.specification.interface import Keys, Specification
from model.specification.personality import Operation, PersonalitySpecification

Values = tuple[tuple[str, int], ...]


@frozen
class Touch:
    """Write a number to a register, read it, or add one and return what was there."""

    kind: Literal["write", "read", "increment"]
    register: str
    value: int = 0


@frozen
class Sum:
    """Read all the registers at once and answer their sum."""


@frozen
class Registers:
    """Named registers that begin at 0 and answer a write with None."""

    initial: Values = ()

    def apply(self, state: Values, operation: Touch | Sum) -> tuple[Values, object]:
        """The new registers and the answer."""
        now = dict(state)
        if isinstance(operation, Sum):
            return state, sum(now.values())
        old = now.get(operation.register, 0)
        if operation.kind == "read":
            return state, old
        new, answer = (operation.value, None) if operation.kind == "write" else (old + 1, old)
        if new == old:
            return state, answer
        return tuple(sorted((now | {operation.register: new}).items())), answer

    def keys(self, operation: Touch | Sum) -> Keys | None:
        """The one register touched."""
        return None if isinstance(operation, Sum) else frozenset([operation.register])

    def links(self, _state: Values) -> Iterable[Keys]:
        """Registers have nothing to do with each other."""
        return ()

    def is_observer(self, operation: Touch | Sum) -> bool:
        """Reads."""
        return isinstance(operation, Sum) or operation.kind == "read"


class Unsplit(PersonalitySpecification):
    """The personality service without any knowledge of what touches what."""

    def keys(self, _operation: Operation) -> Keys | None:
        """Everything."""
        return None


def explains(
    history: History, order: Sequence[int], specification: Specification[Any], initial: Hashable
) -> bool:
    """The order keeps precedence, and along it the specification gives every answer that came."""
    if any(precedes(history[later], history[earlier]) for earlier, later in combinations(order, 2)):
        return False
    state = initial
    for index in order:
        call = history[index]
        state, answer = specification.apply(state, call.operation)
        if call.answered and answer != call.result:
            return False
    return True


def by_brute_force(history: History, specification: Specification[Any], initial: Hashable) -> bool:
    """Some order of the answered calls and of some of the indeterminate ones explains the history."""
    considered = [index for index, call in enumerate(history) if not isinstance(call.result, Failed)]
    answered = [index for index in considered if history[index].answered]
    open_ended = [index for index in considered if not history[index].answered]
    return any(
        explains(history, order, specification, initial)
        for count in range(len(open_ended) + 1)
        for happened in combinations(open_ended, count)
        for order in permutations((*answered, *happened))
    )


def forgetting(history: History, indices: Iterable[int]) -> History:
    """The history in which any answer to these calls would do: one that never differs from the model's."""
    forgotten = set(indices)
    return tuple(
        evolve(call, result=Whatever()) if at in forgotten else call for at, call in enumerate(history)
    )


@frozen(eq=False)
class Whatever:
    """Equal to every answer."""

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


def call(process: str, operation: object, times: tuple[int, int | None], result: object = None) -> Call:
    """A call; without a return time it is indeterminate."""
    invoked, returned = times
    return Call(process, operation, invoked, returned, INDETERMINATE if returned is None else result)
