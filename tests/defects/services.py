"""Defects of how services work together: who asks whom, in whose name, how often, and what is kept of it."""

# A wrong version has the signature of the right one, whatever it makes of its parameters.
# ruff: noqa: ARG001, PLR0917

from __future__ import annotations

import trio

from system_under_test.audit import INSERT_END, INSERT_END_UNLESS_COMMITTED, AuditLog
from system_under_test.communication.calls import Calls, digest
from system_under_test.communication.messages import Message, Route
from system_under_test.errors import Request, ServiceError, failure
from system_under_test.security import Context
from system_under_test.services.fields import Entity
from system_under_test.services.personality import (
    EXISTS,
    FIND_BY_ID,
    FIND_FOR_CHANGE,
    SERVICE,
    PersonalityService,
)
from system_under_test.storage.database import Session
from tests.defects.defect import defect


@defect(
    "system_under_test.services.personality:PersonalityService._authorise",
    caught_by="bad_contexts_are_denied_before_any_effect",
)
def entry_not_guarded(self: PersonalityService, context: Context | None, request: Request) -> Context:
    """The entry service leaves it to the others to check the context, once they have been called."""
    if context is None:
        raise failure("ACCESS_DENIED", SERVICE, request)
    return context


@defect(
    "system_under_test.communication.calls:Calls._record",
    caught_by="messages_carry_the_client_s_principal",
)
def principal_replaced(
    self: Calls, context: Context, route: Route, payload: object, sent_ms: int, outcome: str
) -> None:
    """A message goes out in the name of the calling service instead of the client's."""
    now_ms = self._ports.clock.now_ms()
    self._ports.journal.record(
        Message(
            context.correlation_id,
            route.caller,
            route.caller,
            route.callee,
            route.operation,
            digest(payload),
            1,
            sent_ms,
            now_ms,
            outcome,
        )
    )


@defect(
    "system_under_test.services.personality:PersonalityService._load",
    caught_by="messages_follow_the_declared_routes",
)
async def undeclared_route(
    self: PersonalityService,
    context: Context,
    request: Request,
    personality_id: str,
    transaction: Session,
) -> Entity:
    """Before a personality is loaded, another operation is asked whether it exists."""
    exists = self._persistence.exists
    if not await self._calls.call(context, EXISTS, personality_id, exists, transaction):
        raise failure("PERSONALITY_NOT_FOUND", SERVICE, request)
    function = self._persistence.find_for_change
    entity = await self._calls.call(context, FIND_FOR_CHANGE, personality_id, function, transaction)
    assert entity is not None
    return entity


@defect("system_under_test.services.personality:PersonalityService._get_many", caught_by="messages_are_few")
async def one_message_for_each(
    self: PersonalityService, context: Context, request: Request, ids: list[str]
) -> list[Entity | None]:
    """A batch of personalities is read one by one."""
    async with self._database.session(request) as session:
        function = self._persistence.find_by_id
        return [await self._calls.call(context, FIND_BY_ID, each, function, session) for each in ids]


@defect(
    "system_under_test.services.personality:PersonalityService._record_refusal",
    caught_by="nothing_waits_without_a_reason",
)
async def refusal_delayed(self: PersonalityService, request: Request, error: ServiceError) -> None:
    """A client who is refused is made to wait, lest he ask again too soon."""
    await trio.sleep(0.1)
    await self._audit.refused(request, error)


@defect("system_under_test.audit:AuditLog.refused", caught_by="refusals_are_in_the_audit_log")
async def causes_not_audited(self: AuditLog, request: Request, error: ServiceError) -> None:
    """The audit log keeps the code that the client saw, and not what led to it."""
    unknown = error.code == "OUTCOME_UNKNOWN"
    sql = INSERT_END_UNLESS_COMMITTED if unknown else INSERT_END
    await self._write_end(sql, request, "rejected", error.code)
