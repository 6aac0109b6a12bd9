"""What can go wrong with an execution as such, apart from what a judge finds: typed, and each with its remedy."""

from __future__ import annotations


class ExecutionError(Exception):
    """The program under test did something that no correct program does, whatever the judges say."""


class DeadlockError(ExecutionError):
    """Nothing can step, no timer is pending, and work is left."""


class StepLimitError(ExecutionError):
    """An execution took more steps than it may: an endless loop, or a limit set too low."""


class LeftoverTasksError(ExecutionError):
    """The program ended and left tasks running."""


class UnawaitedCoroutineError(ExecutionError):
    """A coroutine was made and never awaited: the call it stands for never happened."""


class TaskFailedError(ExecutionError):
    """A task ended with an exception that nobody handled."""


class RefusedError(ExecutionError):
    """The code under test reached for the real world, which no schedule controls."""


class NondeterminismError(Exception):
    """The same program under the same schedule did two different things: results cannot be trusted."""


class ScheduleDivergedError(Exception):
    """A schedule asks for a choice that the program does not offer at that point."""
