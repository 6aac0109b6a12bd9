"""The changes of each entity form one unbroken chain that ends in what is stored."""

import pytest

from model.judges.evidence import Change, HistoryRow
from model.judges.versions import judge_versions


def row(version: int, kind: Change = "updated", entity: str = "a", **changes: object) -> HistoryRow:
    """A change by the operation `c<version>`."""
    return HistoryRow(entity, version, f"c{version}", kind, changes)


CREATED = row(1, "created", humor=[None, 5], description=[None, None])
UPDATED = row(2, humor=[5, 6])
DELETED = row(3, "deleted", humor=[6, None])


def test_an_unbroken_chain_holds() -> None:
    """Every old value is the one before, and the last ones are stored; null and absent are the same."""
    assert judge_versions([CREATED, UPDATED], {"a": (2, {"humor": 6})}).holds


def test_a_deleted_entity_is_not_stored() -> None:
    """A deletion has the next version and ends the chain."""
    verdict = judge_versions([CREATED, UPDATED, DELETED], {})
    assert verdict.holds
    assert verdict.exercised == 2


def test_chains_are_told_apart_by_their_entity() -> None:
    """Changes of different entities may be committed in turns."""
    other = row(1, "created", "b", humor=[None, 1])
    assert judge_versions([CREATED, other, UPDATED], {"a": (2, {"humor": 6}), "b": (1, {"humor": 1})}).holds


def test_a_change_that_changes_nothing_is_a_change() -> None:
    """It has its version all the same."""
    assert judge_versions([CREATED, row(2)], {"a": (2, {"humor": 5})}).holds


@pytest.mark.parametrize(
    ("rows", "final", "complaint"),
    [
        ([CREATED, row(3)], (3, {"humor": 5}), "a: version 3 comes after version 1 (c3)"),
        ([CREATED, row(1)], (1, {"humor": 5}), "a: version 1 comes after version 1 (c1)"),
        ([row(1)], (1, {}), "a: updated when at version 0 (c1)"),
        ([CREATED, row(2, "created")], (2, {"humor": 5}), "a: created when at version 1 (c2)"),
        ([CREATED, row(2, "deleted"), row(3)], None, "a: changed after it was deleted (c3)"),
        ([CREATED, row(2, humor=[4, 6])], (2, {"humor": 6}), "a: humor changed from 4, but it was 5 (c2)"),
        ([CREATED, row(2, humor=6)], (2, {"humor": 5}), "a: humor: a change is a pair of old and new, not 6"),
        ([CREATED], (1, {"humor": 6}), "a: humor is stored as 6, the history ends at 5"),
        ([CREATED], (1, {"humor": 5.0}), "a: humor is stored as 5.0, the history ends at 5"),
        ([CREATED], (1, {}), "a: humor is stored as None, the history ends at 5"),
        ([CREATED], (2, {"humor": 5}), "a: stored at 2, the history ends at 1"),
        ([CREATED], None, "a: is gone, but its history ends at version 1"),
        ([CREATED, row(2, "deleted")], (1, {}), "a: is stored, but its history says that it was deleted"),
        ([], (1, {}), "a: is stored, but has no history"),
    ],
)
def test_a_broken_chain_is_violated(
    rows: list[HistoryRow], final: tuple[int, dict[str, object]] | None, complaint: str
) -> None:
    """Each way of breaking the chain has its complaint."""
    verdict = judge_versions(rows, {} if final is None else {"a": final})
    assert verdict.violated
    assert complaint in verdict.explanation
