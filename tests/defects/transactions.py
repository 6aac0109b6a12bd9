"""Defects of atomicity and durability: an error, a cancellation or a crash tears apart what is one."""

# A wrong version has the signature of the right one, whatever it makes of its parameters.
# ruff: noqa: ARG001

from __future__ import annotations

from contextlib import suppress

from system_under_test.audit import _INSERT, AuditLog
from system_under_test.errors import Request, ServiceError
from system_under_test.security import Context
from system_under_test.services.persistence import DELETE as DELETE_STATEMENT
from system_under_test.services.persistence import (
    INSERT,
    Change,
    PersistenceService,
    _row,
)
from system_under_test.services.personality import DELETE, PersonalityService
from system_under_test.storage.database import Session, Transaction
from tests.defects.defect import defect, misread


@defect(
    "system_under_test.services.personality:PersonalityService._delete",
    caught_by="an_operation_happens_wholly_or_not_at_all",
)
async def audit_outside_the_transaction(
    self: PersonalityService, context: Context, request: Request, personality_id: str
) -> None:
    """The audit entries of a deletion are written when it is committed, if nothing comes in between."""
    async with self._database.transaction(request) as transaction:
        before = await self._load(context, request, personality_id, transaction)
        self._check_mutable(request, before)
        change = self._deletion(before)
        await self._calls.call(context, DELETE, change, self._persistence.delete, transaction)
    async with self._database.session(request) as session:
        await self._audit.succeeded(session, request, "delete")


@defect(
    "system_under_test.services.persistence:PersistenceService.save",
    caught_by="an_operation_happens_wholly_or_not_at_all",
)
async def rollback_forgetting_history(
    self: PersistenceService, context: Context, change: Change, session: Session
) -> None:
    """A creation commits its history before it is tried, and the rollback of one that fails leaves it."""
    self._authorise(context, "save", change["entity"]["id"])
    await self._insert_history(context, change, session)
    await session.run("COMMIT")
    await session.run("BEGIN IMMEDIATE")
    await session.run(INSERT, _row(change["entity"]))


@defect(
    "system_under_test.services.persistence:PersistenceService.save",
    caught_by="some_order_explains_every_answer",
)
async def error_swallowed(
    self: PersistenceService, context: Context, change: Change, session: Session
) -> None:
    """A creation that the database refuses is taken for one that it has had before."""
    self._authorise(context, "save", change["entity"]["id"])
    with suppress(ServiceError):
        await session.run(INSERT, _row(change["entity"]))
        await self._insert_history(context, change, session)


@defect("system_under_test.services.persistence:PersistenceService.save", caught_by="versions_have_no_gaps")
async def version_reset_on_recreation(
    self: PersistenceService, context: Context, change: Change, session: Session
) -> None:
    """A name that was deleted comes back under its old id, and its versions begin at 1 again."""
    entity = change["entity"]
    self._authorise(context, "save", entity["id"])
    deleted = (
        "SELECT entity_id FROM personality_history WHERE kind = 'deleted' AND changes ->> '$.name[0]' = ?"
    )
    for (old_id,) in await session.run(deleted, (entity["name"],)):
        entity["id"] = old_id
        await session.run("DELETE FROM personality_history WHERE entity_id = ? AND version = 1", (old_id,))
    await session.run(INSERT, _row(entity))
    await self._insert_history(context, change, session)


@defect("system_under_test.services.persistence:PersistenceService.update", caught_by="times_are_kept")
async def creation_time_overwritten(
    self: PersistenceService, context: Context, change: Change, session: Session
) -> None:
    """An update puts a new row in the place of the old one, created now."""
    entity = change["entity"]
    self._authorise(context, "update", entity["id"])
    await session.run(DELETE_STATEMENT, (entity["id"], change["from_version"]))
    await self._confirm_one_changed(entity["id"], session)
    await session.run(INSERT, _row({**entity, "createdAt": change["at_ms"]}))
    await self._insert_history(context, change, session)


@misread("system_under_test.storage.connections:PRAGMAS", caught_by="an_acknowledged_change_survives_a_crash")
def commit_not_synced(right: tuple[str, ...]) -> tuple[str, ...]:
    """The folder is not synced at a commit, so that a power cut may bring the rollback journal back."""
    return tuple(pragma.replace("= EXTRA", "= FULL") for pragma in right)


@defect("system_under_test.storage.database:Transaction.__aenter__", caught_by="nothing_is_left_over")
async def connection_leaked_on_cancellation(self: Transaction) -> Transaction:
    """Nobody gives the connection back when a client is cancelled while its transaction begins."""
    await Session.__aenter__(self)
    await self.run("BEGIN IMMEDIATE")
    return self


@defect("system_under_test.storage.database:Transaction._abandon", caught_by="nothing_is_left_over")
async def rollback_not_shielded(self: Transaction, error: BaseException) -> None:
    """The rollback of a cancelled client is itself cancelled."""
    if isinstance(error, GeneratorExit):
        self._forget()
        return
    await self._roll_back()
    self._give_back()


@defect("system_under_test.audit:AuditLog._write_end", caught_by="the_audit_log_tells_each_operation_once")
async def audit_end_in_two_statements(
    self: AuditLog, sql: str, request: Request, kind: str, detail: str
) -> None:
    """The entries of a refusal are two statements, and a crash comes between them."""
    started_ms, now_ms, *who = self._bindings(request)
    one_entry = f"{_INSERT} VALUES (?, ?, ?, ?, ?, ?, ?)"
    async with self._database.session(request) as session:
        await session.run(one_entry, (started_ms, *who, "started", ""))
        await session.run(one_entry, (now_ms, *who, kind, detail))
