"""The `random` strategy: each task that can step is as likely as any other to do so, from a seed.

The simplest sampler, and the yardstick for the others. It does not choose uniformly among schedules: one
with few choices on its way is likelier than one with many. That makes it Knuth's random descent, and its
estimate of the number of schedules an unbiased one. Faults fall as in all samplers
(`machines.exploration.sampling`).
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.exploration.sampling import Sampling
from machines.world.choices import Token


class RandomWalk:
    """State: the stream of the seed; execution n of a seed is the same in every process."""

    def __init__(self, seed: int) -> None:
        self._sampling = Sampling.seeded(seed)
        self._under_way = False

    def begin(self) -> bool:
        """There is always one more, unless no choice was met at all."""
        self._settle()
        self._under_way = self._sampling.begin()
        return self._under_way

    def _settle(self) -> None:
        if self._under_way:
            self._sampling.end()
        self._under_way = False

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """Any task, all equally likely, unless a fault happens."""
        outside = self._sampling.outside(options, tasks)
        if outside is not None:
            return outside
        self._sampling.descents.took(1 / tasks)
        return self._sampling.stream.randrange(tasks)

    def certificate(self, executions: int) -> Certificate:
        """A sample."""
        self._settle()
        return self._sampling.certificate(executions)
