"""The persistence service: stores and finds personalities, and keeps the history of their changes.

Every method works in a session that the caller opened, so that the caller decides what takes effect
together. A change and its row of history are one call.
"""

import json
from collections.abc import Sequence
from typing import Any, Literal, TypedDict

from attrs import frozen

from system_under_test.errors import failure
from system_under_test.security import Context, Guard
from system_under_test.services.fields import COLUMNS, FIELDS, Entity, entity_from_row
from system_under_test.storage.database import Session

SERVICE = "PersistenceService"

_COLUMN_LIST = ", ".join(COLUMNS[name] for name in FIELDS)
_NAMED = {name: f"?{position}" for position, name in enumerate(FIELDS, 1)}
_NEVER_SET = frozenset({"id", "createdAt"})
_FROM_VERSION = f"?{len(FIELDS) + 1}"


def _update_statement(left_out: frozenset[str]) -> str:
    assignments = ", ".join(f"{COLUMNS[name]} = {_NAMED[name]}" for name in FIELDS if name not in left_out)
    return f"UPDATE personality SET {assignments} WHERE id = {_NAMED['id']} AND version = {_FROM_VERSION}"  # noqa: S608 - names from this program


INSERT = f"INSERT INTO personality ({_COLUMN_LIST}) VALUES ({', '.join(_NAMED.values())})"  # noqa: S608 - names from this program
UPDATE = _update_statement(_NEVER_SET)
UPDATE_KEEPING_NAME = _update_statement(_NEVER_SET | {"name"})
"""SQLite rewrites the index of any column that is set, changed or not: one page more at each commit."""
DELETE = "DELETE FROM personality WHERE id = ? AND version = ?"
SELECT = f"SELECT {_COLUMN_LIST} FROM personality"  # noqa: S608 - names from this program
SELECT_ONE = f"{SELECT} WHERE id = ?"
SELECT_MANY = f"{SELECT} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608 - names from this program
SELECT_ALL = f"{SELECT} ORDER BY name"
SELECT_VERSION = "SELECT version FROM personality WHERE id = ?"
COUNT = "SELECT count(*) FROM personality"
INSERT_HISTORY = """INSERT INTO personality_history
(entity_id, version, correlation_id, at_ms, kind, changes) VALUES (?, ?, ?, ?, ?, ?)"""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


class Change(TypedDict):
    """One change of one personality, as the payload of a call."""

    kind: Literal["created", "updated", "deleted"]
    entity: Entity
    """The state after the change; for a deletion the last state, with the version of the deletion."""
    from_version: int
    """The version that the change was made from; 0 for a creation."""
    changes: dict[str, list[Any]]
    """Field by field, the old and the new value."""
    at_ms: int


@frozen
class PersistenceService:
    """Stores personalities."""

    _guard: Guard

    async def save(self, context: Context, change: Change, session: Session) -> None:
        """Stores a new personality; DUPLICATE_NAME where its name is taken."""
        self._authorise(context, "save", change["entity"]["id"])
        await session.run(INSERT, _row(change["entity"]))
        await self._insert_history(context, change, session)

    async def update(self, context: Context, change: Change, session: Session) -> None:
        """Stores the next state; CONCURRENT_MODIFICATION unless `from_version` is the stored one."""
        entity = change["entity"]
        self._authorise(context, "update", entity["id"])
        sql = UPDATE if "name" in change["changes"] else UPDATE_KEEPING_NAME
        await session.run(sql, (*_row(entity), change["from_version"]))
        await self._confirm_one_changed(entity["id"], session)
        await self._insert_history(context, change, session)

    async def delete(self, context: Context, change: Change, session: Session) -> None:
        """Removes a personality; CONCURRENT_MODIFICATION unless `from_version` is the stored one."""
        personality_id = change["entity"]["id"]
        self._authorise(context, "delete", personality_id)
        await session.run(DELETE, (personality_id, change["from_version"]))
        await self._confirm_one_changed(personality_id, session)
        await self._insert_history(context, change, session)

    async def find_by_id(self, context: Context, personality_id: str, session: Session) -> Entity | None:
        """The personality, or None."""
        self._authorise(context, "find_by_id", personality_id)
        return await self._select_one(personality_id, session)

    async def find_for_change(self, context: Context, personality_id: str, session: Session) -> Entity | None:
        """The personality, or None, for who may change it even where they may not read at large."""
        self._authorise(context, "find_for_change", personality_id)
        return await self._select_one(personality_id, session)

    async def find_many(self, context: Context, ids: Sequence[str], session: Session) -> list[Entity | None]:
        """The personalities in the order of `ids`, None for each that is missing."""
        self._authorise(context, "find_many", None)
        rows = await session.run(SELECT_MANY, (json.dumps(ids),))
        found = {row[0]: row for row in rows}
        return [entity_from_row(found[each]) if each in found else None for each in ids]

    async def find_all(self, context: Context, _nothing: None, session: Session) -> list[Entity]:
        """All personalities, by name in the order of code points."""
        self._authorise(context, "find_all", None)
        return [entity_from_row(row) for row in await session.run(SELECT_ALL)]

    async def exists(self, context: Context, personality_id: str, session: Session) -> bool:
        """Whether there is such a personality."""
        self._authorise(context, "exists", personality_id)
        return bool(await session.run(SELECT_VERSION, (personality_id,)))

    async def count(self, context: Context, _nothing: None, session: Session) -> int:
        """How many personalities there are."""
        self._authorise(context, "count", None)
        ((number,),) = await session.run(COUNT)
        return int(number)

    def _authorise(self, context: Context | None, operation: str, entity: str | None) -> None:
        self._guard.require(context, SERVICE, operation, entity)

    async def _select_one(self, personality_id: str, session: Session) -> Entity | None:
        rows = await session.run(SELECT_ONE, (personality_id,))
        return entity_from_row(rows[0]) if rows else None

    async def _confirm_one_changed(self, personality_id: str, session: Session) -> None:
        """Refuses a change that met another version than it was made from."""
        if session.rows_changed() == 1:
            return
        rows = await session.run(SELECT_VERSION, (personality_id,))
        details = {"currentVersion": rows[0][0] if rows else None}
        raise failure("CONCURRENT_MODIFICATION", SERVICE, session.request, details=details)

    async def _insert_history(self, context: Context, change: Change, session: Session) -> None:
        entity = change["entity"]
        await session.run(
            INSERT_HISTORY,
            (
                entity["id"],
                entity["version"],
                context.correlation_id,
                change["at_ms"],
                change["kind"],
                _ENCODER.encode(change["changes"]),
            ),
        )


def _row(entity: Entity) -> tuple[Any, ...]:
    """The values of `entity` in the order of `FIELDS`."""
    return tuple([entity[name] for name in FIELDS])
