"""What all samplers share: the stream of the seed, the chance of faults, and the estimate of what is left.

Faults. A fault is an option at every choice of an execution until it has happened. A sampler that took it
with the chance of one option among n would let it happen within the first few steps nearly always, and
never late. So that each point of the execution is as likely as any other, the fault's place is uniform over
the m points at which an execution is expected to offer one, and in one execution of two none happens, since
bugs that need no fault deserve as much. Drawing the place beforehand would say nothing of executions longer
than expected; the same distribution, drawn as it unfolds, does: at point i < m the fault happens with
chance 1 / (2m - i), which makes 1/(2m) of the whole for each point, and from m on with the chance that it
had last, 1 / (m + 1). After one fault another is drawn in the same way over the points that remain. Among
several kinds on offer each is as likely. m is the mean over the executions without a fault so far.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from attrs import define, field

from machines.exploration.certificate import Certificate, Detection
from machines.exploration.estimate import Descents
from machines.world.choices import END, Token

_POINTS_GUESSED = 32
"""The points of an execution of which nothing is known yet: two clients that do a little each."""


@define(eq=False)
class Sampling:
    """State: `stream`, the one source of chance; `choices`, of this execution; `faults`, that happened in it.

    `_points` counts the choices of this execution that offered a fault; `_ahead` are expected, counted from
    `_since`. `_mean_of` and `_mean_sum` are the executions without a fault, and their points together.
    """

    stream: random.Random
    descents: Descents = field(factory=Descents)
    choices: int = 0
    faults: int = 0
    _begun: bool = False
    _points: int = 0
    _since: int = 0
    _ahead: int = _POINTS_GUESSED
    _mean_of: int = 0
    _mean_sum: int = 0

    @classmethod
    def seeded(cls, seed: int) -> Sampling:
        """That of a strategy with this seed."""
        return cls(random.Random(seed))  # noqa: S311 - a seeded stream is the point

    def begin(self) -> bool:
        """Prepare for one more execution; False if the last one met no choice: it was all there is."""
        if self._begun and self.choices == 0:
            return False
        self._begun = True
        expected = self._mean_sum / self._mean_of if self._mean_of else _POINTS_GUESSED
        self._ahead = max(1, round(expected))
        self.choices = self.faults = self._points = self._since = 0
        self.descents.begin()
        return True

    def end(self, *, estimating: bool = True) -> None:
        """Learn from the execution that is over."""
        if estimating:
            self.descents.end()
        if self._points and not self.faults:
            self._mean_of += 1
            self._mean_sum += self._points

    def outside(self, options: Sequence[Token], tasks: int) -> int | None:
        """The option to take where it is not which of several tasks steps; else None."""
        self.choices += 1
        count = len(options)
        if tasks == count:
            return None
        if tasks == 0 and options[0] != END:
            self.descents.took(1 / count)
            return self.stream.randrange(count)
        quiet = max(tasks, 1)
        if self._fault_happens():
            self.descents.took(1 / (count - quiet))
            return quiet + self.stream.randrange(count - quiet)
        return 0 if quiet == 1 else None

    def _fault_happens(self) -> bool:
        place = self._points - self._since
        chance = 1 / max(2 * self._ahead - place, self._ahead + 1)
        self._points += 1
        if self.stream.random() >= chance:
            self.descents.took(1 - chance)
            return False
        self.descents.took(chance)
        self.faults += 1
        self._ahead = max(1, self._ahead - place - 1)
        self._since = self._points
        return True

    def certificate(
        self, executions: int, *, rough: bool = False, detection: Detection | None = None
    ) -> Certificate:
        """Sampled; but complete for a program without a choice, of which one execution is all there is."""
        if executions and self._begun and self.choices == 0:
            return Certificate("complete", executions)
        return Certificate(
            "sampled",
            executions,
            schedules_estimate=self.descents.leaves,
            rough=rough,
            detection=detection,
        )
