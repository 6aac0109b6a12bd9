"""Judges whether a history of concurrent calls could have come from clients taking turns.

A history is *linearizable* (Herlihy and Wing, 1990) if each call can be given one moment between its
invocation and its answer, such that a sequential service, taking the calls at those moments, gives the very
same answers. Equivalently: there is one order of the calls that keeps every pair of which one was answered
before the other was asked, and along which the specification answers as the system did. `search` looks for
that order, `partition` splits the work where that is sound, `witness` explains a failure.

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

from collections.abc import Hashable
from typing import Any

from attrs import define, field, frozen

from model.history import History, validate
from model.judges.partition import merge, parts
from model.judges.search import Found, Known, Problem, problem_of, search
from model.judges.verdict import Verdict
from model.judges.witness import describe, minimal_witness
from model.specification.interface import Specification


class UnsoundPartitionError(AssertionError):
    """Parts judged one by one do not fit together: the specification's keys or links leave something out."""


@frozen
class Linearizability(Verdict):
    """The verdict on one history; calls are given by their indices in it.

    `holds`: `linearization` is an order that explains it, with the indeterminate calls that took effect, and
    `final_state` the state after it; there may be others. `violated`: `witness` are the calls whose answers
    contradict each other, 1-minimal if `minimal`, and `linearization` is the longest attempt. `steps` counts
    the answers asked of the model.
    """

    linearization: tuple[int, ...] = ()
    final_state: Hashable = None
    witness: tuple[int, ...] = ()
    minimal: bool = False
    steps: int = 0


@define
class LinearizabilityJudge:
    """Judges histories against one specification; keep it, for it remembers what the model answered.

    `steps_max` bounds each search, in answers of the model; past it the verdict is unknown. Histories shorter
    than `partition_from` are not split, which would cost more than their search. `remembered_max` bounds the
    memory, in answers.
    """

    specification: Specification[Any]
    steps_max: int = 100_000
    partition_from: int = 8
    remembered_max: int = 50_000
    _known: Known = field(factory=dict, init=False, repr=False)

    def judge(self, history: History, initial: Hashable) -> Linearizability:
        """The verdict on a history that began in the state given; raises IllFormedError."""
        validate(history)
        if len(self._known) > self.remembered_max:
            self._known.clear()
        if len(history) < self.partition_from:
            return self._whole(history, initial, problem_of(history, self.specification))
        split = parts(history, self.specification, initial)
        problems = [problem_of(history, self.specification, among=part) for part in split]
        if len(problems) == 1:
            return self._whole(history, initial, problems[0])
        return self._composed(history, initial, problems)

    def _search(self, problem: Problem, initial: Hashable) -> Found:
        return search(problem, self.specification, initial, self.steps_max, self._known)

    def _whole(self, history: History, initial: Hashable, problem: Problem) -> Linearizability:
        found = self._search(problem, initial)
        exercised = problem.required.bit_count()
        order = tuple([problem.indices[position] for position in found.path])
        if found.outcome == "holds":
            return Linearizability("holds", "", exercised, order, found.state, steps=found.steps)
        if found.outcome == "unknown":
            why = f"gave up after {found.steps} answers of the model to a history of {len(history)} calls"
            return Linearizability("unknown", why, exercised, order, steps=found.steps)
        return self._violated(history, initial, problem, found)

    def _violated(
        self, history: History, initial: Hashable, problem: Problem, found: Found
    ) -> Linearizability:
        witness, minimal = minimal_witness(problem, lambda weaker: self._search(weaker, initial))
        return Linearizability(
            "violated",
            describe(history, problem, self.specification, found, witness),
            problem.required.bit_count(),
            tuple(problem.indices[position] for position in found.path),
            witness=tuple(problem.indices[position] for position in witness),
            minimal=minimal,
            steps=found.steps,
        )

    def _composed(self, history: History, initial: Hashable, problems: list[Problem]) -> Linearizability:
        verdicts = [self._whole(history, initial, problem) for problem in problems]
        for outcome in ("violated", "unknown"):
            for verdict in verdicts:
                if verdict.outcome == outcome:
                    return verdict
        order = merge(history, [verdict.linearization for verdict in verdicts])
        return Linearizability(
            "holds",
            "",
            sum(verdict.exercised for verdict in verdicts),
            order,
            self._replayed(history, initial, order),
            steps=sum(verdict.steps for verdict in verdicts),
        )

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
