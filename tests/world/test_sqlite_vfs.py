"""What SQLite finds around its files in a simulated world: virtual time, no chance, no sleep, no log."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from machines.world.disk_image import Image
from machines.world.sqlite import databases
from tests.world.sqlite_worlds import FILE, ROWS, SCHEMA, connect, made_by, rows, world


def test_time_is_virtual() -> None:
    """SQLite's date functions tell the time of the injected clock."""
    now_ms = 86_400_000 * 365 + 1_500
    databases().set_clock(lambda: now_ms)
    with world(Image()):
        query = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now'), CURRENT_TIMESTAMP"
        assert rows(connect(), query) == [("1971-01-01 00:00:01.500", "1971-01-01 00:00:01")]


def test_chance_is_the_same_in_every_world() -> None:
    """What SQLite draws at random depends on the world's own course alone."""
    seen = []
    for _ in range(2):
        with world(Image()):
            seen.append(rows(connect(), "SELECT random(), hex(randomblob(8))"))
    assert seen[0] == seen[1]


def test_sleeping_is_refused() -> None:
    """A busy timeout, which would sleep until another task is done, is an error that says so."""
    with world(made_by(SCHEMA, ROWS)):
        one, other = connect(), connect()
        one.execute("BEGIN IMMEDIATE")
        other.set_busy_timeout(1000)
        with pytest.raises(AssertionError, match="set no busy timeout"):
            other.execute("BEGIN IMMEDIATE")
        other.set_busy_timeout(0)


def test_there_is_no_write_ahead_log() -> None:
    """Asked for a write-ahead log, SQLite stays with the rollback journal."""
    with world(Image()):
        assert rows(connect(), "PRAGMA journal_mode=WAL") == [("delete",)]


@pytest.mark.parametrize("mode", ["truncate", "persist", "memory", "off"])
def test_the_other_journal_modes_work(mode: str) -> None:
    """Any rollback journal mode commits and rolls back, but for the mode without a journal."""
    with world(made_by(SCHEMA, ROWS)):
        connection = connect()
        assert rows(connection, f"PRAGMA journal_mode={mode}") == [(mode,)]
        connection.execute("BEGIN; UPDATE item SET n = 1 WHERE id = 1; COMMIT")
        connection.execute("BEGIN; UPDATE item SET n = 2 WHERE id = 1")
        if mode != "off":
            connection.execute("ROLLBACK")
            assert rows(connect(), "SELECT n FROM item WHERE id = 1") == [(1,)]
        connection.close()


@pytest.mark.parametrize("page_size", [512, 1024, 8192, 65536])
def test_pages_may_have_any_size(page_size: int) -> None:
    """Databases with pages smaller and larger than a block of the disk are read back whole."""
    image = made_by(f"PRAGMA page_size={page_size}", SCHEMA, ROWS, "UPDATE item SET n = zeroblob(9000)")
    with world(image):
        connection = connect()
        assert rows(connection, "PRAGMA page_size") == [(page_size,)]
        assert rows(connection, "SELECT sum(length(n)) FROM item") == [(27000,)]
        connection.execute("DELETE FROM item; VACUUM")
        assert rows(connection, "PRAGMA integrity_check") == [("ok",)]


def test_an_empty_file_counts_as_none() -> None:
    """SQLite does not see an empty journal, as with its Unix VFS: a crash may leave one."""
    with world(Image.of({"empty": b"", "full": b"1"})):
        seen = [databases().vfs.xAccess(f"/storage/{name}", 0) for name in ("empty", "full", "missing")]
        assert seen == [False, True, False]


def test_large_statements_use_temporary_files() -> None:
    """A sort too large for memory goes through temporary files, which no folder lists."""
    with world(Image()) as disk:
        connection = connect()
        connection.execute("PRAGMA cache_size=5; PRAGMA temp_store=FILE")
        query = (
            "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 20000)"
            "SELECT count(*) FROM (SELECT DISTINCT n, hex(zeroblob(50)) FROM c ORDER BY 2, 1 DESC)"
        )
        assert rows(connection, query) == [(20000,)]
        assert disk.list() == (FILE,)


def test_real_files_are_still_real(tmp_path: Path) -> None:
    """A connection that names no VFS uses real files as before."""
    databases()
    connection = apsw.Connection(str(tmp_path / "real.db"))
    connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert (tmp_path / "real.db").stat().st_size > 0
