"""The audit log: what was attempted, by whom, and how it ended; append-only, without any client's values.

Every operation that changes something gains a `started` entry, a `step` entry for each change, and
one terminal entry, as does every operation that was refused. For a success they are written in one
statement of the transaction that makes the change, so that neither exists without the other. After a
refusal or a cancellation they are written in one statement of their own, when the rollback is over
and the outcome is therefore known. A successful read leaves no entry.
"""

from typing import Any

from attrs import frozen

from system_under_test.errors import Request, ServiceError
from system_under_test.ports import Clock
from system_under_test.storage.database import Database, Session

_INSERT = "INSERT INTO audit (at_ms, correlation_id, principal, operation, entity, kind, detail)"

INSERT_SUCCESS = f"""{_INSERT} VALUES
(?1, ?3, ?4, ?5, ?6, 'started', ''),
(?2, ?3, ?4, ?5, ?6, 'step', ?7),
(?2, ?3, ?4, ?5, ?6, 'committed', ?8)"""

INSERT_END = f"{_INSERT} VALUES (?1, ?3, ?4, ?5, ?6, 'started', ''), (?2, ?3, ?4, ?5, ?6, ?7, ?8)"

INSERT_END_UNLESS_COMMITTED = f"""{_INSERT}
SELECT CASE column1 WHEN 'started' THEN ?1 ELSE ?2 END, ?3, ?4, ?5, ?6, column1, column2
FROM (VALUES ('started', ''), (?7, ?8))
WHERE NOT EXISTS (SELECT 1 FROM audit WHERE correlation_id = ?3 AND kind = 'committed')"""  # noqa: S608 - every piece is a constant of this module
"""For an unknown outcome: if the transaction did take effect, its own entries already say so."""


@frozen
class AuditLog:
    """Writes the entries."""

    _database: Database
    _clock: Clock

    async def succeeded(self, session: Session, request: Request, step: str, detail: str = "") -> None:
        """Writes all entries of a success in the transaction of the change."""
        await session.run(INSERT_SUCCESS, (*self._bindings(request), step, detail))

    async def refused(self, request: Request, error: ServiceError) -> None:
        """Writes that a request was refused, with the codes of the error and of its causes."""
        unknown = error.code == "OUTCOME_UNKNOWN"
        sql = INSERT_END_UNLESS_COMMITTED if unknown else INSERT_END
        await self._write_end(sql, request, "rejected", " < ".join(error.chain))

    async def rolled_back(self, request: Request) -> None:
        """Writes that a request was broken off and has no effect."""
        await self._write_end(INSERT_END, request, "rolled_back", "")

    async def _write_end(self, sql: str, request: Request, kind: str, detail: str) -> None:
        async with self._database.session(request) as session:
            await session.run(sql, (*self._bindings(request), kind, detail))

    def _bindings(self, request: Request) -> tuple[Any, ...]:
        return (
            request.started_ms,
            self._clock.now_ms(),
            request.correlation_id,
            request.principal,
            request.operation,
            request.entity,
        )
