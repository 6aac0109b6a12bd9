"""The kernel steps one chosen task at a time: every order of steps can be had, and none other."""

from __future__ import annotations

import math
from typing import Any

import pytest
import trio

from machines.exploration.bounded import Bounded
from machines.exploration.exhaustive import Exhaustive
from machines.exploration.replay import Replay
from machines.exploration.schedule import Schedule
from machines.world.errors import StepLimitError
from machines.world.kernel import Execution, Token, loop
from tests.exploration.brute_force import BruteForce
from tests.world.programs import (
    First,
    Function,
    Picking,
    every,
    explored,
    of_tasks,
    once,
    plain,
    steps,
    telling,
    text,
)

SHAPES = [(2, 2, 6), (2, 3, 20), (2, 4, 70), (3, 2, 90), (3, 3, 1680)]


@pytest.mark.parametrize(("tasks", "each", "count"), SHAPES)
@pytest.mark.parametrize("strategy", [Exhaustive, Bounded])
def test_interleavings_are_as_many_as_the_formula_says(
    strategy: type[Exhaustive | Bounded], tasks: int, each: int, count: int
) -> None:
    """Plain tasks have (kn)! / n!^k schedules, and each of them is executed exactly once."""
    runs = explored(strategy(), plain(tasks, each))
    assert count == math.factorial(tasks * each) // math.factorial(each) ** tasks
    assert len(runs) == count
    assert len({run.tokens for run in runs}) == count


def test_tasks_of_different_lengths_interleave_too() -> None:
    """Tasks with 1, 2 and 3 steps have the 60 schedules of the multinomial formula."""
    runs = every(of_tasks(steps(1), steps(2), steps(3)))
    assert len({run.tokens for run in runs}) == len(runs) == 60


def test_task_is_numbered_by_its_place_in_the_execution() -> None:
    """Numbers begin anew with each execution, so that a schedule means the same in all of them."""
    assert [text(once(steps(2), steps(1))) for _ in range(2)] == ["0*2 1", "0*2 1"]


def test_children_are_numbered_below_their_spawner() -> None:
    """A task that another one spawned has its number and one of its own, whatever else was spawned before."""

    async def parent() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(steps(1))

    assert text(once(parent, steps(1))) == "0 1 0.0 0"


def test_a_step_goes_from_one_suspension_to_the_next() -> None:
    """Between two suspensions nothing else runs, in whatever order tasks are chosen."""

    def pairs(log: list[Any]) -> list[Function]:
        async def one(name: str) -> None:
            for number in range(2):
                log.append((name, number, "in"))
                log.append((name, number, "out"))
                await trio.lowlevel.checkpoint()

        return [lambda: one("a"), lambda: one("b")]

    for run in every(telling(pairs)):
        assert isinstance(run.outcome, tuple)
        assert all(
            before[:2] == after[:2] for before, after in zip(run.outcome[::2], run.outcome[1::2], strict=True)
        )


def test_first_option_is_to_go_on() -> None:
    """Who always takes the first option sees each task run until it ends."""
    execution = once(steps(3), steps(2), steps(1), chooser=First())
    assert text(execution) == "0*3 1*2 2"
    assert (execution.switches, execution.preemptions) == (2, 0)


def test_preempted_task_stays_ahead() -> None:
    """After a preemption the task that was preempted is the first to go on once the other is over."""
    chooser = Picking([1])
    assert text(once(steps(2), steps(2), steps(2), chooser=chooser)) == "1*2 0*2 2*2"


def test_current_task_is_offered_first() -> None:
    """The task that stepped last is option 0 wherever it can go on."""
    chooser = Picking([2, 1, 2, 0])
    once(steps(3), steps(3), steps(3), chooser=chooser)
    assert chooser.offers[:4] == [(0, 1, 2), (2, 0, 1), (1, 2, 0), (2, 1, 0)]


def test_switch_from_a_blocked_task_is_no_preemption() -> None:
    """Going on with another task is a preemption only where the last one could have gone on."""
    event = trio.Event()

    async def wait() -> None:
        await event.wait()

    async def wake() -> None:
        event.set()

    execution = once(wait, wake)
    assert (text(execution), execution.switches, execution.preemptions) == ("0 1 0", 2, 0)


def test_preemptions_are_counted() -> None:
    """Each switch away from a task that could have gone on is one preemption."""
    execution = once(steps(3), steps(3), chooser=Picking([0, 1, 0, 1]))
    assert (text(execution), execution.switches, execution.preemptions) == ("0 1 0 1*2 0", 4, 3)


def test_forced_steps_are_no_choices() -> None:
    """Where only one thing can happen the chooser is not asked; the step is in the schedule all the same."""
    chooser = Picking([])
    execution = once(steps(4), chooser=chooser)
    assert (chooser.offers, execution.choices, text(execution)) == ([], 0, "0*4")


def test_every_execution_replays() -> None:
    """A recorded schedule, given back, does the same again."""

    def racing(log: list[Any]) -> list[Function]:
        lock = trio.Lock()

        async def one(name: str) -> None:
            async with lock:
                log.append(name)
                await trio.sleep(1)
            await trio.lowlevel.checkpoint()
            log.append(name.upper())

        return [lambda: one("a"), lambda: one("b"), lambda: one("c")]

    runs = every(telling(racing))
    assert len({run.outcome for run in runs}) > 6
    for run in runs:
        again = explored(Replay(Schedule(run.tokens)), telling(racing))
        assert again == [run]


def test_exploring_twice_gives_the_same_twice() -> None:
    """Two explorations of one program make the same executions in the same order."""
    assert every(plain(3, 2)) == every(plain(3, 2))


def test_step_index_is_the_number_of_steps_begun() -> None:
    """Inside its first step a task sees step 1, inside its next one step 2."""
    seen = []

    class Watching(First):
        execution: Execution

    async def look() -> None:
        seen.append(Watching.execution.step_index)
        await trio.lowlevel.checkpoint()
        seen.append(Watching.execution.step_index)

    def program(execution: Execution) -> Any:
        Watching.execution = execution
        execution.spawn("a", look)
        return lambda: None

    explored(BruteForce(), program)
    assert seen == [1, 2]


class Recording:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def step(self, execution: Execution, token: Token, task: Any) -> None:
        """Keep a step, with its place and the name of its task."""
        self.told.append((execution.step_index, token, task and task.name))

    def note(self, text: str) -> None:
        """Keep a note."""
        self.told.append((text,))


def test_observer_is_told_of_each_step_and_of_what_it_does() -> None:
    """An observer hears of a step as it begins, and after that of what the step does to the world."""
    recording = Recording()
    with loop().exploring():
        execution = Execution(loop(), First(), observer=recording)

        async def noted() -> None:
            execution.note("writes")
            await trio.lowlevel.checkpoint()

        execution.spawn("writer", noted)
        execution.run()
        execution.note("too late")
    assert recording.told == [(1, 0, "writer"), ("writes",), (2, 0, "writer")]


def test_step_limit_ends_an_endless_program() -> None:
    """A program that never ends is cut off at the limit, with the names of those that still run."""

    async def endless() -> None:
        while True:
            await trio.lowlevel.checkpoint()

    with pytest.raises(
        StepLimitError, match=r"^after 50 steps the execution has not ended; still running: a$"
    ):
        once(endless, steps_max=50)


def test_program_may_take_exactly_as_many_steps_as_the_limit() -> None:
    """The limit is the number of steps that an execution may take, not one less."""
    assert len(once(steps(5), steps_max=5).tokens) == 5
    with pytest.raises(StepLimitError):
        once(steps(6), steps_max=5)
