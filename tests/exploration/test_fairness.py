"""Fairness: code that busy-waits neither starves the rest nor makes an execution endless."""

from __future__ import annotations

from collections import Counter

import pytest

from machines.exploration import bounded
from machines.exploration.bounded import Bounded
from machines.exploration.fairness import PATIENCE_STEPS
from machines.exploration.pct import Pct
from machines.exploration.strategy import strategy_named
from tests.exploration.measuring import share, told, two_that_keep_each_other_busy, waiting_loops
from tests.world.programs import Program, every, explored, of_tasks, plain, steps

NAMES = ("bounded", "pct", "portfolio", "pos", "random", "uniform")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("program", "executions"),
    [(waiting_loops(1), 80), (waiting_loops(3, 4), 40), (two_that_keep_each_other_busy, 40)],
    ids=["one", "three", "a pair"],
)
def test_busy_waiting_ends(name: str, program: Program, executions: int) -> None:
    """Whoever spins, the task that they wait for steps in the end, long before the step limit."""
    outcomes = told(strategy_named(name), program, executions)
    assert all(isinstance(outcome, int) and outcome < 5000 for outcome in outcomes)
    assert len(outcomes) == executions


@pytest.mark.parametrize("seed", range(3))
def test_terminating_tasks_are_left_alone(seed: int) -> None:
    """Tasks that take no more steps than the least patience run on as their priorities say."""
    runs = explored(Pct(seed, 1), plain(2, PATIENCE_STEPS), 40)
    assert {run.preemptions for run in runs} == {0}


def test_longer_tasks_are_left_alone_often_enough() -> None:
    """Four times the least patience is granted in a fourth of the executions."""
    runs = explored(Pct(0, 1), plain(2, 4 * PATIENCE_STEPS), 60)
    assert 0.12 < share(run.preemptions == 0 for run in runs) < 0.5


@pytest.mark.parametrize("lengths", [(3, 3), (1, 5), (2, 2, 2), (4, 1, 1)])
def test_bounded_search_leaves_nothing_out(monkeypatch: pytest.MonkeyPatch, lengths: tuple[int, ...]) -> None:
    """Even when staying for two steps is staying for long, every schedule is executed exactly once."""
    monkeypatch.setattr(bounded, "STREAK_STEPS", 2)
    program = of_tasks(*(steps(length) for length in lengths))
    strategy = Bounded()
    runs = Counter(run.tokens for run in explored(strategy, program))
    assert set(runs.values()) == {1}
    assert runs.keys() == {run.tokens for run in every(program)}
    assert strategy.certificate(len(runs)).complete


def test_bounded_search_reaches_bounds_beside_a_waiting_loop() -> None:
    """The schedules of a program that spins are endless, those with few preemptions are not."""
    strategy = Bounded()
    told(strategy, waiting_loops(1, 2), 300)
    certificate = strategy.certificate(300)
    assert certificate.kind == "complete to preemptions"
    assert (certificate.preemptions or 0) >= 1
