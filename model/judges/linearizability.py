"""Judges whether a history of concurrent calls could have come from clients taking turns.

A history is *linearizable* (Herlihy and Wing, 1990) if each call can be given one moment between its
invocation and its answer, such that a sequential service, taking the calls at those moments, gives the very
same answers. Equivalently: there is one order of the calls that keeps every pair of which one was answered
before the other was asked, and along which the specification answers as the system did. `search` looks for
that order, `partition` splits the work where that is sound, `witness` explains a failure. Where the history
itself tells the versions there is no need to search: see `registers`.

A call without an answer (cancelled, or its node crashed) may take effect at any moment after its invocation
or never; it constrains nothing by itself, but a later read may show that it did. A call that failed with the
promise of no effect takes part in no order: if its effect shows, the history is not linearizable. Append a
read of everything, after all other calls, to pin the state that was reached.

A worked example. Both updates expect version 1, and both are told that they made version 2:

    client 1 [1..4] Update('a', 1, {'humor': 5}) -> Entity('a', 2, ...)
    client 2 [2..5] Update('a', 1, {'humor': 9}) -> Entity('a', 2, ...)

Whichever is first, the model refuses the other with CONCURRENT_MODIFICATION: the two answers are the witness,
a lost update. If the first had answered Refused, the order 2, 1 would explain both.
"""

from collections.abc import Hashable, Sequence
from typing import Any, Final

from attrs import define, field, frozen

from model.history import History, validate
from model.judges.partition import merge, parts
from model.judges.problem import Problem, problem_of
from model.judges.search import Found, Search
from model.judges.tabulation import Tabulation
from model.judges.verdict import Verdict
from model.judges.witness import SearchAgain, describe, minimal_witness
from model.specification.interface import Specification

_FIRST_TURN: Final = 1_000
"""Steps that each part may take before any takes more; the allowance doubles from turn to turn."""
_PATIENCE: Final = 5
"""A minimal witness may take so many times the steps of a search."""


class UnsoundPartitionError(AssertionError):
    """Parts judged one by one do not fit together: the specification's keys or links leave something out."""


@frozen
class Linearizability(Verdict):
    """The verdict on one history; calls are given by their indices in it.

    `holds`: `linearization` is an order that explains it, with the indeterminate calls that took effect, and
    `final_state` the state after it; there may be others. `violated`: `witness` are the calls whose answers
    contradict each other, 1-minimal if `minimal`; `support` are further calls whose time or effect is part of
    the reason; `linearization` is the longest attempt. `steps` counts the calls put into attempts.
    """

    linearization: tuple[int, ...] = ()
    final_state: Hashable = None
    witness: tuple[int, ...] = ()
    minimal: bool = False
    steps: int = 0
    support: tuple[int, ...] = ()


@define
class LinearizabilityJudge:
    """Judges histories against one specification; keep it, for it remembers what the model answered.

    `steps_max` bounds the search in each part, in calls put into attempts; past it the verdict is unknown.
    Histories shorter than `partition_from` are not split, which would cost more than their search.
    `remembered_max` bounds the memory, in answers of the model. With `explained` False a violation is told
    without a minimal witness.
    """

    specification: Specification[Any]
    steps_max: int = 100_000
    partition_from: int = 8
    remembered_max: int = 50_000
    explained: bool = True
    _table: Tabulation = field(init=False, repr=False)

    @_table.default
    def _new_table(self) -> Tabulation:
        return Tabulation(self.specification)

    def judge(self, history: History, initial: Hashable) -> Linearizability:
        """The verdict on a history that began in the state given; raises IllFormedError."""
        validate(history)
        if self._table.answers > self.remembered_max:
            self._table.forget()
        everything: Sequence[int] = range(len(history))
        if len(history) < self.partition_from:
            split: Sequence[Sequence[int]] = [everything]
        else:
            split = parts(history, self.specification, initial)
        problems = [problem_of(history, self._table, among) for among in split]
        found = self._dovetailed(problems, initial)
        for outcome in ("violated", "unknown"):
            for problem, ending in zip(problems, found, strict=True):
                if ending.outcome == outcome:
                    return self._undecided_or_bad(
                        history, initial, problem, ending, sum(each.steps for each in found)
                    )
        return self._good(history, initial, problems, found)

    def _dovetailed(self, problems: Sequence[Problem], initial: Hashable) -> list[Found]:
        """How the search of each part ended; they take turns, and all stop at the first violation."""
        searches = [Search(problem, self._table, initial) for problem in problems]
        allowance = self.steps_max if len(searches) == 1 else min(_FIRST_TURN, self.steps_max)
        found = [search.run(allowance) for search in searches]
        while allowance < self.steps_max and not any(each.outcome == "violated" for each in found):
            allowance = min(2 * allowance, self.steps_max)
            for at, search in enumerate(searches):
                if found[at].outcome == "unknown":
                    found[at] = search.run(allowance)
                    if found[at].outcome == "violated":
                        break
        return found

    def _good(
        self, history: History, initial: Hashable, problems: Sequence[Problem], found: Sequence[Found]
    ) -> Linearizability:
        exercised = sum(problem.answered for problem in problems)
        steps = sum(each.steps for each in found)
        orders = [_calls(problem, each.path) for problem, each in zip(problems, found, strict=True)]
        if len(problems) == 1:
            return Linearizability("holds", "", exercised, orders[0], found[0].state, steps=steps)
        order = merge(history, orders)
        return Linearizability(
            "holds", "", exercised, order, self._replayed(history, initial, order), steps=steps
        )

    def _undecided_or_bad(
        self, history: History, initial: Hashable, problem: Problem, found: Found, steps: int
    ) -> Linearizability:
        attempt = _calls(problem, found.path)
        if found.outcome == "unknown":
            why = f"gave up after {found.steps} steps on {len(problem.indices)} calls of {len(history)}"
            return Linearizability("unknown", why, problem.answered, attempt, steps=steps)
        if not self.explained:
            return Linearizability("violated", "no order explains it", problem.answered, attempt, steps=steps)
        witness = minimal_witness(history, problem, found, self._search_again(history, initial))
        return Linearizability(
            "violated",
            describe(history, problem, self.specification, found, witness),
            problem.answered,
            attempt,
            witness=witness.answers,
            minimal=witness.is_minimal,
            steps=steps,
            support=witness.support,
        )

    def _search_again(self, history: History, initial: Hashable) -> SearchAgain:
        """Searches of the same history with less asked of it, all together within a few times `steps_max`."""
        left = _PATIENCE * self.steps_max

        def again(among: Sequence[int], weak: frozenset[int], free: frozenset[int]) -> Found:
            nonlocal left
            problem = problem_of(history, self._table, among, weak, free)
            found = Search(problem, self._table, initial).run(min(left, self.steps_max))
            left -= found.steps
            return found

        return again

    def _replayed(self, history: History, initial: Hashable, order: tuple[int, ...]) -> Hashable:
        """The state after the order; every answer is compared again, as a check on the specification."""
        state = initial
        for index in order:
            call = history[index]
            state, answer = self.specification.apply(state, call.operation)
            if call.answered and answer != call.result:
                raise UnsoundPartitionError(
                    f"{call.operation!r} was judged apart from a call on which its answer depends"
                )
        return state


def _calls(problem: Problem, path: Sequence[int]) -> tuple[int, ...]:
    return tuple([problem.indices[position] for position in path])
