"""What an execution leaves behind, as plain rows: history of changes, audit log, and what is still held."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, TypeVar

from attrs import field, frozen

from model.specification.values import Record

Change = Literal["created", "updated", "deleted"]
AuditEvent = Literal["started", "step", "committed", "rejected", "rolled_back"]
TERMINAL: Final = frozenset({"committed", "rejected", "rolled_back"})


@frozen
class HistoryRow:
    """One committed change: `version` is the one that it made, `changes` maps field -> [old, new]."""

    entity: str
    version: int
    correlation: str
    kind: Change
    changes: Record = field(converter=Record)


@frozen
class AuditRow:
    """One entry of the audit log; `sequence` grows along the log."""

    sequence: int
    correlation: str
    event: AuditEvent


@frozen
class Leftovers:
    """What is held when nothing is in flight any more; each should be none."""

    open_transactions: int = 0
    locks: int = 0
    connections_in_use: int = 0


Row = TypeVar("Row", HistoryRow, AuditRow)


def by_correlation(rows: Iterable[Row]) -> Mapping[str, Sequence[Row]]:
    """The rows of each correlation id, in the order in which they were written."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row.correlation, []).append(row)
    return grouped
