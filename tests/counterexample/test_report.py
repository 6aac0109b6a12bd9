"""The text of a failure is a product: it is compared, letter by letter, with what it should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from machines.counterexample.columns import WIDTH
from machines.counterexample.record import Counterexample
from machines.counterexample.report import render
from machines.invariants import Finding
from machines.program import Phase, Program, burst
from tests.counterexample import found
from tests.counterexample.stored import FOLDER, expect_stored
from tests.counterexample.toy import Increment

KEPT = Path("found") / "counterexample.json"


def with_last_phase(phase: Phase) -> Counterexample:
    """The lost update with another last phase."""
    counterexample = found.lost_update()
    first, _ = counterexample.program.phases
    return evolve(counterexample, program=Program(counterexample.program.machine, (first, phase)))


@pytest.mark.parametrize(
    "find", [found.lost_update, found.lost_among_children, found.deadlock, found.lost_in_a_crash]
)
def test_a_failure_is_reported(find: Callable[[], Counterexample]) -> None:
    """A report has the criterion, the code, the columns, the answers, what is wrong, and how to replay it."""
    expect_stored(find.__name__, render(find(), KEPT))


def test_a_failure_that_is_gone_is_reported() -> None:
    """Where running it again does not fail, the report says so before anything else."""
    phase = burst([Increment("a")], [Increment("a")], schedule="0*3 1*3")
    expect_stored("gone", render(with_last_phase(phase), KEPT))


def test_a_schedule_that_does_not_fit_is_reported() -> None:
    """Where the system no longer offers what the schedule asks for, the report says at which step."""
    phase = burst([Increment("a")], [Increment("a")], schedule="0 1 7 1*2 0")
    expect_stored("diverged", render(with_last_phase(phase), KEPT))


def test_another_failure_is_reported() -> None:
    """Where running it again fails otherwise, both are told."""
    recorded = Finding("counters_never_fall", "A counter never falls.", (), "a fell from 2 to 1")
    expect_stored("another", render(evolve(found.lost_update(), finding=recorded), KEPT))


def test_other_versions_are_named() -> None:
    """A library that was another version when the failure was found is named, with both versions."""
    counterexample = found.lost_update()
    older = evolve(counterexample, versions={**counterexample.versions, "trio": "0.1.0"})
    assert "found with trio 0.1.0; this is " in render(older)
    assert "found with" not in render(counterexample)


def test_it_is_the_same_every_time() -> None:
    """Two reports of one counterexample are equal."""
    assert render(found.lost_in_a_crash()) == render(found.lost_in_a_crash())


def test_it_fits_the_page() -> None:
    """No line is longer than the page is wide, or ends in blanks."""
    lines = [line for path in sorted(FOLDER.iterdir()) for line in path.read_text("utf-8").splitlines()]
    assert [line for line in lines if len(line) > WIDTH or line != line.rstrip()] == []


def test_it_has_no_colour() -> None:
    """The report is plain text."""
    assert "\x1b" not in render(found.lost_update())
