"""An operation that answered with an error leaves nothing but the record of it."""

import pytest

from model.judges.evidence import AuditEvent, AuditRow, HistoryRow, Leftovers
from model.judges.rollback import Outcome, Tables, judge_restored, judge_rollback
from model.judges.verdict import Verdict

CHANGE = HistoryRow("a", 1, "c1", "created", {"humor": [None, 5]})
COMMITTED: tuple[AuditEvent, ...] = ("started", "step", "committed")
REJECTED: tuple[AuditEvent, ...] = ("started", "rejected")
ROLLED_BACK: tuple[AuditEvent, ...] = ("started", "rolled_back")


def judged(outcome: Outcome, changes: int, events: tuple[AuditEvent, ...]) -> Verdict:
    """The verdict on one operation that left so many changes and these entries."""
    audit = [AuditRow(at, "c1", event) for at, event in enumerate(events)]
    return judge_rollback({"c1": outcome}, [CHANGE] * changes, audit, Leftovers())


@pytest.mark.parametrize(
    ("outcome", "changes", "events"),
    [
        ("ok", 1, COMMITTED),
        ("ok", 0, ()),
        ("refused", 0, REJECTED),
        ("failed", 0, REJECTED),
        ("failed", 0, ROLLED_BACK),
        ("indeterminate", 0, ()),
        ("indeterminate", 0, ROLLED_BACK),
        ("indeterminate", 0, REJECTED),
        ("indeterminate", 1, COMMITTED),
    ],
)
def test_all_or_nothing_holds(outcome: Outcome, changes: int, events: tuple[AuditEvent, ...]) -> None:
    """Each outcome allows a whole effect with its record, or none with the record of that."""
    assert judged(outcome, changes, events).holds


@pytest.mark.parametrize(
    ("outcome", "changes", "events", "complaint"),
    [
        ("refused", 1, REJECTED, "answered with an error, yet 1 of its changes stayed"),
        ("failed", 1, COMMITTED, "answered with an error, yet 1 of its changes stayed"),
        ("refused", 0, (), "changed nothing, but its audit log is empty"),
        ("refused", 0, ROLLED_BACK, "changed nothing, but its audit log is started, rolled_back"),
        ("failed", 0, ("started",), "changed nothing, but its audit log is started"),
        ("refused", 0, ("started", "step", "rejected"), "changed nothing, but its audit log has steps"),
        ("refused", 0, (*REJECTED, "rejected"), "its audit log is started, rejected, rejected"),
        ("indeterminate", 0, COMMITTED, "changed nothing, but its audit log is started, step, committed"),
        ("indeterminate", 1, (), "1 changes stayed with the audit log empty"),
        ("indeterminate", 1, ROLLED_BACK, "1 changes stayed with the audit log started, rolled_back"),
        ("ok", 1, (), "1 changes stayed with the audit log empty"),
        ("ok", 1, ("started", "committed"), "1 changes stayed with the audit log started, committed"),
        ("ok", 0, COMMITTED, "changed nothing, but its audit log is started, step, committed"),
    ],
)
def test_halves_are_violated(
    outcome: Outcome, changes: int, events: tuple[AuditEvent, ...], complaint: str
) -> None:
    """An effect without its record, a record without its effect, and any part of either, are complaints."""
    verdict = judged(outcome, changes, events)
    assert verdict.violated
    assert verdict.explanation.startswith(f"c1 ({outcome}): ")
    assert verdict.explanation.endswith(complaint)


def test_what_is_held_is_a_complaint() -> None:
    """Open transactions, locks and connections in use are named with their number."""
    verdict = judge_rollback({}, [], [], Leftovers(open_transactions=1, locks=2, connections_in_use=3))
    assert verdict.explanation.splitlines() == [
        "1 open transactions left over",
        "2 locks left over",
        "3 connections in use left over",
    ]


def test_rows_of_nobody_are_a_complaint() -> None:
    """Rows whose correlation id belongs to no operation are named once."""
    verdict = judge_rollback({}, [CHANGE], [AuditRow(1, "c1", "started")], Leftovers())
    assert verdict.explanation == "c1: wrote rows, but no operation has this id"


def test_only_errors_exercise_it() -> None:
    """A run in which everything succeeded has not exercised the judge."""
    assert judged("ok", 1, COMMITTED).exercised == 0
    assert judged("failed", 0, ROLLED_BACK).exercised == 1


def test_operations_are_told_apart_by_their_id() -> None:
    """A committed neighbour is not blamed on the operation that was refused."""
    audit = [AuditRow(0, "c1", "started"), AuditRow(1, "c1", "step"), AuditRow(2, "c1", "committed")]
    audit += [AuditRow(3, "c2", "started"), AuditRow(4, "c2", "rejected")]
    assert judge_rollback({"c1": "ok", "c2": "refused"}, [CHANGE], audit, Leftovers()).holds


def test_equal_snapshots_are_restored() -> None:
    """Tables are compared as sets of rows, the audit log not at all; a missing table is an empty one."""
    before: Tables = {"personality": [("a", 1), ("b", 1)], "audit": [(1,)]}
    after: Tables = {"personality": [("b", 1), ("a", 1)], "audit": [(1,), (2,)], "history": []}
    assert judge_restored(before, after).holds


def test_each_row_that_differs_is_named() -> None:
    """Rows that appeared and rows that are gone are named with their table."""
    verdict = judge_restored({"history": [("a", 1)]}, {"history": [("a", 2)], "names": [("Ada",)]})
    assert verdict.explanation.splitlines() == [
        "history: row appeared: ('a', 2)",
        "history: row is gone: ('a', 1)",
        "names: row appeared: ('Ada',)",
    ]
