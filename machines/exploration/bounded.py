"""The `bounded` strategy: all schedules, fewest preemptions first, each executed once.

Iterative context bounding (Musuvathi and Qadeer, PLDI 2007): most concurrency bugs need very few
preemptions, and the number of schedules with at most k of them is polynomial in the number of steps, so
they come first. Switching when the running task blocks or ends is free, and so is a fault: with k = 0 every
fault is already tried at every point of the uninterrupted runs.

Each execution follows a prefix of choices and takes option 0 from there on. Every choice that it passes on
the way is a *branch*: its other options are schedules yet to execute, filed under the number of preemptions
that they cost. A schedule has exactly one generator (cut it after its last choice other than 0), so none is
executed twice and, when the branches run out, none is left. Rejected: one depth-first search per bound,
which needs less memory but executes the schedules of the lower bounds again in each round.

Fairness. A task that busy-waits could go on for ever, and so would a search that interrupts it after each
of its steps. When a task has stayed for `STREAK_STEPS` while others could step, the option taken by default
is the one of them that has not been chosen for the longest time, switching to any is free, and staying
costs what a preemption costs; the same again after as many steps more. Nothing is left out, so `complete`
means what it says; a program that ends whenever it is scheduled fairly ends in every execution.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from attrs import frozen

from machines.exploration.certificate import Certificate
from machines.exploration.fairness import STREAK_STEPS
from machines.world.choices import Token


@frozen(slots=True)
class _Choice:
    """A choice of an execution that was made: a list linked from the last choice to the first."""

    before: _Choice | None
    option: int


@frozen(slots=True)
class _Branch:
    """Options `first` to `last - 1` of one choice, each the end of a prefix not yet executed."""

    before: _Choice | None
    first: int
    last: int


class Bounded:
    """State: `_levels[k]`, the branches that cost k preemptions; `_path`, the execution under way so far.

    In it the last task has stayed for `_streak` choices, and each task was last chosen at `_chosen_at`.
    """

    def __init__(self) -> None:
        self._levels: list[deque[_Branch]] = [deque([_Branch(None, 0, 0)])]
        self._prefix: list[int] = []
        self._path: _Choice | None = None
        self._depth = 0
        self._level = 0
        self._streak = 0
        self._chosen_at: dict[Token, int] = {}

    def begin(self) -> bool:
        """Take the next prefix: of the lowest level that has one, the oldest."""
        for level, branches in enumerate(self._levels):
            if branches:
                self._level = level
                self._follow(branches)
                return True
        return False

    def _follow(self, branches: deque[_Branch]) -> None:
        branch = branches.popleft()
        if branch.first + 1 < branch.last:
            branches.appendleft(_Branch(branch.before, branch.first + 1, branch.last))
        self._prefix = [] if branch.last == 0 else [branch.first]
        node = branch.before
        while node is not None:
            self._prefix.append(node.option)
            node = node.before
        self._prefix.reverse()
        self._path = None
        self._depth = 0
        self._streak = 0
        self._chosen_at = {}

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """Follow the prefix; beyond it take the default and file the others."""
        if self._depth < len(self._prefix):
            option = self._prefix[self._depth]
        elif preempting and tasks > 1 and self._streak and self._streak % STREAK_STEPS == 0:
            option = self._longest_waiting(options, tasks)
            self._file(1, option, 0)
            self._file(option + 1, len(options), 0)
            self._file(0, 1, 1)
        else:
            option = 0
            free_from = max(tasks, 1) if preempting else 1
            self._file(1, free_from, 1)
            self._file(free_from, len(options), 0)
        self._path = _Choice(self._path, option)
        self._depth += 1
        if tasks > 1:
            self._streak = self._streak + 1 if preempting and option == 0 else 0
            self._chosen_at[options[option]] = self._depth
        return option

    def _longest_waiting(self, options: Sequence[Token], tasks: int) -> int:
        """Of the tasks other than the one that stayed, the one chosen least recently."""
        return min(range(1, tasks), key=lambda option: self._chosen_at.get(options[option], 0))

    def _file(self, first: int, last: int, cost: int) -> None:
        """File options not taken, under what they cost more than the execution under way."""
        if first >= last:
            return
        if len(self._levels) == self._level + cost:
            self._levels.append(deque())
        self._levels[self._level + cost].append(_Branch(self._path, first, last))

    def certificate(self, executions: int) -> Certificate:
        """Complete if no branch is left; else complete to the highest bound below the lowest branch left."""
        left = next((level for level, branches in enumerate(self._levels) if branches), None)
        if left is None:
            return Certificate("complete", executions)
        if left == 0:
            return Certificate("sampled", executions)
        return Certificate("complete to preemptions", executions, left - 1)
