"""Minimised schedules: the fewest switches, which of them matter, and what would have passed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from machines.exploration.minimise import Ran, blocks_of, minimise, switches
from machines.explore import Exploration, explore
from machines.world.choices import Token
from tests.explore import programs

KNOWN: dict[str, tuple[Any, dict[str, Any], int]] = {
    "lost update": (programs.lost_update, {"check": lambda outcome: outcome == 2}, 4),
    "order": (programs.raises, {}, 3),
    "deadlock": (programs.deadlock, {}, 3),
    "turns": (programs.needs_two_preemptions, {}, 6),
}
"""Each bug with the fewest switches that it takes."""


@pytest.mark.parametrize("strategy", ["random", "uniform"])
@pytest.mark.parametrize("bug", sorted(KNOWN))
def test_known_bugs_shrink_to_the_fewest_switches(bug: str, strategy: str) -> None:
    """However it was found, each bug ends with the number of switches that it takes, and that is proven."""
    scenario, options, fewest = KNOWN[bug]
    result = explore(scenario, strategy=strategy, seed=3, **options)
    assert result.failure is not None
    minimised = result.failure.minimised
    assert (minimised.after.switches, minimised.fewest) == (fewest, True)
    assert minimised.after.reason == minimised.before.reason


def failing_lost_update() -> Exploration:
    """The lost update, explored."""
    return explore(programs.lost_update, check=lambda outcome: outcome == 2)


def test_the_necessary_switch_is_named() -> None:
    """Of the switches of a lost update, the one between reading and writing is necessary."""
    failure = failing_lost_update().failure
    assert failure is not None
    assert [(each.at, each.before, each.after) for each in failure.necessary] == [(2, "0.0", "0.1")]


def test_the_nearest_passing_schedule_differs_at_the_latest_place() -> None:
    """The last moment to save a lost update is before the second task has read."""
    failure = failing_lost_update().failure
    assert failure is not None
    assert failure.minimised.passing is not None
    assert failure.minimised.passing.reason is None
    assert failure.minimised.differs_at == 2


def test_minimising_is_deterministic() -> None:
    """The same failure gives the same minimised schedule, explanation and token."""
    results = [explore(programs.needs_two_preemptions, strategy="random", seed=5) for _ in range(2)]
    assert results[0].failure is not None
    assert results[1].failure is not None
    assert results[0].failure.minimised == results[1].failure.minimised
    assert results[0].failure.token == results[1].failure.token


def counting(made: list[int], fails: Any) -> Any:
    """A run of two tasks of five steps each that does what is wished for, and counts."""

    def run(wish: Sequence[Token]) -> Ran:
        made.append(1)
        left = {0: 5, 1: 5}
        tokens: list[Token] = []
        for token in [*wish, *[0] * 5, *[1] * 5]:
            if isinstance(token, int) and left.get(token, 0):
                left[token] -= 1
                tokens.append(token)
        return Ran(tuple(tokens), "bug" if fails(tokens) else None)

    return run


def test_the_budget_is_kept() -> None:
    """Minimising makes no more executions than it may."""
    made: list[int] = []
    run = counting(made, lambda tokens: switches(tokens) >= 3)
    failing = run([0, 1] * 5)
    made.clear()
    result = minimise(run, failing, 20)
    assert len(made) == result.executions <= 20


def test_a_failure_that_needs_its_switches_keeps_them() -> None:
    """Three switches that are needed remain, and it is proven that fewer do not do."""
    run = counting([], lambda tokens: switches(tokens) >= 3)
    result = minimise(run, run([0, 1] * 5))
    assert (result.before.switches, result.after.switches, result.fewest) == (9, 3, True)


def test_a_different_failure_is_not_taken_for_this_one() -> None:
    """A simpler schedule that fails for another reason is no minimisation."""

    def run(wish: Sequence[Token]) -> Ran:
        ran: Ran = counting([], lambda _: True)(wish)
        return Ran(ran.tokens, "this" if ran.switches >= 4 else "another")

    assert minimise(run, run([0, 1] * 5)).after.switches == 4


def test_blocks_are_the_steps_in_a_row() -> None:
    """A schedule is a row of blocks."""
    assert blocks_of([0, 0, "0.1", 0]) == [(0, 2), ("0.1", 1), (0, 1)]
