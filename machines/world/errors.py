"""What can go wrong with an execution as such, apart from what a judge finds: typed, each with its remedy."""

from __future__ import annotations

from collections.abc import Iterator


class ExecutionError(Exception):
    """The program under test did something that no correct program does, whatever the judges say."""


class DeadlockError(ExecutionError):
    """Nothing can step, no timer is pending, and work is left."""


class StepLimitError(ExecutionError):
    """An execution took more steps than it may: an endless loop, or a limit set too low."""


class HangError(ExecutionError):
    """An execution has not ended although more virtual time has passed than it may take."""


class LivelockError(ExecutionError):
    """All tasks that can step only spin: the same states come back, and time changes nothing."""


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


def failure_of(label: str, error: BaseException) -> ExecutionError:
    """What to report for a task that ended with an error, or with a group of errors of its child tasks."""
    leaves = list(_leaves(error))
    for leaf in leaves:
        if isinstance(leaf, ExecutionError):
            return leaf
    failure = TaskFailedError(
        f"{label} ended with {' and '.join(f'{type(leaf).__name__}: {leaf}' for leaf in leaves)}"
    )
    failure.__cause__ = error
    return failure


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
