"""The `pos` strategy: partial order sampling, a random priority for each step that is pending.

Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018. A step gets a random priority when
it becomes pending, and the highest goes first. Priorities belong to steps, not to tasks as in PCT: a task's
next step starts afresh. When a step has been taken, the pending steps that race with it are drawn again, so
that the order of one race says nothing about the order of the next; the others keep theirs, since in which
order independent steps go is of no matter. So the chance is spread over partial orders rather than over
schedules.

The algorithm asks what a step will touch before it is taken. A footprint is known only afterwards, so that
of a pending step is the one that the same step (the n-th of that task) had when it was last taken, in
whichever execution. Where nothing is known of either step they are taken not to race, and the pending one
keeps its priority: the paper's BasicPOS. To take them to race would be sound too, but with no footprints at
all it is the `random` strategy under another name; keeping priorities delays a step past m others with a
chance of about 1/m instead of 2**-m. Either way nothing is out of reach: each schedule has a positive
chance, since its steps may happen to draw descending priorities.

A step that drew close to 0 waits for long while another task spins; `machines.exploration.fairness` bounds
that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from machines.exploration.certificate import Certificate
from machines.exploration.fairness import Patience
from machines.exploration.sampling import Sampling
from machines.world.choices import Token
from machines.world.footprint import Footprint, Resources


class Pos:
    """State: the priorities of pending steps; the steps each task has `_taken`; the footprints `_known`.

    `_known[task, n]` is what the task's n-th step touched when it was last taken, in whichever execution.
    `traces`: whether to be told of steps, which costs time: not after an execution that taught nothing.
    """

    def __init__(self, seed: int) -> None:
        self.traces = True
        self.resources = Resources()
        self._sampling = Sampling.seeded(seed)
        self._patience = Patience(self._sampling.stream)
        self._priorities: dict[Token, float] = {}
        self._known: dict[tuple[Token, int], Footprint] = {}
        self._taken: dict[Token, int] = {}
        self._chosen: Token | None = None
        self._next_step = 0
        self._under_way = False

    def begin(self) -> bool:
        """There is always one more, unless no choice was met at all."""
        self._settle()
        if not self._sampling.begin():
            return False
        self._patience.begin()
        self._priorities = {}
        self._taken = {}
        self._chosen = None
        self._next_step = 0
        self._under_way = True
        return True

    def _settle(self) -> None:
        if not self._under_way:
            return
        self._under_way = False
        self._sampling.end()
        if self._taken:
            self.traces = bool(self._known)

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """The task whose pending step has the highest priority."""
        if preempting and step > self._next_step:
            self._priorities.pop(options[0], None)  # it has stepped by force, so this step is a new one
        self._next_step = step + 1
        outside = self._sampling.outside(options, tasks)
        if outside is not None:
            self._chosen = options[outside]
            self._priorities.pop(options[outside], None)
            return outside
        self._sampling.descents.took(1 / tasks)
        index = self._highest(options[:tasks])
        self._chosen = options[index]
        self._next_priority(options[index], tasks)
        return index

    def _highest(self, tokens: Sequence[Token]) -> int:
        priorities = self._priorities
        for token in tokens:
            if token not in priorities:
                priorities[token] = self._sampling.stream.random()
        ranks = [priorities[token] for token in tokens]
        return ranks.index(max(ranks))

    def _next_priority(self, token: Token, tasks: int) -> None:
        """The priority of the task's next step: drawn when it is pending, unless it is demoted."""
        demotion = self._patience.demotion(token, tasks)
        if demotion is None:
            del self._priorities[token]
        else:
            self._priorities[token] = demotion

    def allow(self, fault: Token) -> None:
        """Nothing to learn: where a fault falls is not a matter of priorities."""

    def stepped(self, token: Token, footprint: Footprint, woken: Mapping[Token, tuple[Token, ...]]) -> None:  # noqa: ARG002 - the interface's
        """Remember what the step touched, and draw again for the pending steps that race with it."""
        if token != self._chosen:
            self._priorities.pop(token, None)
        self._chosen = None
        place = self._taken.get(token, 0)
        self._taken[token] = place + 1
        if footprint.everything:
            self._known.pop((token, place), None)
            return
        self._known[token, place] = footprint
        for other, priority in self._priorities.items():
            pending = self._known.get((other, self._taken.get(other, 0)))
            if other != token and priority >= 0 and pending is not None and footprint.depends_on(pending):
                self._priorities[other] = self._sampling.stream.random()

    def time_passed(self, woken: Mapping[Token, tuple[Token, ...]]) -> None:
        """Nothing to learn: a step that time wakes draws its priority when it is pending."""

    def certificate(self, executions: int) -> Certificate:
        """A sample."""
        self._settle()
        return self._sampling.certificate(executions, rough=True)
