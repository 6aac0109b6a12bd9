"""Sessions on pooled connections: lone statements, and transactions that always end.

A transaction takes the write lock at its beginning (BEGIN IMMEDIATE), so what it reads stays true
until it commits, and two writers follow one another instead of failing in the middle. Each statement
is one blocking call and hence one suspension point; other requests proceed between any two of them.

However the body of a transaction ends, its connection is given back with no transaction open. The
rollback is shielded from cancellation; where it fails, the connection is closed, which makes SQLite
drop the transaction, and another takes its place. A COMMIT that fails with an I/O error leaves the
outcome open, since the error may have come after the journal was gone: the answer is OUTCOME_UNKNOWN.
Looking whether the rows are there was rejected as an answer: rows that are visible now may still go
with a power cut, as the very sync that failed was to prevent.
"""

from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import apsw
import trio
from attrs import define, frozen

from system_under_test.errors import Cause, Request, ServiceError, failure
from system_under_test.storage.blocking import Blocking
from system_under_test.storage.connections import Connections, close_forcibly
from system_under_test.storage.translation import DATABASE, SERVICE

Rows = list[tuple[Any, ...]]


def execute(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...]) -> Rows:
    """Runs one statement to its end; blocks."""
    return connection.execute(sql, bindings).fetchall()


@define(eq=False)
class Session:
    """The use of one connection for lone statements, each of which commits by itself."""

    _blocking: Blocking
    _connections: Connections
    request: Request
    _connection: apsw.Connection | None = None

    async def run(self, sql: str, bindings: tuple[Any, ...] = ()) -> Rows:
        """The rows of one statement; raises `ServiceError`."""
        return await self._blocking.run(self.request, execute, self._open_connection(), sql, bindings)

    def rows_changed(self) -> int:
        """How many rows the last INSERT, UPDATE or DELETE of this session changed; does not block."""
        return self._open_connection().changes()

    def _open_connection(self) -> apsw.Connection:
        assert self._connection is not None, "a session is used inside its `async with`"
        return self._connection

    async def __aenter__(self) -> Self:
        self._connection = await self._connections.acquire(self.request)
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._give_back()

    def _give_back(self) -> None:
        """Returns the connection to the pool; the session ends here."""
        connection, self._connection = self._open_connection(), None
        self._connections.release(connection)


@define(eq=False)
class Transaction(Session):
    """The use of one connection for statements that take effect together or not at all."""

    async def __aenter__(self) -> Self:
        await Session.__aenter__(self)
        try:
            await self.run("BEGIN IMMEDIATE")
        except BaseException as error:
            await self._abandon(error)
            raise
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            await self._abandon(error)
            return
        try:
            await self._commit()
        except BaseException as commit_error:
            await self._abandon(commit_error)
            raise
        self._give_back()

    async def _commit(self) -> None:
        try:
            await self.run("COMMIT")
        except ServiceError as error:
            if error.chain[-1] == "DATABASE_IO":
                raise failure("OUTCOME_UNKNOWN", SERVICE, self.request, causes=error.causes) from error
            raise

    async def _abandon(self, error: BaseException) -> None:
        """Ends the transaction without effect and the session with it; `error` is why."""
        if isinstance(error, GeneratorExit):
            self._forget()
            return
        with trio.CancelScope(shield=True):
            try:
                await self._roll_back()
            except Exception:  # noqa: BLE001 - whatever it was, the connection is lost and `error` goes on
                if isinstance(error, ServiceError):
                    error.add_cause(Cause(DATABASE, "rollback", "ROLLBACK_FAILED"))
                await self._replace()
            else:
                self._give_back()

    async def _roll_back(self) -> None:
        """Rolls back, unless SQLite did so by itself, as it does after some errors."""
        if self._open_connection().in_transaction:
            await self.run("ROLLBACK")

    async def _replace(self) -> None:
        """Closes a connection that cannot be trusted; the pool opens another when it needs one."""
        with suppress(Exception):  # The connection is lost either way, and the caller knows why.
            await self._blocking.run(self.request, close_forcibly, self._open_connection())
        self._forget()

    def _forget(self) -> None:
        """Lets go of the connection without touching it: a task being thrown away may not suspend."""
        self._connection = None
        self._connections.discard()


@frozen
class Database:
    """Where services get their sessions."""

    _blocking: Blocking
    connections: Connections

    def session(self, request: Request) -> Session:
        """An `async with` in which each statement commits by itself."""
        return Session(self._blocking, self.connections, request)

    def transaction(self, request: Request) -> Transaction:
        """An `async with` that commits at its end, and rolls back if it is left by an error."""
        return Transaction(self._blocking, self.connections, request)
