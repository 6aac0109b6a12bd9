"""Knuth's estimator: the number of schedules from a few descents."""

from __future__ import annotations

import math

import pytest

from machines.exploration.certificate import Certificate, Detection
from machines.exploration.estimate import Descents
from machines.exploration.pct import Pct
from machines.exploration.pos import Pos
from machines.exploration.random_walk import RandomWalk
from machines.exploration.strategy import Strategy
from machines.exploration.uniform import Uniform
from tests.exploration.measuring import struck, uneven
from tests.world.programs import Program, every, explored, of_tasks, plain, steps


def descended(*chances: tuple[float, ...]) -> float | None:
    """The estimate after descents with these chances."""
    descents = Descents()
    for descent in chances:
        descents.begin()
        for chance in descent:
            descents.took(chance)
        descents.end()
    return descents.leaves


def test_nothing_is_estimated_from_nothing() -> None:
    """Without a descent there is no estimate."""
    assert descended() is None


def test_descent_stands_for_as_many_leaves_as_it_was_unlikely() -> None:
    """The estimate is the mean of the inverse chances."""
    assert descended(()) == 1.0
    assert descended((1 / 2, 1 / 3)) == pytest.approx(6)
    assert descended((1 / 2, 1 / 3), (1 / 2,), (1 / 4, 1 / 4)) == pytest.approx(8)


def test_huge_trees_are_estimated_too() -> None:
    """Products beyond a float's range are kept, alone and beside small ones."""
    assert descended((1 / 2,) * 1000, ()) == pytest.approx(2.0**999)
    assert descended((), (1 / 2,) * 1000) == pytest.approx(2.0**999)
    assert descended((1 / 2,) * 5000) == math.inf


@pytest.mark.parametrize("make", [RandomWalk, Uniform])
@pytest.mark.parametrize(
    "program", [plain(3, 2), of_tasks(steps(1), steps(5)), struck(plain(2, 3)), struck(plain(1, 4))]
)
def test_estimate_is_near_to_the_number_of_schedules(
    make: type[RandomWalk | Uniform], program: Program
) -> None:
    """Of strategies that know their chances the estimate is unbiased, faults included."""
    strategy = make(0)
    explored(strategy, program, 2000)
    estimate = strategy.certificate(2000).schedules_estimate
    assert estimate == pytest.approx(len(every(program)), rel=0.1)


@pytest.mark.parametrize("make", [Pct, Pos])
def test_estimate_of_priority_strategies_is_said_to_be_rough(make: type[Pct | Pos]) -> None:
    """Strategies that do not know their chances say so."""
    strategy: Strategy = make(0)
    explored(strategy, plain(3, 3), 100)
    certificate = strategy.certificate(100)
    assert certificate.rough
    assert certificate.schedules_estimate is not None
    assert 1680 / 30 < certificate.schedules_estimate < 1680 * 30


def test_asking_twice_changes_nothing() -> None:
    """A certificate may be asked for at any time between executions."""
    strategy = RandomWalk(0)
    explored(strategy, uneven(4), 5)
    first = strategy.certificate(5)
    assert strategy.certificate(5) == first
    whole = RandomWalk(0)
    explored(whole, uneven(4), 9)
    explored(strategy, uneven(4), 4)
    assert strategy.certificate(9) == whole.certificate(9)


COVERED = Detection(2, 5, (100, 100, 100))


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        (
            Certificate("sampled", 300, schedules_estimate=1680.0),
            "sampled: 300 executions of about 1.7e+03 schedules, nothing is claimed of the others",
        ),
        (
            Certificate("sampled", 9, schedules_estimate=90.4, rough=True),
            "sampled: 9 executions of very roughly 90 schedules, nothing is claimed of the others",
        ),
        (
            Certificate("complete to preemptions", 7, 1, detection=COVERED),
            "complete to 1 preemption: 7 executions, nothing is claimed beyond; "  # noqa: ISC004 - one text
            "a bug of depth 2 would be missed with a chance below 5%",
        ),
        (
            Certificate("complete", 90, schedules_estimate=88.0, detection=COVERED),
            "complete: every schedule, 90 executions",
        ),
    ],
)
def test_what_is_left_in_words(certificate: Certificate, words: str) -> None:
    """The text says out of how many schedules, and at which depth hardly any bug was missed."""
    assert str(certificate) == words


def test_chance_of_a_miss() -> None:
    """It is (1 - 1 / (n k**(d-1)))**N, 1 where nothing was tried or is known, and 0 where all was."""
    assert COVERED.miss_chance(1) == pytest.approx(0.5**100)
    assert COVERED.miss_chance(3) == pytest.approx((1 - 1 / 50) ** 100)
    assert COVERED.miss_chance(4) == 1.0
    assert Detection(2, 5, (7, 0)).miss_chance(2) == 1.0
    assert Certificate("sampled", 5).miss_chance(1) == 1.0
    assert Certificate("complete", 5).miss_chance(9) == 0.0
