"""Locks between connections of a simulated database are those of SQLite on real files."""

from __future__ import annotations

import itertools
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.world.disk import Disk
from machines.world.disk_file import Inode
from machines.world.disk_image import Image
from machines.world.sqlite import databases
from machines.world.sqlite_file import EXCLUSIVE, NONE, SHARED, File
from tests.world.sqlite_worlds import ROWS, SCHEMA, connect, made_by, world

_ACTIONS = (
    "BEGIN",
    "BEGIN IMMEDIATE",
    "BEGIN EXCLUSIVE",
    "COMMIT",
    "ROLLBACK",
    "SELECT count(*), sum(n) FROM item",
    "UPDATE item SET n = n + 1 WHERE id = 1",
    "INSERT INTO item (n) VALUES (zeroblob(5000))",
    "DELETE FROM item WHERE id = 2",
    "start reading",
    "read on",
    "stop reading",
)
_real_files = itertools.count()


class Actor:
    """A connection, and a query that it may be in the middle of."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.connection = connection
        self.reading: apsw.Cursor | None = None

    def act(self, action: str) -> object:
        """What the action answers: rows, or the name and text of the error."""
        try:
            return self._answer(action)
        except apsw.Error as error:
            return type(error).__name__, str(error)

    def _answer(self, action: str) -> object:
        if action == "start reading":
            self.stop()
            self.reading = self.connection.cursor()
            return next(self.reading.execute("SELECT id FROM item ORDER BY id"))
        if action == "read on":
            return None if self.reading is None else next(self.reading, None)
        if action == "stop reading":
            self.stop()
            return None
        return self.connection.execute(action).fetchall()

    def stop(self) -> None:
        """End the query that is under way."""
        if self.reading is not None:
            self.reading.close()
        self.reading = None


@pytest.fixture(scope="module")
def start() -> Image:
    """A durable database with three rows."""
    return made_by(SCHEMA, ROWS)


@settings(max_examples=200, deadline=None)
@given(plan=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(_ACTIONS)), min_size=2, max_size=25))
def test_three_connections_answer_as_on_a_real_file(
    start: Image, tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, str]]
) -> None:
    """Each of any sequence of actions answers as it does on a real file: rows, busy, or another error."""
    path = tmp_path_factory.getbasetemp() / f"{next(_real_files)}.db"
    path.write_bytes(start.contents()["app.db"])
    real = [Actor(_real(path)) for _ in range(3)]
    with world(start) as disk:
        simulated = [Actor(connect()) for _ in range(3)]
        for who, action in plan:
            assert simulated[who].act(action) == real[who].act(action), (who, action)
        for actor in [*simulated, *real]:
            actor.stop()
            if actor.connection.in_transaction:
                actor.connection.execute("ROLLBACK")
        assert databases().locks() == ()
        for actor in real:
            actor.connection.close()
        assert disk.image().contents()["app.db"] == path.read_bytes()
    path.unlink()


def _real(path: Path) -> apsw.Connection:
    connection = apsw.Connection(str(path), vfs="unix")
    connection.execute("PRAGMA synchronous=OFF")  # syncing a real disk takes its time and locks nothing
    return connection


def test_a_refused_writer_keeps_pending_and_new_readers_wait(start: Image) -> None:
    """A writer refused because of a reader starves no more: no new reader gets in, and then it commits."""
    with world(start):
        writer, reader, late = (Actor(connect()) for _ in range(3))
        reader.act("start reading")
        writer.act("BEGIN IMMEDIATE")
        writer.act(_ACTIONS[6])
        assert late.act(_ACTIONS[5]) == [(3, 60)]
        assert writer.act("COMMIT") == ("BusyError", "database is locked")
        assert late.act(_ACTIONS[5]) == ("BusyError", "database is locked")
        reader.act("stop reading")
        assert late.act(_ACTIONS[5]) == ("BusyError", "database is locked")
        assert writer.act("COMMIT") == []
        assert late.act(_ACTIONS[5]) == [(3, 61)]


def test_the_report_says_who_holds_what(start: Image) -> None:
    """Locks are reported by node, file, holder and level, in the order in which the files were opened."""
    with world(start):
        writer, reader = Actor(connect(label="writer")), Actor(connect())
        reader.act("start reading")
        writer.act("BEGIN IMMEDIATE")
        assert [(held.holder, held.level) for held in databases().locks()] == [
            ("writer", "RESERVED"),
            ("connection 2", "SHARED"),
        ]
        writer.act(_ACTIONS[6])
        writer.act("COMMIT")
        assert [held.level for held in databases().locks()] == ["PENDING", "SHARED"]
        assert {(held.node, held.file) for held in databases().locks()} == {("storage", "app.db")}
        reader.act("stop reading")
        writer.act("COMMIT")
        assert databases().locks() == ()


def test_a_busy_answer_has_the_codes_of_sqlite(start: Image) -> None:
    """A lock held by another is apsw.BusyError with SQLite's result code, at once and without a wait."""
    with world(start):
        one, other = connect(), connect()
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(apsw.BusyError) as caught:
            other.execute("BEGIN IMMEDIATE")
        codes = {name: getattr(caught.value, name) for name in ("result", "extendedresult")}
        assert codes == {"result": apsw.SQLITE_BUSY, "extendedresult": apsw.SQLITE_BUSY}


def test_recovery_beside_a_reader_is_refused_and_holds_nobody_up() -> None:
    """SHARED to EXCLUSIVE, as a hot journal asks for, is refused beside a reader, and leaves no PENDING."""
    inode = Inode()
    one, other, third = (File(Disk(), inode, "file") for _ in range(3))
    one.xLock(SHARED)
    other.xLock(SHARED)
    with pytest.raises(apsw.BusyError):
        one.xLock(EXCLUSIVE)
    third.xLock(SHARED)
    other.xUnlock(NONE)
    third.xUnlock(NONE)
    one.xLock(EXCLUSIVE)
    assert other.xCheckReservedLock()
