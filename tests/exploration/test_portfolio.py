"""The portfolio strategy: a budget shared by what is found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.exploration.portfolio import Portfolio, apportioned
from machines.exploration.random_walk import RandomWalk
from machines.exploration.strategy import tell
from tests.exploration.measuring import alternation, found_within, struck, told, uneven
from tests.world.programs import every, explored, plain


def shares(favourite: str, budget: int) -> dict[str, int]:
    """How many executions each member gets when only one of them ever finds something."""
    strategy = Portfolio(0)
    before = strategy.executions_by_name
    for _ in range(budget):
        strategy.begin()
        for step in range(12):
            strategy.choose([0, 1, 2], 3, preempting=False, step=step)
        after = strategy.executions_by_name
        strategy.found(after[favourite] > before[favourite])
        before = after
    return before


def test_members_have_equal_shares_at_first() -> None:
    """As long as nothing is known of them all members take turns."""
    strategy = Portfolio(0)
    explored(strategy, plain(3, 3), 20)
    assert set(strategy.executions_by_name.values()) == {4}


@pytest.mark.parametrize("favourite", ["pct", "pos", "uniform", "random"])
def test_budget_follows_what_is_found(favourite: str) -> None:
    """The only member that finds anything gets more than half, and each other one a tenth."""
    given_to = shares(favourite, 1000)
    assert given_to[favourite] > 500
    assert min(given_to.values()) >= 100


def test_a_find_is_forgotten() -> None:
    """A member that found something gets more in the next round, and not in later ones."""
    strategy = Portfolio(0)
    explored(strategy, plain(3, 3), 20)
    tell(strategy, new=True)
    explored(strategy, plain(3, 3), 20)
    assert sorted(strategy.executions_by_name.values()) == [6, 7, 7, 7, 13]
    explored(strategy, plain(3, 3), 100)
    before = strategy.executions_by_name
    explored(strategy, plain(3, 3), 100)
    after = strategy.executions_by_name
    assert {after[name] - before[name] for name in after} == {20}


def test_without_feedback_all_get_the_same() -> None:
    """A driver that says nothing leaves the shares equal."""
    strategy = Portfolio(0)
    explored(strategy, plain(3, 3), 200)
    assert set(strategy.executions_by_name.values()) == {40}


@pytest.mark.parametrize("seed", range(5))
def test_it_finds_what_only_some_members_find(seed: int) -> None:
    """One long delay and four alternations, each beyond most members, are both found."""
    assert found_within(200, Portfolio(seed), uneven(40))
    assert found_within(500, Portfolio(seed), alternation(4))


def test_same_seed_gives_the_same_schedules() -> None:
    """Seed and feedback decide every execution, however many come after it."""
    runs = explored(Portfolio(3), plain(3, 3), 60)
    assert explored(Portfolio(3), plain(3, 3), 30) == runs[:30]
    assert explored(Portfolio(4), plain(3, 3), 60) != runs
    assert told(Portfolio(3), alternation(4), 100) == told(Portfolio(3), alternation(4), 100)


def test_small_programs_are_explored_completely() -> None:
    """When one member has executed every schedule the exploration is over, and complete."""
    strategy = Portfolio(0)
    runs = explored(strategy, plain(2, 3), 1000)
    assert {run.tokens for run in runs} == {run.tokens for run in every(plain(2, 3))}
    assert len(runs) < 200
    assert strategy.certificate(len(runs)).complete
    assert not strategy.begin()


def test_certificate_joins_what_the_members_know() -> None:
    """The claim of one, the estimate of another and the chances of a third stand side by side."""
    strategy = Portfolio(0)
    explored(strategy, plain(4, 3), 400)
    certificate = strategy.certificate(400)
    assert (certificate.kind, certificate.preemptions, certificate.executions) == (
        "complete to preemptions",
        0,
        400,
    )
    assert certificate.schedules_estimate == pytest.approx(369_600)
    assert certificate.miss_chance(1) < 0.05
    assert str(certificate).startswith(
        "complete to 0 preemptions: 400 executions of about 3.7e+05 schedules, "
    )


def test_claim_up_to_a_bound_is_kept() -> None:
    """Every schedule up to the claimed number of preemptions has been executed, faults included."""
    program = struck(plain(2, 4))
    strategy = Portfolio(0)
    runs = explored(strategy, program, 250)
    bound = strategy.certificate(250).preemptions
    assert bound is not None
    assert {run.tokens for run in every(program) if run.preemptions <= bound} <= {run.tokens for run in runs}


def test_others_do_not_mind_being_told() -> None:
    """A strategy that does not learn from what is found may be told all the same."""
    tell(RandomWalk(0), new=True)


@given(st.integers(0, 50), st.lists(st.floats(0.01, 1), min_size=1, max_size=6))
def test_shares_add_up(count: int, weights: list[float]) -> None:
    """Shares are within one of their proportion, and their sum is what was to be shared."""
    parts = apportioned(count, weights)
    total = sum(weights)
    assert sum(parts) == count
    assert all(abs(part - count * weight / total) <= 1 for part, weight in zip(parts, weights, strict=True))
