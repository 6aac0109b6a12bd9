"""Every strategy keeps to the one interface, and claims no more than it has executed."""

from __future__ import annotations

import inspect

import pytest
from hypothesis import assume, find, given, settings
from hypothesis import strategies as st

from machines.exploration.certificate import Certificate
from machines.exploration.strategy import (
    STRATEGIES,
    Strategy,
    UnknownStrategyError,
    executions,
    strategy_named,
)
from tests.exploration.brute_force import BruteForce
from tests.exploration.random_programs import RandomProgram, random_programs
from tests.world.programs import Run, every, explored, of_tasks, plain, steps

BRUTE_FORCE_MAX = 1500
EXAMPLES = settings(max_examples=40, deadline=None)


def all_runs(program: RandomProgram) -> list[Run]:
    """The executions of every schedule of a random program; gives programs with too many up."""
    runs = explored(BruteForce(), program, BRUTE_FORCE_MAX)
    assume(len(runs) < BRUTE_FORCE_MAX)
    return runs


def bound_of(certificate: Certificate, most: int) -> int:
    """Up to how many preemptions a certificate claims every schedule; `most` where there are no more."""
    if certificate.complete:
        return most
    return -1 if certificate.preemptions is None else certificate.preemptions


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_strategy_has_the_interface(name: str) -> None:
    """A strategy has the three methods of the protocol, with the parameters that the kernel gives."""
    strategy = strategy_named(name)
    for method in ("begin", "choose", "certificate"):
        wanted = inspect.signature(getattr(Strategy, method)).parameters
        assert ["self", *inspect.signature(getattr(strategy, method)).parameters] == list(wanted)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_strategies_are_made_fresh(name: str) -> None:
    """Two strategies of one name share nothing: each begins at the beginning."""
    assert explored(strategy_named(name), plain(2, 2), 3) == explored(strategy_named(name), plain(2, 2), 3)


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_strategy_executes_only_what_the_program_can_do(name: str) -> None:
    """Every execution of a strategy is one of those that brute force finds."""
    possible = {run.tokens for run in every(plain(3, 2))}
    assert {run.tokens for run in explored(strategy_named(name), plain(3, 2), 50)} <= possible


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_program_without_a_choice_has_one_execution(name: str) -> None:
    """Where there is nothing to choose one execution is all, and the certificate says so."""
    strategy = strategy_named(name)
    runs = explored(strategy, of_tasks(steps(3)), 10)
    assert [run.tokens for run in runs] == [(0, 0, 0)]
    assert strategy.certificate(1).complete


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_nothing_is_claimed_before_anything_was_executed(name: str) -> None:
    """A strategy that has not begun has sampled nothing."""
    assert (
        str(strategy_named(name).certificate(0)) == "sampled: 0 executions, nothing is claimed of the others"
    )


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_budget_is_kept(name: str) -> None:
    """No more executions are made than the budget allows, and none for a budget of none."""
    assert len(explored(strategy_named(name), plain(3, 3), 7)) == 7
    assert explored(strategy_named(name), plain(2, 2), 0) == []


@pytest.mark.parametrize("name", sorted(STRATEGIES))
@given(program=random_programs(), budget=st.integers(1, 60), seed=st.integers(0, 3))
@EXAMPLES
def test_certificate_never_overclaims(name: str, program: RandomProgram, budget: int, seed: int) -> None:
    """Wherever the budget ends, every outcome that the certificate covers has been seen."""
    everything = all_runs(program)
    strategy = strategy_named(name, seed)
    runs = explored(strategy, program, budget)
    bound = bound_of(strategy.certificate(len(runs)), most=max(run.preemptions for run in everything))
    claimed = {run.outcome for run in everything if run.preemptions <= bound}
    assert claimed <= {run.outcome for run in runs}


@given(program=random_programs())
@EXAMPLES
def test_exhaustive_search_finds_every_outcome(program: RandomProgram) -> None:
    """The exhaustive strategy ends, claims completeness, and finds exactly the outcomes of brute force."""
    everything = all_runs(program)
    strategy = strategy_named("exhaustive")
    runs = explored(strategy, program)
    assert strategy.certificate(len(runs)).complete
    assert {run.outcome for run in runs} == {run.outcome for run in everything}
    assert len({run.tokens for run in runs}) == len(runs) <= len(everything)


def test_exhaustive_search_that_is_cut_off_claims_nothing() -> None:
    """One execution short of all is a sample; all of them, counted exactly, are complete."""
    total = len(explored(strategy_named("exhaustive"), plain(2, 2)))
    for budget, kind in ((total - 1, "sampled"), (total, "complete"), (total + 1, "complete")):
        strategy = strategy_named("exhaustive")
        runs = explored(strategy, plain(2, 2), budget)
        assert strategy.certificate(len(runs)).kind == kind


def test_unknown_strategy_is_refused_with_those_there_are() -> None:
    """A name that no strategy has is refused, and the names that there are are told."""
    with pytest.raises(UnknownStrategyError) as raised:
        strategy_named("clever")
    assert str(raised.value) == (
        f"no exploration strategy is called 'clever'; there are {', '.join(sorted(STRATEGIES))}"
    )


def test_executions_are_numbered_from_nought() -> None:
    """The loop that drives a strategy counts from 0 and stops when the strategy has no more."""

    class Three(BruteForce):
        left = 3

        def begin(self) -> bool:
            self.left -= 1
            return self.left >= 0

    assert list(executions(Three(), 10)) == [0, 1, 2]
    assert list(executions(Three(), 2)) == [0, 1]


def test_random_programs_are_worth_exploring() -> None:
    """Some random programs have many outcomes and a deadlock: no test here is vacuous."""

    def rich(program: RandomProgram) -> bool:
        outcomes = {str(run.outcome) for run in explored(BruteForce(), program, BRUTE_FORCE_MAX)}
        return len(outcomes) > 5 and any("Deadlock" in outcome for outcome in outcomes)

    assert rich(find(random_programs(), rich, settings=settings(max_examples=2000, deadline=None)))
