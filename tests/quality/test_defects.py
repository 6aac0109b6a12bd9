"""Every seeded defect is caught by the invariant that must notice it, and shrinks to what is pinned."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import suppress

import pytest
from attrs import frozen

import machines
from machines.invariants import invariants_of
from machines.machine import ConcurrentMachine, Violation, machine_name
from machines.shards import is_machine
from machines.world.errors import ScheduleDivergedError
from tests.defects.applying import applied
from tests.defects.catalogue import catalogue
from tests.defects.defect import Defect
from tests.quality.hunting import Catch, machine_of, sight
from tests.quality.pins import caught, libraries, pin_of, pinned, pinned_with


@frozen
class Caught:
    """A defect with the catch of the hunt for it."""

    defect: Defect
    seed: int
    catch: Catch


@pytest.fixture(scope="module", params=list(catalogue()))
def found(request: pytest.FixtureRequest) -> Caught:
    """Each defect after the hunt for it, the system being right again."""
    defect = catalogue()[request.param]
    pin = pinned().get(defect.name)
    seed = 0 if pin is None else pin.seed
    with applied(defect):
        return Caught(defect, seed, caught(defect, seed))


def test_the_invariant_that_must_notice_notices(found: Caught) -> None:
    """The violation that a hunt ends with is of the invariant that the defect names."""
    assert found.catch.counterexample.finding.invariant == found.defect.caught_by


def test_it_shrinks_to_what_is_pinned(found: Caught) -> None:
    """Program, switches and faults that remain, and what it took to find them, are those of the table."""
    if libraries() != pinned_with():
        pytest.skip(f"pinned with {pinned_with()}, and other versions draw other programs")
    with applied(found.defect):
        now = pin_of(found.defect, found.seed, found.catch)
    assert now == pinned().get(found.defect.name), "if this is no loss, run python -m tests.quality"


def test_the_counterexample_replays(found: Caught) -> None:
    """Replayed with the defect, the program violates the same invariant, in the same words."""
    first = found.catch.counterexample
    with applied(found.defect):
        again = sight(found.defect, first.program)
    assert again is not None
    assert again.violation.counterexample.finding == first.finding
    assert again.violation.counterexample.program == first.program


def test_the_whole_machine_notices_too(found: Caught) -> None:
    """With all its invariants asked, the machine reports the counterexample as a violation as well."""
    with applied(found.defect), pytest.raises(Violation):
        machine_of(found.defect).replay(found.catch.counterexample.program)


def test_without_the_defect_the_program_passes(found: Caught) -> None:
    """The undamaged system gives no violation, if it can follow the schedule at all."""
    with suppress(ScheduleDivergedError):
        machine_of(found.defect).replay(found.catch.counterexample.program)


def test_no_invariant_goes_without_a_defect() -> None:
    """Each invariant of each machine proves that it can fail: some defect names it as the one to notice."""
    proven = {(each.machine, each.caught_by) for each in catalogue().values()}
    stated = {(machine_name(each), one.name) for each in _machines() for one in invariants_of(each)}
    assert stated
    assert stated - proven == set()


def test_the_table_has_a_row_for_each_defect() -> None:
    """No defect is without pins, and no pin without its defect."""
    assert list(pinned()) == list(catalogue())


def _machines() -> Iterator[type[ConcurrentMachine]]:
    """The machines of the project, where they are defined."""
    for info in pkgutil.iter_modules(machines.__path__, f"{machines.__name__}."):
        if info.name.rpartition(".")[2].startswith("test_"):
            module = importlib.import_module(info.name)
            yield from (value for value in vars(module).values() if is_machine(value, module.__name__))
