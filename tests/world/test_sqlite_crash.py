"""SQLite on a simulated disk survives power cuts at every call, and says when the disk fails or is full."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

import apsw
import pytest

from machines.world.disk import Disk
from machines.world.disk_crash import Crash
from machines.world.disk_faults import DiskFailedError, DiskFullError, NodeDownError
from machines.world.disk_image import Image
from machines.world.sqlite import SetUp, databases
from tests.world.sqlite_worlds import ROWS, SCHEMA, connect, extra, full, made_by, rows, world

TRANSACTION = (
    "BEGIN IMMEDIATE",
    "UPDATE item SET n = n + 1 WHERE id < 3",
    "INSERT INTO item (id, name, n) VALUES (4, 'four', zeroblob(9000))",
    "DELETE FROM item WHERE id = 3",
    "COMMIT",
)
BEFORE = [(1, "one", 10), (2, "two", 20), (3, "three", 30)]
AFTER = [(1, "one", 11), (2, "two", 21), (4, "four", bytes(9000))]
AFTER_DEATH = ("ROLLBACK", "COMMIT", "SELECT * FROM item", "UPDATE item SET n = 0", "close", "retire")
CHANGES_OF_TRANSACTION = 22
When = Literal["before", "after"]


@pytest.fixture(scope="module")
def start() -> Image:
    """A durable database with three rows."""
    return made_by(SCHEMA, ROWS)


def attempt(connection: apsw.Connection, statements: tuple[str, ...] = TRANSACTION) -> bool:
    """Whether the statements were all acknowledged."""
    try:
        for statement in statements:
            connection.execute(statement)
    except (apsw.IOError, apsw.FullError, apsw.CantOpenError):
        return False
    return True


def cut(start: Image, nth: int, when: When, set_up: SetUp) -> tuple[bool, Image, Disk]:
    """(acknowledged, the disk at the power cut, the disk) of a transaction cut off at its nth change."""
    with world(start) as disk:
        connection = connect(set_up)
        disk.cut_power(nth, when)
        acknowledged = attempt(connection)
        return acknowledged, disk.image(), disk


def recovered(image: Image, crash: Crash) -> list[tuple[object, ...]]:
    """The rows that a restarted node finds, in a database without a fault."""
    disk = Disk.from_image(image)
    disk.crash(crash)
    with world(disk.image()):
        connection = connect()
        found = rows(connection)
        assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
        return found


def every_crash(
    start: Image, when: When, set_up: SetUp
) -> list[tuple[int, str, bool, list[tuple[object, ...]]]]:
    """(change, crash, acknowledged, rows found) for a crash at each change of a transaction, and after it."""
    found = []
    for nth in range(1, 100):
        acknowledged, image, disk = cut(start, nth, when, set_up)
        options = disk.crash_options()
        found += [(nth, str(option), acknowledged, recovered(image, option)) for option in options]
        if not disk.down:
            return found
    raise AssertionError("the transaction does not end")


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_call_recovers_to_before_or_after(start: Image, when: When) -> None:
    """Wherever the power is cut and however the crash falls, the database is whole: all of it or nothing."""
    found = every_crash(start, when, extra)
    assert all(rows_found in (BEFORE, AFTER) for *_, rows_found in found)
    assert {name for _, name, *_ in found} == {"process", "power", "torn", "reordered"}
    assert any(rows_found == BEFORE for *_, rows_found in found)
    assert any(rows_found == AFTER for *_, rows_found in found)
    assert len({nth for nth, *_ in found}) == CHANGES_OF_TRANSACTION + 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_acknowledged_with_synchronous_extra_is_never_lost(start: Image, when: When) -> None:
    """Once COMMIT has returned, no crash takes the transaction back."""
    acknowledged = [found for _, _, answered, found in every_crash(start, when, extra) if answered]
    assert acknowledged == [AFTER]


def test_with_synchronous_full_a_power_cut_after_commit_can_undo_it(start: Image) -> None:
    """Why services use EXTRA: with FULL the deletion of the journal is not durable, so it may come back."""
    acknowledged = {
        name: found for _, name, answered, found in every_crash(start, "before", full) if answered
    }
    assert acknowledged == {"process": AFTER, "power": BEFORE}


def test_a_crash_during_recovery_is_recovered_as_well(start: Image) -> None:
    """A power cut at any call of rolling a hot journal back leaves a journal that still rolls back."""
    _, image, _ = cut(start, 20, "before", extra)
    disk = Disk.from_image(image)
    disk.crash(Crash("torn"))
    hot = disk.image()
    assert set(hot.contents()) == {"app.db", "app.db-journal"}
    for nth in range(1, 100):
        with world(hot) as disk:
            connection = connect()
            disk.cut_power(nth)
            done = attempt(connection, ("SELECT * FROM item",))
            image, options = disk.image(), disk.crash_options()
        assert [recovered(image, option) for option in options] == [BEFORE] * len(options)
        if done:
            break
    assert nth > 4


def use_after_death(connection: apsw.Connection, what: str) -> None:
    """Use a connection whose node has crashed as the code of a dead service might."""
    if what == "close":
        with suppress(NodeDownError):
            connection.close()
        with pytest.raises(apsw.ConnectionClosedError):
            connection.execute("SELECT 1")
    elif what == "retire":
        databases().retire(connection)
    else:
        with suppress(NodeDownError, apsw.SQLError):
            connection.execute(what).fetchall()


@pytest.mark.parametrize("then", AFTER_DEATH)
def test_a_connection_cut_off_inside_a_call_does_nothing_to_the_disk_afterwards(
    start: Image, then: str
) -> None:
    """Whichever call the node died in and whatever it is asked then, the disk stays as the crash left it."""
    for nth in range(1, CHANGES_OF_TRANSACTION + 1):
        with world(start) as disk:
            connection = connect()
            disk.cut_power(nth)
            assert not attempt(connection)
            disk.crash(Crash("process"))
            image = disk.image()
            use_after_death(connection, then)
            assert disk.image() == image
        assert disk.image() == image


@pytest.mark.parametrize("then", AFTER_DEATH)
def test_a_connection_cut_off_between_statements_does_nothing_to_the_disk_afterwards(
    start: Image, then: str
) -> None:
    """A connection that died with a transaction open leaves the disk, its own journal too, alone."""
    for count in range(len(TRANSACTION)):
        with world(start) as disk:
            connection = connect()
            assert attempt(connection, TRANSACTION[:count])
            disk.crash(Crash("process"))
            image = disk.image()
            use_after_death(connection, then)
            assert disk.image() == image
        assert disk.image() == image


def test_a_dead_connection_raises_the_typed_error_and_holds_no_lock(start: Image) -> None:
    """After a crash in mid-transaction any use raises NodeDownError, and the locks are gone."""
    with world(start) as disk:
        connection, other = connect(), connect()
        connection.execute("BEGIN EXCLUSIVE")
        other.execute("BEGIN")
        disk.crash(Crash("process"))
        assert databases().locks() == ()
        for dead in (connection, other):
            with pytest.raises(NodeDownError):
                dead.execute("SELECT * FROM item")
        connect().execute("BEGIN EXCLUSIVE")


def test_a_full_disk_is_a_full_error_and_leaves_the_database_as_it_was(start: Image) -> None:
    """Whatever the capacity, a transaction that does not fit is refused as full and rolled back."""
    size = len(start.contents()["app.db"])
    answers = set()
    for capacity in range(size, size + 60_000, 3000):
        with world(start, capacity) as disk:
            connection = connect()
            try:
                for statement in TRANSACTION:
                    connection.execute(statement)
                answers.add("done")
            except DiskFullError as error:
                assert isinstance(error, apsw.FullError)  # noqa: PT017 - which capacity is too small is not the point
                answers.add("full")
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                assert rows(connection) == BEFORE
                assert rows(connection, "PRAGMA integrity_check") == [("ok",)]
            assert disk.list() == ("app.db",)
    assert answers == {"done", "full"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_failing_call_is_an_io_error_and_leaves_the_database_recoverable(start: Image, when: When) -> None:
    """Whichever change fails, the answer is an I/O error or success, the rows those before or after."""
    failed = 0
    for nth in range(1, 100):
        with world(start) as disk:
            connection = connect()
            disk.fail("change", nth, when)
            acknowledged = attempt(connection)
            fired = bool(disk.fired)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            databases().retire(connection)
            found = rows(connect())
        assert found in (BEFORE, AFTER)
        assert found == AFTER or not acknowledged
        failed += not acknowledged
        if not fired:
            break
    assert failed > 20


def test_a_failing_call_raises_the_error_of_the_disk(start: Image) -> None:
    """The typed error of the disk comes through SQLite as it is, with SQLite's code for it."""
    with world(start) as disk:
        connection = connect()
        disk.fail("sync")
        with pytest.raises(DiskFailedError) as caught:
            connection.execute("UPDATE item SET n = 0")
        assert caught.value.result == apsw.SQLITE_IOERR
