"""Histories: which client asked what, when, and what it was answered, if an answer came at all.

Times are numbers of one clock that only orders events (the kernel counts steps); they are compared, never
subtracted. A call whose client got no answer, because it was cancelled or its node crashed, is
*indeterminate*: its effect may have happened, may happen at any later time, or never. As in Jepsen, such a
call occupies its process for ever: what the same client does next is recorded under another process name.
"""

from collections.abc import Sequence
from typing import Final, final

from attrs import evolve, frozen


class IllFormedError(ValueError):
    """A history that no set of sequential clients can have produced."""


@final
@frozen
class Indeterminate:
    """The result of a call that never got an answer."""


INDETERMINATE: Final = Indeterminate()


@final
@frozen
class Failed:
    """The answer was a technical error that promises that nothing happened; `code` is its error code."""

    code: str


@frozen
class Call:
    """One operation of one client, invoked and returned at times of the same clock.

    `returned` is None exactly if `result` is INDETERMINATE.
    """

    process: str
    operation: object
    invoked: int
    returned: int | None
    result: object

    @property
    def answered(self) -> bool:
        """An answer came, be it a refusal or a failure."""
        return self.returned is not None


History = Sequence[Call]


def precedes(first: Call, second: Call) -> bool:
    """The answer to the first came before the second was asked, so every order must keep them so.

    Equal times count as concurrent: that allows more orders, so it can hide a defect but never invent one.
    """
    return first.returned is not None and first.returned < second.invoked


def validate(history: History) -> None:
    """Raise IllFormedError unless each process makes one call at a time and times make sense."""
    latest: dict[str, Call] = {}
    for call in sorted(history, key=_invoked):
        if (call.returned is None) != isinstance(call.result, Indeterminate):
            raise IllFormedError(f"a call is indeterminate exactly if it never returned: {render_call(call)}")
        if call.returned is not None and call.returned < call.invoked:
            raise IllFormedError(f"a call returned before it was invoked: {render_call(call)}")
        before = latest.get(call.process)
        if before is not None and not precedes(before, call):
            raise IllFormedError(
                f"a process makes one call at a time: {render_call(call)} overlaps {render_call(before)}"
            )
        latest[call.process] = call


def _invoked(call: Call) -> int:
    return call.invoked


def prefix(history: History, until: int) -> tuple[Call, ...]:
    """The history as it stood at a time: later calls are gone, later answers have not come yet."""
    begun = (call for call in history if call.invoked <= until)
    return tuple(
        evolve(call, returned=None, result=INDETERMINATE)
        if call.returned is not None and call.returned > until
        else call
        for call in begun
    )


def render_call(call: Call) -> str:
    """One line: `client 1 [3..9] Get('a') -> None`; `?` stands for an answer that never came."""
    end = "?" if call.returned is None else str(call.returned)
    answer = "?" if call.returned is None else str(call.result)
    return f"{call.process} [{call.invoked}..{end}] {call.operation!r} -> {answer}"


def render(history: History) -> str:
    """One numbered line for each call, in the order of invocation, numbered by its index in the history."""
    order = sorted(range(len(history)), key=lambda index: history[index].invoked)
    return "\n".join(f"{index:>3}  {render_call(history[index])}" for index in order)
