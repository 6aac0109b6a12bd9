"""The bounded strategy: fewest preemptions first, nothing twice, nothing left out below the claimed bound."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from machines.exploration.bounded import Bounded
from tests.exploration.random_programs import Act, RandomProgram, random_programs
from tests.exploration.test_strategies import EXAMPLES, all_runs, bound_of
from tests.world.programs import every, explored, of_tasks, plain, steps


@given(program=random_programs())
@EXAMPLES
def test_schedules_come_in_the_order_of_their_preemptions(program: RandomProgram) -> None:
    """The number of preemptions never goes down from one execution to the next."""
    all_runs(program)
    counts = [run.preemptions for run in explored(Bounded(), program)]
    assert counts == sorted(counts)


@given(program=random_programs())
@EXAMPLES
def test_all_schedules_are_executed_once(program: RandomProgram) -> None:
    """Left to its end, it executes the schedules of brute force, each once, and claims completeness."""
    everything = all_runs(program)
    strategy = Bounded()
    runs = explored(strategy, program)
    assert Counter(runs) == Counter(everything)
    assert strategy.certificate(len(runs)).complete


@given(program=random_programs(), share=st.floats(0, 1))
@EXAMPLES
def test_certificate_covers_exactly_what_was_executed(program: RandomProgram, share: float) -> None:
    """Cut off anywhere, all schedules within the claimed bound were executed; the bound is the largest."""
    everything = all_runs(program)
    most = max(run.preemptions for run in everything)
    strategy = Bounded()
    runs = explored(strategy, program, max(1, round(share * len(everything))))
    executed = {run.tokens for run in runs}
    bound = bound_of(strategy.certificate(len(runs)), most)
    assert {run.tokens for run in everything if run.preemptions <= bound} <= executed
    if bound < most:
        assert not {run.tokens for run in everything if run.preemptions <= bound + 1} <= executed


@pytest.mark.parametrize("bound", [0, 1, 2, 3])
def test_as_many_schedules_as_brute_force_within_each_bound(bound: int) -> None:
    """For each bound there are as many schedules as brute force has with at most so many preemptions."""
    brute = Counter(run.preemptions for run in every(plain(3, 3)))
    found = Counter(run.preemptions for run in explored(Bounded(), plain(3, 3)))
    assert found[bound] == brute[bound] > 0


def test_first_executions_have_no_preemption() -> None:
    """Three tasks that never wait have 3! schedules without a preemption, and they come first."""
    runs = explored(Bounded(), plain(3, 3), 7)
    assert [run.preemptions for run in runs] == [0] * 6 + [1]


def test_claim_grows_with_the_executions() -> None:
    """While a level is under way the claim is the level below; at its end it is that level."""
    claims = []
    for budget in (5, 6, 41, 42, 20):
        strategy = Bounded()
        runs = explored(strategy, plain(3, 3), budget)
        claims.append(str(strategy.certificate(len(runs))).split(":")[0])
    within_one = sum(run.preemptions <= 1 for run in every(plain(3, 3)))
    assert within_one == 42
    assert claims == [
        "sampled",
        "complete to 0 preemptions",
        "complete to 0 preemptions",
        "complete to 1 preemption",
        "complete to 0 preemptions",
    ]


def test_switching_from_a_blocked_task_is_free() -> None:
    """A program whose tasks only hand over to each other is complete without a preemption."""
    wait, give = (Act("wait", 0), Act("set", 1)), (Act("set", 0), Act("wait", 1))
    runs = explored(Bounded(), RandomProgram((wait, give)))
    assert {run.preemptions for run in runs} == {0}


def test_one_task_has_one_schedule() -> None:
    """Without a second task there is nothing to preempt."""
    assert len(explored(Bounded(), of_tasks(steps(5)))) == 1
