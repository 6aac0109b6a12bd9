"""The pct strategy: it shows a bug of depth d at least as often as it promises."""

from __future__ import annotations

import itertools
import math

import pytest

from machines.exploration.certificate import Detection
from machines.exploration.pct import DEPTH_MAX, Pct
from machines.exploration.random_walk import RandomWalk
from machines.exploration.schedule import Schedule
from tests.exploration.measuring import alternation, found_within, share, struck, told, uneven
from tests.world.programs import every, explored, of_tasks, plain, steps

TASKS, CHOICES = 2, 9
"""Of two tasks of five steps each: nine choices at most, as the last step is forced."""


def promised(depth: int) -> float:
    """The bound of the paper for two tasks of five steps."""
    return 1.0 / float(TASKS * CHOICES ** (depth - 1))


@pytest.mark.parametrize(
    ("depth", "schedule"),
    [
        (1, "0*5 1*5"),
        (1, "1*5 0*5"),
        (2, "0 1*5 0*4"),
        (2, "0*4 1*5 0"),
        (2, "1*3 0*5 1*2"),
        (3, "0*2 1*2 0*3 1*3"),
        (3, "1 0*4 1*4 0"),
    ],
)
def test_bug_shows_at_least_as_often_as_promised(depth: int, schedule: str) -> None:
    """A schedule with d ordering constraints has a chance of 1 / (n * k**(d-1)) or more."""
    executions = 3000
    wanted = Schedule.parse(schedule).tokens
    runs = explored(Pct(7, depth), plain(2, 5), executions)
    promise = promised(depth)
    deviation = math.sqrt(promise / executions)
    assert share(run.tokens == wanted for run in runs) > promise - 3 * deviation


def test_priorities_alone_decide_at_depth_one() -> None:
    """Without points of demotion each task runs as far as it can, in every order of the tasks."""
    runs = {str(Schedule.of(run.tokens)) for run in explored(Pct(0, 1), plain(3, 2), 100)}
    assert runs == {f"{a}*2 {b}*2 {c}*2" for a, b, c in itertools.permutations(range(3))}


def test_one_long_delay_is_found_at_once() -> None:
    """A delay past 40 steps is no matter for priorities, while a random walk does not come by it."""
    assert all(found_within(20, Pct(seed), uneven(40)) for seed in range(10))
    assert not found_within(300, RandomWalk(0), uneven(40))


def test_every_schedule_turns_up() -> None:
    """Cycling through the depths, all schedules of a small program are executed."""
    runs = explored(Pct(0), plain(2, 3), 1000)
    assert {run.tokens for run in runs} == {run.tokens for run in every(plain(2, 3))}


def test_same_seed_gives_the_same_schedules() -> None:
    """A seed decides every execution, however many come after it."""
    runs = explored(Pct(3), plain(3, 3), 40)
    assert explored(Pct(3), plain(3, 3), 20) == runs[:20]
    assert explored(Pct(4), plain(3, 3), 40) != runs


def test_depths_come_in_turn() -> None:
    """Executions go through the depths from 1 to the greatest, and count for the depth that they had."""
    strategy = Pct(0)
    explored(strategy, plain(2, 5), 1)
    detection = strategy.certificate(1).detection
    assert detection == Detection(2, detection.steps if detection else 0, (1, 0, 0, 0, 0, 0))
    strategy = Pct(0)
    explored(strategy, plain(2, 20), 50 * DEPTH_MAX)
    detection = strategy.certificate(300).detection
    assert detection is not None
    assert detection.runs[0] == 50
    assert len(detection.runs) == DEPTH_MAX


def test_executions_drawn_with_too_few_steps_in_mind_do_not_count() -> None:
    """When an execution turns out longer than all before, those with demotions before it are forgotten."""
    strategy = Pct(0, 2)
    explored(strategy, plain(2, 3), 10)
    before = strategy.certificate(10).detection
    explored(strategy, plain(2, 9), 1)
    after = strategy.certificate(11).detection
    assert before is not None
    assert before.runs[1] > 0
    assert after is not None
    assert (after.steps > before.steps, after.runs[1]) == (True, 0)


def test_executions_with_a_fault_do_not_count() -> None:
    """What is promised of schedules is promised of those without faults, and only these are counted."""
    strategy = Pct(0, 1)
    runs = explored(strategy, struck(plain(2, 3)), 100)
    quiet = sum("strike" not in run.tokens for run in runs)
    detection = strategy.certificate(100).detection
    assert detection is not None
    assert detection.runs == (quiet,)
    assert 0 < quiet < 100


def test_chance_of_a_miss_is_a_bound() -> None:
    """The share of seeds that miss a bug of depth 2 is no more than what their certificates say."""
    wanted = Schedule.parse("0*4 1*5 0").tokens
    missed, said = [], []
    for seed in range(60):
        strategy = Pct(seed, 2)
        runs = explored(strategy, plain(2, 5), 20)
        missed.append(wanted not in [run.tokens for run in runs])
        said.append(strategy.certificate(20).miss_chance(2))
    assert share(missed) < sum(said) / len(said)


def test_certificate_says_how_deep_a_bug_was_hardly_missed() -> None:
    """After enough executions the words name the greatest depth that was covered, and no greater one."""
    strategy = Pct(0)
    explored(strategy, plain(2, 2), 300)
    certificate = strategy.certificate(300)
    assert certificate.miss_chance(1) < certificate.miss_chance(2) < 0.05 < certificate.miss_chance(4)
    assert certificate.miss_chance(DEPTH_MAX + 1) == 1.0
    assert str(certificate).startswith("sampled: 300 executions of very roughly ")
    assert "; a bug of depth " in str(certificate)


def test_number_of_tasks_and_steps_may_differ_between_executions() -> None:
    """A strategy that has learned from one program goes on with another."""
    strategy = Pct(0)
    for program in (plain(2, 2), of_tasks(steps(9), steps(1)), plain(4, 3), alternation(2)):
        assert len(told(strategy, program, 30)) == 30
