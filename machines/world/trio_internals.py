"""The only module that knows trio's private names: what the kernel borrows, and a check that it is there.

Tandem does not call `trio.run`. It makes trio's own `Runner` and resumes trio's own `Task` objects itself,
one at a time, as the loop in `trio._core._run.unrolled_run` does for a whole batch. Nurseries, cancel scopes,
locks and channels are trio's, unmodified.

Options rejected: the hook that trio keeps for deterministic tests (`_ALLOW_DETERMINISTIC_SCHEDULING` with
`_r.shuffle`) chooses one task per pass too, but every pass then pays for the clock, the empty event list, the
sort and the put-back of the batch, and the switch is global to the process, so that a user's own `trio.run`
would be changed with it (`tests/benchmarks/kernel.py` measures both). `trio.run` per execution pays for an
epoll instance, a socket pair and three system tasks each time.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import outcome
import trio
from sniffio import thread_local as sniffio_library
from trio import _channel
from trio._core import _parking_lot, _run, _thread_cache, _traps

OLDEST = (0, 27)
NEWEST = (0, 35)
_CLOSES_MAX = 1_000

Task = trio.lowlevel.Task
GLOBAL_RUN_CONTEXT = _run.GLOBAL_RUN_CONTEXT
CANCEL_SHIELDED_CHECKPOINT: Any = _traps.CancelShieldedCheckpoint
WaitTaskRescheduled: Any = _traps.WaitTaskRescheduled
ThreadCache: Any = _thread_cache.ThreadCache
PermanentlyDetach: Any = _traps.PermanentlyDetachCoroutineObject

_REQUIRED: dict[str, tuple[Any, tuple[str, ...]]] = {
    "trio._core._run": (
        _run,
        ("setup_runner", "Deadlines", "GLOBAL_RUN_CONTEXT", "Runner"),
    ),
    "trio._core._run.Runner": (
        _run.Runner,
        (
            "spawn_impl",
            "init",
            "reschedule",
            "task_exited",
            "close",
            "waiting_for_idle",
            "runq",
            "tasks",
            "entry_queue",
            "system_nursery",
            "init_task",
            "io_manager",
            "asyncgens",
            "ki_manager",
            "_locals",
        ),
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
            "_schedule_points",
            "_cancel_points",
            "_child_nurseries",
            "_parent_nursery",
            "_activate_cancel_status",
            "context",
            "coro",
        ),
    ),
    "trio._core._run.Deadlines": (_run.Deadlines, ("add", "remove", "next_deadline", "expire", "_heap")),
    "trio._core._thread_cache.ThreadCache": (_thread_cache.ThreadCache, ("start_thread_soon",)),
    "trio._core._run.CancelStatus": (_run.CancelStatus, ("parent", "_children", "_scope")),
    "trio._core._run.CancelScope": (_run.CancelScope, ("_cancel_status", "_has_been_entered", "deadline")),
}


CANCELLING = tuple(name for name in ("cancel", "_cancel") if name in trio.CancelScope.__dict__)
"""The methods by which a cancel scope is cancelled: newer trios have a private one that says why."""

NAMED: tuple[type, ...] = (_channel.MemoryChannelState, trio.lowlevel.ParkingLot)
"""Classes of objects through which tasks meet, besides those that are public and have a constructor."""


MACHINERY: tuple[type, ...] = (_run.Runner, _run.CancelStatus, trio.lowlevel.TrioToken, trio.lowlevel.RunVar)
"""Classes of trio's own machinery around a program."""


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
            raise UnknownTrioError(
                f"trio {trio.__version__} has no {owner}.{missing[0]}, which the kernel needs"
            )


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
    """A runner of trio's, installed in this thread, without a signal handler or a wake-up descriptor.

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


class _Nothing:
    """What a task is sent that only let others go first: `outcome.Value(None)`, but made once for all."""

    def unwrap(self) -> None:
        """The value, as often as one likes (an `outcome` gives it once)."""


_NOTHING = _Nothing()


def step(runner: Any, task: Any) -> None:
    """Resume `task` until its next suspension: the body of trio's loop, for one task.

    Raises KeyboardInterrupt through (the loop is then unusable); every other exception of the task goes to
    its nursery, as in trio.
    """
    # Every step of every execution passes here; private names stay within this module, which is for them.
    GLOBAL_RUN_CONTEXT.task = task
    resume, value = task._next_send_fn, task._next_send  # noqa: SLF001 - see above
    task._next_send_fn = task._next_send = None  # noqa: SLF001 - see above
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
        return
    task._schedule_points += 1  # noqa: SLF001 - see above
    if message is CANCEL_SHIELDED_CHECKPOINT:
        # As `Runner.reschedule` does, for a task that was running a moment ago.
        task._next_send_fn = task.coro.send  # noqa: SLF001 - see above
        task._next_send = _NOTHING  # noqa: SLF001 - see above
        runner.runq.append(task)
    else:
        _suspended(runner, task, message)


def _suspended(runner: Any, task: Any, message: Any) -> None:
    """Deal with a task that waits for something, leaves trio, or belongs to another framework."""
    if type(message) is WaitTaskRescheduled:
        task._cancel_points += 1  # noqa: SLF001 - trio's own loop does so
        task._abort_func = message.abort_func  # noqa: SLF001 - trio's own loop does so
        task._attempt_delivery_of_any_pending_cancel()  # noqa: SLF001 - trio's own loop does so
    elif type(message) is PermanentlyDetach:
        runner.task_exited(task, message.final_outcome)
    else:
        refusal = TypeError(
            f"a task awaited {message!r}, which is not trio's: it belongs to another framework"
        )
        runner.reschedule(task, refusal)
        task._next_send_fn = task.coro.throw  # noqa: SLF001 - trio's own loop does so


def start_afresh(runner: Any) -> None:
    """Forget the timers, callbacks, waiters and run variables that an earlier execution has left."""
    runner.deadlines = StableDeadlines()
    runner._locals.clear()  # noqa: SLF001
    if runner.waiting_for_idle:
        runner.waiting_for_idle.clear()
    if runner.entry_queue.size():
        runner.entry_queue.queue.clear()
        runner.entry_queue.idempotent_queue.clear()


def take_callbacks(runner: Any) -> Iterator[tuple[Callable[..., object], tuple[Any, ...]]]:
    """What was handed to `run_sync_soon`, also by such callbacks themselves, as (function, args)."""
    entries = runner.entry_queue
    while entries.queue or entries.idempotent_queue:
        if entries.queue:
            yield entries.queue.popleft()
        else:
            job = next(iter(entries.idempotent_queue))
            del entries.idempotent_queue[job]
            yield job


def wake_idle_waiters(runner: Any) -> bool:
    """Wake the tasks in `wait_all_tasks_blocked` that have the smallest cushion; False if there are none."""
    waiting = runner.waiting_for_idle
    if not waiting:
        return False
    cushion = waiting.keys()[0][0]
    for key in [key for key in waiting if key[0] == cushion]:
        runner.reschedule(waiting.pop(key))
    return True


def surround(task: Any, scope: trio.CancelScope, boundary: Any) -> None:
    """Put a task of the nursery `boundary` inside a fresh cancel scope, outside all scopes of its own.

    As if the whole task stood in `with scope:`, but at any time. Moving a scope to another parent is what
    trio's `TaskStatus.started` does.
    """
    top = boundary._cancel_status  # noqa: SLF001
    status = scope._cancel_status = _run.CancelStatus(scope=scope, parent=top)  # noqa: SLF001
    scope._has_been_entered = True  # noqa: SLF001
    outermost = task._cancel_status  # noqa: SLF001
    if outermost is top:
        task._activate_cancel_status(status)  # noqa: SLF001
        return
    while outermost.parent is not top:
        outermost = outermost.parent
    outermost.parent = status


def counter(task: Any) -> int:
    """The creation count of a task, in this process."""
    count: int = task._counter  # noqa: SLF001
    return count


def pending(task: Any) -> tuple[Any, ...]:
    """What a task that can step is going to be sent, and whether it is being cancelled."""
    return task._next_send, task._cancel_status.effectively_cancelled  # noqa: SLF001


def forget_task() -> None:
    """Say that no task is running."""
    GLOBAL_RUN_CONTEXT.__dict__.pop("task", None)


def system_failure(runner: Any) -> BaseException | None:
    """The error that a system task has ended with, which cancels everything that the runner has."""
    failed: list[BaseException] = runner.system_nursery._pending_excs  # noqa: SLF001
    return failed[0] if failed else None


def silence(task: Any, boundary: Any) -> None:
    """Take the deadlines off all cancel scopes of a task below the nursery `boundary`: no timer is left."""
    status = task._cancel_status  # noqa: SLF001
    while status is not None and status is not boundary._cancel_status:  # noqa: SLF001
        if status._scope.deadline != float("inf"):  # noqa: SLF001
            status._scope.deadline = float("inf")  # noqa: SLF001
        status = status.parent


def dispose(runner: Any, tasks: list[Any], boundary: Any) -> None:
    """Close the coroutines of tasks that will never step again, and take them out of trio's books.

    Their `finally` blocks run now, at a time that no execution can see: what they may touch is dead. A block
    that awaits is closed again until it ends.
    """
    with warnings.catch_warnings():
        # Of asynchronous generators that are dropped with their tasks: nobody could have closed them.
        warnings.simplefilter("ignore", ResourceWarning)
        for task in sorted(tasks, key=counter, reverse=True):
            GLOBAL_RUN_CONTEXT.task = task
            _close(task.coro)
            runner.tasks.discard(task)
            task._activate_cancel_status(None)  # noqa: SLF001
            if task.parent_nursery is not None:
                task.parent_nursery._children.discard(task)  # noqa: SLF001
            getattr(_parking_lot, "GLOBAL_PARKING_LOT_BREAKER", {}).pop(task, None)
    forget_task()
    boundary._cancel_status._children.clear()  # noqa: SLF001
    waiting = [task for task in runner.runq if task not in tasks]
    runner.runq.clear()
    runner.runq.extend(waiting)


def _close(coroutine: Any) -> None:
    """Close a coroutine from the inside out.

    `coroutine.close()` alone would leave an inner one that awaits in its `finally` block suspended for ever,
    and a complaint when it is collected.
    """
    for _ in range(_CLOSES_MAX):
        with contextlib.suppress(BaseException):
            _innermost(coroutine).close()
        if coroutine.cr_frame is None:
            return


def _innermost(coroutine: Any) -> Any:
    """The living coroutine that a suspended one waits in, through all those between them."""
    while True:
        inner = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
        if (getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)) is None:
            return coroutine
        coroutine = inner
