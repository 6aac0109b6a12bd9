"""The `random` strategy: each choice uniformly among its options, from a seed.

The simplest sampler, and the yardstick for the others. It does not choose uniformly among schedules: one with few
choices on its way is likelier than one with many.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.world.kernel import Token


class RandomWalk:
    """State: the stream of the seed; execution n of a seed is the same in every process."""

    def __init__(self, seed: int) -> None:
        self._stream = random.Random(seed)  # noqa: S311 - a seeded stream is the point
        self._choices = 1

    def begin(self) -> bool:
        """There is always one more, unless no choice was met at all."""
        left = self._choices > 0
        self._choices = 0
        return left

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """Any option, all equally likely."""
        self._choices += 1
        return self._stream.randrange(len(options))

    def certificate(self, executions: int) -> Certificate:
        """Sampled, but for a program without a single choice, of which one execution is all there is."""
        return Certificate("complete" if executions and self._choices == 0 else "sampled", executions)
