"""The `exhaustive` strategy: depth-first over all schedules, each executed once.

Stateless search (VeriSoft, Godefroid 1997): the stack holds, for each choice of the execution under way,
which option was taken and how many there were; the next execution repeats all but the last choice that has an
option left. Memory is one pair per choice of one execution. No reduction yet: two schedules that differ only
in the order of independent steps are two executions.
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.world.kernel import Token


class Exhaustive:
    """State: `_stack`, a pair [option taken, options] per choice; `_depth`, the next choice's place."""

    def __init__(self) -> None:
        self._stack: list[list[int]] = []
        self._depth = 0
        self._begun = False
        self._done = False

    def begin(self) -> bool:
        """Move on to the next schedule in depth-first order."""
        self._depth = 0
        if not self._begun:
            self._begun = True
            return True
        self._advance()
        self._done = not self._stack
        return not self._done

    def _advance(self) -> None:
        """Drop the choices with nothing left, and take the next option of the last of the others."""
        stack = self._stack
        while stack and stack[-1][0] + 1 >= stack[-1][1]:
            stack.pop()
        if stack:
            stack[-1][0] += 1

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """Repeat the choice made before at this depth; option 0 beyond."""
        if self._depth == len(self._stack):
            self._stack.append([0, len(options)])
        choice = self._stack[self._depth][0]
        self._depth += 1
        return choice

    def certificate(self, executions: int) -> Certificate:
        """Complete if the search came to its end."""
        done = self._done or (self._begun and all(taken + 1 >= count for taken, count in self._stack))
        return Certificate("complete" if done else "sampled", executions)
