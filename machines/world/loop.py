"""The loop: trio's runner with its resident tasks, made once and stepped by all executions of a process.

Making a runner of trio's costs more than a small execution, so one serves them all. Between explorations it
is taken out of the thread altogether: no signal handler, no wake-up descriptor, no guard and no hook for
asynchronous generators is left of it then, and an ordinary `trio.run` works as ever. A loop that a Ctrl-C or
the failure of a system task has left half way is *broken*: it is never used again, and `loop()` makes
another.
"""

from __future__ import annotations

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import trio

from machines.world import trio_internals
from machines.world.clock import VirtualClock
from machines.world.guards import Guards
from machines.world.instruments import Instruments


class Loop:
    """trio's runner, reused by all executions of a process.

    State: trio's `runner`, the `residents` among its tasks, which outlive every execution, the permanent
    `nursery` that every root task is spawned into, the virtual clock, and the guards. `entered` says whether
    this thread's run context is ours at the moment, `broken` that the loop must not be used any more.
    """

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.guards = Guards(self.clock)
        self.runner = trio_internals.new_runner(self.clock)
        self.nursery: Any = None
        self.entered = False
        self.broken = False
        self._start()
        self.residents = frozenset(self.runner.tasks)

    def _start(self) -> None:
        runner = self.runner
        runner.init_task = runner.spawn_impl(runner.init, (self._main, ()), None, "<init>", system_task=True)
        while runner.runq:
            trio_internals.step(runner, runner.runq.popleft())
        self._io_manager = runner.io_manager
        runner.io_manager = trio_internals.RefusingIO(lambda what: self.guards.refusal(what, "socket"))
        trio_internals.leave(runner, None)

    async def _main(self) -> None:
        async with trio.open_nursery() as self.nursery:
            await trio.sleep_forever()

    def close(self) -> None:
        """End the resident tasks and give trio's descriptors back; the loop is of no use afterwards."""
        self.broken = True
        before = trio_internals.enter(self.runner)
        try:
            self.nursery.cancel_scope.cancel()
            while self.runner.runq or self.runner.entry_queue.size():
                self.run_callbacks([])
                while self.runner.runq:
                    trio_internals.step(self.runner, self.runner.runq.popleft())
        finally:
            trio_internals.dispose(self.runner, list(self.runner.tasks), self.nursery)
            self.runner.io_manager = self._io_manager
            self.runner.close()
            trio_internals.leave(self.runner, before)

    def begin(self, seconds: float) -> None:
        """Make ready for one more execution, that begins at `seconds`; nothing is left of earlier ones."""
        self.clock.seconds = seconds
        trio_internals.start_afresh(self.runner)
        self.dispose()

    def visitors(self) -> list[Any]:
        """The living tasks of the execution, in the order of their creation."""
        tasks = self.runner.tasks
        if len(tasks) == len(self.residents):
            return []
        return sorted(tasks - self.residents, key=trio_internals.counter)

    def dispose(self) -> None:
        """Close whatever tasks an execution has left."""
        left = self.visitors()
        if left:
            trio_internals.dispose(self.runner, left, self.nursery)

    def run_callbacks(self, failures: list[tuple[str, BaseException]]) -> None:
        """Run at once what was handed to trio's `run_sync_soon`; what one raises goes to `failures`."""
        for callback, args in trio_internals.take_callbacks(self.runner):
            try:
                callback(*args)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the execution's to report
                failures.append(("a run_sync_soon callback", error))

    @contextmanager
    def exploring(self, *, recording: bool = False) -> Iterator[None]:
        """Hold the thread's run context, the guards and the garbage collector for a run of executions.

        With `recording`, trio's primitives say what is done to them to the recorder of each execution.
        """
        if self.entered:
            raise RuntimeError("an exploration cannot begin inside another one")
        if self.broken:
            raise RuntimeError(
                "this loop was broken, by Ctrl-C or a failed system task: ask loop() for a new one"
            )
        before = trio_internals.enter(self.runner)
        self.entered = True
        self.guards.install()
        instruments = Instruments()
        if recording:
            instruments.install()
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
            instruments.remove()
            self.guards.remove()
            self.entered = False
            trio_internals.leave(self.runner, before)


_LOOPS: list[Loop] = []


def loop() -> Loop:
    """The process's loop, made at first use and again after it broke."""
    if not _LOOPS or _LOOPS[0].broken:
        close_loop()
        _LOOPS[:] = [Loop()]
    return _LOOPS[0]


def close_loop() -> None:
    """End the process's loop, if there is one; a broken one may refuse, and is dropped."""
    while _LOOPS:
        with suppress(Exception):
            _LOOPS.pop().close()


atexit.register(close_loop)
