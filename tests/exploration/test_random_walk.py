"""The random strategy: a seed decides everything."""

from __future__ import annotations

from collections import Counter

from machines.exploration.random_walk import RandomWalk
from tests.world.programs import every, explored, of_tasks, plain, steps


def test_same_seed_gives_the_same_schedules() -> None:
    """Two walks from one seed execute the same schedules in the same order."""
    assert explored(RandomWalk(5), plain(3, 3), 30) == explored(RandomWalk(5), plain(3, 3), 30)


def test_other_seed_gives_other_schedules() -> None:
    """Walks from different seeds differ."""
    walks = {tuple(run.tokens for run in explored(RandomWalk(seed), plain(3, 3), 5)) for seed in range(10)}
    assert len(walks) == 10


def test_shorter_budget_gives_the_beginning() -> None:
    """Execution n of a seed does not depend on how many come after it."""
    assert explored(RandomWalk(1), plain(3, 3), 10) == explored(RandomWalk(1), plain(3, 3), 30)[:10]


def test_every_schedule_turns_up() -> None:
    """In the long run every schedule of a small program is executed, none wildly more often than the rest."""
    runs = Counter(run.tokens for run in explored(RandomWalk(0), plain(2, 2), 1200))
    assert runs.keys() == {run.tokens for run in every(plain(2, 2))}
    # Each first choice halves the walks; the likeliest schedules have two choices, the others three.
    assert min(runs.values()) > 100
    assert max(runs.values()) < 400


def test_random_walk_is_a_sample() -> None:
    """However many executions were made, nothing is claimed, unless there is only one schedule."""
    strategy = RandomWalk(0)
    explored(strategy, plain(2, 2), 500)
    assert strategy.certificate(500).kind == "sampled"
    strategy = RandomWalk(0)
    assert len(explored(strategy, of_tasks(steps(3)), 500)) == 1
    assert strategy.certificate(1).kind == "complete"
