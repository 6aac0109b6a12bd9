"""What an execution of the personality service shows, in the words that the judges and invariants use.

Different interleavings of one burst mostly end in the same few states, so whatever is computed from rows
alone is remembered.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from machines.evidence import Evidence
from machines.invariants import Disagreement
from machines.personality.subject import PersonalitySubject, audit_row, entity_of, history_row
from model.history import Call, Failed
from model.judges.evidence import AuditRow, HistoryRow
from model.judges.linearizability import Linearizability
from model.judges.rollback import Outcome
from model.judges.verdict import Verdict
from model.judges.versions import judge_versions
from model.specification.personality import Create, Delete, Refused, Update
from model.specification.values import plain

CHANGING = (Create, Update, Delete)


def asked(evidence: Evidence) -> Iterator[tuple[str, Call]]:
    """Each operation with its correlation id, in the order of invocation."""
    return zip(evidence.requests, evidence.calls, strict=True)


def new_rows(evidence: Evidence, table: str) -> tuple[tuple[Any, ...], ...]:
    """The rows of a table that were not there before."""
    before, after = evidence.before[table], evidence.after[table]
    if before is after or before == after:
        return ()
    known = set(before)
    return tuple(row for row in after if row not in known)


def new_changes(evidence: Evidence) -> list[HistoryRow]:
    """What was committed, by entity and version."""
    return [history_row(row) for row in new_rows(evidence, "history")]


def new_audits(evidence: Evidence) -> list[AuditRow]:
    """What was written to the audit log, in its order."""
    return [audit_row(row) for row in new_rows(evidence, "audit")]


def changes_by_request(evidence: Evidence) -> Mapping[str, int]:
    """How many committed changes each correlation id has."""
    return Counter(row.correlation for row in new_changes(evidence))


def outcome_of(call: Call) -> Outcome:
    """How an operation ended, as the rollback judge names it."""
    if not call.answered:
        return "indeterminate"
    if isinstance(call.result, Refused):
        return "refused"
    return "failed" if isinstance(call.result, Failed) else "ok"


@lru_cache(maxsize=4096)
def versions_verdict(history: tuple[tuple[Any, ...], ...], stored: tuple[tuple[Any, ...], ...]) -> Verdict:
    """The judgement of the version chains in these rows."""
    entities = [entity_of(row) for row in stored]
    final = {entity.id: (entity.version, entity.fields) for entity in entities}
    return judge_versions([history_row(row) for row in history], final)


def digest(payload: object) -> str:
    """BLAKE2b-128 of canonical JSON, as the journal promises it."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=16).hexdigest()


@lru_cache(maxsize=4096)
def stored_digest(row: tuple[Any, ...]) -> str:
    """The digest of a stored personality's own fields, as ValidationService must have seen them."""
    return digest(plain(entity_of(row).fields))


def texts(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Every text that leaves the service or is kept beside the entities, with where it stands."""
    for request, error in evidence.errors.items():
        yield f"error of {request}", f"{error} {error!r}"
    for row in new_rows(evidence, "audit"):
        yield f"audit entry {row[0]}", repr(row)
    for message in evidence.messages:
        yield f"message {message.operation} of {message.correlation_id}", repr(message)


def disagreement(evidence: Evidence, verdict: Linearizability) -> Disagreement:
    """A violated verdict as a finding: the witness in words, and the model's answer beside the system's.

    Both are told for the first call of the witness that the longest attempt could not place.
    """
    calls = (*evidence.calls, evidence.observed)
    specification = PersonalitySubject.specification
    state = evidence.initial
    for place in verdict.linearization:
        state, _ = specification.apply(state, calls[place].operation)
    stuck = next((place for place in verdict.witness if place not in verdict.linearization), None)
    if stuck is None:
        return Disagreement(verdict.explanation)
    call = calls[stuck]
    _, answer = specification.apply(state, call.operation)
    asked = f"{call.process} {call.operation!r}"
    return Disagreement(
        verdict.explanation, model=f"{asked} -> {answer!r}", system=f"{asked} -> {call.result!r}"
    )
