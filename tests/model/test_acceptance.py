"""The criteria are all there, and the registry accounts for each of them."""

from collections import Counter

import pytest

from model.acceptance.criteria import UnknownCriterion, criteria, criterion
from model.acceptance.registry import acceptance, criteria_of, merged, never_exercised, table


def test_every_criterion_is_there_once() -> None:
    """There are 199 criteria, and each has an id of its own."""
    assert len(criteria()) == 199
    assert all(key == row.id for key, row in criteria().items())


def test_tiers_and_kinds_are_complete() -> None:
    """135 criteria are core and 64 secondary, of six kinds, and 33 fix something left open."""
    assert Counter(row.tier for row in criteria().values()) == {"core": 135, "secondary": 64}
    assert Counter(row.kind for row in criteria().values()) == {
        "fault": 55,
        "consistency": 40,
        "performance": 31,
        "tooling": 30,
        "functional": 29,
        "security": 14,
    }
    assert sum(row.decided for row in criteria().values()) == 33


def test_no_criterion_is_blank() -> None:
    """Every criterion quotes its requirement and says what is checked and what would violate it."""
    assert all(row.quote and row.invariant and row.mutant for row in criteria().values())


def test_a_criterion_is_found_by_its_id() -> None:
    """An id gives the row that has it."""
    assert criterion("S0-AC3-2").kind == "consistency"


def test_an_unknown_id_is_named_with_those_that_look_like_it() -> None:
    """An id that does not exist is refused, with the nearest that do."""
    with pytest.raises(UnknownCriterion, match=r"no acceptance criterion is called 's0-ac3-22'; .*S0-AC3-2"):
        criterion("s0-ac3-22")


def test_decorating_with_an_unknown_id_fails_at_once() -> None:
    """A wrong id in a decorator is an error where the decorator stands."""
    with pytest.raises(UnknownCriterion, match="nonsense"):
        acceptance("nonsense")


def test_a_function_carries_the_ids_it_is_tied_to() -> None:
    """Stacked decorators add up, in reading order and without repeats."""

    @acceptance("S0-AC3-2", "S0-AC3-1")
    @acceptance("S0-AC3-1", "S0-AC1-1")
    def invariant() -> None: ...

    assert invariant.__dict__["__acceptance__"] == ("S0-AC3-2", "S0-AC3-1", "S0-AC1-1")


def test_a_subclass_keeps_the_ids_of_its_base() -> None:
    """A class tied to a criterion leaves its base as it was, and has the ids of both."""

    @acceptance("S0-AC1-1")
    class Base: ...

    @acceptance("S0-AC1-2")
    class Derived(Base): ...

    assert [row.id for row in criteria_of(Derived)] == ["S0-AC1-2", "S0-AC1-1"]
    assert [row.id for row in criteria_of(Base)] == ["S0-AC1-1"]


def test_the_table_has_a_row_for_every_criterion() -> None:
    """Exercised, tied and untouched criteria all have their row, and say which they are."""
    rows = table({"S0-AC3-1": {"second": 2, "first": 3}, "S0-AC3-2": {"first": 0}})
    statuses = {row.id: row.status for row in rows}
    assert list(statuses) == list(criteria())
    assert statuses["S0-AC3-1"] == "exercised 5"
    assert statuses["S0-AC3-2"] == "tied, never exercised"
    assert statuses["S0-AC3-3"] == "not yet checked"
    assert [row.id for row in never_exercised(rows)] == ["S0-AC3-2"]
    assert rows[list(statuses).index("S0-AC3-1")].invariants == ("first", "second")


def test_the_table_refuses_an_unknown_id() -> None:
    """Counts for a criterion that does not exist are not dropped silently."""
    with pytest.raises(UnknownCriterion):
        table({"S9-AC1-1": {}})


def test_the_table_refuses_a_negative_count() -> None:
    """A negative count is an error of whoever counted."""
    with pytest.raises(ValueError, match="negative"):
        table({"S0-AC1-1": {"invariant": -1}})


def test_counts_of_several_workers_add_up() -> None:
    """Merging keeps what was tied and never exercised."""
    parts = [{"S0-AC3-1": {"b": 1}}, {"S0-AC3-1": {"b": 2, "a": 0}, "S0-AC1-1": {"c": 0}}]
    assert merged(parts) == {"S0-AC1-1": {"c": 0}, "S0-AC3-1": {"a": 0, "b": 3}}
