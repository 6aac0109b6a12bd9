"""What the kernel and those around it say to each other: tokens, choosers, fault actions, observers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from machines.world.kernel import Execution

Token = int | str
"""One choice in a schedule: a task by its number, one below it by its path, a fault or its variant by
name.
"""


def is_task(token: Token) -> bool:
    """Whether a token names a task: `3`, or `3.0` for the first that task 3 spawned."""
    return isinstance(token, int) or token[0].isdigit()


def process_of(token: Token) -> Token:
    """Whose step a token is: a task's own, or that of a kind of fault (`cancel-a` is one of `cancel`)."""
    return token if is_task(token) else str(token).partition("-")[0]


END = "end"
"""The token for "the execution ends here", where a fault could still have happened."""


class Chooser(Protocol):
    """Decides; all the kernel knows of an exploration strategy."""

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """The index of the option to take, out of two or more.

        The first `tasks` options are tasks, the rest are faults or variants of one. With `preempting`, option
        0 is the task that stepped last, and taking another task is a preemption. `step` is the place that the
        choice will have in the schedule.
        """
        ...


class Action(Protocol):
    """A fault that may happen at any point of an execution: no task, but a choice beside the tasks."""

    name: str

    def possible(self, *, at_end: bool) -> bool:
        """Whether it could happen now; `at_end`: no task can step any more."""
        ...

    def happen(self, execution: Execution) -> None:
        """Let it happen."""
        ...


class Observer(Protocol):
    """Told of each step of an execution that is recorded in detail."""

    def step(self, execution: Execution, token: Token, task: Any) -> None:
        """`token` was chosen and is about to happen; `task` is trio's task, or None for a fault."""
        ...

    def note(self, text: str) -> None:
        """What the step now running does to the world outside, in the world's words."""
        ...
