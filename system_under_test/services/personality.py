"""The personality service: what clients call to create, read, change and delete personalities.

A change is: authorise, judge the shape of the request, begin, read, compare the version, merge,
have the whole result validated, store it with its history, write the audit entries, commit. One
client's request is one transaction, which holds the write lock from its beginning: what was read is
still true at the commit. The version that a client expects guards against what happened before that.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, TypeVarTuple

import trio
from attrs import evolve, frozen

from system_under_test.audit import AuditLog
from system_under_test.communication.calls import Calls
from system_under_test.communication.messages import Route
from system_under_test.errors import Request, ServiceError, failure
from system_under_test.ports import Ports
from system_under_test.security import Context, Guard, correlation_id_of
from system_under_test.services import persistence, validation
from system_under_test.services.fields import (
    DEFAULTS,
    Entity,
    Values,
    differences,
    settable_part,
    with_clean_texts,
)
from system_under_test.services.persistence import Change, PersistenceService
from system_under_test.services.rules import Verdict, request_errors
from system_under_test.services.validation import ValidationService
from system_under_test.storage.database import Database, Session

SERVICE = "PersonalityService"
CHANGING = frozenset({"create", "update", "delete"})
"""The operations whose cancellation leaves an audit entry."""

VALIDATE_ENTITY = Route(SERVICE, validation.SERVICE, "validate_entity")
VALIDATE_BATCH = Route(SERVICE, validation.SERVICE, "validate_batch")
SAVE = Route(SERVICE, persistence.SERVICE, "save")
UPDATE = Route(SERVICE, persistence.SERVICE, "update")
DELETE = Route(SERVICE, persistence.SERVICE, "delete")
FIND_BY_ID = Route(SERVICE, persistence.SERVICE, "find_by_id")
FIND_FOR_CHANGE = Route(SERVICE, persistence.SERVICE, "find_for_change")
FIND_MANY = Route(SERVICE, persistence.SERVICE, "find_many")
FIND_ALL = Route(SERVICE, persistence.SERVICE, "find_all")
EXISTS = Route(SERVICE, persistence.SERVICE, "exists")

Arguments = TypeVarTuple("Arguments")
Result = TypeVar("Result")


@frozen
class PersonalityService:
    """Personalities as clients know them. Every method raises `ServiceError` where it refuses."""

    _ports: Ports
    _guard: Guard
    _calls: Calls
    _database: Database
    _audit: AuditLog
    _validation: ValidationService
    _persistence: PersistenceService

    async def create(self, context: Context | None, draft: Values) -> Entity:
        """Stores a new personality and returns it as stored, with the fields that the server makes."""
        return await self._perform(context, "create", _name_in(draft), self._create, dict(draft))

    async def update(
        self, context: Context | None, personality_id: str, expected_version: int, changes: Values
    ) -> Entity:
        """Merges `changes` into the personality if it still has the expected version; returns the result."""
        return await self._perform(
            context, "update", personality_id, self._update, personality_id, expected_version, dict(changes)
        )

    async def delete(self, context: Context | None, personality_id: str) -> None:
        """Removes the personality for good."""
        await self._perform(context, "delete", personality_id, self._delete, personality_id)

    async def get(self, context: Context | None, personality_id: str) -> Entity | None:
        """The personality, or None where there is none."""
        return await self._perform(context, "get", personality_id, self._get, personality_id)

    async def get_many(self, context: Context | None, ids: Sequence[str]) -> list[Entity | None]:
        """The personalities in the order asked for, None for each that is missing."""
        return await self._perform(context, "get_many", None, self._get_many, list(ids))

    async def get_all(self, context: Context | None) -> list[Entity]:
        """All personalities, by name."""
        return await self._perform(context, "get_all", None, self._get_all)

    async def validate_reference(self, context: Context | None, personality_id: str) -> bool:
        """Whether something may refer to this personality."""
        return await self._perform(
            context, "validate_reference", personality_id, self._validate_reference, personality_id
        )

    async def batch_validate(
        self, context: Context | None, drafts: Sequence[Values], role: str | None = None
    ) -> tuple[Verdict, ...]:
        """The verdict on each draft, in order, without storing any; one message in all."""
        completed = [_completed(draft) for draft in drafts]
        return await self._perform(context, "batch_validate", None, self._batch_validate, completed, role)

    # How every operation is carried out, and what is left of one that fails.

    async def _perform(
        self,
        context: Context | None,
        operation: str,
        entity: str | None,
        work: Callable[[Context, Request, *Arguments], Awaitable[Result]],
        *arguments: *Arguments,
    ) -> Result:
        """Does `work` for a client who may ask for it, and has its failure in the audit log."""
        request = self._request(context, operation, entity)
        try:
            return await work(self._authorise(context, request), request, *arguments)
        except ServiceError as error:
            await self._record_refusal(request, error)
            raise
        except GeneratorExit:
            raise  # The whole task is thrown away: it may not suspend to write anything.
        except BaseException:
            await self._record_rollback(request)
            raise

    def _request(self, context: Context | None, operation: str, entity: str | None) -> Request:
        """What errors and audit entries of this request will tell about it."""
        correlation_id = correlation_id_of(context) or self._ports.randomness.uuid()
        principal = self._guard.principal_of(context)
        return Request(principal, correlation_id, operation, entity, self._ports.clock.now_ms())

    def _authorise(self, context: Context | None, request: Request) -> Context:
        if context is None or not self._guard.entitles(context, SERVICE, request.operation):
            raise failure("ACCESS_DENIED", SERVICE, request)
        return context

    async def _record_refusal(self, request: Request, error: ServiceError) -> None:
        """Not even a cancelled request may be refused without a trace, hence the shield."""
        with trio.CancelScope(shield=True):
            try:
                await self._audit.refused(request, error)
            except ServiceError as audit_error:
                for cause in audit_error.as_causes():
                    error.add_cause(cause)

    async def _record_rollback(self, request: Request) -> None:
        if request.operation not in CHANGING:
            return
        with trio.CancelScope(shield=True):
            try:
                await self._audit.rolled_back(request)
            except ServiceError:
                return  # The caller is gone; there is nobody to tell.

    # Changes.

    async def _create(self, context: Context, request: Request, draft: Values) -> Entity:
        fields = _completed(draft)
        verdict = await self._validate(context, request, fields)
        async with self._database.transaction(request) as transaction:
            entity = self._new_entity(fields)
            change = _change("created", {}, entity, entity["updatedAt"])
            request = evolve(request, entity=entity["id"])
            await self._calls.call(context, SAVE, change, self._persistence.save, transaction)
            await self._audit.succeeded(transaction, request, "save", " ".join(verdict.warnings))
        return entity

    async def _update(
        self,
        context: Context,
        request: Request,
        personality_id: str,
        expected_version: int,
        changes: Values,
    ) -> Entity:
        self._check_request(request, expected_version, changes)
        async with self._database.transaction(request) as transaction:
            before = await self._load(context, request, personality_id, transaction)
            self._check_mutable(request, before)
            self._check_version(request, before, expected_version)
            after = self._merge(before, changes)
            verdict = await self._validate(context, request, settable_part(after))
            change = _change("updated", before, after, after["updatedAt"])
            await self._calls.call(context, UPDATE, change, self._persistence.update, transaction)
            await self._audit.succeeded(transaction, request, "update", " ".join(verdict.warnings))
        return after

    async def _delete(self, context: Context, request: Request, personality_id: str) -> None:
        async with self._database.transaction(request) as transaction:
            before = await self._load(context, request, personality_id, transaction)
            self._check_mutable(request, before)
            change = self._deletion(before)
            await self._calls.call(context, DELETE, change, self._persistence.delete, transaction)
            await self._audit.succeeded(transaction, request, "delete")

    async def _load(
        self, context: Context, request: Request, personality_id: str, transaction: Session
    ) -> Entity:
        """The personality as it is inside the transaction."""
        function = self._persistence.find_for_change
        entity = await self._calls.call(context, FIND_FOR_CHANGE, personality_id, function, transaction)
        if entity is None:
            raise failure("PERSONALITY_NOT_FOUND", SERVICE, request)
        return entity

    def _check_request(self, request: Request, expected_version: object, changes: Values) -> None:
        errors = request_errors(expected_version, changes)
        if errors:
            raise failure("VALIDATION_ERROR", SERVICE, request, field_errors=errors)

    def _check_mutable(self, request: Request, entity: Entity) -> None:
        if entity["isTemplate"]:
            raise failure("TEMPLATE_IMMUTABLE", SERVICE, request)

    def _check_version(self, request: Request, entity: Entity, expected_version: int) -> None:
        current = entity["version"]
        if current != expected_version:
            raise failure("CONCURRENT_MODIFICATION", SERVICE, request, details={"currentVersion": current})

    async def _validate(self, context: Context, request: Request, fields: Values) -> Verdict:
        """The verdict on all fields of one personality; raises what a refusal calls for."""
        function = self._validation.validate_entity
        verdict = await self._calls.call(context, VALIDATE_ENTITY, fields, function)
        self._require_valid(request, verdict)
        return verdict

    def _require_valid(self, request: Request, verdict: Verdict) -> None:
        """Passes the verdict's own field errors on, in the name of the service that found them."""
        if verdict.field_errors:
            errors = verdict.field_errors
            raise failure("VALIDATION_ERROR", validation.SERVICE, request, field_errors=errors)

    def _new_entity(self, fields: Values) -> Entity:
        now_ms = self._ports.clock.now_ms()
        made = {"id": self._ports.randomness.uuid(), "createdAt": now_ms, "updatedAt": now_ms, "version": 1}
        return {**fields, **made}

    def _merge(self, before: Entity, changes: Values) -> Entity:
        """The next state: `changes` over `before`, one version on."""
        made = {"updatedAt": self._now_after(before), "version": before["version"] + 1}
        return {**before, **with_clean_texts(changes), **made}

    def _deletion(self, before: Entity) -> Change:
        last = {**before, "version": before["version"] + 1}
        return Change(
            kind="deleted",
            entity=last,
            from_version=before["version"],
            changes=differences(before, {}),
            at_ms=self._now_after(before),
        )

    def _now_after(self, before: Entity) -> int:
        """The time now, or the last change's if the clock has been put back since."""
        last_ms: int = before["updatedAt"]
        return max(self._ports.clock.now_ms(), last_ms)

    # Reads.

    async def _get(self, context: Context, request: Request, personality_id: str) -> Entity | None:
        async with self._database.session(request) as session:
            function = self._persistence.find_by_id
            return await self._calls.call(context, FIND_BY_ID, personality_id, function, session)

    async def _get_many(self, context: Context, request: Request, ids: list[str]) -> list[Entity | None]:
        async with self._database.session(request) as session:
            return await self._calls.call(context, FIND_MANY, ids, self._persistence.find_many, session)

    async def _get_all(self, context: Context, request: Request) -> list[Entity]:
        async with self._database.session(request) as session:
            return await self._calls.call(context, FIND_ALL, None, self._persistence.find_all, session)

    async def _validate_reference(self, context: Context, request: Request, personality_id: str) -> bool:
        async with self._database.session(request) as session:
            return await self._calls.call(context, EXISTS, personality_id, self._persistence.exists, session)

    async def _batch_validate(
        self, context: Context, _request: Request, drafts: list[Entity], role: str | None
    ) -> tuple[Verdict, ...]:
        function = self._validation.validate_batch
        return await self._calls.call(context, VALIDATE_BATCH, drafts, function, role)


def _completed(draft: Values) -> Entity:
    """The draft with clean texts, and with the defaults for what it need not say."""
    return {**DEFAULTS, **with_clean_texts(draft)}


def _name_in(draft: Mapping[str, Any]) -> str | None:
    """The name that a draft asks for, to speak of it before it has an id."""
    name = draft.get("name")
    return name if isinstance(name, str) else None


def _change(kind: Any, before: Values, after: Entity, at_ms: int) -> Change:
    return Change(
        kind=kind,
        entity=after,
        from_version=before.get("version", 0),
        changes=differences(before, after),
        at_ms=at_ms,
    )
