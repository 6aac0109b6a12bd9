"""The uniform strategy: every interleaving is as likely as any other."""

from __future__ import annotations

from collections import Counter

import pytest
import trio

from machines.exploration.random_walk import RandomWalk
from machines.exploration.strategy import Strategy
from machines.exploration.uniform import Uniform
from tests.exploration.measuring import chi_square, told, waiting_loops
from tests.world.programs import Program, every, explored, of_tasks, plain, steps

PROFILES = 2
SHAPES = [(3, 3), (2, 2, 2), (1, 2, 3), (1, 12), (6, 2)]


def of_lengths(lengths: tuple[int, ...]) -> Program:
    """Plain tasks of these numbers of steps."""
    return of_tasks(*(steps(length) for length in lengths))


def deviations(strategy: Strategy, program: Program, each: int) -> float:
    """How far a strategy is from uniform, in standard deviations, after so many executions per schedule."""
    classes = len(every(program))
    runs = explored(strategy, program, classes * each + PROFILES)[PROFILES:]
    return chi_square(Counter(run.tokens for run in runs).values(), classes)


@pytest.mark.parametrize("lengths", SHAPES)
@pytest.mark.parametrize("seed", [0, 1])
def test_interleavings_of_plain_tasks_are_equally_likely(lengths: tuple[int, ...], seed: int) -> None:
    """The counts of all interleavings pass a chi-square test, at three standard deviations."""
    assert deviations(Uniform(seed), of_lengths(lengths), 30) < 3


@pytest.mark.parametrize("lengths", SHAPES)
def test_the_test_can_fail(lengths: tuple[int, ...]) -> None:
    """A random walk fails the same test by far."""
    assert deviations(RandomWalk(0), of_lengths(lengths), 30) > 9


async def spawning() -> None:
    """Steps of its own beside those of two children, which are started at different times."""
    async with trio.open_nursery() as nursery:
        await trio.lowlevel.checkpoint()
        nursery.start_soon(steps(2))
        await trio.lowlevel.checkpoint()
        nursery.start_soon(steps(2))
        await trio.lowlevel.checkpoint()


def test_tasks_that_start_tasks_weigh_with_them() -> None:
    """With children started midway the interleavings are equally likely too, and not so in a random walk."""
    assert deviations(Uniform(0), of_tasks(spawning), 30) < 3
    assert deviations(RandomWalk(0), of_tasks(spawning), 30) > 9


@pytest.mark.parametrize("lengths", SHAPES)
def test_number_of_interleavings_is_known_exactly(lengths: tuple[int, ...]) -> None:
    """Each walk has a chance of one in all interleavings, so that the estimate is their number."""
    program = of_lengths(lengths)
    strategy = Uniform(0)
    explored(strategy, program, 10)
    assert strategy.certificate(10).schedules_estimate == pytest.approx(len(every(program)))


def test_profiles_run_each_task_while_others_wait() -> None:
    """The first execution goes by the order of creation, the second by the reverse."""
    runs = explored(Uniform(0), plain(3, 2), PROFILES)
    assert [run.tokens for run in runs] == [(0, 0, 1, 1, 2, 2), (2, 2, 1, 1, 0, 0)]


def test_busy_waiting_does_not_take_over() -> None:
    """Steps of a waiting loop are counted like others, yet the loop's weight does not grow without end."""
    outcomes = told(Uniform(0), waiting_loops(2, 5), 500)
    assert max(outcome for outcome in outcomes if isinstance(outcome, int)) < 500


def test_same_seed_gives_the_same_schedules() -> None:
    """A seed decides every execution, however many come after it."""
    runs = explored(Uniform(3), plain(3, 3), 40)
    assert explored(Uniform(3), plain(3, 3), 20) == runs[:20]
    assert explored(Uniform(4), plain(3, 3), 40) != runs


def test_number_of_tasks_and_steps_may_differ_between_executions() -> None:
    """A strategy that has learned from one program goes on with another."""
    strategy = Uniform(0)
    for program in (plain(2, 2), of_tasks(steps(9), steps(1)), plain(4, 3), of_tasks(spawning)):
        assert len(told(strategy, program, 30)) == 30
