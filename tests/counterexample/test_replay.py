"""A counterexample runs again from its file or as pasted code, and says how it fared."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from machines.counterexample.errors import NotFoundError
from machines.counterexample.record import Counterexample
from machines.counterexample.replay import Replayed, burst, call, replay, replay_file
from machines.invariants import Finding
from machines.machine import Violation
from machines.program import Phase, Program
from machines.world.errors import ScheduleDivergedError
from tests.counterexample import found
from tests.counterexample.toy import CounterMachine, Increment

LOST = "0*2 1*3 0"
COUNTERS = "tests.counterexample.toy:CounterMachine"


def replayed(tmp_path: Path, counterexample: Counterexample) -> Replayed:
    """How it fares when it is loaded from a file."""
    return replay_file(counterexample.save(tmp_path))


def with_last_phase(phase: Phase) -> Counterexample:
    """The lost update with another last phase."""
    counterexample = found.lost_update()
    first, _ = counterexample.program.phases
    return evolve(counterexample, program=Program(counterexample.program.machine, (first, phase)))


@pytest.mark.parametrize("machine", [CounterMachine, COUNTERS])
def test_pasted_code_raises_with_the_report(machine: str | type[CounterMachine]) -> None:
    """A replay that fails raises the violation with the whole report as its message."""
    with pytest.raises(Violation, match="⇄       2 ") as caught:
        replay(machine, call(Increment("a")), burst([Increment("a")], [Increment("a")], schedule=LOST))
    assert caught.value.counterexample.program == found.lost_update().program


def test_pasted_code_that_passes_is_a_passing_test() -> None:
    """A replay that does not fail returns."""
    replay(COUNTERS, call(Increment("a")), burst([Increment("a")], [Increment("a")], schedule="0*3 1*3"))


def test_pasted_code_without_schedules_takes_first_options() -> None:
    """A phase without a schedule runs without preemption."""
    replay(CounterMachine, burst([Increment("a")], [Increment("a")]), call(Increment("a")))


def test_pasted_code_with_a_schedule_that_does_not_fit_says_so() -> None:
    """A schedule that the system does not offer is an error, not a pass."""
    with pytest.raises(ScheduleDivergedError, match="at step 1 the schedule asks for 5"):
        replay(COUNTERS, burst([Increment("a")], [Increment("a")], schedule="0 5"))


def test_a_schedule_that_happens_to_run_otherwise_diverges() -> None:
    """A schedule that differs where there was no choice is noticed as well."""
    with pytest.raises(ScheduleDivergedError, match=r"it asks for 0\*9, and 0\*3 happened"):
        replay(COUNTERS, burst([Increment("a")], schedule="0*9"))


def test_a_failure_in_an_earlier_phase_is_reported_as_the_last() -> None:
    """What comes after the phase that fails is no part of the counterexample."""
    with pytest.raises(Violation) as caught:
        replay(
            COUNTERS, burst([Increment("a")], [Increment("a")], schedule="0*2 1*3 0"), call(Increment("b"))
        )
    assert len(caught.value.counterexample.program.phases) == 1


def test_a_file_fails_the_same_way(tmp_path: Path) -> None:
    """The same program, schedule and finding is the same failure."""
    result = replayed(tmp_path, found.lost_update())
    assert result.outcome == "fails the same way"
    assert result.fails
    assert result.summary == "fails the same way: no_increment_is_lost"
    assert result.report.endswith(".json")


def test_a_file_fails_differently(tmp_path: Path) -> None:
    """Another finding is another failure, and both are told."""
    recorded = Finding("counters_never_fall", "A counter never falls.", (), "a fell from 2 to 1")
    result = replayed(tmp_path, evolve(found.deadlock(), finding=recorded))
    assert result.outcome == "fails differently"
    assert (
        "\n  recorded: counters_never_fall: a fell from 2 to 1\n  now: DeadlockError: nothing"
        in result.summary
    )


def test_a_file_no_longer_fails(tmp_path: Path) -> None:
    """The same steps without a violation are a failure that is gone."""
    phase = burst([Increment("a")], [Increment("a")], schedule="0*3 1*3")
    result = replayed(tmp_path, with_last_phase(phase))
    assert result.outcome == "no longer fails"
    assert not result.fails
    assert result.summary.startswith("no longer fails\n  recorded: no_increment_is_lost: ")


def test_a_file_whose_schedule_diverged(tmp_path: Path) -> None:
    """A schedule that the system no longer offers is neither a failure nor a pass."""
    result = replayed(tmp_path, with_last_phase(burst([Increment("a")], [Increment("a")], schedule="0 5")))
    assert result.outcome == "schedule diverged"
    assert result.summary.startswith("schedule diverged: at step 1 the schedule asks for 5, but ")


def test_a_file_that_is_unfit_is_refused(tmp_path: Path) -> None:
    """A file that cannot be loaded is refused with the reason."""
    with pytest.raises(NotFoundError):
        replay_file(tmp_path / "none.json")
