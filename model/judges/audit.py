"""Judges the audit log: append-only, strictly ordered, and each operation in it begun and ended once."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from model.judges.evidence import TERMINAL, AuditRow, by_correlation
from model.judges.verdict import Verdict, from_complaints


def judge_audit(rows: Sequence[AuditRow]) -> Verdict:
    """Sequence numbers strictly increase; per correlation id one start, then steps, then one terminal entry.

    The rows stand in the order of the log, taken when nothing is in flight. Exercised: the operations in it.
    """
    complaints = [
        f"entry {second.sequence} ({second.correlation}) comes after entry {first.sequence}"
        for first, second in pairwise(rows)
        if second.sequence <= first.sequence
    ]
    operations = by_correlation(rows)
    for correlation, entries in operations.items():
        events = tuple(row.event for row in entries)
        if not _is_whole(events):
            complaints.append(f"{correlation}: not one start, steps, one end: {', '.join(events)}")
    return from_complaints(complaints, len(operations))


def judge_append_only(earlier: Iterable[AuditRow], later: Iterable[AuditRow]) -> Verdict:
    """What the log said at an earlier time is still there, unaltered, at its beginning."""
    before, now = tuple(earlier), tuple(later)
    complaints = [
        f"entry {row.sequence} ({row.correlation}, {row.event}) was altered or removed"
        for at, row in enumerate(before)
        if now[at : at + 1] != (row,)
    ]
    return from_complaints(complaints, len(before))


def _is_whole(events: tuple[str, ...]) -> bool:
    if len(events) < 2:  # noqa: PLR2004 - a start and an end
        return False
    first, *between, last = events
    return first == "started" and last in TERMINAL and all(event == "step" for event in between)
