"""The `pct` strategy: random priorities, and a few points at which the leading task is demoted.

Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler
with probabilistic guarantees of finding bugs", ASPLOS 2010). A bug has depth d if d ordering constraints
between steps are enough for it to show. Each task gets a random priority, the highest that can step does,
and at d - 1 random points the task about to step falls to a priority below all initial ones. An execution
of a program with n tasks and k steps shows a bug of depth d with a chance of at least 1 / (n * k**(d-1)).

Here k counts only the choices between two tasks or more. A point at a step that is forced would change
nothing until the next choice at which the demoted task leads, and there the same demotion does the same:
the bound holds with the smaller k. k is the most choices that an execution has had so far, n the most
tasks; as points were drawn from too short a stretch while k was smaller, what was made then promises
nothing and is not counted (`Detection`). The points are distinct, which only raises the chance; their
priorities are in random order, as in the paper.

The depth cycles from 1 to 6. Thomson, Donaldson and Betts ("Concurrency testing using schedule bounding: an
empirical study", PPoPP 2014) found three preemptions or fewer enough for most of the 52 programs of
SCTBench, and five necessary for one: five points, and the initial order. Cycling costs at most a factor of
six against knowing the depth, which nobody does.

Tasks that busy-wait are demoted by `machines.exploration.fairness`, which leaves alone every execution in
which no task takes more than 64 steps while others could; the promise is made for bugs that show in such
ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate, Detection
from machines.exploration.fairness import Patience
from machines.exploration.sampling import Sampling
from machines.world.choices import Token

DEPTH_MAX = 6


class Pct:
    """State: the priorities and points of this execution; n and k so far, and the executions that count."""

    def __init__(self, seed: int, depth: int | None = None) -> None:
        """With a depth, that one; else all from 1 to `DEPTH_MAX` in turn."""
        self._sampling = Sampling.seeded(seed)
        self._patience = Patience(self._sampling.stream)
        self._depths = range(1, DEPTH_MAX + 1) if depth is None else range(depth, depth + 1)
        self._number = 0
        self._tasks = 1
        self._choices = 0
        self._runs = [0] * self._depths[-1]
        self._under_way = False
        self._place = 0
        self._points: dict[int, float] = {}
        self._priorities: dict[Token, float] = {}

    def begin(self) -> bool:
        """Draw the points of one more execution; there is one, unless no choice was met at all."""
        self._settle()
        if not self._sampling.begin():
            return False
        self._patience.begin()
        points = min(self._depth - 1, self._choices)
        places = self._sampling.stream.sample(range(self._choices), points)
        self._points = {place: level / self._depth for level, place in enumerate(places)}
        self._priorities = {}
        self._place = 0
        self._under_way = True
        return True

    @property
    def _depth(self) -> int:
        return self._depths[self._number % len(self._depths)]

    def _settle(self) -> None:
        """Learn from the execution that is over; it does not count if it outgrew what was known."""
        if not self._under_way:
            return
        self._under_way = False
        self._sampling.end()
        self._tasks = max(self._tasks, len(self._priorities))
        outgrown = self._place > self._choices
        if outgrown:
            self._choices = self._place
            self._runs[1:] = [0] * (len(self._runs) - 1)
        drawn_fairly = self._depth == 1 or not (outgrown or len(self._points) < self._depth - 1)
        if drawn_fairly and not self._sampling.faults:
            self._runs[self._depth - 1] += 1
        self._number += 1

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """The task of the highest priority, after the demotion that falls on this place."""
        outside = self._sampling.outside(options, tasks)
        if outside is not None:
            return outside
        self._sampling.descents.took(1 / tasks)
        index = self._highest(options[:tasks])
        point = self._points.get(self._place)
        if point is not None:
            self._priorities[options[index]] = point
            index = self._highest(options[:tasks])
        self._place += 1
        demotion = self._patience.demotion(options[index], tasks)
        if demotion is not None:
            self._priorities[options[index]] = demotion
        return index

    def _highest(self, tokens: Sequence[Token]) -> int:
        priorities = self._priorities
        for token in tokens:
            if token not in priorities:
                priorities[token] = 1 + self._sampling.stream.random()
        ranks = [priorities[token] for token in tokens]
        return ranks.index(max(ranks))

    def certificate(self, executions: int) -> Certificate:
        """Sampled, with what the bound says of the executions made."""
        self._settle()
        detection = Detection(self._tasks, max(self._choices, 1), tuple(self._runs))
        return self._sampling.certificate(executions, rough=True, detection=detection)
