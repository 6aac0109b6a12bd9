"""What must hold of every execution of the personality service: invariants, tied to their criteria."""

from __future__ import annotations

from collections import Counter
from typing import Any

from machines.evidence import Evidence
from machines.invariants import invariant
from machines.personality import facts
from machines.personality.drawing import SECRET
from machines.personality.subject import PRINCIPAL, STRANGER
from model.acceptance.registry import acceptance
from model.history import Failed
from model.judges.audit import judge_audit
from model.judges.evidence import AuditRow, Leftovers
from model.judges.rollback import judge_rollback
from model.specification.personality import Create, Delete, Get, GetAll, GetMany, Refused, Update
from system_under_test.errors import ServiceError

MESSAGES_MAX = {Create: 2, Update: 3, Delete: 2, Get: 1, GetMany: 1, GetAll: 1}
"""Messages between services that one operation may cost: load, validate, save."""

ROUTES = {
    ("PersonalityService", "ValidationService", "validate_entity"),
    ("PersonalityService", "PersistenceService", "save"),
    ("PersonalityService", "PersistenceService", "update"),
    ("PersonalityService", "PersistenceService", "delete"),
    ("PersonalityService", "PersistenceService", "find_by_id"),
    ("PersonalityService", "PersistenceService", "find_for_change"),
    ("PersonalityService", "PersistenceService", "find_many"),
    ("PersonalityService", "PersistenceService", "find_all"),
}
_RAW_DATABASE_TEXT = ("UNIQUE", "constraint", "personality_name", "SQL", "sqlite", "apsw", ".db")
_OPERATION_MS_MAX = 500
_REFUSAL_MS_MAX = 50


class Consistency:
    """One order of the operations explains every answer, and nothing is done by halves."""

    @acceptance("S0-AC3-4", "S0-AC1-2")
    @invariant()
    def some_order_explains_every_answer(self, evidence: Evidence) -> int:
        """The answers, and what is stored at the end, are those of the operations in some order."""
        verdict = evidence.linearizability
        assert verdict is not None
        if verdict.violated:
            raise facts.disagreement(evidence, verdict)
        return int(verdict.holds)

    @acceptance("S0-AC3-2")
    @invariant()
    def versions_have_no_gaps(self, evidence: Evidence) -> int:
        """Each personality's committed states have versions 1, 2, 3, ..., each made from the one before."""
        if evidence.after["history"] == evidence.before["history"] and (
            evidence.after["personality"] == evidence.before["personality"]
        ):
            return 0
        verdict = facts.versions_verdict(evidence.after["history"], evidence.after["personality"])
        assert verdict.holds, verdict.explanation
        return verdict.exercised

    @acceptance("S0-AC3-1")
    @invariant()
    def one_of_competing_updates_wins(self, evidence: Evidence) -> int:
        """Of updates of one personality with the same expected version at most one commits."""
        rivals: dict[tuple[str, Any], list[Any]] = {}
        for _, call in facts.asked(evidence):
            if isinstance(call.operation, Update) and call.operation.context == "valid":
                rivals.setdefault((call.operation.id, call.operation.expected_version), []).append(call)
        contested = {key: calls for key, calls in rivals.items() if len(calls) > 1}
        for (entity, version), calls in contested.items():
            winners = [call for call in calls if facts.outcome_of(call) == "ok"]
            assert len(winners) <= 1, (
                f"{len(winners)} updates of {entity} from version {version} were acknowledged"
            )
        return len(contested)

    @acceptance("S0-AC1-3", "S0-GWT-1", "S0-AC4-4")
    @invariant()
    def an_operation_happens_wholly_or_not_at_all(self, evidence: Evidence) -> int:
        """An operation that was refused or broken off leaves no change, history, lock or transaction."""
        outcomes = {request: facts.outcome_of(call) for request, call in facts.asked(evidence)}
        held = Leftovers(
            locks=evidence.leftovers["database locks"],
            connections_in_use=evidence.leftovers["connections in use"],
        )
        verdict = judge_rollback(outcomes, facts.new_changes(evidence), facts.new_audits(evidence), held)
        assert verdict.holds, verdict.explanation
        return verdict.exercised

    @acceptance("S0-AC1-2")
    @invariant()
    def times_are_kept(self, evidence: Evidence) -> int:
        """`createdAt` never changes, `updatedAt` never goes back, and neither lies in the future."""
        before = {row[0]: row for row in evidence.before["personality"]}
        cases = 0
        for entity, version, created, updated, *_ in evidence.after["personality"]:
            old = before.get(entity)
            if old is not None and old[1] == version:
                continue
            cases += 1
            earliest = evidence.started_ms if old is None else old[3]
            assert old is None or created == old[2], (
                f"createdAt of {entity} went from {old and old[2]} to {created}"
            )
            assert created <= updated, (
                f"{entity} was updated at {updated}, before it was created at {created}"
            )
            assert earliest <= updated <= evidence.ended_ms, f"{entity} claims to be updated at {updated}"
        return cases

    @acceptance("S0-AC1-4")
    @invariant()
    def an_acknowledged_change_survives_a_crash(self, evidence: Evidence) -> int:
        """What was acknowledged before the crash is committed after it."""
        if not evidence.crashed:
            return 0
        committed = facts.changes_by_request(evidence)
        cases = 0
        for request, call in facts.asked(evidence):
            if isinstance(call.operation, facts.CHANGING) and facts.outcome_of(call) == "ok":
                cases += 1
                assert committed[request] == 1, f"{request} was acknowledged, and is gone after the crash"
        return cases

    @acceptance("S0-PERF-3")
    @invariant()
    def nothing_is_left_over(self, evidence: Evidence) -> int:
        """When nothing is in flight, no connection is in use and no lock is held."""
        held = {what: count for what, count in evidence.leftovers.items() if count}
        assert not held, f"left over: {held}"
        return len(evidence.calls)


class Errors:
    """Errors say what happened, to whom it concerns, and nothing else."""

    @acceptance("S0-AC2-1")
    @invariant()
    def validation_errors_keep_their_context(self, evidence: Evidence) -> int:
        """A validation error names operation, entity and correlation id, and each field that offends once."""
        cases = 0
        for request, call in facts.asked(evidence):
            error = _error(evidence, request)
            if error is None or error.kind != "validation":
                continue
            cases += 1
            operation = call.operation
            name = operation.draft.get("name") if isinstance(operation, Create) else operation.id  # type: ignore[attr-defined] # only updates are left
            expected = (type(operation).__name__.lower(), name if isinstance(name, str) else None, request)
            said = (error.operation, error.entity, error.correlation_id)
            assert said == expected, f"the error says {said}, the request was {expected}"
            fields = [each.field for each in error.field_errors]
            assert fields, "no field is named"
            assert len(fields) == len(set(fields)), f"fields named: {fields}"
            assert all(each.message for each in error.field_errors), "a field error carries no message"
        return cases

    @acceptance("S0-AC2-2", "S1-SEC-2")
    @invariant()
    def no_database_text_gets_out(self, evidence: Evidence) -> int:
        """Conflicts that the database finds are business errors, not to be retried, in no word of its own."""
        for request, error in evidence.errors.items():
            public = _public_text(error)
            leaked = [word for word in _RAW_DATABASE_TEXT if word.lower() in public.lower()]
            assert not leaked, f"the error of {request} contains {leaked}: {public}"
            if getattr(error, "code", "") == "DUPLICATE_NAME":
                assert not getattr(error, "retryable", True), (
                    f"{request}: a duplicate name is not to be retried"
                )
        return len(evidence.errors)

    @acceptance("S0-AC2-3")
    @invariant()
    def refusals_are_in_the_audit_log(self, evidence: Evidence) -> int:
        """For each error the audit log has an entry of its correlation id with its chain of codes."""
        if not evidence.errors:
            return 0
        entries = {row[1]: row[6] for row in facts.new_rows(evidence, "audit") if row[2] == "rejected"}
        for request in evidence.errors:
            error = _error(evidence, request)
            chain = " < ".join(error.chain) if error is not None else ""
            assert entries.get(request) == chain, (
                f"{request} failed with {chain}, the log has {entries.get(request)}"
            )
        return len(evidence.errors)

    @acceptance("S0-EP-3")
    @invariant()
    def only_technical_errors_may_be_retried(self, evidence: Evidence) -> int:
        """A validation or business error is not retryable, and was attempted exactly once."""
        cases = 0
        for request in evidence.errors:
            error = _error(evidence, request)
            if error is None or error.kind == "technical":
                continue
            cases += 1
            assert not error.retryable, f"{request}: {error.code} is marked as retryable"
            attempts = Counter(m.operation for m in evidence.messages if m.correlation_id == request)
            assert all(count == 1 for count in attempts.values()), (
                f"{request} was attempted again: {attempts}"
            )
        return cases

    @acceptance("S0-AC4-3")
    @invariant()
    def nothing_fails_without_a_fault(self, evidence: Evidence) -> int:
        """No operation is answered with a technical error: contention is met with patience."""
        failed = [call for call in evidence.calls if isinstance(call.result, Failed)]
        assert not failed, f"failed although nothing is broken: {failed}"
        return len(evidence.calls)


class Security:
    """Who may do what, under whose name, and what may be seen of it."""

    @acceptance("S0-SEC-4", "S1-SEC-3")
    @invariant()
    def bad_contexts_are_denied_before_any_effect(self, evidence: Evidence) -> int:
        """A missing, forged, expired or insufficient context gives ACCESS_DENIED, before any inner call."""
        cases = 0
        for request, call in facts.asked(evidence):
            if call.operation.context == "valid" or not call.answered:  # type: ignore[attr-defined] # every operation has a context
                continue
            cases += 1
            assert call.result == Refused("ACCESS_DENIED"), f"{request} was answered with {call.result}"
            sent = [message.operation for message in evidence.messages if message.correlation_id == request]
            assert not sent, f"{request} was denied, after {sent}"
        return cases

    @acceptance("S0-SEC-1")
    @invariant()
    def messages_carry_the_client_s_principal(self, evidence: Evidence) -> int:
        """Every message carries the correlation id and the principal of a request of this phase."""
        known = set(evidence.requests)
        for message in evidence.messages:
            assert message.correlation_id in known, f"a message of nobody's: {message}"
            assert message.principal == PRINCIPAL, f"sent under another name: {message}"
        return len(evidence.messages)

    @acceptance("S0-SEC-2")
    @invariant()
    def the_audit_log_tells_each_operation_once(self, evidence: Evidence) -> int:
        """The log only grows, in order; each operation in it has one start, its steps and one end."""
        before, after = evidence.before["audit"], evidence.after["audit"]
        assert after[: len(before)] == before, "an entry of the audit log was altered or removed"
        rows = facts.new_rows(evidence, "audit")
        verdict = judge_audit([AuditRow(row[0], row[1], row[2]) for row in rows])
        assert verdict.holds, verdict.explanation
        principals = {row[3] for row in rows}
        assert principals <= {PRINCIPAL, STRANGER, "unverified"}, f"entries in the name of {principals}"
        return verdict.exercised

    @acceptance("S0-SEC-3")
    @invariant()
    def sensitive_values_stay_in_the_entity(self, evidence: Evidence) -> int:
        """Custom instructions stand in no error, no audit entry and no message."""
        cases = 0
        for where, text in facts.texts(evidence):
            cases += 1
            assert SECRET not in text, f"{where} contains a custom instruction: {text}"
        return cases if any(SECRET in repr(call.operation) for call in evidence.calls) else 0


class Cooperation:
    """How the services work together."""

    @acceptance("S0-AC1-1")
    @invariant()
    def what_is_stored_was_validated(self, evidence: Evidence) -> int:
        """A state is stored only after ValidationService found this very state valid, for this request."""
        new = [row for row in facts.new_changes(evidence) if row.kind != "deleted"]
        if not new:
            return 0
        stored = {(row[0], row[1]): row for row in evidence.after["personality"]}
        verdicts = {
            (message.correlation_id, message.payload_digest)
            for message in evidence.messages
            if message.callee == "ValidationService" and message.outcome == "ok"
        }
        cases = 0
        for change in new:
            row = stored.get((change.entity, change.version))
            if row is None:
                continue
            cases += 1
            digest = facts.stored_digest(row)
            assert (change.correlation, digest) in verdicts, (
                f"{change.entity} version {change.version} was stored by {change.correlation}, but "
                "ValidationService never found that state valid"
            )
        return cases

    @acceptance("S0-SC-4")
    @invariant()
    def messages_follow_the_declared_routes(self, evidence: Evidence) -> int:
        """Services call each other only where that is declared, once per message, while the phase lasts."""
        for message in evidence.messages:
            route = (message.caller, message.callee, message.operation)
            assert route in ROUTES, f"not a declared call: {route}"
            assert evidence.started_ms <= message.sent_ms <= message.done_ms <= evidence.ended_ms, (
                f"{message}"
            )
            assert message.attempt == 1, f"attempted again: {message}"
        return len(evidence.messages)

    @acceptance("S0-PERF-2")
    @invariant()
    def messages_are_few(self, evidence: Evidence) -> int:
        """An operation costs at most one load, one validation and one save."""
        counts = Counter(message.correlation_id for message in evidence.messages)
        for request, call in facts.asked(evidence):
            bound = MESSAGES_MAX[type(call.operation)]
            assert counts[request] <= bound, f"{request} ({call.operation}) took {counts[request]} messages"
        return len(evidence.messages)

    @acceptance("S0-PERF-1", "S0-PERF-4")
    @invariant()
    def nothing_waits_without_a_reason(self, evidence: Evidence) -> int:
        """Alone, an operation takes at most 500 virtual milliseconds, and at most 50 if it is refused."""
        if len(evidence.calls) != 1 or evidence.faults:
            return 0
        refused = isinstance(evidence.calls[0].result, Refused)
        bound = _REFUSAL_MS_MAX if refused else _OPERATION_MS_MAX
        took = evidence.ended_ms - evidence.started_ms
        assert took <= bound, f"took {took} virtual milliseconds, {bound} are allowed"
        return 1


def _public_text(error: Exception) -> str:
    """All that a client may read of an error: its message, its details, and the messages about fields."""
    details, fields = getattr(error, "details", {}), getattr(error, "field_errors", ())
    return " ".join((str(error), *map(str, details.values()), *(each.message for each in fields)))


def _error(evidence: Evidence, request: str) -> ServiceError | None:
    error = evidence.errors.get(request)
    return error if isinstance(error, ServiceError) else None
