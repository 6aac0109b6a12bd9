"""The kernel: one execution of a program, one chosen step at a time, from synchronous code.

The idea. trio's tasks are coroutines; between two suspensions a task runs without interruption, so a *step*
is what one task does from one suspension to the next, and a *schedule* is the order of the steps. The kernel
holds the list of tasks that can step, asks a `Chooser` for one of them, and resumes just that one
(`trio_internals.step`). No thread, no epoll call, no real clock: a Hypothesis rule can call `Execution.run`
like any function.

One loop serves a whole process, since making trio's runner costs more than a small execution. Each execution
owns the root tasks that it spawned and everything below them; at its end they are finished, cancelled, or
closed.

Order. trio wakes cancelled tasks and an Event's waiters in the order of a set, which is the order of
addresses. The kernel therefore orders runnable tasks by the step that made them runnable, then by creation
count; deadlines that fall together expire in the order of their registration. Nothing else in an execution
depends on `id()`.

Choices. Option 0 is always "go on as you were": the task that stepped last if it can go on, else the first in
the order, where a task that was preempted stays ahead of the others. Other tasks follow in their order, then
the fault actions that may happen now. With one option there is no choice. When no task can step, trio's
`wait_all_tasks_blocked` waiters wake, then time jumps to the next deadline, and when there is none the
execution is over: complete, or deadlocked if work is left.

Sources: stateless exploration of a controlled scheduler is VeriSoft's idea (Godefroid 1997); ordering choices
so that the first is the non-preemptive one is CHESS's (Musuvathi and Qadeer 2007); one loop stepped from a
test is that of shuttle (AWS) and loom (Tokio), for Rust.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

import trio
from attrs import define, field

from machines.world import trio_internals
from machines.world.choices import END, Action, Chooser, Observer, Token
from machines.world.errors import (
    DeadlockError,
    HangError,
    LeftoverTasksError,
    StepLimitError,
    UnawaitedCoroutineError,
    failure_of,
)
from machines.world.loop import Loop, loop
from machines.world.recording import ACTIVE, Listener, Recorder
from machines.world.waiting import describe_waiting

__all__ = ["END", "STEPS_MAX", "Action", "Chooser", "Execution", "Loop", "Observer", "Root", "Token", "loop"]

STEPS_MAX = 20_000
"""Far above the few hundred steps of a burst on a database; reached only by code that never ends."""

_UNWINDING_STEPS_MAX = 2_000
_NODE: contextvars.ContextVar[str] = contextvars.ContextVar("node", default="")


@define(eq=False)
class Root:
    """A root task of an execution: `done` when its function has returned, raised, or been cancelled."""

    label: str
    number: int
    node: str
    boundary: Any
    started: bool = False
    done: bool = False
    task: Any = None
    _scope: trio.CancelScope | None = None

    @property
    def scope(self) -> trio.CancelScope:
        """The cancel scope around all that the task does; made when first asked for, as few ever are."""
        if self._scope is None:
            self._scope = trio.CancelScope()
            if not self.done:
                trio_internals.surround(self.task, self._scope, self.boundary)
        return self._scope

    def leave(self, error: BaseException | None) -> bool:
        """End the scope; whether it was what cancelled the task, so that `error` is no failure."""
        if self._scope is None or self.done:
            return False
        if error is None:
            return bool(self._scope.__exit__(None, None, None))
        return bool(self._scope.__exit__(type(error), error, error.__traceback__))


@define(eq=False)
class Execution:
    """One execution under way: spawn root tasks and add fault actions, then `run`.

    State: `runnable`, the tasks that can step, in order; `tokens`, the schedule so far; `frozen`, the tasks
    of a crashed node, which never step again; `steps` counts tokens, `switches` the times that another task
    than the last went on, `preemptions` those where the last one could have gone on.
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
    recorder: Recorder | None = None
    seconds_max: float = float("inf")
    _names: dict[Any, Token] = field(factory=dict, init=False)
    _spawner: Any = field(default=None, init=False)
    _spawned: dict[Token, int] = field(factory=dict, init=False)
    _over: bool = False
    _system_steps: int = 0

    def __attrs_post_init__(self) -> None:
        if self.loop.guards.executing:
            raise RuntimeError("an execution cannot begin inside another one")
        self.loop.begin(self.start_seconds)
        if self.recorder is None and hasattr(self.chooser, "resources"):
            self.recorder = Recorder(cast("Listener", self.chooser), unknown=True)
        ACTIVE[:] = [] if self.recorder is None else [self.recorder]

    # -- before and during a run

    def spawn(
        self, label: str, function: Callable[..., Awaitable[object]], *args: object, node: str = ""
    ) -> Root:
        """Start a root task; `node` names the process that it lives and dies with."""
        loop = self.loop
        root = Root(label, len(self.roots), node, loop.nursery)
        self.roots.append(root)
        context = contextvars.copy_context()
        context.run(_NODE.set, node)
        root.task = loop.runner.spawn_impl(
            self._root, (root, function, args), loop.nursery, label, context=context
        )
        self._names[root.task] = root.number
        return root

    async def _root(
        self, root: Root, function: Callable[..., Awaitable[object]], args: tuple[object, ...]
    ) -> None:
        root.started = True
        try:
            try:
                await function(*args)
            except BaseException as error:
                if not root.leave(error):
                    raise
            else:
                root.leave(None)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # noqa: BLE001 - every failure of a root is this execution's to report
            # Without this frame, which knows the execution: collecting garbage is off while exploring, so an
            # execution must not know itself.
            trace = error.__traceback__
            self.failures.append((root.label, error.with_traceback(trace and trace.tb_next)))
            del trace
        finally:
            root.done = True

    def token(self, task: Any) -> Token:
        """The token of a task: the number of a root; below it, the spawning task's token and a number.

        So it does not depend on what other tasks did meanwhile: `1.0` is the first task that root 1 spawned.
        """
        known = self._names.get(task)
        if known is None:
            parent = self._names.get(self._spawner, "system")
            number = self._spawned[parent] = self._spawned.get(parent, -1) + 1
            known = self._names[task] = f"{parent}.{number}"
        return known

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
        if self.observer is not None and not self._over:
            self.observer.note(text)

    def freeze(self, node: str) -> None:
        """Stop every task of `node` for ever, without running a `finally` block or waking anything."""
        for task in self._living():
            if task.context.get(_NODE) == node:
                self.frozen.add(task)
                trio_internals.silence(task, self.loop.nursery)
        self.runnable = [task for task in self.runnable if task not in self.frozen]
        for root in self.roots:
            root.done = root.done or root.task in self.frozen

    def _living(self) -> list[Any]:
        """The tasks of this execution that are neither at their end nor frozen, in the order of creation."""
        return [task for task in self.loop.visitors() if task not in self.frozen]

    # -- the run

    def run(self) -> None:
        """Step until nothing can; raises `ExecutionError` (deadlock, step limit, left-overs, failed task)."""
        if not self.loop.entered:
            raise RuntimeError("an execution runs within `with loop().exploring()`")
        guards = self.loop.guards
        guards.begin()
        if self.recorder is not None:
            self.recorder.start(self._names, [action.name for action in self.actions])
        try:
            self._step_until_quiet()
            self._check_end()
        except KeyboardInterrupt:
            self.loop.broken = True
            raise
        finally:
            self._over = True
            ACTIVE.clear()
            self._clear_away()
            guards.end()

    def _step_until_quiet(self) -> None:
        self._arrivals()
        tokens, steps_max = self.tokens, self.steps_max
        while True:
            runnable = self.runnable
            if not runnable:
                if self._time_passes():
                    continue
                if not self._fault_at_the_end():
                    return
            elif len(tokens) >= steps_max:
                names = ", ".join(task.name for task in runnable)
                raise StepLimitError(
                    f"after {steps_max} steps the execution has not ended; still running: {names}"
                )
            elif len(runnable) == 1 and not self.actions:
                self._step(0)
            else:
                self._choose()

    def _choose(self) -> None:
        """Ask the chooser which task steps next, or which fault happens."""
        tasks = self.runnable
        preempting = self._current_first()
        known = self._names
        options: list[Token] = [known[task] for task in tasks]
        actions = self._possible(at_end=False)
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
        self._step(index)

    def _current_first(self) -> bool:
        """Whether the task that stepped last can go on; it is then the first of the runnable ones."""
        tasks, current = self.runnable, self.current
        if tasks[0] is current:
            return True
        if current not in tasks:
            return False
        tasks.remove(current)
        tasks.insert(0, current)
        return True

    def _possible(self, *, at_end: bool) -> list[Action]:
        if not self.actions:
            return self.actions
        return [action for action in self.actions if action.possible(at_end=at_end)]

    def _fault_at_the_end(self) -> bool:
        """Whether a fault happens although no task can step; its alternative is that the execution ends."""
        actions = self._possible(at_end=True)
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

    def _step(self, index: int) -> None:
        """Let the task at that place of the runnable ones step."""
        task = self.runnable.pop(index)
        current = self.current
        if task is not current:
            if current is not None:
                self.switches += 1
            self.current = task
        token = self._names[task]
        self.tokens.append(token)
        if self.observer is not None:
            self.observer.step(self, token, task)
        self._spawner = task
        runner = self.loop.runner
        if self.recorder is not None:
            self._recorded_step(self.recorder, task, token)
            return
        trio_internals.step(runner, task)
        queue, entries = runner.runq, runner.entry_queue
        if (
            len(queue) == 1
            and queue[0] is task
            and not (entries.queue or entries.idempotent_queue or self.frozen)
        ):
            # The commonest case, a task that only let others go first, is not worth a call.
            queue.clear()
            self.runnable.insert(0, task)
        elif queue or entries.queue or entries.idempotent_queue:
            self._arrivals()

    def _recorded_step(self, recorder: Recorder, task: Any, token: Token) -> None:
        """Let a task step, and tell the chooser what it touched and whom it woke."""
        recorder.begin(token)
        trio_internals.step(self.loop.runner, task)
        self._arrivals()
        recorder.end(token)

    def _happen(self, action: Action) -> None:
        trio_internals.forget_task()
        self.tokens.append(action.name)
        self.faults.append(action.name)
        if self.observer is not None:
            self.observer.step(self, action.name, None)
        self._spawner = None
        if self.recorder is not None:
            self.recorder.begin(action.name)
        action.happen(self)
        self._arrivals()
        if self.recorder is not None:
            self.recorder.end(action.name)

    def _arrivals(self) -> None:
        """Take over what became runnable: after everything that already was, in the order of creation."""
        runner = self.loop.runner
        queue, entries = runner.runq, runner.entry_queue
        while queue or entries.queue or entries.idempotent_queue:
            self.loop.run_callbacks(self.failures)
            arrived = list(queue)
            queue.clear()
            if len(arrived) > 1:
                arrived.sort(key=trio_internals.counter)
            for task in arrived:
                if task.parent_nursery is runner.system_nursery:
                    self._step_system(task)
                elif task not in self.frozen:
                    token = self.token(task)
                    self.runnable.append(task)
                    if self.recorder is not None:
                        self.recorder.woke(token)

    def _step_system(self, task: Any) -> None:
        """Let a system task step: it is never a choice. Its failure is the end of trio's runner."""
        self._system_steps += 1
        if self._system_steps > self.steps_max:
            raise StepLimitError(f"the system task {task.name} has not ended after {self.steps_max} steps")
        trio_internals.step(self.loop.runner, task)
        error = trio_internals.system_failure(self.loop.runner)
        if error is not None and not self.loop.broken:
            self.loop.broken = True
            raise failure_of(f"the system task {task.name}", error)

    def _time_passes(self) -> bool:
        """Wake idle-waiters, or jump to the next deadline; False when there is neither."""
        runner = self.loop.runner
        if trio_internals.wake_idle_waiters(runner):
            self._new_era()
            return True
        deadline = runner.deadlines.next_deadline()
        if deadline == float("inf"):
            return False
        clock = self.loop.clock
        if deadline > self.seconds_max:
            raise HangError(
                f"after {self.seconds_max:g} virtual seconds the program has not ended. "
                f"{describe_waiting(self._living())}"
            )
        clock.advance_to(max(deadline, clock.seconds))
        runner.deadlines.expire(clock.seconds)
        self._new_era()
        return True

    def _new_era(self) -> None:
        """Take over those who woke because nothing else could step."""
        if self.recorder is not None:
            self.recorder.begin(END)
        self._arrivals()
        if self.recorder is not None:
            self.recorder.end_era()

    # -- the end

    def _check_end(self) -> None:
        guards = self.loop.guards
        if guards.refused:
            raise guards.refused[0]
        if guards.unawaited:
            raise UnawaitedCoroutineError(
                f"never awaited: {', '.join(guards.unawaited)}: the call never happened"
            )
        for label, error in self.failures:
            raise failure_of(label, error)
        left = self._living()
        if not all(root.done for root in self.roots):
            raise DeadlockError(f"nothing can step and no timer is pending. {describe_waiting(left)}")
        if left:
            raise LeftoverTasksError(f"the program has ended, these tasks have not: {describe_waiting(left)}")

    def _clear_away(self) -> None:
        """Cancel what is left and let it unwind; close what does not unwind."""
        if self.loop.visitors() and not self.loop.broken:
            self._unwind()
        self.loop.dispose()
        trio_internals.forget_task()
        self.current = None

    def _unwind(self) -> None:
        for root in self.roots:
            if not root.done:
                root.scope.cancel()
        self._arrivals()
        for _ in range(_UNWINDING_STEPS_MAX):
            if not self.runnable:
                return
            trio_internals.step(self.loop.runner, self.runnable.pop(0))
            self._arrivals()
