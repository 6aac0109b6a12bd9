"""Defects of concurrency: clients who meet, and a service that lets one spoil what the other does."""

# A wrong version has the signature of the right one, whatever it makes of its parameters.
# ruff: noqa: ARG001, D102, PLR0917

from __future__ import annotations

from collections.abc import Iterator

from attrs import field, frozen

from system_under_test.errors import Request, failure
from system_under_test.security import Context
from system_under_test.services.fields import Entity, Values, settable_part
from system_under_test.services.persistence import SELECT_VERSION, Change, PersistenceService
from system_under_test.services.personality import (
    SERVICE,
    UPDATE,
    VALIDATE_ENTITY,
    PersonalityService,
    _change,
)
from system_under_test.services.rules import Verdict
from system_under_test.storage.blocking import Blocking
from system_under_test.storage.database import Session, Transaction
from tests.defects.defect import Replacement, defect


@defect(
    "system_under_test.services.personality:PersonalityService._check_version",
    caught_by="one_of_competing_updates_wins",
)
def lost_update(self: PersonalityService, request: Request, entity: Entity, expected_version: int) -> None:
    """The version that a client expects is not compared: the later of two updates overwrites the earlier."""


@defect(
    "system_under_test.services.personality:PersonalityService._update",
    caught_by="some_order_explains_every_answer",
)
async def version_compared_outside_the_transaction(
    self: PersonalityService,
    context: Context,
    request: Request,
    personality_id: str,
    expected_version: int,
    changes: Values,
) -> Entity:
    """An update compares the version before its transaction begins, so two may find it as they expect."""
    self._check_request(request, expected_version, changes)
    async with self._database.session(request) as session:
        for (version,) in await session.run(SELECT_VERSION, (personality_id,)):
            self._check_version(request, {"version": version}, expected_version)
    async with self._database.transaction(request) as transaction:
        before = await self._load(context, request, personality_id, transaction)
        self._check_mutable(request, before)
        after = self._merge(before, changes)
        verdict = await self._validate(context, request, settable_part(after))
        change = _change("updated", before, after, after["updatedAt"])
        await self._calls.call(context, UPDATE, change, self._persistence.update, transaction)
        await self._audit.succeeded(transaction, request, "update", " ".join(verdict.warnings))
    return after


@defect(
    "system_under_test.services.personality:PersonalityService._validate",
    caught_by="some_order_explains_every_answer",
    also=(
        Replacement(
            "system_under_test.storage.schema:SCHEMA",
            lambda right: right.replace("CREATE UNIQUE INDEX", "CREATE INDEX"),
        ),
    ),
)
async def unique_name_checked_then_inserted(
    self: PersonalityService, context: Context, request: Request, fields: Values
) -> Verdict:
    """Whether a name is free is looked up beforehand, and no constraint of the database stands behind it."""
    verdict = await self._calls.call(context, VALIDATE_ENTITY, fields, self._validation.validate_entity)
    self._require_valid(request, verdict)
    async with self._database.session(request) as session:
        taken = "SELECT 1 FROM personality WHERE name = ? AND id <> ?"
        if await session.run(taken, (fields["name"], request.entity)):
            raise failure("DUPLICATE_NAME", SERVICE, request)
    return verdict


@defect(
    "system_under_test.storage.database:Transaction.__aenter__", caught_by="nothing_fails_without_a_fault"
)
async def deferred_transaction(self: Transaction) -> Transaction:
    """A transaction takes the write lock at its first change only: two that have read wait for each other."""
    await Session.__aenter__(self)
    try:
        await self.run("BEGIN")
    except BaseException as error:
        await self._abandon(error)
        raise
    return self


@defect("system_under_test.storage.blocking:Blocking._delays_ms", caught_by="nothing_fails_without_a_fault")
def no_patience_when_busy(self: Blocking) -> Iterator[float]:
    """A statement that meets another connection's lock is not tried again."""
    return iter(())


@defect(
    "system_under_test.services.persistence:PersistenceService", caught_by="some_order_explains_every_answer"
)
@frozen
class StaleCache(PersistenceService):
    """What was read is remembered, and forgotten before a change commits: meanwhile another may read it."""

    _known: dict[str, Entity | None] = field(factory=dict)

    # What the methods are for is said where they are right.

    async def update(self, context: Context, change: Change, session: Session) -> None:
        self._known.pop(change["entity"]["id"], None)
        await PersistenceService.update(self, context, change, session)

    async def delete(self, context: Context, change: Change, session: Session) -> None:
        self._known.pop(change["entity"]["id"], None)
        await PersistenceService.delete(self, context, change, session)

    async def _select_one(self, personality_id: str, session: Session) -> Entity | None:
        if personality_id not in self._known:
            found = await PersistenceService._select_one(self, personality_id, session)
            self._known[personality_id] = found
        known = self._known[personality_id]
        return None if known is None else dict(known)
