"""A service of named counters on SQLite with three defects, and machines that find them.

An increment reads and writes in two statements (a lost update), a move takes two locks in the order asked for
(a deadlock), and the database is told not to sync (an answer that a power cut makes a lie).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import apsw
import trio
from attrs import define, field, frozen
from hypothesis.stateful import rule

from machines.evidence import Evidence
from machines.invariants import Disagreement, invariant
from machines.machine import ConcurrentMachine, Exploring
from machines.subject import Answer, Rows
from machines.tally import Tally
from model.acceptance.registry import acceptance
from model.specification.interface import Keys, Specification
from system_under_test.ports import Ports

State = tuple[tuple[str, int], ...]

_CREATE = "CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL)"
_SELECT = "SELECT value FROM counter WHERE name = ?"
_UPSERT = "INSERT INTO counter VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_MS_PER_SECOND = 1_000


@frozen
class Increment:
    """Add one to a counter, after a pause; the answer is its new value."""

    name: str
    pause_ms: int = field(default=0, kw_only=True)


@frozen
class Both:
    """Add one to two counters, by two tasks of one client."""

    names: tuple[str, ...]


@frozen
class Move:
    """Move one from a counter to another."""

    source: str
    target: str


@frozen
class ReadAll:
    """Every counter."""


Operation = Increment | Both | Move | ReadAll


@define
class CounterSpecification:
    """Counters that begin at 0."""

    initial: State = ()

    def apply(self, state: State, operation: Operation) -> tuple[State, object]:
        """The counters after the operation, and its answer."""
        values = dict(state)
        match operation:
            case ReadAll():
                return state, state
            case Increment(name=name):
                values[name] = values.get(name, 0) + 1
                return _sorted(values), values[name]
            case Both(names=names):
                for name in names:
                    values[name] = values.get(name, 0) + 1
                return _sorted(values), None
            case Move(source=source, target=target):
                values[source] = values.get(source, 0) - 1
                values[target] = values.get(target, 0) + 1
                return _sorted(values), None

    def keys(self, _operation: Operation) -> Keys | None:
        """Everything."""
        return None

    def links(self, _state: State) -> Iterable[Keys]:
        """None."""
        return ()

    def is_observer(self, operation: Operation) -> bool:
        """Reads."""
        return isinstance(operation, ReadAll)


def _sorted(values: Mapping[str, int]) -> State:
    return tuple(sorted(values.items()))


@define(eq=False)
class Counters:
    """The service. State: one connection, and a lock for each counter that was ever moved from or to."""

    ports: Ports
    connection: apsw.Connection
    locks: dict[str, trio.Lock] = field(factory=dict)

    async def run(self, sql: str, *bindings: object) -> list[Any]:
        """One statement."""
        return await self.ports.run_blocking(_execute, self.connection, sql, bindings)

    async def add(self, name: str, amount: int = 1) -> int:
        """Add to a counter."""
        found = await self.run(_SELECT, name)
        value = (found[0][0] if found else 0) + amount
        await self.run(_UPSERT, name, value)
        return value

    async def both(self, names: Iterable[str]) -> None:
        """Add one to each, at the same time."""
        async with trio.open_nursery() as nursery:
            for name in names:
                nursery.start_soon(self.add, name)

    async def move(self, source: str, target: str) -> None:
        """Take from one and give to the other, with both locked."""
        async with self.lock(source), self.lock(target):
            await self.add(source, -1)
            await self.add(target)

    def lock(self, name: str) -> trio.Lock:
        """The counter's lock."""
        return self.locks.setdefault(name, trio.Lock())


def _execute(connection: apsw.Connection, sql: str, bindings: tuple[Any, ...]) -> list[Any]:
    return connection.execute(sql, bindings).fetchall()


class CounterSubject:
    """The counters as a subject."""

    name = "counters"
    database = "counters.db"
    operations: tuple[type, ...] = (Increment, Both, Move, ReadAll)
    plumbing = ("Counters.run",)
    specification: Specification[Any] = CounterSpecification()
    synchronous = "FULL"

    def prepare(self, connection: apsw.Connection) -> None:
        """Set how careful the database is."""
        connection.set_busy_timeout(0)
        connection.execute(f"PRAGMA synchronous = {self.synchronous}").fetchall()

    async def start(self, ports: Ports) -> Counters:
        """Open the database."""
        connection = ports.open_database()
        self.prepare(connection)
        system = Counters(ports, connection)
        await system.run(_CREATE)
        return system

    async def perform(self, system: Counters, operation: Operation, _request: str, _ports: Ports) -> Answer:
        """Ask."""
        match operation:
            case Increment(name=name, pause_ms=pause_ms):
                if pause_ms:
                    await trio.sleep(pause_ms / _MS_PER_SECOND)
                return Answer(await system.add(name))
            case Both(names=names):
                await system.both(names)
                return Answer(None)
            case Move(source=source, target=target):
                await system.move(source, target)
                return Answer(None)
            case ReadAll():
                return Answer(tuple(await system.run("SELECT name, value FROM counter ORDER BY name")))

    def rows(self, connection: apsw.Connection) -> Rows:
        """The counters."""
        return {"counter": tuple(connection.execute("SELECT name, value FROM counter ORDER BY name"))}

    def correlation(self, _operation: Operation, request: str) -> str:
        """The request's own id."""
        return request

    def state(self, rows: Rows) -> State:
        """The rows are the state."""
        return rows["counter"]

    def observation(self, rows: Rows) -> tuple[ReadAll, object]:
        """A read of all."""
        return ReadAll(), rows["counter"]

    def leftovers(self, system: Counters) -> Mapping[str, int]:
        """An open transaction."""
        return {"open transactions": int(system.connection.in_transaction)}


class CarelessSubject(CounterSubject):
    """Counters on a database that does not wait for the disk."""

    name = "careless counters"
    synchronous = "OFF"


class CounterMachine(ConcurrentMachine):
    """Clients count at the same time."""

    subject = CounterSubject()
    exploring = Exploring(executions_max=2000)
    tally = Tally()

    @rule()
    def read(self) -> None:
        """Read all: a machine needs a rule."""
        self.call(ReadAll())

    @acceptance("S0-AC3-1", "S0-AC3-4")
    @invariant()
    def no_increment_is_lost(self, evidence: Evidence) -> int:
        """Some order of the operations explains every answer and the counters at the end."""
        verdict = evidence.linearizability
        assert verdict is not None
        if verdict.violated:
            state = self.model
            for call in evidence.calls:
                state, _ = self.subject.specification.apply(state, call.operation)
            raise Disagreement(
                verdict.explanation, model=_lines(state), system=_lines(evidence.observed.result)
            )
        return 1


class CarelessMachine(CounterMachine):
    """Clients count on a machine whose power may fail."""

    subject = CarelessSubject()
    tally = Tally()


def _lines(state: Any) -> str:
    return "\n".join(f"{name} = {value}" for name, value in state) or "no counters"
