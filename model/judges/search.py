"""Looks for one order of the calls of a history that explains all their answers.

The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993): take a call that no
unexplained call precedes, let the model answer it, go on if the answers agree, go back if not. Lowe ("Testing
for linearizability", 2017) adds the memo: what can still happen depends only on *which* calls are explained
and on the model's state, so a pair (set of calls, state) that led nowhere once is not tried again. That is
what keeps the search away from n! in practice; the problem stays NP-complete, hence the budget.

How it is made fast in Python, because it judges every execution of every exploration:

* Calls are sorted by their answers' times. The calls that precede a call are then a prefix of that order, so
  "nothing unexplained precedes it" is one `&` of two integers, found by bisection beforehand.
* It is one loop over preallocated lists; a call or an object at each node would cost more than the rest.
* Dead ends are remembered when they are left, not when they are entered: a history that is explained at the
  first try, which is nearly all, never hashes a state for the memo. A set of calls only grows on the way
  down, so nothing can be met again while it is still being tried.
* The model's answers are kept by (state, operation) across histories: interleavings of one program ask the
  same few questions.

Sound shortcuts. A read (`is_observer`) that agrees now is taken now, with no alternative: it changes nothing,
and nothing had to come before it, so any order that explains the rest with the read later explains it with
the read here. The same is not true of every call that happens to change nothing now: the same answer might
go with a change elsewhere. An indeterminate call that would change nothing is left out; one that is a read is
left out altogether; calls that failed with the promise of no effect are too.

Rejected: Lowe's just-in-time linearization, which keeps the set of all reachable configurations at each time;
it pays on histories of thousands of calls, and ours have two to six.
"""

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from typing import Any, Final, Literal, final

from attrs import evolve, frozen

from model.history import Failed, History
from model.specification.interface import Specification


@final
@frozen
class Anything:
    """Stands for an answer that puts no constraint on the model's."""


ANYTHING: Final = Anything()

Known = dict[tuple[Any, Any], tuple[Any, object]]


@frozen
class Problem:
    """Calls to be put in order; bit and position `p` everywhere mean the call `indices[p]` of the history.

    `preceding[p]` is the set of positions whose answers came before call p was asked, `required` the set of
    the calls that were answered, `observers` of those that change nothing.
    """

    indices: tuple[int, ...]
    operations: tuple[Any, ...]
    answers: tuple[object, ...]
    preceding: tuple[int, ...]
    required: int
    observers: int

    def without_answers(self, positions: frozenset[int]) -> "Problem":
        """The same calls, but whatever the answers to these are will do."""
        kept = (ANYTHING if at in positions else answer for at, answer in enumerate(self.answers))
        return evolve(self, answers=tuple(kept))


def problem_of(
    history: History, specification: Specification[Any], among: Sequence[int] | None = None
) -> Problem:
    """The search problem of a well-formed history, or of some of its calls, given by index."""
    is_observer = specification.is_observer
    answered, open_ended = [], []
    for index in range(len(history)) if among is None else among:
        call = history[index]
        if call.returned is None:
            if not is_observer(call.operation):
                open_ended.append((call.invoked, index))
        elif type(call.result) is not Failed:
            answered.append((call.returned, index))
    answered.sort()
    open_ended.sort()
    indices = tuple([index for _, index in answered] + [index for _, index in open_ended])
    returns = [returned for returned, _ in answered]
    calls = [history[index] for index in indices]
    observers = 0
    for position, call in enumerate(calls):
        if is_observer(call.operation):
            observers |= 1 << position
    return Problem(
        indices,
        tuple([call.operation for call in calls]),
        tuple([call.result for call in calls[: len(returns)]] + [ANYTHING] * len(open_ended)),
        tuple([(1 << bisect_left(returns, call.invoked)) - 1 for call in calls]),
        (1 << len(returns)) - 1,
        observers,
    )


@frozen
class Found:
    """How the search ended, with the number of steps it took.

    `holds`: `path` is the order found, by position, and `state` the state after it. `violated` and `unknown`:
    they are the attempt that explained the most answered calls, and where it stood.
    """

    outcome: Literal["holds", "violated", "unknown"]
    path: tuple[int, ...]
    state: Hashable
    steps: int


# One loop on purpose: a function called at each node would cost more than all else that the node does.
def search(  # noqa: C901 - see above
    problem: Problem, specification: Specification[Any], initial: Hashable, steps_max: int, known: Known
) -> Found:
    """Depth first, over at most `steps_max` answers of the model; `known` is its memory of them."""
    operations, answers, preceding = problem.operations, problem.answers, problem.preceding
    required, observers = problem.required, problem.observers
    apply = specification.apply
    size = len(operations)
    states, masks, cursors = [initial] * (size + 1), [0] * (size + 1), [0] * (size + 1)
    path = [0] * size
    dead: set[tuple[int, Hashable]] = set()
    furthest: tuple[int, tuple[int, ...], Hashable] = (-1, (), initial)
    depth = steps = 0
    while required & ~masks[depth]:
        mask, position = masks[depth], cursors[depth]
        if position == size:
            explained = (mask & required).bit_count()
            if explained > furthest[0]:
                furthest = (explained, tuple(path[:depth]), states[depth])
            if depth == 0:
                return Found("violated", furthest[1], furthest[2], steps)
            dead.add((mask, states[depth]))
            depth -= 1
            continue
        cursors[depth] = position + 1
        bit = 1 << position
        if mask & bit or preceding[position] & ~mask:
            continue
        if steps == steps_max:
            return Found("unknown", furthest[1], furthest[2], steps)
        steps += 1
        state = states[depth]
        question = (state, operations[position])
        reply = known.get(question)
        if reply is None:
            reply = known[question] = apply(*question)
        after, answer = reply
        wanted = answers[position]
        if wanted is ANYTHING:
            if after is state and not required & bit:
                continue
        elif answer is not wanted and answer != wanted:
            continue
        mask |= bit
        if dead and (mask, after) in dead:
            continue
        if observers & bit:
            cursors[depth] = size
        path[depth] = position
        depth += 1
        states[depth], masks[depth], cursors[depth] = after, mask, 0
    return Found("holds", tuple(path[:depth]), states[depth], steps)
