"""The personality service as a subject: started, asked in the model's words, and read when all is committed.

Written from the contract, not from the service's code: field names become column names here a second time, so
that a service which drops or swaps a field is seen to do so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

import apsw
import attrs

from machines.subject import Answer, Rows
from machines.world.node import predicted_uuid
from model.history import INDETERMINATE, Failed
from model.judges.evidence import AuditRow, HistoryRow
from model.specification.interface import Specification
from model.specification.personality import (
    Create,
    Delete,
    Done,
    Entities,
    Entity,
    Get,
    GetAll,
    GetMany,
    Operation,
    PersonalitySpecification,
    Refused,
    State,
    Update,
    entity_from_mapping,
)
from model.specification.personality_rules import FIELDS
from system_under_test.errors import ServiceError
from system_under_test.ports import Ports
from system_under_test.security import READ, WRITE, AccessControl, Authority, Context
from system_under_test.storage.connections import prepare
from system_under_test.system import System, open_system

PRINCIPAL = "client"
STRANGER = "stranger"
_KEY = b"the key of the simulated world"
_HOUR_MS = 3_600_000
_ROWS_REMEMBERED = 4096


def _column(name: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match[1].lower(), name)


_SELECT_ENTITIES = (
    "SELECT id, version, created_at, updated_at, "  # noqa: S608 - the names are constants
    f"{', '.join(_column(field) for field in FIELDS)} FROM personality ORDER BY id"
)
_SELECT_HISTORY = (
    "SELECT entity_id, version, correlation_id, kind, changes FROM personality_history "
    "ORDER BY entity_id, version"
)
_SELECT_AUDIT = (
    "SELECT sequence, correlation_id, kind, principal, operation, entity, detail FROM audit ORDER BY sequence"
)


class PersonalitySubject:
    """One process of the personality service on one database."""

    name = "personality service"
    database = "personalities.db"
    operations: tuple[type, ...] = (Create, Update, Delete, Get, GetMany, GetAll)
    plumbing: tuple[str, ...] = (
        "/system_under_test/storage/",
        "/system_under_test/communication/",
        "/machines/personality/",
    )
    specification: Specification[Any] = PersonalitySpecification()

    def prepare(self, connection: apsw.Connection) -> None:
        """As the system does it."""
        prepare(connection)

    async def start(self, ports: Ports) -> System:
        """The system, with one principal who may do everything."""
        access = AccessControl()
        access.grant(PRINCIPAL, READ, WRITE)
        return await open_system(ports, authority=Authority(_KEY), access=access)

    def correlation(self, operation: Operation, request: str) -> str:
        """The correlation id of a request: the client's, or one of the system's making if it brought none."""
        return predicted_uuid(request) if operation.context == "missing" else request

    async def perform(self, system: System, operation: Operation, request: str, ports: Ports) -> Answer:
        """Ask the service, and say its answer in the model's words."""
        context = _context(system, operation, request, ports.clock.now_ms())
        try:
            reply = await _ASK[type(operation)](system, context, operation)
        except ServiceError as error:
            return Answer(_refusal(error), error)
        return Answer(Done() if isinstance(operation, Delete) else _in_words_of_the_model(reply))

    def rows(self, connection: apsw.Connection) -> Rows:
        """The committed personalities, history and audit log."""
        return {
            "personality": tuple(connection.execute(_SELECT_ENTITIES)),
            "history": tuple(connection.execute(_SELECT_HISTORY)),
            "audit": tuple(connection.execute(_SELECT_AUDIT)),
        }

    def observation(self, rows: Rows) -> tuple[GetAll, Entities]:
        """A read of all personalities, by name."""
        return GetAll(), _all_by_name(rows["personality"])

    def state(self, rows: Rows) -> State:
        """The model's state that the rows amount to."""
        retired = tuple(sorted(row[0] for row in rows["history"] if row[3] == "deleted"))
        return State(tuple(entity_of(row) for row in rows["personality"]), retired)

    def leftovers(self, system: System) -> Mapping[str, int]:
        """Connections that nobody gave back."""
        return {"connections in use": system.database.connections.in_use}


def _context(system: System, operation: Operation, request: str, now_ms: int) -> Context | None:
    if operation.context == "missing":
        return None
    principal = STRANGER if operation.context == "no-permission" else PRINCIPAL
    expires_ms = now_ms if operation.context == "expired" else now_ms + _HOUR_MS
    context = system.authority.issue(principal, request, expires_ms)
    if operation.context == "forged":
        return attrs.evolve(context, signature=context.signature[::-1])
    return context


_ASK: Mapping[type, Callable[[System, Any, Any], Awaitable[Any]]] = {
    Create: lambda system, context, asked: system.personalities.create(context, asked.draft.as_dict()),
    Update: lambda system, context, asked: system.personalities.update(
        context, asked.id, asked.expected_version, asked.changes.as_dict()
    ),
    Delete: lambda system, context, asked: system.personalities.delete(context, asked.id),
    Get: lambda system, context, asked: system.personalities.get(context, asked.id),
    GetMany: lambda system, context, asked: system.personalities.get_many(context, list(asked.ids)),
    GetAll: lambda system, context, _asked: system.personalities.get_all(context),
}


def _refusal(error: ServiceError) -> object:
    if error.code == "OUTCOME_UNKNOWN":
        return INDETERMINATE
    if error.kind == "technical":
        return Failed(error.code)
    if error.kind == "validation":
        return Refused(error.code, {each.field: each.code for each in error.field_errors})
    return Refused(error.code, error.details)


def _in_words_of_the_model(reply: Any) -> object:
    if isinstance(reply, list):
        return Entities([_taken(each) for each in reply])
    return _taken(reply)


def _taken(mapping: dict[str, Any] | None) -> Entity | None:
    """The answer as a value; the mapping itself is emptied, which must not matter to the service."""
    if mapping is None:
        return None
    entity = entity_from_mapping(mapping)
    mapping.clear()
    return entity


@lru_cache(maxsize=_ROWS_REMEMBERED)
def _all_by_name(rows: tuple[tuple[Any, ...], ...]) -> Entities:
    entities: list[Entity] = sorted(map(entity_of, rows), key=lambda entity: str(entity.name))
    return Entities(entities)


@lru_cache(maxsize=_ROWS_REMEMBERED)
def entity_of(row: tuple[Any, ...]) -> Entity:
    """A stored personality as the model knows it (without its times)."""
    fields = dict(zip(FIELDS, row[4:], strict=True))
    fields["isTemplate"] = bool(fields["isTemplate"])
    return Entity(row[0], row[1], fields)


@lru_cache(maxsize=_ROWS_REMEMBERED)
def history_row(row: tuple[Any, ...]) -> HistoryRow:
    """A row of the change history as the judges know it."""
    entity, version, correlation, kind, changes = row
    return HistoryRow(entity, version, correlation, kind, json.loads(changes))


@lru_cache(maxsize=_ROWS_REMEMBERED)
def audit_row(row: tuple[Any, ...]) -> AuditRow:
    """A row of the audit log as the judges know it."""
    return AuditRow(row[0], row[1], row[2])
