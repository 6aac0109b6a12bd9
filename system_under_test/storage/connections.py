"""A bounded pool of database connections, handed out last in, first out.

The idle connection used last is the one whose page cache is warm. A request that finds none idle
waits in order of arrival, for a bounded time. Taking an idle connection does not suspend: the pool
has no lock to wait for, since a task of trio is not interrupted between two of its suspensions.

Its state is four things: `_idle`, `_in_use` (idle and used together never exceed the maximum),
`_waiting` (not empty only while none is idle and no more may be opened), and `_closed`. A connection
that comes back while somebody waits goes to the first in the queue directly, so that no newcomer can
overtake; when one is thrown away its place goes to the first in the queue, who opens another.
trio's `CapacityLimiter` would do the counting, but it suspends even when there is room, which costs
each request a scheduling pass.
"""

from collections import deque

import apsw
import trio
from attrs import define, field

from system_under_test.errors import Request, failure
from system_under_test.ports import Ports
from system_under_test.settings import Settings
from system_under_test.storage.blocking import Blocking
from system_under_test.storage.translation import SERVICE

_MS_PER_SECOND = 1_000

# Synchronous EXTRA, not FULL: the commit is the unlinking of the rollback journal, and FULL does not
# sync the folder after it, so a power cut could bring the journal back and undo an acknowledged commit.
PRAGMAS = (
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = EXTRA",
    "PRAGMA foreign_keys = ON",
)


def prepare(connection: apsw.Connection) -> None:
    """Gives a raw connection the settings that every connection must have."""
    connection.set_busy_timeout(0)
    for pragma in PRAGMAS:
        connection.execute(pragma).fetchall()


def open_prepared(ports: Ports) -> apsw.Connection:
    """A connection ready for use; blocks."""
    connection = ports.open_database()
    try:
        prepare(connection)
    except BaseException:
        connection.close(True)  # noqa: FBT003 - apsw takes `force` by position only
        raise
    return connection


def close_forcibly(connection: apsw.Connection) -> None:
    """Closes a connection in whatever state it is; blocks."""
    connection.close(True)  # noqa: FBT003 - apsw takes `force` by position only


@define(eq=False)
class _Waiter:
    """One request in the queue; `connection` is None if it was given leave to open one."""

    served: trio.Event = field(factory=trio.Event)
    connection: apsw.Connection | None = None


@define(eq=False)
class Connections:
    """The connections of one system."""

    _ports: Ports
    _settings: Settings
    _blocking: Blocking
    _idle: list[apsw.Connection] = field(factory=list)
    _in_use: int = 0
    _waiting: deque[_Waiter] = field(factory=deque)
    _closed: bool = False
    _drained: trio.Event | None = None

    @property
    def in_use(self) -> int:
        """How many connections are handed out or being opened."""
        return self._in_use

    @property
    def idle(self) -> int:
        """How many open connections nobody uses."""
        return len(self._idle)

    async def acquire(self, request: Request) -> apsw.Connection:
        """A connection, to be given back by `release` or `discard`; suspends only if none is idle."""
        if self._closed:
            raise failure("SERVICE_UNAVAILABLE", SERVICE, request)
        if self._idle:
            self._in_use += 1
            return self._idle.pop()
        if self._in_use < self._settings.connections_max:
            self._in_use += 1
            return await self._open(request)
        return await self._wait(request)

    def release(self, connection: apsw.Connection) -> None:
        """Takes back a connection that is not in a transaction."""
        if self._waiting:
            self._serve(connection)
        else:
            self._idle.append(connection)
            self._one_less()

    def discard(self) -> None:
        """Counts out a connection that will not come back."""
        if self._waiting:
            self._serve(None)
        else:
            self._one_less()

    async def fill(self, request: Request) -> None:
        """Opens every connection now, so that no request has to."""
        while len(self._idle) + self._in_use < self._settings.connections_max:
            self._in_use += 1
            self.release(await self._open(request))

    async def close(self) -> None:
        """Waits for the connections in use and closes all; requests are refused from now on."""
        self._closed = True
        while self._in_use:
            self._drained = trio.Event()
            await self._drained.wait()
        self._drained = None
        with trio.CancelScope(shield=True):
            while self._idle:
                await self._ports.run_blocking(close_forcibly, self._idle.pop())

    async def _open(self, request: Request) -> apsw.Connection:
        """Opens a connection in a place that is already counted as in use."""
        try:
            return await self._blocking.run(request, open_prepared, self._ports)
        except BaseException:
            self.discard()
            raise

    async def _wait(self, request: Request) -> apsw.Connection:
        waiter = _Waiter()
        self._waiting.append(waiter)
        with trio.move_on_after(self._settings.connection_wait_ms / _MS_PER_SECOND):
            try:
                await waiter.served.wait()
            finally:
                if not waiter.served.is_set():
                    self._waiting.remove(waiter)
        if not waiter.served.is_set():
            raise failure("POOL_EXHAUSTED", SERVICE, request, retryable=True)
        return waiter.connection or await self._open(request)

    def _serve(self, connection: apsw.Connection | None) -> None:
        """Gives a connection, or the place for one, to the first in the queue."""
        waiter = self._waiting.popleft()
        waiter.connection = connection
        waiter.served.set()

    def _one_less(self) -> None:
        self._in_use -= 1
        if self._drained is not None and not self._in_use:
            self._drained.set()
