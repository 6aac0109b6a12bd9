"""The `uniform` strategy: every interleaving equally likely, by counting how many each task still allows.

If the tasks have r1, r2, ... steps left, (r1 + r2 + ...)! / (r1! r2! ...) interleavings are left, and the share
of them that begins with a step of task i is ri / (r1 + r2 + ...). So a walk that takes task i with that chance
is uniform over interleavings. A step that starts a task is followed by two lines instead of one; over such a
tree the same holds with ri the steps left below: those of the task and of all that it is still to start. This
is the unselective form of SURW (Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing",
ASPLOS 2025), where a random walk, by contrast, favours schedules that leave one task for the end.

The counts are learned: two profile executions without a switch that is not forced, in the order of creation and
in the reverse, in which together every task steps while another waits, so that its steps are seen; then from
whatever shows more. For tasks of fixed length that never wait for each other the walk is uniform from then on.
Waiting rules out interleavings that the counts include, and data decides about numbers of steps; there the walk is
near to uniform, as it is in the paper. Its chances are known, so the estimate of the number of schedules is
unbiased all the same, and near to exact where the walk is near to uniform.

Forced steps are no choices and are not seen, but the place in the schedule tells how many there were; they are
taken to be those of the task that stepped last. So is the start of a task that had not been seen before.
A task that goes on past its count weighs 1, so that one that busy-waits starves nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.exploration.sampling import Sampling
from machines.world.kernel import Token

_PROFILES = 2


class Uniform:
    """State: what was learned of each task, `_steps` and `_parent`, and `_below`, the steps that this makes from
    its start on, its children's included; of this execution, the steps `_done` and those `_left` below each task.
    """  # noqa: D205 - one sentence

    def __init__(self, seed: int) -> None:
        self._sampling = Sampling.seeded(seed)
        self._profiles = 0
        self._steps: dict[Token, int] = {}
        self._parent: dict[Token, Token] = {}
        self._below: dict[Token, int] = {}
        self._done: dict[Token, int] = {}
        self._left: dict[Token, int] = {}
        self._last: Token | None = None
        self._next_step = 0
        self._under_way = False

    def begin(self) -> bool:
        """There is always one more, unless no choice was met at all."""
        self._settle()
        if not self._sampling.begin():
            return False
        self._done = {}
        self._left = {}
        self._last = None
        self._next_step = 0
        self._under_way = True
        return True

    def _settle(self) -> None:
        """Learn the numbers of steps of the execution that is over."""
        if not self._under_way:
            return
        self._under_way = False
        profiled = self._profiles >= _PROFILES
        self._sampling.end(estimating=profiled)
        if not self._sampling.faults:
            self._profiles += not profiled
        elif not profiled:
            return
        for token, done in self._done.items():
            self._steps[token] = max(done, self._steps.get(token, 1))
        self._below = dict(self._steps)
        for token in sorted(self._parent, key=_creation, reverse=True):
            parent = self._parent[token]
            self._below[parent] = self._below.get(parent, 1) + self._below.get(token, 1)

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """A task, with the chance that it has in a uniformly drawn interleaving."""
        self._catch_up(options, preempting=preempting, step=step)
        for token in options[:tasks]:
            if token not in self._left:
                self._appear(token)
        index = self._sampling.outside(options, tasks)
        if index is None:
            index = self._draw(options[:tasks]) if self._profiles >= _PROFILES else self._profile(options[:tasks])
        if index < tasks:
            self._count(options[index], 1)
        return index

    def _catch_up(self, options: Sequence[Token], *, preempting: bool, step: int) -> None:
        """Count the forced steps since the last choice."""
        if preempting:
            self._last = options[0]
        if step > self._next_step and self._last is not None:
            self._count(self._last, step - self._next_step)
        self._next_step = step + 1

    def _appear(self, token: Token) -> None:
        """A task that was not there before: what is below it is no longer below the one that started it."""
        self._left[token] = self._below.get(token, 1)
        if self._last is not None and self._last != token:
            self._parent.setdefault(token, self._last)
        parent = self._parent.get(token)
        if parent in self._left:
            self._left[parent] = max(1, self._left[parent] - self._left[token])

    def _count(self, token: Token, steps: int) -> None:
        self._last = token
        self._done[token] = self._done.get(token, 0) + steps
        self._left[token] = max(1, self._left.get(token, 1) - steps)

    def _profile(self, tokens: Sequence[Token]) -> int:
        """Go on as you were; in the second profile, with the task created last."""
        if self._profiles == 0:
            return 0
        return max(range(len(tokens)), key=lambda index: _creation(tokens[index]))

    def _draw(self, tokens: Sequence[Token]) -> int:
        weights = [self._left[token] for token in tokens]
        total = sum(weights)
        place = self._sampling.stream.randrange(total)
        index = 0
        while place >= weights[index]:
            place -= weights[index]
            index += 1
        self._sampling.descents.took(weights[index] / total)
        return index

    def certificate(self, executions: int) -> Certificate:
        """A sample."""
        self._settle()
        return self._sampling.certificate(executions)


def _creation(token: Token) -> int:
    """The place of a task in the order of creation."""
    assert isinstance(token, int)
    return token
