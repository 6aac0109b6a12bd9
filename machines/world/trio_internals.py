"""The only module that knows trio's private names: what the kernel borrows from trio, and a check that it is there.

Tandem does not call `trio.run`. It makes trio's own `Runner` and resumes trio's own `Task` objects itself, one at
a time, as the loop in `trio._core._run.unrolled_run` does for a whole batch. Nurseries, cancel scopes, locks and
channels are trio's, unmodified.

Options rejected: the hook that trio keeps for deterministic tests (`_ALLOW_DETERMINISTIC_SCHEDULING` with
`_r.shuffle`) chooses one task per pass too, but every pass then pays for the clock, the empty event list, the sort
and the put-back of the batch, and the switch is global to the process, so that a user's own `trio.run` would be
changed with it (`tests/benchmarks/kernel.py` measures both). `trio.run` per execution pays for an epoll instance,
a socket pair and three system tasks each time.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import re
from collections.abc import Callable
from typing import Any

import outcome
import trio
from sniffio import thread_local as sniffio_library
from trio._core import _parking_lot, _run, _traps

OLDEST = (0, 27)
NEWEST = (0, 35)
_CLOSES_MAX = 50

Task = trio.lowlevel.Task
GLOBAL_RUN_CONTEXT = _run.GLOBAL_RUN_CONTEXT
CANCEL_SHIELDED_CHECKPOINT: Any = _traps.CancelShieldedCheckpoint
WaitTaskRescheduled: Any = _traps.WaitTaskRescheduled
PermanentlyDetach: Any = _traps.PermanentlyDetachCoroutineObject

_REQUIRED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "trio._core._run": (
        _run,
        ("setup_runner", "Deadlines", "GLOBAL_RUN_CONTEXT", "Runner"),
    ),
    "trio._core._run.Runner": (
        _run.Runner,
        ("spawn_impl", "init", "reschedule", "task_exited", "close", "waiting_for_idle", "runq", "tasks"),
    ),
    "trio._core._run.Task": (
        _run.Task,
        (
            "_next_send_fn",
            "_next_send",
            "_abort_func",
            "_counter",
            "_cancel_status",
            "_attempt_delivery_of_any_pending_cancel",
            "_activate_cancel_status",
            "context",
            "coro",
        ),
    ),
    "trio._core._run.Deadlines": (_run.Deadlines, ("add", "remove", "next_deadline", "expire", "_heap")),
    "trio._core._run.CancelStatus": (_run.CancelStatus, ("parent", "_children", "_scope")),
}


class UnknownTrioError(RuntimeError):
    """The installed trio is one whose inside the kernel does not know."""


def check_version(version: str = trio.__version__) -> None:
    """Refuse a trio that the kernel was not checked against; raises `UnknownTrioError`."""
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if not OLDEST <= found <= NEWEST:
        raise UnknownTrioError(
            f"this is trio {version}; Tandem's kernel steps trio through private names that were checked for "
            f"trio {_dotted(OLDEST)} to {_dotted(NEWEST)}. Install 'trio>={_dotted(OLDEST)},"
            f"<{NEWEST[0]}.{NEWEST[1] + 1}', or a newer Tandem."
        )


def check_names() -> None:
    """Refuse a trio that lacks a private name that the kernel uses; raises `UnknownTrioError`."""
    for owner, (holder, names) in _REQUIRED.items():
        fields = {field.name for field in getattr(holder, "__attrs_attrs__", ())}
        missing = [name for name in names if not hasattr(holder, name) and name not in fields]
        if missing:
            raise UnknownTrioError(f"trio {trio.__version__} has no {owner}.{missing[0]}, which the kernel needs")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)


class StableDeadlines(_run.Deadlines):
    """trio's heap of deadlines, with ties broken by the order of registration instead of by `id()`."""

    def __init__(self) -> None:
        super().__init__()
        self._registered = itertools.count()

    def add(self, deadline: float, cancel_scope: trio.CancelScope) -> None:
        """Register one more deadline, in seconds of the loop's clock."""
        heapq.heappush(self._heap, (deadline, next(self._registered), cancel_scope))
        self._active += 1


class RefusingIO:
    """Stands in for trio's I/O manager: an execution may not wait for the real world."""

    def __init__(self, refuse: Callable[[str], BaseException]) -> None:
        self._refuse = refuse

    def __getattr__(self, name: str) -> Any:
        raise self._refuse(f"trio's I/O ({name})")


def new_runner(clock: trio.abc.Clock) -> Any:
    """A runner of trio's, installed in this thread, without a signal handler and without a wake-up descriptor.

    The caller owns it: `leave()` and `enter()` take it out of and back into the thread's run context.
    """
    check_version()
    check_names()
    runner = _run.setup_runner(clock, [], False, True)  # noqa: FBT003 - trio's own positional signature
    # One loop lives as long as the process: Ctrl-C stays Python's own.
    runner.ki_manager.close()
    runner.deadlines = StableDeadlines()
    return runner


def enter(runner: Any) -> str | None:
    """Make `runner` the thread's current one; gives back the name that sniffio had before."""
    GLOBAL_RUN_CONTEXT.runner = runner
    runner.asyncgens.install_hooks(runner)
    before: str | None = sniffio_library.name
    sniffio_library.name = "trio"
    return before


def leave(runner: Any, before: str | None) -> None:
    """Take the runner out of the thread, so that an ordinary `trio.run` works again."""
    runner.asyncgens.close()
    GLOBAL_RUN_CONTEXT.__dict__.clear()
    sniffio_library.name = before


def step(runner: Any, task: Any) -> None:
    """Resume `task` until its next suspension: the body of trio's loop, for one task.

    Raises KeyboardInterrupt through (the loop is then unusable); every other exception of the task goes to its
    nursery, as in trio.
    """
    GLOBAL_RUN_CONTEXT.task = task
    resume, value = task._next_send_fn, task._next_send  # noqa: SLF001 - this module is where private names live
    task._next_send_fn = task._next_send = None  # noqa: SLF001
    final: Any = None
    try:
        message = task.context.run(resume, value)
    except StopIteration as stop:
        final = outcome.Value(stop.value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - trio hands every exception to the task's nursery
        trace = error.__traceback__
        final = outcome.Error(error.with_traceback(trace and trace.tb_next))
        del trace
    if final is not None:
        runner.task_exited(task, final)
    elif message is CANCEL_SHIELDED_CHECKPOINT:
        runner.reschedule(task)
    elif type(message) is WaitTaskRescheduled:
        task._abort_func = message.abort_func  # noqa: SLF001
        task._attempt_delivery_of_any_pending_cancel()  # noqa: SLF001
    elif type(message) is PermanentlyDetach:
        runner.task_exited(task, message.final_outcome)
    else:
        refusal = TypeError(f"a task awaited {message!r}, which is not trio's: it belongs to another framework")
        runner.reschedule(task, refusal)
        task._next_send_fn = task.coro.throw  # noqa: SLF001


def counter(task: Any) -> int:
    """The creation count of a task, in this process."""
    count: int = task._counter  # noqa: SLF001
    return count


def silence(task: Any, boundary: Any) -> None:
    """Take the deadlines off all cancel scopes of a task below the nursery `boundary`: no timer of it is left."""
    status = task._cancel_status  # noqa: SLF001
    while status is not None and status is not boundary._cancel_status:  # noqa: SLF001
        if status._scope.deadline != float("inf"):  # noqa: SLF001
            status._scope.deadline = float("inf")  # noqa: SLF001
        status = status.parent


def dispose(runner: Any, tasks: list[Any], boundary: Any) -> None:
    """Close the coroutines of tasks that will never step again, and take them out of trio's books.

    Their `finally` blocks run now, at a time that no execution can see: what they may touch is dead. A block that
    awaits is closed again until it ends.
    """
    for task in sorted(tasks, key=counter, reverse=True):
        GLOBAL_RUN_CONTEXT.task = task
        for _ in range(_CLOSES_MAX):
            with contextlib.suppress(BaseException):
                task.coro.close()
            if task.coro.cr_frame is None:
                break
        runner.tasks.discard(task)
        task._activate_cancel_status(None)  # noqa: SLF001
        if task.parent_nursery is not None:
            task.parent_nursery._children.discard(task)  # noqa: SLF001
        getattr(_parking_lot, "GLOBAL_PARKING_LOT_BREAKER", {}).pop(task, None)
    GLOBAL_RUN_CONTEXT.__dict__.pop("task", None)
    boundary._cancel_status._children.clear()  # noqa: SLF001
    runner.runq.clear()
