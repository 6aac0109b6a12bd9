"""The audit log is ordered, append-only, and whole for each operation."""

import pytest

from model.judges.audit import judge_append_only, judge_audit
from model.judges.evidence import AuditEvent, AuditRow


def log(*events: AuditEvent, correlation: str = "c1", start: int = 1) -> list[AuditRow]:
    """Entries of one operation in a row."""
    return [AuditRow(start + at, correlation, event) for at, event in enumerate(events)]


@pytest.mark.parametrize("end", ["committed", "rejected", "rolled_back"])
def test_one_start_steps_and_one_end_are_whole(end: AuditEvent) -> None:
    """Any of the three ends will do, with any number of steps."""
    assert judge_audit(log("started", end)).holds
    assert judge_audit(log("started", "step", "step", end)).exercised == 1


def test_operations_may_take_turns() -> None:
    """What counts is the order within each operation."""
    one, other = log("started", "step", "committed"), log("started", "rejected", correlation="c2")
    mixed = [one[0], other[0], one[1], other[1], one[2]]
    rows = [AuditRow(at, row.correlation, row.event) for at, row in enumerate(mixed)]
    assert judge_audit(rows).holds


@pytest.mark.parametrize(
    "events",
    [
        ("started",),
        ("committed",),
        ("started", "step"),
        ("step", "committed"),
        ("started", "started", "committed"),
        ("started", "committed", "committed"),
        ("started", "committed", "rolled_back"),
        ("started", "committed", "step"),
        ("committed", "started"),
    ],
)
def test_anything_else_is_violated(events: tuple[AuditEvent, ...]) -> None:
    """A missing, doubled or misplaced entry is named with all the entries of its operation."""
    verdict = judge_audit(log(*events))
    assert verdict.explanation == f"c1: not one start, steps, one end: {', '.join(events)}"


@pytest.mark.parametrize("second", [1, 0])
def test_sequence_numbers_strictly_increase(second: int) -> None:
    """A repeated or smaller number is named."""
    rows = [AuditRow(1, "c1", "started"), AuditRow(second, "c1", "committed")]
    assert judge_audit(rows).explanation == f"entry {second} (c1) comes after entry 1"


def test_a_log_that_grew_is_append_only() -> None:
    """The earlier log is the beginning of the later one."""
    whole = log("started", "step", "committed")
    assert judge_append_only(whole[:2], whole).holds


def test_an_entry_altered_or_removed_is_named() -> None:
    """Nothing that was written changes or goes."""
    whole = log("started", "committed")
    assert judge_append_only(whole, log("started", "rejected")).explanation == (
        "entry 2 (c1, committed) was altered or removed"
    )
    assert judge_append_only(whole, whole[:1]).violated
