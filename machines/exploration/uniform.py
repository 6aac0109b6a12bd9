"""The `uniform` strategy: every interleaving equally likely, by counting how many each task still allows.

If the tasks have r1, r2, ... steps left, (r1 + r2 + ...)! / (r1! r2! ...) interleavings are left, and the
share of them that begins with a step of task i is ri / (r1 + r2 + ...). So a walk that takes task i with
that chance is uniform over interleavings. A step that starts a task is followed by two lines instead of
one; over such a tree the same holds with ri the steps left below: those of the task and of all that it is
still to start. This is the unselective form of SURW ("Selectively uniform concurrency testing", ASPLOS
2025). A plain random walk, by contrast, favours schedules that are done with one task early.

The counts are learned: two profile executions without a switch that is not forced, in the order of creation
and in the reverse, in which together every task steps while another waits, so that its steps are seen; then
from whatever shows more. For tasks of fixed length that never wait for each other the walk is uniform from
then on. Waiting rules out interleavings that the counts include, and data may decide how many steps there
are; the walk is then only near to uniform (the paper's proof, too, is for programs that do not block). Its
chances are known, so the estimate of the number of schedules is unbiased all the same.

Forced steps are no choices and are not seen, but the place in the schedule tells how many there were; they
are taken to be those of the task that stepped last. Who started a task is in its token. A task that goes on
past its count weighs 1, so that one that busy-waits starves nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.exploration.fairness import Patience
from machines.exploration.sampling import Sampling
from machines.world.choices import Token

_PROFILES = 2


class Uniform:
    """State: the `_steps` that tasks were seen to take; of this execution, those `_done`, and those `_left`.

    `_below` is `_steps` with those of the tasks that a task starts; `_left` likewise, from where it is now.
    """

    def __init__(self, seed: int) -> None:
        self._sampling = Sampling.seeded(seed)
        self._patience = Patience(self._sampling.stream)
        self._profiles = 0
        self._demoted: dict[Token, float] = {}
        self._steps: dict[Token, int] = {}
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
        self._patience.begin_least()
        self._demoted = {}
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
        for token in sorted(self._steps, key=_generation, reverse=True):
            parent = _parent(token)
            if parent in self._below:
                self._below[parent] += self._below[token]

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """A task, with the chance that it has in a uniformly drawn interleaving."""
        self._catch_up(options, preempting=preempting, step=step)
        for token in options[:tasks]:
            self._appear(token)
        index = self._sampling.outside(options, tasks)
        if index is None:
            pick = self._draw if self._profiles >= _PROFILES else self._profile
            index = pick(options[:tasks])
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
        """If the task was not there before: what is below it is no longer below the one that started it."""
        if token in self._left:
            return
        self._left[token] = self._below.get(token, 1)
        parent = _parent(token)
        if parent in self._left:
            self._left[parent] = max(1, self._left[parent] - self._left[token])

    def _count(self, token: Token, steps: int) -> None:
        self._appear(token)
        self._last = token
        self._done[token] = self._done.get(token, 0) + steps
        self._left[token] = max(1, self._left[token] - steps)

    def _profile(self, tokens: Sequence[Token]) -> int:
        """Go on as you were; in the second profile, with the task that turned up last; but be fair."""
        turned_up = list(self._left)
        ranks = [
            (self._demoted.get(token, 0.0), turned_up.index(token) if self._profiles else -place)
            for place, token in enumerate(tokens)
        ]
        index = ranks.index(max(ranks))
        demotion = self._patience.demotion(tokens[index], len(tokens))
        if demotion is not None:
            self._demoted[tokens[index]] = demotion
        return index

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


def _parent(token: Token) -> Token | None:
    """The task that started a task; None for a root."""
    if isinstance(token, int):
        return None
    parent = token.rpartition(".")[0]
    return int(parent) if parent.isdigit() else parent


def _generation(token: Token) -> int:
    """How many tasks are above a task."""
    return 0 if isinstance(token, int) else token.count(".")
