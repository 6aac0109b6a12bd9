"""A machine judges each call at once, explores each burst, and goes on from what it has reached."""

from __future__ import annotations

import pytest

from machines.exploring import CLIENT_NAMES
from machines.machine import Exploring, Violation
from machines.program import Faults
from tests.counterexample.toy import Increment, ReadAll
from tests.machines.toy import BoastingSubject, SteadyMachine, variant

A, B = Increment("a"), Increment("b")
CRASH, CANCELLATION = Faults(crashes=1), Faults(cancellations=1)


def test_a_call_gives_the_answer_of_the_system() -> None:
    """A call returns what the system answered, and the next one goes on from there."""
    machine = variant()()
    assert [machine.call(A), machine.call(A), machine.call(ReadAll())] == [1, 2, (("a", 2),)]
    assert machine.model == machine.rows["counter"] == (("a", 2),)


def test_a_call_is_judged_at_once() -> None:
    """A wrong answer to a single call is a violation of that call, before anything else is asked."""
    machine = variant(subject=BoastingSubject())()
    with pytest.raises(Violation, match="the model answers 1, the system answered 2") as caught:
        machine.call(A)
    assert len(caught.value.counterexample.program.phases) == 1


@pytest.mark.parametrize(("clients", "interleavings"), [(2, 6), (3, 90)])
def test_a_burst_is_executed_in_every_interleaving(clients: int, interleavings: int) -> None:
    """Clients of two steps each have as many executions as there are orders of their steps."""
    machine = variant()()
    certificate = machine.interleave([[A]] * clients)
    assert str(certificate) == f"complete: every schedule, {interleavings} executions"
    assert machine.tally.executions == interleavings


def test_a_burst_over_its_budget_is_not_called_complete() -> None:
    """A burst with more interleavings than it may have executions keeps to the budget, and claims less."""
    machine = variant(exploring=Exploring(executions_max=5))()
    certificate = machine.interleave([[A], [A], [A]])
    assert not certificate.complete
    assert machine.tally.executions == certificate.executions == 5


def test_the_strategy_is_chosen_by_name() -> None:
    """A machine explores by the strategy that it is told to use."""
    machine = variant(exploring=Exploring("random", executions_max=7, seed=1))()
    assert str(machine.interleave([[A], [A]])).startswith("sampled: 7 executions")


def test_a_program_goes_on_in_the_outcome_drawn() -> None:
    """Each number leads to another of the distinct outcomes, and what follows builds on it."""
    reached = set()
    for outcome in range(4):
        machine = variant()()
        machine.interleave([[A], [B]], CRASH, outcome)
        assert machine.call(ReadAll()) == machine.rows["counter"]
        reached.add(machine.model)
    assert reached == {(), (("a", 1),), (("b", 1),), (("a", 1), ("b", 1))}


def test_the_number_of_an_outcome_wraps_around() -> None:
    """An outcome beyond the last one is one of the first again."""
    machine = variant()()
    machine.interleave([[A], [B]], outcome=7)
    assert (machine.tally.outcomes, machine.model) == (1, (("a", 1), ("b", 1)))


@pytest.mark.parametrize(("faults", "kind"), [(CRASH, "crash"), (CANCELLATION, "cancel")])
def test_faults_are_part_of_a_burst(faults: Faults, kind: str) -> None:
    """A fault that may happen does happen in some executions, and not in all."""
    machine = variant()()
    machine.interleave([[A], [B]], faults)
    assert 0 < machine.tally.faults[kind] < machine.tally.executions


def test_a_program_runs_again_from_its_very_beginning() -> None:
    """At its end a program with crashes and bursts does without copies of the world what it did with them."""
    machine = variant()()
    machine.call(A)
    machine.interleave([[A, B], [ReadAll()]], CRASH, outcome=2)
    machine.interleave([[A], [B]], CANCELLATION, outcome=1)
    before = machine.tally.rechecks
    machine.teardown()
    assert machine.tally.rechecks == before + 1


def test_executions_are_run_again_on_the_way() -> None:
    """Of a burst every so many-th execution is repeated."""
    machine = variant(exploring=Exploring(recheck_every=30))()
    machine.interleave([[A], [A], [A]])
    assert (machine.tally.executions, machine.tally.rechecks) == (90, 3)


def test_a_replay_runs_every_phase_and_gives_its_evidence() -> None:
    """A program with pinned schedules does what it did when it was found."""
    machine = variant()()
    machine.call(A)
    machine.interleave([[A], [B]], CRASH, outcome=1)
    again = SteadyMachine.replay(machine.program)
    assert [evidence.after["counter"] for evidence in again] == [(("a", 1),), machine.rows["counter"]]


def test_only_clients_beside_each_other_count_as_concurrency() -> None:
    """A burst of one client is no concurrency, however much it asks for."""
    machine = variant()()
    machine.interleave([[A, B]])
    machine.interleave([[A], []])
    assert (machine.tally.bursts, machine.tally.bursts_contended) == (2, 0)
    machine.interleave([[A], [B]])
    assert machine.tally.bursts_contended == 1


def test_too_many_clients_are_refused() -> None:
    """There are names for sixteen clients; one more is an error and is not left out in silence."""
    with pytest.raises(ValueError, match="a phase has at most 16 clients, not 17"):
        variant()().interleave([[A]] * (len(CLIENT_NAMES) + 1))
