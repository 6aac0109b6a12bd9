"""Brute force: depth-first over all schedules, each executed once; what the strategies are compared with.

Stateless search (VeriSoft, Godefroid 1997) without any reduction: the stack holds, for each choice of the
execution under way, which option was taken and how many there were; the next execution repeats all but the
last choice that has an option left.
"""

from __future__ import annotations

from collections.abc import Sequence

from machines.exploration.certificate import Certificate
from machines.world.kernel import Token


class BruteForce:
    """State: `_stack`, a pair [option taken, options] per choice; `_depth`, the next choice's place."""

    def __init__(self) -> None:
        self._stack: list[list[int]] = []
        self._depth = 0
        self._begun = False
        self._done = False

    def begin(self) -> bool:
        """Move on to the next schedule in depth-first order."""
        self._depth = 0
        stack = self._stack
        while stack and stack[-1][0] + 1 >= stack[-1][1]:
            stack.pop()
        if stack:
            stack[-1][0] += 1
        self._done = self._begun and not stack
        self._begun = True
        return not self._done

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:  # noqa: ARG002 - the interface's
        """Repeat the choice made before at this depth; option 0 beyond."""
        if self._depth == len(self._stack):
            self._stack.append([0, len(options)])
        choice = self._stack[self._depth][0]
        self._depth += 1
        return choice

    def certificate(self, executions: int) -> Certificate:
        """Complete if the search came to its end."""
        return Certificate("complete" if self._done else "sampled", executions)
