"""Connections, transactions and retries: what is given back, undone and answered when things go wrong."""

from pathlib import Path

import apsw
import pytest
import trio
import trio.testing

from system_under_test.errors import Cause, Request, ServiceError
from system_under_test.settings import Settings
from system_under_test.storage import connections
from system_under_test.storage.blocking import Blocking
from system_under_test.storage.translation import translated
from tests.system.support import (
    HookedThreads,
    Log,
    StandingClock,
    World,
    draft,
    fail_at,
    make_ports,
    refusal,
    run,
)

REQUEST = Request("ada", "c-1", "test", None, 0)
IMPATIENT = Settings(connections_max=2, busy_first_delay_ms=1, busy_total_delay_ms=3, connection_wait_ms=5)


def everything(world: World) -> list[tuple[object, ...]]:
    """All that a change would leave in the tables, audit log apart."""
    return [*world.rows("SELECT * FROM personality"), *world.rows("SELECT * FROM personality_history")]


@pytest.mark.parametrize("statement", ["UPDATE", "INSERT INTO personality_history", "INSERT INTO audit"])
def test_an_error_undoes_the_whole_change(tmp_path: Path, statement: str) -> None:
    """Wherever a change fails, neither the personality nor its history shows anything of it."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        before = everything(world)
        world.blocking.before = fail_at(statement, apsw.FullError("database or disk is full"))
        error = await refusal("RESOURCE_EXHAUSTED", people.update(context, made["id"], 1, {"humor": 1}))
        assert (error.kind, error.retryable) == ("technical", False)
        assert error.causes == (Cause("Database", "update", "DATABASE_FULL"),)
        assert everything(world) == before

    run(tmp_path, scenario)


@pytest.mark.parametrize("statement", ["BEGIN", "SELECT", "UPDATE", "INSERT", "COMMIT"])
def test_a_cancellation_undoes_the_whole_change(tmp_path: Path, statement: str) -> None:
    """Cancelled before any of its statements, an update leaves rows as they were and says so."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        made = await people.create(context, draft())
        before = everything(world)
        with trio.CancelScope() as scope:
            world.blocking.before = lambda each: scope.cancel() if each.startswith(statement) else None
            await people.update(world.context("c-2"), made["id"], 1, {"humor": 1})
        world.blocking.before = None
        assert scope.cancelled_caught
        assert everything(world) == before
        assert world.audit()[3:] == [("c-2", "update", "started"), ("c-2", "update", "rolled_back")]
        assert (await people.update(context, made["id"], 1, {"humor": 2}))["version"] == 2

    run(tmp_path, scenario)


def test_a_cancelled_read_leaves_nothing(tmp_path: Path) -> None:
    """A cancelled read gives its connection back and writes no audit entry."""

    async def scenario(world: World) -> None:
        with trio.CancelScope() as scope:
            scope.cancel()
            await world.system.personalities.get_all(world.context())
        assert scope.cancelled_caught
        assert world.audit() == []

    run(tmp_path, scenario)


def test_a_bug_in_a_transaction_undoes_it_too(tmp_path: Path) -> None:
    """An unexpected exception rolls back, is recorded as rolled back, and comes out as it is."""

    async def scenario(world: World) -> None:
        world.blocking.before = fail_at("INSERT INTO personality_history", ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await world.system.personalities.create(world.context(), draft())
        assert everything(world) == []
        assert [kind for _, _, kind in world.audit()] == ["started", "rolled_back"]
        assert world.journal.messages[-1].outcome == "FAILED"

    run(tmp_path, scenario)


def test_a_failed_rollback_costs_the_connection_only(tmp_path: Path) -> None:
    """Where even the rollback fails the connection is replaced, and the change is undone all the same."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        await people.create(context, draft())
        before = everything(world)
        world.blocking.before = fail_at("ROLLBACK", apsw.IOError("disk I/O error"))
        error = await refusal("DUPLICATE_NAME", people.create(context, draft()))
        assert [each.code for each in error.causes] == ["DATABASE_UNIQUE", "ROLLBACK_FAILED"]
        assert everything(world) == before
        assert (await people.create(context, draft("Ada")))["version"] == 1
        assert world.system.database.connections.idle == 1

    run(tmp_path, scenario)


def test_a_failed_audit_is_a_further_cause(tmp_path: Path) -> None:
    """A refusal that cannot be recorded keeps its own code and gains the codes of the failure."""

    async def scenario(world: World) -> None:
        world.blocking.before = fail_at("INSERT INTO audit", apsw.IOError("disk I/O error"))
        error = await refusal("VALIDATION_ERROR", world.system.personalities.create(world.context(), {}))
        assert [each.code for each in error.causes] == ["SERVICE_UNAVAILABLE", "DATABASE_IO"]

    run(tmp_path, scenario)


def test_a_commit_that_broke_before_its_effect_is_of_unknown_outcome(tmp_path: Path) -> None:
    """An I/O error of COMMIT is OUTCOME_UNKNOWN; where nothing came of it the audit log says rejected."""

    async def scenario(world: World) -> None:
        world.blocking.before = fail_at("COMMIT", apsw.IOError("disk I/O error"))
        people = world.system.personalities
        error = await refusal("OUTCOME_UNKNOWN", people.create(world.context(), draft()))
        assert error.chain == ("OUTCOME_UNKNOWN", "DATABASE_IO")
        assert everything(world) == []
        assert [kind for _, _, kind in world.audit()] == ["started", "rejected"]

    run(tmp_path, scenario)


def test_a_commit_that_broke_after_its_effect_is_of_unknown_outcome(tmp_path: Path) -> None:
    """Where the change did take effect, its own audit entries stand and no others are added."""

    async def scenario(world: World) -> None:
        world.blocking.after = fail_at("COMMIT", apsw.IOError("disk I/O error"))
        people = world.system.personalities
        await refusal("OUTCOME_UNKNOWN", people.create(world.context(), draft()))
        assert len(everything(world)) == 2
        assert [kind for _, _, kind in world.audit()] == ["started", "step", "committed"]

    run(tmp_path, scenario)


def test_a_lock_that_stays_makes_the_service_unavailable(tmp_path: Path) -> None:
    """While another connection holds the write lock, a change is tried again and then refused."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        other = apsw.Connection(str(world.path))
        other.execute("BEGIN IMMEDIATE")
        world.blocking.statements.clear()
        error = await refusal("SERVICE_UNAVAILABLE", people.create(context, draft()))
        assert world.blocking.statements.count("BEGIN IMMEDIATE") == 3
        assert (error.kind, error.retryable, error.service) == ("technical", True, "PersistenceService")
        assert error.causes[0] == Cause("Database", "create", "DATABASE_BUSY")
        other.close()
        await people.create(context, draft())

    run(tmp_path, scenario, IMPATIENT)


def test_a_commit_waits_for_a_reader(tmp_path: Path) -> None:
    """A COMMIT that meets a reader's lock is tried again until the reader is done."""

    async def scenario(world: World) -> None:
        people, context = world.system.personalities, world.context()
        other = apsw.Connection(str(world.path))
        other.execute("BEGIN")
        other.execute("SELECT * FROM audit").fetchall()
        seen: list[str] = []

        def end_reading_at_second_commit(statement: str) -> None:
            seen.append(statement)
            if seen.count("COMMIT") == 2:
                other.close()

        world.blocking.before = end_reading_at_second_commit
        assert (await people.create(context, draft()))["version"] == 1
        assert seen.count("COMMIT") == 2

    run(tmp_path, scenario, IMPATIENT)


def test_pauses_double_within_the_budget(tmp_path: Path) -> None:
    """The pauses between tries double from 10 ms while their sum stays within a second."""
    ports = make_ports(tmp_path / "unused.db", StandingClock(), Log(), HookedThreads())
    assert list(Blocking(ports, Settings())._delays_ms()) == [10, 20, 40, 80, 160, 320]
    jittered = list(Blocking(ports, Settings(busy_jitter=0.25))._delays_ms())
    assert all(0.75 * full <= each <= full for full, each in zip([10, 20, 40], jittered, strict=False))


def test_a_pool_with_nothing_left_refuses_in_time(tmp_path: Path) -> None:
    """With every connection in use, a request waits and is refused with POOL_EXHAUSTED, retryable."""

    async def scenario(world: World) -> None:
        pool = world.system.database.connections
        held = [await pool.acquire(REQUEST) for _ in range(2)]
        error = await refusal("POOL_EXHAUSTED", pool.acquire(REQUEST))
        assert (error.kind, error.retryable) == ("technical", True)
        for connection in held:
            pool.release(connection)
        assert (pool.in_use, pool.idle) == (0, 2)

    run(tmp_path, scenario, IMPATIENT)


def test_the_connection_used_last_is_used_next(tmp_path: Path) -> None:
    """Idle connections are handed out last in, first out."""

    async def scenario(world: World) -> None:
        pool = world.system.database.connections
        first, second = await pool.acquire(REQUEST), await pool.acquire(REQUEST)
        pool.release(first)
        pool.release(second)
        assert await pool.acquire(REQUEST) is second
        pool.release(second)

    run(tmp_path, scenario)


def test_waiting_requests_are_served_in_order(tmp_path: Path) -> None:
    """A connection that comes back goes to who waited longest, not to a newcomer."""

    async def scenario(world: World) -> None:
        pool = world.system.database.connections
        held = await pool.acquire(REQUEST)
        order: list[int] = []

        async def wait(number: int) -> None:
            connection = await pool.acquire(REQUEST)
            order.append(number)
            await trio.lowlevel.checkpoint()
            pool.release(connection)

        async with trio.open_nursery() as nursery:
            for number in range(3):
                nursery.start_soon(wait, number)
                await trio.testing.wait_all_tasks_blocked()
            pool.release(held)
            nursery.start_soon(wait, 3)
        assert order == [0, 1, 2, 3]

    run(tmp_path, scenario, Settings(connections_max=1))


def test_a_cancelled_wait_leaves_the_queue(tmp_path: Path) -> None:
    """Who gives up waiting is not served, and the connection comes back to the pool."""

    async def scenario(world: World) -> None:
        pool = world.system.database.connections
        held = await pool.acquire(REQUEST)
        with trio.CancelScope() as scope:
            scope.cancel()
            await pool.acquire(REQUEST)
        pool.release(held)
        assert (pool.in_use, pool.idle) == (0, 1)

    run(tmp_path, scenario, Settings(connections_max=1))


def test_a_discarded_connection_leaves_its_place_to_who_waits(tmp_path: Path) -> None:
    """When a connection is thrown away, the first in the queue opens another in its place."""

    async def scenario(world: World) -> None:
        pool = world.system.database.connections
        held = await pool.acquire(REQUEST)
        async with trio.open_nursery() as nursery:

            async def wait() -> None:
                pool.release(await pool.acquire(REQUEST))

            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            held.close()
            pool.discard()
        assert (pool.in_use, pool.idle) == (0, 1)

    run(tmp_path, scenario, Settings(connections_max=1))


def test_a_connection_that_cannot_be_opened_takes_no_place(tmp_path: Path) -> None:
    """A failed opening is SERVICE_UNAVAILABLE, and the pool may open another later."""

    async def scenario() -> None:
        folder = tmp_path / "not yet"
        ports = make_ports(folder / "a.db", StandingClock(), Log(), HookedThreads())
        settings = Settings(connections_max=1)
        pool = connections.Connections(ports, settings, Blocking(ports, settings))
        error = await refusal("SERVICE_UNAVAILABLE", pool.acquire(REQUEST))
        assert error.causes[0].code == "DATABASE_CANNOT_OPEN"
        folder.mkdir()
        pool.release(await pool.acquire(REQUEST))
        await pool.close()

    trio.run(scenario)


def test_connections_have_their_settings(tmp_path: Path) -> None:
    """Every connection deletes its journal at commit, syncs the folder too, and keeps references."""
    ports = make_ports(tmp_path / "a.db", StandingClock(), Log(), HookedThreads())
    connection = connections.open_prepared(ports)
    names = ("journal_mode", "synchronous", "foreign_keys")
    assert [connection.pragma(name) for name in names] == ["delete", 3, 1]
    connection.close()


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (apsw.BusyError(), "SERVICE_UNAVAILABLE", True),
        (apsw.LockedError(), "SERVICE_UNAVAILABLE", True),
        (apsw.IOError(), "SERVICE_UNAVAILABLE", True),
        (apsw.FullError(), "RESOURCE_EXHAUSTED", False),
        (apsw.CorruptError(), "CORRUPTION_DETECTED", False),
        (apsw.NotADBError(), "CORRUPTION_DETECTED", False),
        (apsw.ConstraintError(), "SERVICE_UNAVAILABLE", False),
        (apsw.SQLError("no such table: secrets"), "SERVICE_UNAVAILABLE", False),
    ],
)
def test_database_errors_have_a_meaning(error: apsw.Error, code: str, *, retryable: bool) -> None:
    """Each kind of database error has its code, and none of its own words come through."""
    meaning = translated(error, REQUEST)
    assert (meaning.code, meaning.retryable, meaning.kind) == (code, retryable, "technical")
    assert "secrets" not in f"{meaning} {meaning!r}"


def test_error_text_is_free_of_the_database(tmp_path: Path) -> None:
    """What clients read of a database failure has no SQL, no table, no path."""

    async def scenario(world: World) -> list[ServiceError]:
        people, context = world.system.personalities, world.context()
        await people.create(context, draft())
        taken = await refusal("DUPLICATE_NAME", people.create(context, draft()))
        world.blocking.before = fail_at("BEGIN", apsw.IOError(f"disk I/O error at {world.path}"))
        return [taken, await refusal("SERVICE_UNAVAILABLE", people.create(context, draft()))]

    for error in run(tmp_path, scenario):
        told = f"{error} {error!r}".lower()
        words = ("constraint", "insert", "personality.name", "sqlite", ".db", str(tmp_path).lower(), "disk")
        assert not [word for word in words if word in told]
