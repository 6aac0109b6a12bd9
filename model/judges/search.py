"""Looks for one order of the calls of a history that explains all their answers.

The search is that of Wing and Gong ("Testing and verifying concurrent objects", 1993): take a call that no
unexplained call precedes, let the model answer it, go on if the answers agree, go back if not. Lowe ("Testing
for linearizability", 2017) adds the memo: what can still happen depends only on *which* calls are explained
and on the model's state, so a pair (set of calls, state) that led nowhere once is not tried again. That is
what keeps the search away from n! in practice; the problem stays NP-complete, hence the budget.

A node is (low, done, used, state): all answered calls before `low` are explained and `low` is not; `done` has
a bit for each explained call from `low` on, `used` one for each open-ended call that was taken, `state` is
the number of the model's state. These are small integers however long the history is. Calls are taken in
place of being removed from a list, so going back is popping a stack.

*What is not tried, and why nothing is lost.* Write N for a node, k(N) for the fewest calls that complete it.

1. *A watcher that agrees is taken at once, with no alternative.* Given its answer it leaves every state as it
   is, and nothing has to come before it, so in any completion it can be moved to the front. This includes a
   call that is only pure *with its answer*, such as a compare-and-set that failed. It does not include a call
   that happens to change nothing now: elsewhere the same answer might go with a change. A node is looked up
   in the memo after this, so nodes that differ in watchers only are one.
2. *An open-ended call is not taken where it changes nothing.* Without it the completion is shorter.
3. *Twins are taken in one order.* Let a and b be the same operation with the same answer (or both without),
   a invoked no later and answered no later than b. In a completion with b first they can change places: what
   precedes a precedes b, what follows b follows a. Among open-ended twins that is the order of invocation.
   Every such exchange removes an inversion with respect to one linear order, so all of them can be made.
4. *An open-ended call must be noticed at once.* Let `a` lead from state s to s', no watcher agree right
   after, and b be the next call. If b gives the same answer and leads to the same state from s as from s',
   `a` was of no use: the completion without `a` is shorter. (A watcher that agrees after `a` has noticed it,
   since it did not agree in s; by 1 it would have been taken there.) So b is not tried here; it is tried in
   s.
5. *Having used less is as good as anything.* Where (low, done, used, state) leads nowhere, so does the same
   with more open-ended calls used: what completes the second completes the first.
6. *A node from which the next watcher can never agree is left at once*, for specifications that can tell
   (`Foresight`). Let w be the first unexplained watcher in the order of answers. Until it is explained only
   calls invoked before its answer come into question. Look at the last of those that *resets* the state and
   comes before w, if any: the state after it does not depend on the path, and from there on, or from here on
   if there is none, only calls that do not reset come before w. If the specification says that none of these
   states leads to w's answer, N has no completion.

Rules 4 and 5 refer to other nodes, and 4 to the way by which a node was reached, while the memo forgets the
way; so here is why they do not spoil each other. Suppose the search says "violated" and some node that it
left can be completed; take such an N with the smallest k(N), and a completion of that length in the order of
rules 1 and 3. Its first call b is not skipped by 2, or k(N) would be smaller. If b was tried, the node behind
it has k(N) - 1, and it was left, or it was refused by the memo because of a left node that is as easy to
complete: either contradicts the choice of N. If b was skipped by 4, go back along the open-ended calls that
led to N, to the first node where b was not skipped: it was left as well, since it is an ancestor, and its
child by b has the state of N's child by b and fewer calls used, so it completes in k(N) - 1: the same
contradiction. Then nothing that was left can be completed, the root included.

*Dovetailing.* The search is a generator that gives the word back when its allowance is used up, so that the
parts of a history take turns: a violation in one part is found however hard another part is.

Rejected: Lowe's just-in-time linearization, which keeps the set of all reachable configurations at each time:
it takes a long time over what one lucky path explains at once, and most histories have one.
"""

from collections.abc import Generator, Hashable, Iterator
from typing import Final, Literal, TypeAlias

from attrs import define, field, frozen

from model.judges.problem import ANYTHING, NO_CALLS, OpenEnded, Problem
from model.judges.tabulation import Tabulation
from model.specification.interface import Foresight


@frozen
class Found:
    """How the search ended, after how many steps: a step puts one more call into an attempt.

    `holds`: `path` is the order found, by position, and `state` the state after it. `violated` and `unknown`:
    they are the attempt that explained the most answered calls, and where it stood; `doomed` is the watcher
    because of which it was given up (rule 6), or -1. Calls invoked after the answer at position `reached`
    have played no part.
    """

    outcome: Literal["holds", "violated", "unknown"]
    path: tuple[int, ...]
    state: Hashable
    steps: int
    reached: int
    doomed: int = -1


Searching: TypeAlias = Generator[Found, int, Found]
_Move: TypeAlias = tuple[int, int]
"""The position taken, and the number of the state after it."""
_NO_MOVE: Final[_Move] = (-1, -1)
_NOTICED: Final = -1
"""Stands for the state before an open-ended call, where there is none that still waits to be noticed."""


@define(eq=False)
class Search:
    """One search, which may be interrupted and gone on with."""

    problem: Problem
    table: Tabulation
    initial: Hashable
    _searching: Searching = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        walk = _Walk(self.problem, self.table)
        if self.table.foresight is not None:
            walk.look_with(self.table.foresight)
        self._searching = walk.searching(self.table.state(self.initial))
        next(self._searching)

    def run(self, steps_max: int) -> Found:
        """Go on until it is decided or that many steps are taken in all: then it is unknown as yet."""
        try:
            return self._searching.send(steps_max)
        except StopIteration as end:
            found: Found = end.value
            return found


def search(problem: Problem, table: Tabulation, initial: Hashable, steps_max: int) -> Found:
    """The whole search, in at most `steps_max` steps."""
    return Search(problem, table, initial).run(steps_max)


@define(eq=False)
class _Walk:
    """One walk through the orders of a problem's calls.

    State: the path, positions in the order taken, with `done` and `used` telling the same as sets; the nodes
    left for good, by (low, done, state), each with the sets of used open-ended calls with which it was left;
    the attempt that explained most.
    """

    problem: Problem
    table: Tabulation
    path: list[int] = field(factory=list)
    steps: int = 0
    dead: dict[tuple[int, int, int], list[int]] = field(factory=dict)
    explained: int = -1
    attempt: tuple[tuple[int, ...], int, int] = ((), 0, -1)
    reached: int = 0
    foresight: Foresight | None = None
    _open_moves: dict[int, list[tuple[OpenEnded, int]]] = field(factory=dict)
    _ahead: dict[int, tuple[int, tuple[int, ...], tuple[OpenEnded, ...]]] = field(factory=dict)
    _watchers: frozenset[int] = NO_CALLS

    def look_with(self, foresight: Foresight) -> None:
        """Use what the specification can tell of the future."""
        self.foresight = foresight
        watchers = (position for candidates in self.problem.watchers for position in candidates)
        self._watchers = frozenset(watchers)

    def searching(self, state: int) -> Searching:
        """Depth first; yields where it stands whenever the steps sent to it are used up."""
        path, answered = self.path, self.problem.answered
        stack: list[tuple[int, int, int, int, Iterator[_Move], int]] = []
        limit = yield self.given_up("unknown")
        low, done = self.watch(0, 0, state)
        used, unnoticed = 0, _NOTICED
        moves = self.moves(low, done, used, state, unnoticed)
        while low < answered:
            position, after = next(moves, _NO_MOVE)
            if position < 0:
                self.leave(low, done, used, state)
                if not stack:
                    return self.given_up("violated")
                low, done, used, state, moves, length = stack.pop()
                del path[length:]
                continue
            if self.steps >= limit:
                self.note(low, done, state)
                limit = yield self.given_up("unknown")
            self.steps += 1
            stack.append((low, done, used, state, moves, len(path)))
            path.append(position)
            if position < answered:
                low, done = _with(low, done, position)
                unnoticed = _NOTICED
            else:
                used |= 1 << (position - answered)
                unnoticed = state
            state, length = after, len(path)
            low, done = self.watch(low, done, state)
            if len(path) > length:
                unnoticed = _NOTICED
            if self.is_dead(low, done, used, state) or self.is_doomed(low, done, used, state):
                low, done, used, state, moves, length = stack.pop()
                del path[length:]
            else:
                moves = self.moves(low, done, used, state, unnoticed)
        return Found("holds", tuple(path), self.table.states[state], self.steps, answered)

    def watch(self, low: int, done: int, state: int) -> tuple[int, int]:
        """Take every watcher that agrees, until none does (rule 1)."""
        problem, row = self.problem, self.table.rows[state]
        looking = low < problem.answered
        while looking:
            looking = False
            for position in problem.watchers[low]:
                if done >> (position - low) & 1:
                    continue
                operation = problem.operations[position]
                reply = row.get(operation) or self.table.ask(state, operation)
                if reply[1] != problem.answers[position]:
                    continue
                self.path.append(position)
                self.steps += 1
                if position == low:
                    low, done = _with(low, done, position)
                    looking = low < problem.answered
                    break
                done |= 1 << (position - low)
        return low, done

    def moves(self, low: int, done: int, used: int, state: int, unnoticed: int) -> Iterator[_Move]:
        """What else may come next, answered calls first, by the time of their answers."""
        problem, row, ask = self.problem, self.table.rows[state], self.table.ask
        for position in problem.movers[low]:
            twin = problem.twins[position]
            if done >> (position - low) & 1 or (twin >= low and not done >> (twin - low) & 1):
                continue
            operation, wanted = problem.operations[position], problem.answers[position]
            reply = row.get(operation) or ask(state, operation)
            if wanted is not ANYTHING and reply[1] != wanted:
                continue
            if unnoticed >= 0:
                before = ask(unnoticed, operation)
                if before[0] == reply[0] and (wanted is ANYTHING or before[1] == wanted):
                    continue
            yield position, reply[0]
        until = problem.returns[low]
        for group, after in self.open_moves(state):
            place = (used >> group.shift & group.mask).bit_length()
            if place == len(group.invoked) or group.invoked[place] > until:
                continue
            if unnoticed < 0 or ask(unnoticed, group.operation)[0] != after:
                yield group.first + place, after

    def open_moves(self, state: int) -> list[tuple[OpenEnded, int]]:
        """The open-ended operations that change this state, with the state after (rule 2)."""
        found = self._open_moves.get(state)
        if found is None:
            replies = [(group, self.table.ask(state, group.operation)) for group in self.problem.open_ended]
            found = self._open_moves[state] = [
                (group, after) for group, (after, _) in replies if after != state
            ]
        return found

    def is_dead(self, low: int, done: int, used: int, state: int) -> bool:
        """A node like this one, with no more used, was left for good (rule 5)."""
        if not self.dead:
            return False
        before = self.dead.get((low, done, state))
        return before is not None and any(not fewer & ~used for fewer in before)

    def is_doomed(self, low: int, done: int, used: int, state: int) -> bool:
        """The next watcher can never agree any more (rule 6)."""
        if self.foresight is None:
            return False
        ahead = self._ahead.get(low)
        if ahead is None:
            ahead = self._ahead[low] = self.look_ahead(low)
        position, resets, open_resets = ahead
        if position < 0 or done >> (position - low) & 1:
            return False
        operations, ask = self.problem.operations, self.table.ask
        left = [operations[reset] for reset in resets if not done >> (reset - low) & 1]
        left += [group.operation for group in open_resets if used >> group.shift & group.mask != group.mask]
        watcher, wanted = self.table.operations[operations[position]], self.problem.answers[position]
        reachable = (state, *(ask(state, operation)[0] for operation in left))
        if any(self.foresight.leads_to(self.table.states[each], watcher, wanted) for each in reachable):
            return False
        self.note(low, done, state, position)
        return True

    def look_ahead(self, low: int) -> tuple[int, tuple[int, ...], tuple[OpenEnded, ...]]:
        """The next watcher by the order of answers, or -1, and what resets the state before it, maybe."""
        problem, foresight = self.problem, self.foresight
        assert foresight is not None, "asked only where there is foresight"
        watchers = (position for position in range(low, problem.answered) if position in self._watchers)
        found = next(watchers, -1)
        if found < 0:
            return found, (), ()
        until = problem.returns[found]
        open_ended = tuple(
            group
            for group in problem.open_ended
            if group.invoked[0] <= until and foresight.resets(self.table.operations[group.operation])
        )
        answered = {
            position
            for step in range(low, found + 1)
            for position in problem.movers[step]
            if foresight.resets(self.table.operations[problem.operations[position]])
        }
        return found, tuple(sorted(answered)), open_ended

    def leave(self, low: int, done: int, used: int, state: int) -> None:
        """The node leads nowhere."""
        self.note(low, done, state)
        self.dead.setdefault((low, done, state), []).append(used)

    def note(self, low: int, done: int, state: int, doomed: int = -1) -> None:
        """Remember the attempt if none before explained as much."""
        self.reached = max(self.reached, low, doomed)
        explained = low + done.bit_count()
        if explained > self.explained:
            self.explained, self.attempt = explained, (tuple(self.path), state, doomed)

    def given_up(self, outcome: Literal["violated", "unknown"]) -> Found:
        """The best attempt so far."""
        path, state, doomed = self.attempt
        return Found(outcome, path, self.table.states[state], self.steps, self.reached, doomed)


def _with(low: int, done: int, position: int) -> tuple[int, int]:
    """The first unexplained answered call, and the explained ones after it, once `position` is explained."""
    if position > low:
        return low, done | 1 << (position - low)
    done >>= 1
    skipped = (~done & (done + 1)).bit_length() - 1
    return low + 1 + skipped, done >> skipped
