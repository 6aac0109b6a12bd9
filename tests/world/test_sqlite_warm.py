"""Connections kept from world to world show nothing of an earlier one, and change nothing in a later one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from machines.world.disk import Disk
from machines.world.disk_crash import Crash
from machines.world.disk_faults import NodeDownError
from machines.world.disk_image import Image
from machines.world.sqlite import databases
from machines.world.sqlite_file import IMPOSSIBLE_VERSION
from tests.world.sqlite_worlds import FILE, NODE, ROWS, SCHEMA, connect, extra, made_by, rows, world


@pytest.fixture(autouse=True)
def _no_connection_yet() -> Iterator[None]:
    """Each test starts without warm connections."""
    databases().close_all()
    yield
    databases().close_all()


def set_first(n: int) -> str:
    """The statement that gives the first row a number."""
    return f"UPDATE item SET n = {n} WHERE id = 1"  # noqa: S608 - a number of this file


def version(image: Image) -> bytes:
    """What SQLite compares to see whether its cached pages are stale."""
    return image.contents()[FILE][24:40]


def cookie(image: Image) -> bytes:
    """What SQLite compares to see whether its schema is stale."""
    return image.contents()[FILE][40:44]


def hot(start: Image, nth: int, *statements: str) -> Image:
    """A disk after a crash at the nth change of a transaction, with a hot journal."""
    with world(start) as disk:
        connection = connect()
        disk.cut_power(nth)
        with pytest.raises(NodeDownError):
            connection.execute("; ".join(("BEGIN", *statements, "COMMIT")))
        disk.crash(Crash("process"))
        image = disk.image()
    databases().close_all()
    assert set(image.contents()) == {FILE, f"{FILE}-journal"}
    return image


def last_hot(start: Image, *statements: str) -> Image:
    """A disk whose main file has all pages of a transaction, and a hot journal that takes them back."""
    with world(start) as disk:
        connection = connect()
        disk.fail("unlink")
        connection.execute("BEGIN")
        for statement in statements:
            connection.execute(statement)
        with pytest.raises(apsw.IOError):
            connection.execute("COMMIT")
        disk.crash(Crash("process"))
        image = disk.image()
    databases().close_all()
    assert set(image.contents()) == {FILE, f"{FILE}-journal"}
    return image


def test_a_connection_comes_back_warm_with_its_settings() -> None:
    """The next world gets the same connection; its set-up ran once and what it set is still set."""
    ran = []

    def set_up(connection: apsw.Connection) -> None:
        ran.append(connection)
        connection.execute("PRAGMA synchronous=EXTRA; PRAGMA foreign_keys=ON")

    start = made_by(SCHEMA, ROWS)
    seen = []
    for _ in range(3):
        with world(start):
            seen.append(connect(set_up))
            assert rows(seen[-1], "PRAGMA foreign_keys") == [(1,)]
            assert rows(seen[-1], "PRAGMA synchronous") == [(3,)]
    assert seen == [seen[0]] * 3
    assert ran == [seen[0]]


def test_no_page_is_stale_though_the_change_counters_are_equal() -> None:
    """Two images with equal change counters and different rows are read as they are, one after the other."""
    start = made_by(SCHEMA, ROWS)
    one, other = (made_by(set_first(n), start=start) for n in (111, 222))
    assert version(one) == version(other)
    seen = set()
    for image, n in [(one, 111), (other, 222)] * 3:
        with world(image):
            connection = connect()
            seen.add(connection)
            assert rows(connection, "SELECT n FROM item WHERE id = 1") == [(n,)]
    assert len(seen) == 1


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=4)),
        min_size=2,
        max_size=6,
    )
)
def test_two_warm_connections_read_what_new_ones_would(
    worlds: list[tuple[int, list[tuple[bool, int]]]],
) -> None:
    """Whatever worlds came before, with and without writes, the answers and the disk's bytes are the same."""
    start = made_by(SCHEMA, ROWS)
    images = [made_by(set_first(n), start=start) for n in range(4)]
    warm = [_course(images[number], actions) for number, actions in worlds]
    for (number, actions), seen in zip(worlds, warm, strict=True):
        databases().close_all()
        assert _course(images[number], actions) == seen


def _course(image: Image, actions: list[tuple[bool, int]]) -> tuple[list[object], Image, dict[str, int]]:
    with world(image) as disk:
        connections = [connect(), connect()]
        seen: list[object] = []
        for writes, what in actions:
            connection = connections[what % 2]
            if writes:
                connection.execute("INSERT INTO item (n) VALUES (random())")
                seen.append(connection.last_insert_rowid())
            else:
                seen.append((rows(connection), connection.last_insert_rowid()))
        return [*seen, apsw.randomness(8)], disk.image(), dict(disk.calls)


def test_no_schema_is_stale_though_the_cookies_are_equal() -> None:
    """Two images with equal schema cookies and different tables are both understood, in any order."""
    one = made_by("CREATE TABLE a (x, y)", "INSERT INTO a VALUES (1, 2)")
    other = made_by("CREATE TABLE a (y, x)", "INSERT INTO a VALUES (1, 2)")
    assert (version(one), cookie(one)) == (version(other), cookie(other))
    for image, x in [(one, 1), (other, 2)] * 3:
        with world(image):
            assert rows(connect(), "SELECT x FROM a") == [(x,)]


def test_no_schema_is_stale_when_it_fills_more_than_the_first_page() -> None:
    """A difference in a schema page other than the first, with equal cookies, is noticed too."""
    many = [f"CREATE TABLE padding_{n} (x{'x' * 300})" for n in range(30)]
    one = made_by(*many, "CREATE TABLE a (x, y)", "INSERT INTO a VALUES (1, 2)")
    other = made_by(*many, "CREATE TABLE a (y, x)", "INSERT INTO a VALUES (1, 2)")
    first_pages = [image.contents()[FILE][:4096] for image in (one, other)]
    assert first_pages[0] == first_pages[1]
    for image, x in [(one, 1), (other, 2)] * 3:
        with world(image):
            assert rows(connect(), "SELECT x FROM a") == [(x,)]


def test_a_connection_for_each_schema_stays_warm() -> None:
    """Worlds that take turns with two schemas, one of them empty, reuse one connection for each."""
    images = [Image(), made_by("CREATE TABLE a (x)"), made_by("CREATE TABLE b (x)")]
    seen: dict[int, set[apsw.Connection]] = {0: set(), 1: set(), 2: set()}
    for number in [0, 1, 2] * 3:
        with world(images[number]):
            connection = connect()
            rows(connection, "SELECT name FROM sqlite_schema")
            seen[number].add(connection)
    assert [len(connections) for connections in seen.values()] == [1, 1, 1]


def test_a_schema_changed_in_a_world_does_not_leave_it() -> None:
    """A connection in whose world the schema changed, by itself or another, is not used again."""
    start = made_by(SCHEMA, ROWS)
    with world(start):
        seen = [connect(), connect()]
        seen[0].execute("ALTER TABLE item ADD COLUMN extra")
        assert rows(seen[1], "SELECT extra FROM item WHERE id = 1") == [(None,)]
    with world(start):
        fresh = [connect(), connect()]
        assert not set(fresh) & set(seen)
        with pytest.raises(apsw.SQLError, match="no such column: extra"):
            fresh[0].execute("SELECT extra FROM item")


def test_a_schema_change_rolled_back_keeps_the_connection() -> None:
    """A connection that changed the schema and took it back is warm, and knows the schema that is."""
    start = made_by(SCHEMA, ROWS)
    seen = []
    for _ in range(2):
        with world(start):
            seen.append(connect())
            seen[-1].execute("BEGIN; ALTER TABLE item ADD COLUMN extra; ROLLBACK")
            assert rows(seen[-1], "SELECT * FROM item WHERE id = 1") == [(1, "one", 10)]
    assert seen[0] is seen[1]


def test_a_warm_connection_rolls_a_hot_journal_back() -> None:
    """A warm connection that comes to a disk with a hot journal sees the rows from before the transaction."""
    start = made_by(SCHEMA, ROWS)
    images = [
        last_hot(start, "UPDATE item SET n = 0"),
        *(hot(start, nth, "DELETE FROM item") for nth in (7, 9)),
    ]
    before = [(1, "one", 10), (2, "two", 20), (3, "three", 30)]
    after = [(1, "one", 11), (2, "two", 21), (3, "three", 31)]
    for image in [start, *images, start, *images]:
        with world(image) as disk:
            connection = connect()
            assert rows(connection) == before
            connection.execute("UPDATE item SET n = n + 1")
            assert rows(connection) == rows(connect()) == after
            assert disk.list() == (FILE,)


def test_a_hot_journal_that_takes_a_schema_back_is_no_trap() -> None:
    """Where a hot journal takes the schema in the main file back, warm connections of either see the old."""
    old = made_by("CREATE TABLE a (x, y)", "INSERT INTO a VALUES (1, 2)")
    statements = ("ALTER TABLE a ADD COLUMN z", "UPDATE a SET z = 3")
    new = made_by(*statements, start=old)
    torn = last_hot(old, *statements)
    databases().close_all()
    for image, answer in [(old, (1, 2)), (new, (1, 2, 3)), (torn, (1, 2)), (torn, (1, 2)), (new, (1, 2, 3))]:
        with world(image):
            assert rows(connect(), "SELECT * FROM a") == [answer]


def test_the_calls_to_the_disk_are_the_same_warm_or_cold() -> None:
    """A disk cannot tell a warm connection from a new one, not even with a hot journal to roll back."""
    start = made_by(SCHEMA, ROWS)
    for image in (start, Image(), last_hot(start, "UPDATE item SET n = 0")):
        seen = [_calls(image) for _ in range(3)]
        assert all(one == other for one, other in pairwise(seen))


def _calls(image: Image) -> list[dict[str, int]]:
    with world(image) as disk:
        seen = [dict(disk.calls)]
        connection = connect()
        seen.append(dict(disk.calls))
        rows(connection, "SELECT count(*) FROM sqlite_schema")
        return [*seen, dict(disk.calls)]


def test_the_bytes_of_a_journal_do_not_depend_on_earlier_worlds() -> None:
    """The nonce in a journal is the same however many transactions the process ran before."""
    start = made_by(SCHEMA, ROWS)
    images = []
    for _ in range(3):
        with world(start) as disk:
            connection = connect()
            connection.execute("UPDATE item SET n = 0")
            connection.execute("BEGIN; UPDATE item SET n = 1")
            images.append(disk.image())
    assert f"{FILE}-journal" in images[0].contents()
    assert images == [images[0]] * 3


@pytest.mark.parametrize(
    "statement",
    [
        "BEGIN",
        "BEGIN IMMEDIATE",
        "CREATE TEMP TABLE t (x)",
        "ATTACH ':memory:' AS other",
        "PRAGMA locking_mode=EXCLUSIVE; UPDATE item SET n = 0",
        "CREATE TABLE t (x)",
    ],
)
def test_a_connection_that_is_not_clean_is_closed(statement: str) -> None:
    """What holds a transaction, a lock, temporary tables, another database or another schema is not kept."""
    start = made_by(SCHEMA, ROWS)
    with world(start):
        dirty = connect()
        dirty.execute(statement).fetchall()
    with pytest.raises(apsw.ConnectionClosedError):
        dirty.execute("SELECT 1")
    with world(start):
        assert rows(connect()) == [(1, "one", 10), (2, "two", 20), (3, "three", 30)]


def test_a_connection_in_the_middle_of_a_query_is_closed() -> None:
    """A query that was not read to its end keeps a connection from being kept."""
    start = made_by(SCHEMA, ROWS)
    with world(start):
        dirty = connect()
        query = dirty.execute("SELECT * FROM item")
        next(query)
    with pytest.raises(apsw.ConnectionClosedError):
        dirty.execute("SELECT 1")


def test_closing_a_dirty_connection_does_not_touch_the_next_world() -> None:
    """Nothing rolls a transaction back that its world left open, though its pages have left the cache."""
    start = made_by(SCHEMA, ROWS)
    with world(start) as disk:
        connection = connect()
        connection.execute("PRAGMA cache_size=5; BEGIN")
        connection.execute("UPDATE item SET n = zeroblob(200000)")
        image = disk.image()
        assert len(image.contents()[FILE]) > 500_000
    assert disk.image() == image


def test_a_retired_connection_gives_its_locks_up() -> None:
    """What a service closes in a transaction is rolled back on the disk; the next connection is clean."""
    with world(made_by(SCHEMA, ROWS)) as disk:
        one = connect(label="one")
        one.execute("BEGIN IMMEDIATE; UPDATE item SET n = 0")
        assert databases().labels() == ("one",)
        databases().retire(one)
        assert (databases().locks(), databases().labels(), disk.list()) == ((), (), (FILE,))
        assert rows(connect()) == [(1, "one", 10), (2, "two", 20), (3, "three", 30)]


def test_an_idle_connection_is_of_no_use() -> None:
    """A connection that was taken back reaches no disk."""
    with world(made_by(SCHEMA, ROWS)):
        kept = connect()
    with pytest.raises(NodeDownError):
        kept.execute("SELECT * FROM item")


def test_a_set_up_that_writes_is_refused() -> None:
    """Setting a connection up must not write: it would run in some worlds and not in others."""

    def careless(connection: apsw.Connection) -> None:
        connection.execute("CREATE TABLE t (x)")

    with world(Image()) as disk:
        with pytest.raises(ValueError, match="must not write"):
            connect(careless)
        assert disk.image().contents() == {FILE: b""}


def test_only_so_many_connections_stay_idle() -> None:
    """Connections beyond what any pool needs are closed, the oldest first."""
    with world(made_by(SCHEMA, ROWS)):
        seen = [connect() for _ in range(12)]
    assert [warm.connection for warm in databases().idle[NODE, FILE, extra]] == seen[4:]


def test_a_world_without_the_disk_of_a_node_has_no_databases_of_it() -> None:
    """Connecting to a node without a disk, or to one that is down, raises NodeDownError."""
    with pytest.raises(NodeDownError):
        connect()
    with world(Image()) as disk:
        disk.go_down()
        with pytest.raises(NodeDownError):
            connect()


def test_no_database_has_the_bytes_that_make_pages_stale() -> None:
    """The answer that makes SQLite forget its pages is not what it remembers, were it of a failed read."""
    assert IMPOSSIBLE_VERSION not in {b"\xff" * 16, bytes(16)}
    assert len(IMPOSSIBLE_VERSION) == 16


def test_nodes_have_databases_of_their_own() -> None:
    """Files of the same name on two nodes are two databases."""
    start = made_by(SCHEMA, ROWS)
    with world(start):
        databases().mount("other", Disk.from_image(start))
        here, there = connect(), databases().connect("other", FILE, extra)
        here.execute("DELETE FROM item")
        assert rows(there, "SELECT count(*) FROM item") == [(3,)]
