"""Judges the audit log: append-only, strictly ordered, each operation in it begun and ended once.

Where the log is a *hash chain*, each entry carries a digest of itself and of the digest before it, so that an
entry cannot be altered, removed or put in between without altering all that follow. What a chain cannot show
by itself is that its end is missing: compare with the digest that was last known.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import pairwise

from attrs import field, frozen

from model.judges.evidence import TERMINAL, AuditRow, by_correlation
from model.judges.verdict import Verdict, from_complaints
from model.specification.values import Record


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


@frozen
class ChainedEntry:
    """One entry of a hash chain; `digest` is `chain_digest(previous, content)`."""

    sequence: int
    content: Record = field(converter=Record)
    previous: str
    digest: str


def chain_digest(previous: str, content: Record) -> str:
    """BLAKE2b-128, as hexadecimal digits, of the previous digest and of the content as canonical JSON."""
    text = json.dumps([previous, content.as_dict()], sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def judge_hash_chain(entries: Sequence[ChainedEntry], first: str = "", last: str | None = None) -> Verdict:
    """Each digest is that of its entry, each `previous` the digest before it, from `first` on to `last`.

    `last` is the digest that the log is known to end with, or to have ended with at the time, if it is known.
    Exercised: the entries.
    """
    complaints, before = [], first
    for entry in entries:
        if entry.previous != before:
            complaints.append(f"entry {entry.sequence} does not follow the entry before it")
        if entry.digest != chain_digest(entry.previous, entry.content):
            complaints.append(f"entry {entry.sequence} is not what was digested")
        before = entry.digest
    if last is not None and all(digest != last for digest in (first, *(entry.digest for entry in entries))):
        complaints.append("the log has lost the end that it is known to have had")
    return from_complaints(complaints, len(entries))


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
