"""What the kernel costs: `python -m tests.benchmarks.kernel` prints its rates beside those of two other ways.

All schedules of k plain tasks with n steps each are executed, again and again, until there were enough
executions to measure. Beside the kernel stand the two ways that it replaced: a fresh `trio.run` per execution
(which chooses nothing), and one loop of trio's stepped by the hook that trio keeps for deterministic tests,
one pass of the loop per step. The best of several interleaved rounds is shown, as noise only ever adds time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import trio
from attrs import frozen
from rich import box
from rich.console import Console
from rich.table import Table
from trio._core import _run
from trio.testing import MockClock

from machines.exploration.strategy import executions
from machines.world.kernel import Execution, loop
from tests.exploration.brute_force import BruteForce

SHAPES = ((2, 2), (2, 3), (2, 4), (3, 2), (3, 3))
FRESH_RATIO_MIN = 4.0
_ROUNDS = 5
_EXECUTIONS_MIN = 1500
_FRESH_RUNS = 150
_HEADS = ("shape", "schedules", "steps/s", "kernel", "hook", "fresh run", "hook x", "fresh x")


def interleavings(tasks: int, steps: int) -> int:
    """The number of schedules of `tasks` tasks with `steps` steps each, by the closed formula."""
    orders_of_one_task: int = math.factorial(steps) ** tasks
    return math.factorial(tasks * steps) // orders_of_one_task


async def plain(steps: int) -> None:
    """A task with so many steps."""
    for _ in range(steps - 1):
        await trio.lowlevel.checkpoint()


@frozen
class Measured:
    """`executions` executions with `steps` steps in all took `seconds`."""

    executions: int
    steps: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Executions per second."""
        return self.executions / self.seconds


def on_kernel(tasks: int, steps: int) -> Measured:
    """All schedules on the kernel, over and over."""
    count = taken = 0
    with loop().exploring():
        began = time.perf_counter()
        while count < _EXECUTIONS_MIN:
            strategy = BruteForce()
            for _ in executions(strategy, _EXECUTIONS_MIN * 10):
                execution = Execution(loop(), strategy)
                for number in range(tasks):
                    execution.spawn(f"task {number}", plain, steps)
                execution.run()
                taken += len(execution.tokens)
                count += 1
        return Measured(count, taken, time.perf_counter() - began)


def on_fresh_runs(tasks: int, steps: int) -> Measured:
    """A `trio.run` per execution, with the same tasks in a nursery."""

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(tasks):
                nursery.start_soon(plain, steps)

    began = time.perf_counter()
    for _ in range(_FRESH_RUNS):
        trio.run(main)
    return Measured(_FRESH_RUNS, _FRESH_RUNS * tasks * steps, time.perf_counter() - began)


class Hooked:
    """trio's loop, stepped one pass at a time by its hook for deterministic tests.

    State: the task `chosen` for the next pass, and the `system` tasks that go first.
    """

    def __init__(self) -> None:
        self.chosen: Any = None
        self.system: set[Any] = set()
        self.nursery: Any = None
        self.runner = _run.setup_runner(MockClock(), [], False, True)  # noqa: FBT003 - trio's own signature
        self.generator = _run.unrolled_run(self.runner, self._main, (), host_uses_signal_set_wakeup_fd=True)

    def start(self) -> None:
        """Let all that is the loop's own come to rest; the hook must stand."""
        next(self.generator)
        while self.nursery is None or self.runner.runq:
            self.system = set(self.runner.tasks)
            self.generator.send([])

    async def _main(self) -> None:
        async with trio.open_nursery() as self.nursery:
            await trio.sleep_forever()

    def shuffle(self, batch: list[Any]) -> None:
        """Stands in for trio's random order: one task stays in the batch, the others are put back."""
        system = next((task for task in batch if task in self.system), None)
        kept = system or (self.chosen if self.chosen in batch else None)
        if kept is self.chosen:
            self.chosen = None
        self.runner.runq.extend(task for task in batch if task is not kept)
        batch[:] = [kept] if kept else []

    def runnable(self) -> list[Any]:
        """The tasks that can step, in the order of creation."""
        return sorted(
            (task for task in self.runner.runq if task not in self.system), key=lambda task: task._counter
        )

    def step(self, task: Any) -> None:
        """Let one task step, then the system tasks."""
        self.chosen = task
        self.generator.send([])
        while any(task in self.system for task in self.runner.runq):
            self.generator.send([])

    def close(self) -> None:
        """End the loop; at its end trio waits for its own wake-up socket, so it is given real events."""
        self.nursery.cancel_scope.cancel()
        with suppress(StopIteration):
            while True:
                self.system = set(self.runner.tasks)
                self.generator.send(self.runner.io_manager.get_events(0))


@contextmanager
def hooked() -> Iterator[Hooked]:
    """A loop of trio's under the hook, which is put back as it was."""
    module: Any = _run
    before = module._ALLOW_DETERMINISTIC_SCHEDULING, module._r
    stepped = Hooked()
    module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = True, stepped
    try:
        stepped.start()
        yield stepped
    finally:
        stepped.close()
        module._ALLOW_DETERMINISTIC_SCHEDULING, module._r = before


def on_the_hook(tasks: int, steps: int) -> Measured:
    """All schedules by trio's hook, over and over."""
    count = taken = 0
    with hooked() as stepped:
        began = time.perf_counter()
        while count < _EXECUTIONS_MIN:
            strategy = BruteForce()
            for _ in executions(strategy, _EXECUTIONS_MIN * 10):
                for _ in range(tasks):
                    stepped.nursery.start_soon(plain, steps)
                taken += _choose_to_the_end(stepped, strategy)
                count += 1
        return Measured(count, taken, time.perf_counter() - began)


def _choose_to_the_end(stepped: Hooked, strategy: BruteForce) -> int:
    taken = 0
    while runnable := stepped.runnable():
        options = [task._counter for task in runnable]
        chosen = 0
        if len(options) > 1:
            chosen = strategy.choose(options, len(options), preempting=False, step=taken)
        stepped.step(runnable[chosen])
        taken += 1
    return taken


def explored(tasks: int, steps: int) -> int:
    """The number of different schedules that the kernel executes."""
    strategy = BruteForce()
    seen = set()
    with loop().exploring():
        for _ in executions(strategy, 10 * interleavings(tasks, steps)):
            execution = Execution(loop(), strategy)
            for number in range(tasks):
                execution.spawn(f"task {number}", plain, steps)
            execution.run()
            seen.add(tuple(execution.tokens))
    return len(seen)


def measured(tasks: int, steps: int) -> tuple[Measured, Measured, Measured]:
    """The best of several rounds of kernel, hook and fresh runs, taken in turn."""
    ways = [partial(way, tasks, steps) for way in (on_kernel, on_the_hook, on_fresh_runs)]
    rounds = [[way() for way in ways] for _ in range(_ROUNDS)]
    kernel, hook, fresh = (
        max(column, key=lambda one: one.per_second) for column in zip(*rounds, strict=True)
    )
    return kernel, hook, fresh


def row(tasks: int, steps: int) -> tuple[list[str], bool]:
    """One line of the table, and whether it is as it must be."""
    kernel, hook, fresh = measured(tasks, steps)
    formula, found = interleavings(tasks, steps), explored(tasks, steps)
    ratio = kernel.per_second / fresh.per_second
    cells = [
        f"{tasks} x {steps}",
        f"{found} of {formula}",
        f"{kernel.steps / kernel.seconds:,.0f}",
        f"{kernel.per_second:,.0f}",
        f"{hook.per_second:,.0f}",
        f"{fresh.per_second:,.0f}",
        f"{kernel.per_second / hook.per_second:.1f}",
        f"{ratio:.1f}",
    ]
    return cells, found == formula and ratio >= FRESH_RATIO_MIN


def main() -> int:
    """Print the table; the exit status says whether every figure is as it must be."""
    title, caption = "The kernel: executions per second", f"fresh x must be {FRESH_RATIO_MIN:g} or more"
    table = Table(title=title, caption=caption, box=box.SIMPLE, collapse_padding=True)
    for head in _HEADS:
        table.add_column(head, justify="right", no_wrap=True)
    good = True
    for tasks, steps in SHAPES:
        cells, as_wanted = row(tasks, steps)
        table.add_row(*cells)
        good = good and as_wanted
    Console().print(table)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
