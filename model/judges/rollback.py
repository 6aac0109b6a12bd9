"""Judges that an operation which answered with an error left everything as it was.

In an interleaved run a snapshot before and after one operation is no use, since others commit in between. But
each row of the change history and of the audit log carries the correlation id of the operation that wrote it,
so what an operation left can be told apart; that the tables themselves are the fold of the history is the
business of `versions`. Where operations run one at a time, `judge_restored` compares snapshots outright.
"""

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import Final, Literal

import attrs

from model.judges.evidence import AuditRow, HistoryRow, Leftovers, by_correlation
from model.judges.verdict import Verdict, from_complaints

Outcome = Literal["ok", "refused", "failed", "indeterminate"]
Tables = Mapping[str, Iterable[Hashable]]

_NOTHING: Final[tuple[str, ...]] = ()
_REJECTED: Final = ("started", "rejected")
_ROLLED_BACK: Final = ("started", "rolled_back")
_COMMITTED: Final = ("started", "committed")

# What the audit log may say, steps apart, of an operation that changed nothing.
_UNCHANGED: Final[Mapping[Outcome, tuple[tuple[str, ...], ...]]] = {
    "ok": (_NOTHING,),
    "refused": (_REJECTED,),
    "failed": (_REJECTED, _ROLLED_BACK),
    "indeterminate": (_NOTHING, _REJECTED, _ROLLED_BACK),
}


def judge_rollback(
    outcomes: Mapping[str, Outcome],
    history_rows: Iterable[HistoryRow],
    audit_rows: Iterable[AuditRow],
    leftovers: Leftovers,
) -> Verdict:
    """All or nothing for each operation, by correlation id, once nothing is in flight.

    `ok`: a change with its history, its steps and its commit in the audit log, or a read that left nothing.
    `refused` (validation and business errors) and `failed` (technical, promising no effect): no history, and
    an audit log of one start and one end without steps. `indeterminate` (cancelled or crashed): all of a
    success, or nothing of it. Rows that belong to no operation, and whatever is still held, are complaints.
    Exercised: the operations that were not `ok`.
    """
    changes, audits = by_correlation(history_rows), by_correlation(audit_rows)
    complaints = [
        f"{correlation} ({outcome}): {complaint}"
        for correlation, outcome in outcomes.items()
        for complaint in _of_operation(
            outcome, len(changes.get(correlation, ())), audits.get(correlation, ())
        )
    ]
    strangers = [written for written in dict.fromkeys((*changes, *audits)) if written not in outcomes]
    complaints += [f"{stranger}: wrote rows, but no operation has this id" for stranger in strangers]
    held = attrs.asdict(leftovers).items()
    complaints += [f"{count} {what.replace('_', ' ')} left over" for what, count in held if count]
    return from_complaints(complaints, sum(outcome != "ok" for outcome in outcomes.values()))


def _of_operation(outcome: Outcome, changes: int, audit: Sequence[AuditRow]) -> list[str]:
    events = tuple(row.event for row in audit)
    steps = events.count("step")
    frame = tuple(event for event in events if event != "step")
    if changes and outcome in {"refused", "failed"}:
        return [f"answered with an error, yet {changes} of its changes stayed"]
    if changes:
        whole = steps > 0 and frame == _COMMITTED
        return [] if whole else [f"{changes} changes stayed with the audit log {_listed(events)}"]
    if frame not in _UNCHANGED[outcome]:
        return [f"changed nothing, but its audit log is {_listed(events)}"]
    return ["changed nothing, but its audit log has steps"] if steps else []


def _listed(events: Collection[str]) -> str:
    return ", ".join(events) or "empty"


def judge_restored(before: Tables, after: Tables, apart_from: Collection[str] = ("audit",)) -> Verdict:
    """The same rows in the same tables, as sets, but for the tables named; one operation ran in between."""
    complaints = []
    for table in sorted((before.keys() | after.keys()) - set(apart_from)):
        old, new = set(before.get(table, ())), set(after.get(table, ()))
        complaints += [f"{table}: row appeared: {row}" for row in sorted(map(repr, new - old))]
        complaints += [f"{table}: row is gone: {row}" for row in sorted(map(repr, old - new))]
    return from_complaints(complaints, 1)
