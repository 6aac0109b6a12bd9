"""Knuth's estimator: how many schedules a program has, from a few random descents of its tree of choices.

Knuth, "Estimating the efficiency of backtrack programs", Mathematics of Computation 29 (1975). An execution
is a walk from the root of the tree to a leaf. If each choice on the way was made at random with known
chances, and their product is p, then 1/p is an unbiased estimate of the number of leaves: a leaf reached
with chance p counts 1/p, and the sum over the leaves of p * 1/p is their number. Where all options of a
choice are equally likely, 1/p is the product of the branching factors, which is the form that Knuth gave
it. The mean over the descents is unbiased too; its spread is small when the chances are near to uniform
over the leaves.

The strategies `random` and `uniform` know their chances, so theirs is Knuth's estimate. `pct` and `pos` do
not (the chance of a schedule under random priorities has no short form): they multiply the branching
factors along descents that they did not make uniformly, which gives an order of magnitude at best, and is
said so (`rough`). Rejected for these two: descents at random made only for the sake of the estimate, since
they would take executions from the strategy that was asked for.

Products are kept as logarithms, as a thousand choices are more than a float holds.
"""

from __future__ import annotations

import math

from attrs import define


@define(eq=False)
class Descents:
    """State: the logarithm of 1/p of this descent; the sum of all 1/p so far, as `_sum * e**_scale`."""

    _log: float = 0.0
    _sum: float = 0.0
    _scale: float = 0.0
    _count: int = 0

    def begin(self) -> None:
        """Go back to the root."""
        self._log = 0.0

    def took(self, chance: float) -> None:
        """One choice on the way down, made with that chance (above 0, at most 1)."""
        self._log -= math.log(chance)

    def end(self) -> None:
        """A leaf is reached."""
        if self._log > self._scale:
            self._sum *= math.exp(self._scale - self._log)
            self._scale = self._log
        self._sum += math.exp(self._log - self._scale)
        self._count += 1

    @property
    def leaves(self) -> float | None:
        """The estimated number of schedules (it may be infinite, as a float); None before the first leaf."""
        if self._count == 0:
            return None
        try:
            return self._sum / self._count * math.exp(self._scale)
        except OverflowError:
            return math.inf
