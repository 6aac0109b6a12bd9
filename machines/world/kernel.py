"""The kernel: one execution of a program, one chosen step at a time, from synchronous code.

The idea. trio's tasks are coroutines; between two suspensions a task runs without interruption, so a *step* is what
one task does from one suspension to the next, and a *schedule* is the order of the steps. The kernel holds the list
of tasks that can step, asks a `Chooser` for one of them, and resumes just that one (`trio_internals.step`). No
thread, no epoll call, no real clock: a Hypothesis rule can call `Execution.run` like any function.

One loop serves a whole process, since making trio's runner costs more than a small execution. Each execution owns
the root tasks that it spawned and everything below them; at its end they are finished, cancelled, or closed.

Order. trio wakes cancelled tasks and an Event's waiters in the order of a set, which is the order of addresses. The
kernel therefore orders runnable tasks by the step that made them runnable, then by creation count; deadlines that
fall together expire in the order of their registration. Nothing else in an execution depends on `id()`.

Choices. Option 0 is always "go on as you were": the task that stepped last if it can go on, else the one that became
runnable first. Other tasks follow in their order, then the fault actions that may happen now. With one option there
is no choice. When no task can step, trio's `wait_all_tasks_blocked` waiters wake, then time jumps to the next
deadline, and when there is none the execution is over: complete, or deadlocked if work is left.

Sources: stateless exploration of a controlled scheduler is VeriSoft's idea (Godefroid 1997); ordering choices so that
the first is the non-preemptive one is CHESS's (Musuvathi and Qadeer 2007); one loop stepped from a test is that of
shuttle (AWS) and loom (Tokio), for Rust.
"""

from __future__ import annotations

import atexit
import contextvars
import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import trio
from attrs import define, field

from machines.world import trio_internals
from machines.world.clock import VirtualClock
from machines.world.errors import (
    DeadlockError,
    ExecutionError,
    LeftoverTasksError,
    StepLimitError,
    TaskFailedError,
    UnawaitedCoroutineError,
)
from machines.world.guards import Guards, refusal
from machines.world.waiting import describe_waiting

Token = int | str
"""One choice as it stands in a schedule: a task by its number in the execution, or a fault or its variant by name."""

STEPS_MAX = 20_000
"""Far above the few hundred steps of a burst on a database; reached only by code that never comes to an end."""

_UNWINDING_STEPS_MAX = 2_000
_NODE: contextvars.ContextVar[str] = contextvars.ContextVar("node", default="")


class Chooser(Protocol):
    """Decides; all the kernel knows of an exploration strategy."""

    def choose(self, options: Sequence[Token], tasks: int, *, preempting: bool, step: int) -> int:
        """The index of the option to take, out of two or more.

        The first `tasks` options are tasks, the rest are faults or variants of one. With `preempting`, option 0 is
        the task that stepped last, and taking another task is a preemption. `step` is the place that the choice
        will have in the schedule.
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


class Loop:
    """trio's runner, reused by all executions of a process.

    State: trio's `runner` with one permanent nursery that every root task is spawned into, the virtual clock, and
    the guards. `entered` says whether this thread's run context is ours at the moment.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.guards = Guards(self.clock)
        self.runner = trio_internals.new_runner(self.clock)
        self.nursery: Any = None
        self.entered = False
        self.broken = False
        self._start()

    def _start(self) -> None:
        runner = self.runner
        runner.init_task = runner.spawn_impl(runner.init, (self._main, ()), None, "<init>", system_task=True)
        while runner.runq:
            trio_internals.step(runner, runner.runq.popleft())
        self._io_manager = runner.io_manager
        runner.io_manager = trio_internals.RefusingIO(lambda what: refusal(what, "socket"))
        trio_internals.leave(runner, None)

    def close(self) -> None:
        """End the permanent tasks and give trio's descriptors back; the loop is of no use afterwards."""
        self.broken = True
        before = trio_internals.enter(self.runner)
        try:
            self.nursery.cancel_scope.cancel()
            while self.runner.runq or self.runner.entry_queue.queue:
                self.run_callbacks()
                while self.runner.runq:
                    trio_internals.step(self.runner, self.runner.runq.popleft())
        finally:
            self.runner.io_manager = self._io_manager
            self.runner.close()
            trio_internals.GLOBAL_RUN_CONTEXT.__dict__.clear()
            trio_internals.sniffio_library.name = before

    async def _main(self) -> None:
        async with trio.open_nursery() as self.nursery:
            await trio.sleep_forever()

    def run_callbacks(self) -> None:
        """Run what was handed to trio's `run_sync_soon`, at once."""
        entries = self.runner.entry_queue.queue
        while entries:
            callback, args = entries.popleft()
            callback(*args)

    @contextmanager
    def exploring(self) -> Iterator[None]:
        """Hold the thread's run context, the guards and the garbage collector for a run of executions."""
        if self.entered:
            raise RuntimeError("an exploration cannot begin inside another one")
        before = trio_internals.enter(self.runner)
        self.entered = True
        self.guards.install()
        collecting = gc.isenabled()
        gc.disable()
        try:
            yield
        except KeyboardInterrupt:
            self.broken = True
            raise
        finally:
            if collecting:
                gc.enable()
            self.guards.remove()
            self.entered = False
            trio_internals.leave(self.runner, before)


_LOOPS: list[Loop] = []


def loop() -> Loop:
    """The process's loop, made at first use and again after a Ctrl-C broke it."""
    if not _LOOPS or _LOOPS[0].broken:
        close_loop()
        _LOOPS[:] = [Loop()]
    return _LOOPS[0]


def close_loop() -> None:
    """End the process's loop, if there is one; a loop that a Ctrl-C broke may refuse, and is dropped."""
    while _LOOPS:
        with suppress(Exception):
            _LOOPS.pop().close()


atexit.register(close_loop)


@define(eq=False)
class Root:
    """A root task of an execution: `done` when its function has returned, raised, or been cancelled."""

    label: str
    scope: trio.CancelScope
    number: int
    node: str
    started: bool = False
    done: bool = False
    task: Any = None


@define(eq=False)
class Execution:
    """One execution under way: spawn root tasks and add fault actions, then `run`.

    State: `runnable`, the tasks that can step, in order; `tokens`, the schedule so far; `frozen`, the tasks of a
    crashed node, which never step again; `steps` counts tokens, `switches` the times that another task than the
    last went on, `preemptions` those where the last one could have gone on.
    """

    loop: Loop
    chooser: Chooser
    steps_max: int = STEPS_MAX
    observer: Observer | None = None
    start_seconds: float = 0.0
    tokens: list[Token] = field(factory=list)
    choices: int = 0
    switches: int = 0
    preemptions: int = 0
    faults: list[str] = field(factory=list)
    failures: list[tuple[str, BaseException]] = field(factory=list)
    roots: list[Root] = field(factory=list)
    actions: list[Action] = field(factory=list)
    runnable: list[Any] = field(factory=list)
    frozen: set[Any] = field(factory=set)
    current: Any = None
    _base: int = 0

    def __attrs_post_init__(self) -> None:
        self.loop.clock.seconds = self.start_seconds
        self.loop.runner.deadlines = trio_internals.StableDeadlines()
        self._base = -1

    # -- before and during a run

    def spawn(self, label: str, function: Callable[..., Awaitable[object]], *args: object, node: str = "") -> Root:
        """Start a root task; `node` names the process that it lives and dies with."""
        root = Root(label, trio.CancelScope(), len(self.roots), node)
        self.roots.append(root)
        context = contextvars.copy_context()
        context.run(_NODE.set, node)
        root.task = self.loop.runner.spawn_impl(
            self._root, (root, function, args), self.loop.nursery, label, context=context
        )
        if self._base < 0:
            self._base = trio_internals.counter(root.task)
        return root

    async def _root(self, root: Root, function: Callable[..., Awaitable[object]], args: tuple[object, ...]) -> None:
        root.started = True
        try:
            with root.scope:
                await function(*args)
        except trio.Cancelled:
            raise
        except BaseException as error:  # noqa: BLE001 - every failure of a root is this execution's to report
            self.failures.append((root.label, error))
        finally:
            root.done = True

    def number(self, task: Any) -> int:
        """The number of a task in this execution: its place in the order of creation."""
        return trio_internals.counter(task) - self._base

    @property
    def step_index(self) -> int:
        """How many steps have begun: the time stamp of histories."""
        return len(self.tokens)

    def variant(self, names: Sequence[str]) -> str:
        """Which way an injected fault falls: a choice inside a step. One name is no choice."""
        index = 0
        if len(names) > 1:
            self.choices += 1
            index = self.chooser.choose(names, 0, preempting=False, step=len(self.tokens))
        self.tokens.append(names[index])
        return names[index]

    def note(self, text: str) -> None:
        """Tell the observer, if there is one, what the step now running does."""
        if self.observer is not None:
            self.observer.note(text)

    def freeze(self, node: str) -> None:
        """Stop every task of `node` for ever, without running a `finally` block or waking anything."""
        for task in self._tasks_of(node):
            self.frozen.add(task)
            trio_internals.silence(task, self.loop.nursery)
        self.runnable = [task for task in self.runnable if task not in self.frozen]
        for root in self.roots:
            root.done = root.done or root.task in self.frozen

    def _tasks_of(self, node: str) -> list[Any]:
        return [task for task in self._tasks() if task.context.get(_NODE) == node and task not in self.frozen]

    def _tasks(self) -> list[Any]:
        """The living tasks of this execution, in the order of creation."""
        if self._base < 0:
            return []
        mine = (task for task in self.loop.runner.tasks if trio_internals.counter(task) >= self._base)
        return sorted(mine, key=trio_internals.counter)

    # -- the run

    def run(self) -> None:
        """Step until nothing can; raises `ExecutionError` (deadlock, step limit, left-overs, a failed task)."""
        guards = self.loop.guards
        guards.begin()
        try:
            self._step_until_quiet()
            self._check_end()
        finally:
            guards.end()
            self._clear_away()

    def _step_until_quiet(self) -> None:
        self._arrivals()
        while True:
            runnable = self.runnable
            if not runnable:
                if self._time_passes():
                    continue
                if not self._fault_at_the_end():
                    return
            elif len(runnable) == 1 and not self.actions:
                self._step(runnable[0])
            else:
                self._choose()
            if len(self.tokens) >= self.steps_max:
                raise StepLimitError(
                    f"after {self.steps_max} steps the execution has not ended; "
                    f"still running: {', '.join(task.name for task in self.runnable) or 'nothing'}"
                )

    def _choose(self) -> None:
        """Ask the chooser which task steps next, or which fault happens."""
        tasks = self.runnable
        preempting = self.current in tasks
        if preempting and tasks[0] is not self.current:
            tasks.remove(self.current)
            tasks.insert(0, self.current)
        actions = [action for action in self.actions if action.possible(at_end=False)]
        base = self._base
        options: list[Token] = [task._counter - base for task in tasks]  # noqa: SLF001 - the hot path of the kernel
        options += [action.name for action in actions]
        index = 0
        if len(options) > 1:
            self.choices += 1
            index = self.chooser.choose(options, len(tasks), preempting=preempting, step=len(self.tokens))
        if index >= len(tasks):
            self._happen(actions[index - len(tasks)])
            return
        if index and preempting:
            self.preemptions += 1
        self._step(tasks[index])

    def _fault_at_the_end(self) -> bool:
        """Whether a fault happens although no task can step; its alternative is that the execution ends."""
        actions = [action for action in self.actions if action.possible(at_end=True)]
        if not actions:
            return False
        self.choices += 1
        options = [END, *(action.name for action in actions)]
        index = self.chooser.choose(options, 0, preempting=False, step=len(self.tokens))
        if index == 0:
            self.tokens.append(END)
            return False
        self._happen(actions[index - 1])
        return True

    def _step(self, task: Any) -> None:
        self.runnable.remove(task)
        if task is not self.current:
            if self.current is not None:
                self.switches += 1
            self.current = task
        token = task._counter - self._base  # noqa: SLF001 - the hot path of the kernel
        self.tokens.append(token)
        if self.observer is not None:
            self.observer.step(self, token, task)
        trio_internals.step(self.loop.runner, task)
        self._arrivals()

    def _happen(self, action: Action) -> None:
        trio_internals.GLOBAL_RUN_CONTEXT.__dict__.pop("task", None)
        self.tokens.append(action.name)
        self.faults.append(action.name)
        if self.observer is not None:
            self.observer.step(self, action.name, None)
        action.happen(self)
        self._arrivals()

    def _arrivals(self) -> None:
        """Take over what became runnable: after everything that already was, in the order of creation."""
        runner = self.loop.runner
        queue = runner.runq
        if runner.entry_queue.queue:
            self.loop.run_callbacks()
        if not queue:
            return
        new = list(queue)
        queue.clear()
        if len(new) > 1:
            new.sort(key=trio_internals.counter)
        system = runner.system_nursery
        for task in new:
            if task.parent_nursery is system:
                trio_internals.step(runner, task)
                self._arrivals()
            elif not self.frozen or task not in self.frozen:
                self.runnable.append(task)

    def _time_passes(self) -> bool:
        """Wake idle-waiters, or jump to the next deadline; False when there is neither."""
        runner = self.loop.runner
        if runner.waiting_for_idle:
            cushion = runner.waiting_for_idle.keys()[0][0]
            for key in [key for key in runner.waiting_for_idle if key[0] == cushion]:
                runner.reschedule(runner.waiting_for_idle.pop(key))
            self._arrivals()
            return True
        deadline = runner.deadlines.next_deadline()
        if deadline == float("inf"):
            return False
        clock = self.loop.clock
        clock.advance_to(max(deadline, clock.seconds))
        runner.deadlines.expire(clock.seconds)
        self._arrivals()
        return True

    # -- the end

    def _check_end(self) -> None:
        if self.loop.guards.unawaited:
            raise UnawaitedCoroutineError(
                f"never awaited: {', '.join(self.loop.guards.unawaited)}: the call never happened"
            )
        for label, error in self.failures:
            if isinstance(error, ExecutionError):
                raise error
            raise TaskFailedError(f"{label} ended with {type(error).__name__}: {error}") from error
        if all(root.done for root in self.roots):
            left = [task for task in self._tasks() if task not in self.frozen]
            if left:
                raise LeftoverTasksError(f"the program has ended, these tasks have not: {describe_waiting(left)}")
            return
        waiting = [task for task in self._tasks() if task not in self.frozen]
        raise DeadlockError(f"nothing can step and no timer is pending. {describe_waiting(waiting)}")

    def _clear_away(self) -> None:
        """Cancel what is left and let it unwind; close what does not unwind."""
        for root in self.roots:
            if not root.done:
                root.scope.cancel()
        self._arrivals()
        for _ in range(_UNWINDING_STEPS_MAX):
            if not self.runnable:
                break
            trio_internals.step(self.loop.runner, self.runnable.pop(0))
            self._arrivals()
        left = self._tasks()
        if left:
            trio_internals.dispose(self.loop.runner, left, self.loop.nursery)
        trio_internals.GLOBAL_RUN_CONTEXT.__dict__.pop("task", None)
        self.current = None


END = "end"
"""The token for "the execution ends here", where a fault could still have happened."""
