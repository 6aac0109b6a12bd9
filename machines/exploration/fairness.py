"""Fairness: a task that busy-waits must not keep the others from what it waits for.

Under a priority scheduler a task that steps again and again until another one has done something never ends
if it outranks that other one. CHESS (Musuvathi and Qadeer, "Fair stateless model checking", PLDI 2008)
lowers a task's priority when it yields. In trio every step ends in a yield, a useful one as well as that of
a waiting loop, so yields say nothing; the number of steps does. A task that has taken its *patience* of
steps while others could have stepped is demoted below all others, and its patience is halved for the rest
of the execution. So each task that can step does in the end (after every other one's patience), whether one
task spins or several keep each other busy; and the steps lost are at most twice the patience of each task,
which is kept small beside the step limit. Rejected: counting consecutive steps, which two tasks that hand a
turn to and fro never make many of.

What a strategy promises of terminating programs survives: the demotion touches only executions in which a
task takes more steps, while others could, than its patience, and that is at least 64 (less only where more
than 39 tasks compete, because of the step limit). Longer tasks are not ruled out either, since the patience
of an execution is drawn: twice as long in every second one, four times in every fourth, up to 32 times.

`random` and `uniform` (after its two profiles) need none of this: at each choice every task has a chance
that is bounded from below (for `uniform`, once the spinning task has used up the steps that it was expected
to take). `bounded` is no priority scheduler, but goes on with one task as long as it can; staying for
`STREAK_STEPS` while others could step costs it as much as a preemption.
"""

from __future__ import annotations

import random

from attrs import define, field

from machines.world.choices import Token
from machines.world.kernel import STEPS_MAX

PATIENCE_STEPS = 64
"""More than the tasks of a test usually take. A demotion that comes too early costs chance, not soundness."""

STREAK_STEPS = 64

_STEPS_LOST_MAX = STEPS_MAX // 4


@define(eq=False)
class Patience:
    """State: for each task of this execution its patience, and how much of it is left."""

    _stream: random.Random
    _longest: int = PATIENCE_STEPS
    _patience: dict[Token, int] = field(factory=dict)
    _left: dict[Token, int] = field(factory=dict)
    _demotions: int = 0

    def begin(self) -> None:
        """Draw the patience of one more execution."""
        self.begin_least()
        bits = self._stream.getrandbits(5) | 32
        self._longest = PATIENCE_STEPS * (bits & -bits)

    def begin_least(self) -> None:
        """Have the least patience in one more execution."""
        self._longest = PATIENCE_STEPS
        self._patience.clear()
        self._left.clear()
        self._demotions = 0

    def demotion(self, token: Token, tasks: int) -> float | None:
        """Count a step of a task, taken out of `tasks` (at least 2) that could step.

        If it was one too many: a priority below 0, and below all that were given before.
        """
        left = self._left.get(token)
        if left is None:
            left = self._patience[token] = min(self._longest, _STEPS_LOST_MAX // (2 * tasks))
        if left > 1:
            self._left[token] = left - 1
            return None
        self._patience[token] = self._left[token] = max(1, self._patience[token] // 2)
        self._demotions += 1
        return -float(self._demotions)
