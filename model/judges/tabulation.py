"""Remembers what a specification answered, so that each question about a state is put to it once.

States and operations get small numbers in the order in which they are met, and the answers stand in one
table, a row for each state: a specification is a pure function, so it becomes, as far as it was asked, the
automaton that it describes. A search then moves between numbers: a dead end is remembered as a few integers,
and neither a state nor an operation is hashed twice. The table serves all the histories that one judge sees;
interleavings of one program ask the same few questions.

Answers are kept as the specification gave them and compared where they are needed. To number them too would
save the comparison and cost a hash of every answer of the system, which is more where answers are large and
each is compared once.
"""

from collections.abc import Hashable
from typing import Any

from attrs import define, field

from model.specification.interface import Foresight, RevealingAnswers, Specification

Reply = tuple[int, object]
"""The number of the state after an operation, and the answer."""


@define
class Tabulation:
    """What one specification has answered so far; `answers` counts the answers that are kept.

    `revealing` and `foresight` are the specification where it offers that, else None.
    """

    specification: Specification[Any]
    revealing: RevealingAnswers | None = field(init=False)
    foresight: Foresight | None = field(init=False)
    states: list[Hashable] = field(factory=list, init=False, repr=False)
    operations: list[Any] = field(factory=list, init=False, repr=False)
    rows: list[dict[int, Reply]] = field(factory=list, init=False, repr=False)
    answers: int = field(default=0, init=False)
    _state_numbers: dict[Hashable, int] = field(factory=dict, init=False, repr=False)
    _operation_numbers: dict[Any, int] = field(factory=dict, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        specification: object = self.specification
        self.revealing = specification if isinstance(specification, RevealingAnswers) else None
        self.foresight = specification if isinstance(specification, Foresight) else None

    def state(self, state: Hashable) -> int:
        """The number of a state; equal states have equal futures, so they share one."""
        number = self._state_numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
            self.rows.append({})
        return number

    def operation(self, operation: Any) -> int:
        """The number of an operation; equal operations behave alike, so they share one."""
        number = self._operation_numbers.setdefault(operation, len(self.operations))
        if number == len(self.operations):
            self.operations.append(operation)
        return number

    def ask(self, state: int, operation: int) -> Reply:
        """The reply in that state; whoever is in a hurry looks into `rows[state]` first."""
        row = self.rows[state]
        reply = row.get(operation)
        if reply is None:
            before = self.states[state]
            after, answer = self.specification.apply(before, self.operations[operation])
            reply = row[operation] = (state if after is before else self.state(after), answer)
            self.answers += 1
        return reply

    def forget(self) -> None:
        """Empty the table; numbers given out before mean nothing any more."""
        for kept in (self.states, self.operations, self.rows, self._state_numbers, self._operation_numbers):
            kept.clear()
        self.answers = 0
